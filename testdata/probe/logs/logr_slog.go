package logs

import (
	"log/slog"

	"github.com/go-logr/logr"

	"example.com/probe/harness"
)

func init() {
	l := logr.FromSlogHandler(slog.NewJSONHandler(&harness.Out, nil))
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { l.Error(failed, "m", "key", v) })
	harness.Value(func(v any) { err := harness.As[error](v); l.Error(err, "m") })
	harness.Later(func(v any) func() { w := l.WithValues("key", v); return func() { w.Info("m") } })
}
