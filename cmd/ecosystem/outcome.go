package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

// The statuses of an outcome.
const (
	statusOK       = "ok"
	statusFailed   = "failed" // no report, or no package could be analysed
	statusCrashed  = "crashed"
	statusTimeout  = "timeout"
	statusUnstable = "unstable" // two runs gave two outputs
)

// The exit codes with which mapguard has analysed something.
var analysed = []int{0, 1, 3}

// An outcome is what the runs of one build on one repository came to.
type outcome struct {
	Status     string  `json:"status"`
	Reason     string  `json:"reason,omitempty"` // of a status that is not ok
	Stderr     string  `json:"stderr,omitempty"` // of the run that failed or crashed, shortened
	ExitCode   int     `json:"exit_code"`        // of the last run; -1 if it was killed
	Runs       int     `json:"runs"`             // that were made: none follows one that failed
	Seconds    float64 `json:"seconds"`          // of the fastest run
	CPUSeconds float64 `json:"cpu_seconds"`      // of the run that took least
	PeakBytes  int64   `json:"peak_bytes"`       // the most of all runs; 0 if unknown
	Findings   int     `json:"findings"`
	Errors     int     `json:"errors"`          // of packages that were not analysed
	Internal   int     `json:"internal_errors"` // panics that mapguard survived, and reported
	report     *report.Report
	stdout     []byte // of the first run
}

// ok reports whether the runs all gave one and the same report.
func (o *outcome) ok() bool { return o.Status == statusOK }

// internalError is how mapguard reports a panic that it has survived.
const internalError = "mapguard: internal error"

// add takes in a further run of a build. It reports whether another one makes
// sense; none does after a run without a report.
func (o *outcome) add(s sample, limit time.Duration) (more bool) {
	o.ExitCode = s.exit
	o.took(s)
	rep, status, reason := read(s, limit)
	if status != statusOK {
		o.Status, o.Reason, o.Stderr = status, reason, essence(s.stderr)
		if o.Runs > 1 {
			o.Reason = fmt.Sprintf("run %d: %s", o.Runs, reason)
		}
		return false
	}
	switch {
	case o.Runs == 1:
		o.Status, o.report, o.stdout = statusOK, rep, s.stdout
		o.count()
	case o.ok() && !bytes.Equal(o.stdout, s.stdout): // the exit code follows from the report
		o.Status = statusUnstable
		o.Reason = fmt.Sprintf("run %d gave another output than run 1: %s", o.Runs, between(o.report, rep))
	}
	return true
}

// took takes in how long a run took, and its memory.
func (o *outcome) took(s sample) {
	o.Runs++
	if wall := s.wall.Seconds(); o.Runs == 1 || wall < o.Seconds {
		o.Seconds = wall
	}
	if cpu := s.cpu.Seconds(); o.Runs == 1 || cpu < o.CPUSeconds {
		o.CPUSeconds = cpu
	}
	o.PeakBytes = max(o.PeakBytes, s.peak)
}

// count fills in what the report has of each kind.
func (o *outcome) count() {
	o.Findings, o.Errors = len(o.report.Findings), len(o.report.Errors)
	for _, e := range o.report.Errors {
		o.Internal += strings.Count(e.Message, internalError)
	}
	for _, f := range o.report.Findings {
		if f.Fix != nil {
			o.Internal += strings.Count(f.Fix.Reason, internalError)
		}
	}
}

// crash matches how the Go runtime starts its last words.
var crash = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: |SIG[A-Z]+: ).*$`)

// read returns the report that a run printed. If there is none that can be
// relied on, it says why.
func read(s sample, limit time.Duration) (rep *report.Report, status, reason string) {
	last := crash.Find(s.stderr)
	switch {
	case s.timeout:
		return nil, statusTimeout, fmt.Sprintf("ended after %v", limit)
	case s.err != nil:
		if _, killed := errors.AsType[*exec.ExitError](s.err); killed {
			return nil, statusCrashed, s.err.Error()
		}
		return nil, statusFailed, s.err.Error()
	case s.exit == 2 && last != nil:
		return nil, statusCrashed, string(last)
	case !slices.Contains(analysed, s.exit):
		first, _, _ := strings.Cut(strings.TrimSpace(string(s.stderr)), "\n")
		return nil, statusFailed, strings.TrimSuffix(fmt.Sprintf("exit status %d: %s", s.exit, first), ": ")
	}
	rep = new(report.Report)
	if err := json.Unmarshal(s.stdout, rep); err != nil {
		return nil, statusFailed, fmt.Sprintf("exit status %d, and the output is no report: %v", s.exit, err)
	}
	return rep, statusOK, ""
}

// maxStderr is how much is kept of what a failed run says.
const maxStderr = 4 << 10

// essence shortens what a failed run says: from its last words on, if it
// crashed.
func essence(stderr []byte) string {
	if at := crash.FindIndex(stderr); at != nil {
		stderr = stderr[at[0]:]
	}
	text := strings.TrimSpace(strings.ToValidUTF8(string(stderr[:min(len(stderr), maxStderr)]), "?"))
	if len(stderr) > maxStderr {
		text += " ..."
	}
	return text
}

// between says in what two reports of one build differ.
func between(a, b *report.Report) string {
	d := compare(a, b)
	text := d.summary()
	if text == "" {
		return "the findings are the same, and the bytes are not"
	}
	var ids []string
	for _, f := range d.Added {
		ids = append(ids, f.ID)
	}
	for _, f := range d.Removed {
		ids = append(ids, f.ID)
	}
	for _, c := range d.Changed {
		ids = append(ids, c.After.ID)
	}
	const most = 8
	if len(ids) > most {
		ids = append(ids[:most], "...")
	}
	if len(ids) > 0 {
		text += " (" + strings.Join(ids, ", ") + ")"
	}
	return text
}
