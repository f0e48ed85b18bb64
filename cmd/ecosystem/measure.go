package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"
)

// killDelay is how long output is still waited for after a run was ended.
const killDelay = 5 * time.Second

// A program is what measure runs.
type program struct {
	binary string
	args   []string
	dir    string
	temp   string // folder for temporary files: a run that is killed leaves some
}

// A sample is one run of a program, and what it took.
type sample struct {
	stdout, stderr []byte
	exit           int // -1 if a signal ended it
	wall, cpu      time.Duration
	peak           int64 // bytes of the largest process, its children included; 0 if the system does not say
	timeout        bool
	err            error // why it did not start, or did not end by itself
}

// measure runs a program. It is ended, with the processes that it
// started, after limit. The error is that of ctx if it is done before.
func measure(ctx context.Context, limit time.Duration, p program) (sample, error) {
	start := time.Now() // before limit begins: a run that is ended at it took no less
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(timed, p.binary, p.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &stdout, &stderr
	cmd.Env = append(cmd.Environ(), "TMPDIR="+p.temp)
	cmd.WaitDelay = killDelay
	ownGroup(cmd)
	err := cmd.Run()
	s := sample{stdout: stdout.Bytes(), stderr: stderr.Bytes(), exit: -1, wall: time.Since(start)}
	if state := cmd.ProcessState; state != nil {
		s.exit = state.ExitCode()
		s.cpu = state.UserTime() + state.SystemTime()
		s.peak = peak(state)
	}
	switch _, exited := errors.AsType[*exec.ExitError](err); {
	case err == nil:
	case ctx.Err() != nil:
		return s, context.Cause(ctx)
	case timed.Err() != nil:
		s.timeout = true
	case !exited || s.exit < 0: // other exit codes are for the caller to judge
		s.err = err
	}
	return s, nil
}
