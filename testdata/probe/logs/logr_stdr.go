package logs

import (
	stdlog "log"

	"github.com/go-logr/stdr"

	"example.com/probe/harness"
)

func init() {
	l := stdr.New(stdlog.New(&harness.Out, "", 0))
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { l.Error(failed, "m", "key", v) })
	harness.Value(func(v any) { err := harness.As[error](v); l.Error(err, "m") })
	harness.Later(func(v any) func() { w := l.WithValues("key", v); return func() { w.Info("m") } })
}
