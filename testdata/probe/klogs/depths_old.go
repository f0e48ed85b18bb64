//go:build oldklog

package main

func depths() {}
