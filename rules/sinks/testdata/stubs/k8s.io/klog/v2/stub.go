// Package klog has the signatures of k8s.io/klog/v2.
package klog

import "github.com/go-logr/logr"

type Logger = logr.Logger

type ObjectRef struct{ Name, Namespace string }

func KObj(obj any) ObjectRef { return ObjectRef{} }
func Background() Logger     { return Logger{} }

type Verbose struct{ on bool }

func V(level int) Verbose                                     { return Verbose{} }
func (Verbose) Infof(format string, args ...any)              {}
func (Verbose) InfoS(msg string, kv ...any)                   {}
func (Verbose) ErrorS(err error, msg string, kv ...any)       {}
func (Verbose) Error(err error, msg string, args ...any)      {}
func Infof(format string, args ...any)                        {}
func InfofDepth(depth int, format string, args ...any)        {}
func Exitln(args ...any)                                      {}
func InfoS(msg string, kv ...any)                             {}
func InfoSDepth(depth int, msg string, kv ...any)             {}
func ErrorS(err error, msg string, kv ...any)                 {}
func ErrorSDepth(depth int, err error, msg string, kv ...any) {}
