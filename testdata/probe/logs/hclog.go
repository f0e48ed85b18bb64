package logs

import (
	"github.com/hashicorp/go-hclog"

	"example.com/probe/harness"
)

func init() {
	l := hclog.New(&hclog.LoggerOptions{Output: &harness.Out, Level: hclog.Trace})
	harness.Value(func(v any) { l.Trace("m", "key", v) })
	harness.Value(func(v any) { l.Debug("m", "key", v) })
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { l.Warn("m", "key", v) })
	harness.Value(func(v any) { l.Error("m", "key", v) })
	harness.Value(func(v any) { l.Log(hclog.Info, "m", "key", v) })
	harness.Later(func(v any) func() { w := l.With("key", v); return func() { w.Info("m") } })
}
