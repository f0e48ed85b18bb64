package logs

import (
	"github.com/sirupsen/logrus"

	"example.com/probe/harness"
)

func init() {
	format := &logrus.JSONFormatter{}
	l := logrus.New()
	for _, l := range []*logrus.Logger{l, logrus.StandardLogger()} {
		l.Out, l.Level, l.ExitFunc = &harness.Out, logrus.TraceLevel, func(int) {}
	}
	l.Formatter = format
	e := logrus.NewEntry(l)
	var (
		f   logrus.FieldLogger     = l
		x   logrus.Ext1FieldLogger = l
		std logrus.StdLogger       = l
	)
	_ = std
	harness.Later(func(v any) func() { w := l.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := l.WithFields(logrus.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() {
		err := asError(v)
		w := l.WithError(err)
		return func() { w.Info("m") }
	})
	harness.Later(func(v any) func() { w := e.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := e.WithFields(logrus.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() {
		err := asError(v)
		w := e.WithError(err)
		return func() { w.Info("m") }
	})
	harness.Later(func(v any) func() { w := f.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := f.WithFields(logrus.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() {
		err := asError(v)
		w := f.WithError(err)
		return func() { w.Info("m") }
	})
	harness.Later(func(v any) func() { w := x.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := x.WithFields(logrus.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() {
		err := asError(v)
		w := x.WithError(err)
		return func() { w.Info("m") }
	})
}
