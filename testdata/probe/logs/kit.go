package logs

import (
	"github.com/go-kit/log"

	"example.com/probe/harness"
)

func init() {
	harness.Output("json", func() { kitProbes(log.NewJSONLogger(&harness.Out)) })
	harness.Output("logfmt", func() { kitProbes(log.NewLogfmtLogger(&harness.Out)) })
}

func kitProbes(l log.Logger) {
	harness.Value(func(v any) { l.Log("key", v) })
	harness.Later(func(v any) func() { w := log.With(l, "key", v); return func() { w.Log("m", 1) } })
	harness.Later(func(v any) func() { w := log.WithPrefix(l, "key", v); return func() { w.Log("m", 1) } })
	harness.Later(func(v any) func() { w := log.WithSuffix(l, "key", v); return func() { w.Log("m", 1) } })
}
