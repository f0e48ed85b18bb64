//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context the end of all that it has started:
// the shell alone would leave the test behind that hangs.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
