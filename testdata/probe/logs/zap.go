package logs

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/probe/harness"
)

func init() {
	l := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&harness.Out), zap.DebugLevel),
		zap.WithFatalHook(zapcore.WriteThenPanic), zap.Development())
	s := l.Sugar()
	harness.Format(func(format string, v any) { s.Debugf(format, v) })
	harness.Value(func(v any) { s.Debug(v) })
	harness.Value(func(v any) { s.Debugln(v) })
	harness.Value(func(v any) { s.Debugw("m", "key", v) })
	harness.Format(func(format string, v any) { s.Infof(format, v) })
	harness.Value(func(v any) { s.Info(v) })
	harness.Value(func(v any) { s.Infoln(v) })
	harness.Value(func(v any) { s.Infow("m", "key", v) })
	harness.Format(func(format string, v any) { s.Warnf(format, v) })
	harness.Value(func(v any) { s.Warn(v) })
	harness.Value(func(v any) { s.Warnln(v) })
	harness.Value(func(v any) { s.Warnw("m", "key", v) })
	harness.Format(func(format string, v any) { s.Errorf(format, v) })
	harness.Value(func(v any) { s.Error(v) })
	harness.Value(func(v any) { s.Errorln(v) })
	harness.Value(func(v any) { s.Errorw("m", "key", v) })
	harness.Format(func(format string, v any) { s.DPanicf(format, v) })
	harness.Value(func(v any) { s.DPanic(v) })
	harness.Value(func(v any) { s.DPanicln(v) })
	harness.Value(func(v any) { s.DPanicw("m", "key", v) })
	harness.Format(func(format string, v any) { s.Panicf(format, v) })
	harness.Value(func(v any) { s.Panic(v) })
	harness.Value(func(v any) { s.Panicln(v) })
	harness.Value(func(v any) { s.Panicw("m", "key", v) })
	harness.Format(func(format string, v any) { s.Fatalf(format, v) })
	harness.Value(func(v any) { s.Fatal(v) })
	harness.Value(func(v any) { s.Fatalln(v) })
	harness.Value(func(v any) { s.Fatalw("m", "key", v) })
	harness.Format(func(format string, v any) { s.Logf(0, format, v) })
	harness.Value(func(v any) { s.Log(0, v) })
	harness.Value(func(v any) { s.Logln(0, v) })
	harness.Value(func(v any) { s.Logw(0, "m", "key", v) })
	harness.Later(func(v any) func() { w := s.With("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := s.WithLazy("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := l.With(zap.Any("key", v)); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := l.WithLazy(zap.Any("key", v)); return func() { w.Info("m") } })
	harness.Value(func(v any) { l.Info("m", zap.Any("key", v)) })
	harness.Value(func(v any) { l.Info("m", zap.Reflect("key", v)) })
	harness.Value(func(v any) { s := harness.As[fmt.Stringer](v); l.Info("m", zap.Stringer("key", s)) })
	harness.Value(func(v any) { err := harness.As[error](v); l.Info("m", zap.Error(err)) })
	harness.Value(func(v any) { err := harness.As[error](v); l.Info("m", zap.NamedError("key", err)) })
	harness.Value(func(v any) { obj := harness.As[zapcore.ObjectMarshaler](v); l.Info("m", zap.Object("key", obj)) })
	harness.Value(func(v any) { obj := harness.As[zapcore.ObjectMarshaler](v); l.Info("m", zap.Inline(obj)) })
	harness.Value(func(v any) { obj := harness.As[zapcore.ArrayMarshaler](v); l.Info("m", zap.Array("key", obj)) })
	harness.Value(func(v any) {
		l.Info("m", zap.Object("key", zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			return enc.AddReflected("key", v)
		})))
	})
	harness.Value(func(v any) {
		l.Info("m", zap.Array("key", zapcore.ArrayMarshalerFunc(func(enc zapcore.ArrayEncoder) error {
			return enc.AppendReflected(v)
		})))
	})
}
