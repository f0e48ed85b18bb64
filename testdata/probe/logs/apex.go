package logs

import (
	"github.com/apex/log"
	"github.com/apex/log/handlers/json"
	"github.com/apex/log/handlers/text"

	"example.com/probe/harness"
)

func init() {
	harness.Output("json", func() { apexFields(json.New(&harness.Out)) })
	harness.Output("text", func() {
		apexMessages(text.New(&harness.Out))
		apexFields(text.New(&harness.Out))
	})
}

func apexMessages(h log.Handler) {
	set := func() { log.SetHandler(h); log.SetLevel(log.DebugLevel) }
	set()
	l := &log.Logger{Handler: h, Level: log.DebugLevel}
	e := log.NewEntry(l)
	var i log.Interface = l
	harness.Format(func(format string, v any) { log.Debugf(format, v) })
	harness.Format(func(format string, v any) { log.Infof(format, v) })
	harness.Format(func(format string, v any) { log.Warnf(format, v) })
	harness.Format(func(format string, v any) { log.Errorf(format, v) })
	harness.Exits(func(format string, v any) { log.Fatalf(format, v) })
	harness.Value(func(v any) { err := harness.As[error](v); set(); log.WithError(err).Info("m") })
	harness.Format(func(format string, v any) { l.Debugf(format, v) })
	harness.Format(func(format string, v any) { l.Infof(format, v) })
	harness.Format(func(format string, v any) { l.Warnf(format, v) })
	harness.Format(func(format string, v any) { l.Errorf(format, v) })
	harness.Exits(func(format string, v any) { l.Fatalf(format, v) })
	harness.Value(func(v any) { err := harness.As[error](v); set(); l.WithError(err).Info("m") })
	harness.Format(func(format string, v any) { e.Debugf(format, v) })
	harness.Format(func(format string, v any) { e.Infof(format, v) })
	harness.Format(func(format string, v any) { e.Warnf(format, v) })
	harness.Format(func(format string, v any) { e.Errorf(format, v) })
	harness.Exits(func(format string, v any) { e.Fatalf(format, v) })
	harness.Value(func(v any) { err := harness.As[error](v); set(); e.WithError(err).Info("m") })
	harness.Format(func(format string, v any) { i.Debugf(format, v) })
	harness.Format(func(format string, v any) { i.Infof(format, v) })
	harness.Format(func(format string, v any) { i.Warnf(format, v) })
	harness.Format(func(format string, v any) { i.Errorf(format, v) })
	harness.Exits(func(format string, v any) { i.Fatalf(format, v) })
	harness.Value(func(v any) { err := harness.As[error](v); set(); i.WithError(err).Info("m") })
}

func apexFields(h log.Handler) {
	set := func() { log.SetHandler(h); log.SetLevel(log.DebugLevel) }
	set()
	l := &log.Logger{Handler: h, Level: log.DebugLevel}
	e := log.NewEntry(l)
	var i log.Interface = l
	harness.Later(func(v any) func() { set(); w := log.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := log.WithFields(log.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := l.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := l.WithFields(log.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := e.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := e.WithFields(log.Fields{"key": v}); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := i.WithField("key", v); return func() { w.Info("m") } })
	harness.Later(func(v any) func() { set(); w := i.WithFields(log.Fields{"key": v}); return func() { w.Info("m") } })
}
