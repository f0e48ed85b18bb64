package logs

import (
	"flag"

	"k8s.io/klog"

	"example.com/probe/harness"
)

func init() {
	var fs flag.FlagSet
	klog.InitFlags(&fs)
	fs.Set("logtostderr", "false")
	fs.Set("stderrthreshold", "FATAL")
	fs.Set("v", "3")
	klog.SetOutput(&harness.Out)
	harness.Format(func(format string, v any) { klog.Infof(format, v) })
	harness.Value(func(v any) { klog.Info(v) })
	harness.Value(func(v any) { klog.Infoln(v) })
	harness.Value(func(v any) { klog.InfoDepth(0, v) })
	harness.Format(func(format string, v any) { klog.Warningf(format, v) })
	harness.Value(func(v any) { klog.Warning(v) })
	harness.Value(func(v any) { klog.Warningln(v) })
	harness.Value(func(v any) { klog.WarningDepth(0, v) })
	harness.Format(func(format string, v any) { klog.Errorf(format, v) })
	harness.Value(func(v any) { klog.Error(v) })
	harness.Value(func(v any) { klog.Errorln(v) })
	harness.Value(func(v any) { klog.ErrorDepth(0, v) })
	harness.Exits(func(format string, v any) { klog.Fatalf(format, v) })
	harness.Exits(func(_ string, v any) { klog.Fatal(v) })
	harness.Exits(func(_ string, v any) { klog.Fatalln(v) })
	harness.Exits(func(_ string, v any) { klog.FatalDepth(0, v) })
	harness.Exits(func(format string, v any) { klog.Exitf(format, v) })
	harness.Exits(func(_ string, v any) { klog.Exit(v) })
	harness.Exits(func(_ string, v any) { klog.Exitln(v) })
	harness.Exits(func(_ string, v any) { klog.ExitDepth(0, v) })
	harness.Format(func(format string, v any) { klog.V(1).Infof(format, v) })
	harness.Value(func(v any) { klog.V(1).Info(v) })
	harness.Value(func(v any) { klog.V(1).Infoln(v) })
}
