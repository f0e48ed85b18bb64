//go:build !oldklog && !klog90

package main

import (
	"k8s.io/klog/v2"

	"example.com/probe/harness"
)

// format probes what came with v2.100.1.
func format() {
	harness.Value(func(v any) { klog.InfoS("m", "key", klog.Format(v)) })
}
