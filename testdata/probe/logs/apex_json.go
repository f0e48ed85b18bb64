package logs

import (
	"github.com/apex/log"
	"github.com/apex/log/handlers/json"

	"example.com/probe/harness"
)

func init() {
	h := json.New(&harness.Out)
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
