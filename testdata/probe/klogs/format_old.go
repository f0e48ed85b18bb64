//go:build oldklog || klog90

package main

func format() {}
