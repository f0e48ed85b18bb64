package logs

import (
	"github.com/go-logr/zapr"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/probe/harness"
)

func init() {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&harness.Out), zap.DebugLevel)
	l := zapr.NewLogger(zap.New(core))
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { l.Error(failed, "m", "key", v) })
	harness.Later(func(v any) func() { w := l.WithValues("key", v); return func() { w.Info("m") } })
}
