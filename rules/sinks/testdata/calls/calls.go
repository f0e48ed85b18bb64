// Package calls has a call of every family of sinks. The comment behind a call
// lists what is formatted as index:traversal; lazy, spread and surplus follow.
package calls

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	klog1 "k8s.io/klog"
	"k8s.io/klog/v2"
)

type T struct{ m map[string]int }

func (*T) String() string { return "" }

const format = "%s: %+v"

func std(c *T, w io.Writer, buf []byte, args []any, dynamic string) {
	fmt.Printf("%v", c)                       // want 1:%v
	fmt.Println("a", c)                       // want 0:%v 1:%v
	_ = fmt.Sprintf("%d%% %+v %#v", 1, c, c)  // want 1:%d 2:%+v 3:%#v
	_ = fmt.Sprintf(format, "x", c)           // want 1:%s 2:%+v
	_ = fmt.Sprintf("%"+"s "+format, 1, 2, c) // want 1:%s 2:%s 3:%+v
	_ = fmt.Sprintf(dynamic, c)               // want 1:%v
	_ = fmt.Sprintf("%v", args...)            // want 1:%v,spread
	_ = fmt.Sprintf("%[2]v %[1]p", c, c)      // want 2:%v 1:%p
	_ = fmt.Sprintf("%v %[1]T", c)            // want 1:%v 1:%T
	_ = fmt.Sprintf("%*d", c, 1)              // want 2:%d
	_ = fmt.Sprintf("hi", c)                  // want 1:%v,surplus
	_ = fmt.Sprintf("%v %v", c)               // want 1:%v
	_ = fmt.Sprintf("%!", c)                  // want 1:%!
	_ = fmt.Errorf("x: %w", errors.New(""))   // want 1:%w
	_ = fmt.Sprintf("x: %w", errors.New(""))  // want 1:%w,raw
	fmt.Fprintf(w, "%x", c)                   // want 2:%x
	fmt.Fprintln(os.Stderr, c)                // want 1:%v
	_ = fmt.Appendf(buf, "%q", c)             // want 2:%q
	_ = fmt.Append(buf, c)                    // want 1:%v
	log.Printf("%v", c)                       // want 1:%v
	log.Default().Println(c)                  // want 0:%v
	log.Panicln(c)                            // want 0:%v
	log.SetPrefix("x")                        // want none
	panic(c)                                  // want none
}

func slogs(c *T, l *slog.Logger, args []any) {
	slog.Info("m", "c", c)                   // want 2:slogtext
	slog.Info("m", slog.Int("n", 1), "c", c) // want 3:slogtext
	slog.Info("m", slog.Any("c", c))         // want 1:slogtext
	_ = slog.Any("c", c)                     // want 1:slogtext
	slog.Info("m", c)                        // want 1:slogtext
	slog.Info("m", "key")                    // want 1:slogtext
	l.WarnContext(nil, "m", "c", c)          // want 3:slogtext
	l.Log(nil, 0, "m", "c", c)               // want 4:slogtext
	l.Info("m", args...)                     // want 1:slogtext,spread
	l.With("c", c).Info("m")                 // want 1:slogtext
	_ = l.With("c", c)                       // want 1:slogtext
	_ = slog.Group("g", "c", c)              // want 2:slogtext
}

func klogs(c *T, err error) {
	klog1.V(2).Infof("%v", c)                     // want 1:%v
	klog1.Infof("%+v", c)                         // want 1:%+v
	klog1.ErrorDepth(1, c)                        // want 1:%v
	klog1.Warningln(c)                            // want 0:%v
	klog.Infof("%+v", c)                          // want 1:%+v
	klog.InfofDepth(1, "%+v", c)                  // want 2:%+v
	klog.Exitln(c)                                // want 0:%v
	klog.InfoS("m", "c", c)                       // want 2:klog
	klog.InfoSDepth(1, "m", "c", c)               // want 3:klog
	klog.ErrorS(err, "m", "c", c)                 // want 0:%v 3:klog
	klog.ErrorSDepth(1, err, "m", "c", c, "d", 1) // want 1:%v 4:klog 6:klog
	klog.V(2).InfoS("m", "c", klog.KObj(c))       // want 2:klog
	klog.V(2).ErrorS(err, "m", "c", c)            // want 0:%v 3:klog
	klog.V(2).Error(err, "m", "c", c)             // want 0:%v 3:klog
	klog.Background().Info("m", "c", c)           // want 2:logr
}

func logrs(c *T, l logr.Logger, err error) {
	l.Info("m", "c", c)            // want 2:logr
	l.V(1).Error(err, "m", "c", c) // want 0:%v 3:logr
	_ = l.WithValues("c", c)       // want 1:logr
}

func logruses(c *T, l *logrus.Logger, e *logrus.Entry, f logrus.FieldLogger, err error, fs logrus.Fields) {
	logrus.Errorf("%v", c)                               // want 1:%v
	l.Tracef("%v", c)                                    // want 1:%v
	e.Logf(1, "%v", c)                                   // want 2:%v
	e.Info("m", c)                                       // want 0:%v 1:%v
	f.Infof("%v", c)                                     // want 1:%v
	f.Warnln(c)                                          // want 0:%v
	_ = f.WithField("c", c)                              // want 1:%v,lazy
	e2 := e.WithError(err)                               // want 0:%v,lazy
	e2.Info()                                            // want none
	_ = logrus.WithFields(logrus.Fields{"a": 1, "c": c}) // want 0:%v,lazy 0:%v,lazy
	_ = logrus.WithFields(fs)                            // want 0:%v
	chain := func() {
		logrus.
			WithField("c", c). // want 1:%v
			WithField("n", 1). // want 1:%v
			Info("m")          // want 0:%v
	}
	chain()
}

func zaps(c *T, l *zap.Logger, s *zap.SugaredLogger) {
	l.Info("m", zap.String("k", ""))          // want none
	_ = zap.Any("c", c)                       // want 1:zapany
	_ = zap.Reflect("c", c)                   // want 1:json
	_ = zap.Stringer("c", c)                  // want 1:method
	s.Infow("m", "c", c)                      // want 2:zapany
	s.Infow("m", zap.String("k", ""), "c", c) // want 3:zapany
	s.Infof("%v", c)                          // want 1:%v
	s.Warn(c)                                 // want 0:%v
	_ = s.With("c", c)                        // want 1:zapany
	_ = s.WithLazy("c", c)                    // want 1:zapany,lazy
}

func tests(c *T, t *testing.T, b *testing.B, tb testing.TB) {
	t.Logf("%v", c)    // want 1:%v
	b.Error(c)         // want 0:%v
	tb.Fatalf("%v", c) // want 1:%v
	t.Skip(c)          // want 0:%v
	t.Name()           // want none
}
