// Package klog has the signatures of k8s.io/klog v1.
package klog

type Verbose bool

func V(level int) Verbose                        { return false }
func (Verbose) Infof(format string, args ...any) {}
func (Verbose) Info(args ...any)                 {}
func Infof(format string, args ...any)           {}
func ErrorDepth(depth int, args ...any)          {}
func Warningln(args ...any)                      {}
