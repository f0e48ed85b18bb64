// Command klogs probes klog v2: it is built with several releases of it.
package main

import (
	"flag"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"example.com/probe/harness"
)

// Shapes that only klog and logr know.
type (
	MarshalsLog struct{ M map[string]int }
	Object      struct{ M map[string]int }
)

func (MarshalsLog) MarshalLog() any { return "<MarshalLog>" }

func (*Object) GetName() string      { return "name" }
func (*Object) GetNamespace() string { return "space" }

var (
	PtrMarshalsLog = &MarshalsLog{map[string]int{"kM": 1}}
	PtrObject      = &Object{map[string]int{"kM": 1}}

	_ logr.Logger
)

func main() {
	var fs flag.FlagSet
	klog.InitFlags(&fs)
	fs.Set("logtostderr", "false")
	fs.Set("alsologtostderr", "false")
	fs.Set("stderrthreshold", "FATAL")
	fs.Set("v", "3")
	klog.SetOutput(&harness.Out)

	plain()
	depths()
	format()
	structured()
	fatal()
	harness.Main(map[string]any{"PtrMarshalsLog": PtrMarshalsLog, "PtrObject": PtrObject})
}

func plain() {
	harness.Format(func(format string, v any) { klog.Infof(format, v) })
	harness.Format(func(format string, v any) { klog.Warningf(format, v) })
	harness.Format(func(format string, v any) { klog.Errorf(format, v) })
	harness.Format(func(format string, v any) { klog.V(1).Infof(format, v) })
	harness.Value(func(v any) { klog.Info(v) })
	harness.Value(func(v any) { klog.Warning(v) })
	harness.Value(func(v any) { klog.Error(v) })
	harness.Value(func(v any) { klog.Infoln(v) })
	harness.Value(func(v any) { klog.Warningln(v) })
	harness.Value(func(v any) { klog.Errorln(v) })
	harness.Value(func(v any) { klog.V(1).Info(v) })
	harness.Value(func(v any) { klog.V(1).Infoln(v) })
	harness.Value(func(v any) { klog.InfoDepth(0, v) })
	harness.Value(func(v any) { klog.WarningDepth(0, v) })
	harness.Value(func(v any) { klog.ErrorDepth(0, v) })
}

func structured() {
	harness.Value(func(v any) { klog.InfoS("m", "key", v) })
	harness.Value(func(v any) { klog.ErrorS(nil, "m", "key", v) })
	harness.Value(func(v any) { err := harness.As[error](v); klog.ErrorS(err, "m") })
	harness.Value(func(v any) { klog.V(1).InfoS("m", "key", v) })
}

func fatal() {
	harness.Exits(func(format string, v any) { klog.Fatalf(format, v) })
	harness.Exits(func(format string, v any) { klog.Exitf(format, v) })
	harness.Exits(func(_ string, v any) { klog.Fatal(v) })
	harness.Exits(func(_ string, v any) { klog.Exit(v) })
	harness.Exits(func(_ string, v any) { klog.Fatalln(v) })
	harness.Exits(func(_ string, v any) { klog.Exitln(v) })
	harness.Exits(func(_ string, v any) { klog.FatalDepth(0, v) })
	harness.Exits(func(_ string, v any) { klog.ExitDepth(0, v) })
}
