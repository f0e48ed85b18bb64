// Package logrus has the signatures of github.com/sirupsen/logrus.
package logrus

type Fields map[string]any

type JSONFormatter struct{}

type Logger struct{}

type Entry struct{}

type FieldLogger interface {
	WithField(key string, value any) *Entry
	Infof(format string, args ...any)
	Warnln(args ...any)
}

func (*Logger) WithField(key string, value any) *Entry { return nil }
func (*Logger) Tracef(format string, args ...any)      {}
func (*Entry) WithField(key string, value any) *Entry  { return nil }
func (*Entry) WithFields(fields Fields) *Entry         { return nil }
func (*Entry) WithError(err error) *Entry              { return nil }
func (*Entry) Info(args ...any)                        {}
func (*Entry) Logf(level int, f string, args ...any)   {}
func WithFields(fields Fields) *Entry                  { return nil }
func WithField(key string, value any) *Entry           { return nil }
func Errorf(format string, args ...any)                {}
