package logs

import (
	"github.com/go-logr/logr/funcr"

	"example.com/probe/harness"
)

func init() {
	l := funcr.New(func(prefix, args string) { harness.Say(args) }, funcr.Options{Verbosity: 3})
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { l.Error(failed, "m", "key", v) })
	harness.Value(func(v any) { err := harness.As[error](v); l.Error(err, "m") })
	harness.Later(func(v any) func() { w := l.WithValues("key", v); return func() { w.Info("m") } })
}
