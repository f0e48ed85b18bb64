package logs

import (
	"log/slog"
	"time"

	"example.com/probe/harness"
)

func init() {
	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	harness.Output("json", func() { slogProbes(slog.NewJSONHandler(&harness.Out, all)) })
	harness.Output("text", func() { slogProbes(slog.NewTextHandler(&harness.Out, all)) })
}

func slogProbes(h slog.Handler) {
	l := slog.New(h)
	set := func() { slog.SetDefault(l) }
	harness.Value(func(v any) { set(); slog.Debug("m", "key", v) })
	harness.Value(func(v any) { l.Debug("m", "key", v) })
	harness.Value(func(v any) { set(); slog.DebugContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { l.DebugContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { set(); slog.Info("m", "key", v) })
	harness.Value(func(v any) { l.Info("m", "key", v) })
	harness.Value(func(v any) { set(); slog.InfoContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { l.InfoContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { set(); slog.Warn("m", "key", v) })
	harness.Value(func(v any) { l.Warn("m", "key", v) })
	harness.Value(func(v any) { set(); slog.WarnContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { l.WarnContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { set(); slog.Error("m", "key", v) })
	harness.Value(func(v any) { l.Error("m", "key", v) })
	harness.Value(func(v any) { set(); slog.ErrorContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { l.ErrorContext(ctx, "m", "key", v) })
	harness.Value(func(v any) { set(); slog.Log(ctx, 0, "m", "key", v) })
	harness.Value(func(v any) { l.Log(ctx, 0, "m", "key", v) })
	harness.Value(func(v any) { l.Info("m", v) }) // no key
	harness.Later(func(v any) func() { set(); w := slog.With("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { w := l.With("key", v); return func() { w.Info("m") } })
	harness.Value(func(v any) { l.Info("m", slog.Any("key", v)) })
	harness.Value(func(v any) { l.Info("m", slog.Group("g", "key", v)) })
	harness.Value(func(v any) { l.Info("m", slog.Attr{Key: "key", Value: slog.AnyValue(v)}) })
	harness.Value(func(v any) {
		r := slog.NewRecord(time.Now(), 0, "m", 0)
		r.Add("key", v)
		l.Handler().Handle(ctx, r)
	})
}
