//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// ownGroup does nothing where there are no process groups: a command is killed
// alone.
func ownGroup(*exec.Cmd) {}

// peak returns 0: it is not known how much memory a process had.
func peak(*os.ProcessState) int64 { return 0 }
