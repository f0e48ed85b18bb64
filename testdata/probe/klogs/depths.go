//go:build !oldklog

package main

import (
	"k8s.io/klog/v2"

	"example.com/probe/harness"
)

// depths probes what releases before v2.80 do not have.
func depths() {
	harness.Format(func(format string, v any) { klog.InfofDepth(0, format, v) })
	harness.Format(func(format string, v any) { klog.WarningfDepth(0, format, v) })
	harness.Format(func(format string, v any) { klog.ErrorfDepth(0, format, v) })
	harness.Format(func(format string, v any) { klog.V(1).InfofDepth(0, format, v) })
	harness.Value(func(v any) { klog.InfolnDepth(0, v) })
	harness.Value(func(v any) { klog.WarninglnDepth(0, v) })
	harness.Value(func(v any) { klog.ErrorlnDepth(0, v) })
	harness.Value(func(v any) { klog.V(1).InfoDepth(0, v) })
	harness.Value(func(v any) { klog.V(1).InfolnDepth(0, v) })
	harness.Exits(func(format string, v any) { klog.FatalfDepth(0, format, v) })
	harness.Exits(func(format string, v any) { klog.ExitfDepth(0, format, v) })
	harness.Exits(func(_ string, v any) { klog.FatallnDepth(0, v) })
	harness.Exits(func(_ string, v any) { klog.ExitlnDepth(0, v) })

	harness.Value(func(v any) { klog.InfoSDepth(0, "m", "key", v) })
	harness.Value(func(v any) { klog.V(1).InfoSDepth(0, "m", "key", v) })
	harness.Value(func(v any) { klog.V(1).ErrorS(nil, "m", "key", v) })
	harness.Value(func(v any) { klog.V(1).Error(nil, "m", "key", v) })
	harness.Value(func(v any) { klog.ErrorSDepth(0, nil, "m", "key", v) })
	harness.Later(func(v any) func() {
		l := klog.LoggerWithValues(klog.Background(), "key", v)
		return func() { l.Info("m") }
	})
}
