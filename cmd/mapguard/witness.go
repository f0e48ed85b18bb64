package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mapguard/mapguard/rules/witness"
)

// stdins counts how often standard input is to be read.
func stdins(names []string) int {
	n := 0
	for _, name := range names {
		if name == "-" {
			n++
		}
	}
	return n
}

// readWitnesses reads the logs that --witness names. A log that has no crash on
// a map and no race is an error: the user expects one to be in it.
func (s *session) readWitnesses() error {
	for _, name := range s.witness {
		s.progress.step("reading %s", name)
		log, err := s.readLog(name)
		if err != nil {
			return err
		}
		if len(log.Reports) == 0 {
			return fmt.Errorf("%s: %s", log.Name, nothingIn(log))
		}
		if log.Dropped > 0 {
			fmt.Fprintf(s.stderr, "mapguard: %s has more than %d different reports: the last %d are left out\n", log.Name, witness.MaxReports, log.Dropped)
		}
		s.reports = append(s.reports, log.Reports...)
	}
	s.tests = s.tests || inTests(s.reports)
	return nil
}

// readLog reads a log, whose name is relative to --chdir.
func (s *session) readLog(name string) (*witness.Log, error) {
	if name == "-" {
		return witness.Read(s.stdin, "standard input")
	}
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.dir, file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--witness: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("--witness: %s is a directory: name the log in it", name)
	}
	return witness.Read(f, name)
}

// nothingIn says what a log has, if it has no report.
func nothingIn(log *witness.Log) string {
	const want = "no crash on a map (fatal error: concurrent map ...) and no race (WARNING: DATA RACE) in it"
	if len(log.Other) == 0 {
		return want
	}
	o := log.Other[0]
	return fmt.Sprintf("%s; the crash at line %d is another one: %s", want, o.Line, o.Text)
}

// inTests reports whether a goroutine that used a map was in a test file when
// it did: then test files have to be looked at too.
func inTests(reports []*witness.Report) bool {
	for _, r := range reports {
		for _, stack := range r.Stacks[:min(2, len(r.Stacks))] {
			for _, f := range stack.Frames {
				if !witness.Split(f.Func).Std() {
					if strings.HasSuffix(f.File, "_test.go") {
						return true
					}
					break
				}
			}
		}
	}
	return false
}

// witnessStatus returns the exit code of a run whose witnesses could not all be
// resolved: as for packages that could not be analysed. Races on other
// variables are no failure beside a map that is named, and what has been
// repaired since is none at all.
func (s *session) witnessStatus(res *result) int {
	failed, other := 0, 0
	for _, u := range res.unresolved {
		switch {
		case u.NoMap:
			other++
		case !u.Guarded:
			failed++
		}
	}
	named := len(res.findings)+len(res.applied) > 0 || len(res.unresolved) > failed+other
	switch {
	case !named && failed+other > 0:
		return exitFailed
	case failed > 0:
		return exitPartial
	}
	return exitClean
}

// reportUnresolved says what became of the witnesses that name no map.
func (s *session) reportUnresolved(res *result) {
	other := 0
	for _, u := range res.unresolved {
		if u.NoMap {
			if other++; other > 3 {
				continue
			}
		}
		fmt.Fprintf(s.stderr, "mapguard: %s:%d: %s\n", u.Report.Log, u.Report.Line, u.Reason)
	}
	if other > 3 {
		fmt.Fprintf(s.stderr, "mapguard: and %d more races on other variables\n", other-3)
	}
}
