package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// A result is all that one run of ecosystem found. It is printed as it is by
// --format json: fields may be added, none may be renamed or removed, and lists
// are never null.
type result struct {
	Before       *build        `json:"before"`
	After        *build        `json:"after"`
	Flags        []string      `json:"flags"` // that mapguard was given
	Repeat       int           `json:"repeat"`
	Repositories []*comparison `json:"repositories"`
	Total        total         `json:"total"`
}

// A comparison is what both builds make of one repository.
type comparison struct {
	Name        string   `json:"name"`
	Dir         string   `json:"dir"`
	Patterns    []string `json:"patterns"`
	Before      outcome  `json:"before"`
	After       outcome  `json:"after"`
	*difference          // nil, and its fields missing, if one has no report
}

// A total adds up the repositories of which both builds gave a report.
type total struct {
	Repositories  int   `json:"repositories"` // all of them
	Compared      int   `json:"compared"`
	Different     int   `json:"different"`
	NotRun        int   `json:"not_run"` // failed, crashed, timed out or unstable with at least one build
	Added         int   `json:"added"`
	Removed       int   `json:"removed"`
	Changed       int   `json:"changed"`
	ErrorsAdded   int   `json:"errors_added"`
	ErrorsRemoved int   `json:"errors_removed"`
	Before        tally `json:"before"`
	After         tally `json:"after"`
}

// A tally adds up the reports of one build.
type tally struct {
	Findings   int            `json:"findings"`
	Evidence   map[string]int `json:"evidence"` // findings by evidence
	Fixes      map[string]int `json:"fixes"`    // findings by the applicability of their fix, or "none"
	Errors     int            `json:"errors"`
	Internal   int            `json:"internal_errors"`
	Seconds    float64        `json:"seconds"`
	CPUSeconds float64        `json:"cpu_seconds"`
	PeakBytes  int64          `json:"peak_bytes"` // the most of all
}

// ok reports whether both builds ran as they should.
func (c *comparison) ok() bool { return c.Before.ok() && c.After.ok() }

// differs reports whether the builds gave different reports, or different exit
// codes for the same findings.
func (c *comparison) differs() bool {
	return c.difference != nil && (!c.empty() || c.Before.ExitCode != c.After.ExitCode)
}

// headline says in a few words how the builds differ on a repository.
func (c *comparison) headline() string {
	switch {
	case c.difference == nil:
		return "not compared"
	case !c.differs():
		return "no difference"
	case c.empty():
		return fmt.Sprintf("exit status %d -> %d", c.Before.ExitCode, c.After.ExitCode)
	}
	return c.summary()
}

// count fills in the total, and the versions of the builds.
func (r *result) count() {
	t := &r.Total
	t.Before, t.After = newTally(), newTally()
	for _, c := range r.Repositories {
		t.Repositories++
		if !c.ok() {
			t.NotRun++
		}
		for _, side := range []struct {
			build *build
			*outcome
		}{{r.Before, &c.Before}, {r.After, &c.After}} {
			if side.build.Version == "" && side.report != nil {
				side.build.Version = side.report.Version
			}
		}
		if c.difference == nil {
			continue
		}
		t.Compared++
		if c.differs() {
			t.Different++
		}
		t.Added += len(c.Added)
		t.Removed += len(c.Removed)
		t.Changed += len(c.Changed)
		t.ErrorsAdded += len(c.ErrorsAdded)
		t.ErrorsRemoved += len(c.ErrorsRemoved)
		t.Before.add(&c.Before)
		t.After.add(&c.After)
	}
}

func newTally() tally {
	return tally{Evidence: make(map[string]int), Fixes: make(map[string]int)}
}

func (t *tally) add(o *outcome) {
	t.Findings += o.Findings
	t.Errors += o.Errors
	t.Internal += o.Internal
	t.Seconds += o.Seconds
	t.CPUSeconds += o.CPUSeconds
	t.PeakBytes = max(t.PeakBytes, o.PeakBytes)
	for _, f := range o.report.Findings {
		t.Evidence[f.Evidence]++
		t.Fixes[applicability(f.Fix)]++
	}
}

// status returns the exit code.
func (r *result) status() int {
	switch {
	case r.Total.NotRun > 0:
		return exitNotRun
	case r.Total.Different > 0:
		return exitDiffers
	}
	return exitSame
}

// writeJSON prints a result as one JSON object.
func writeJSON(w io.Writer, r *result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
