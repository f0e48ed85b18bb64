package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/emit"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/resolve"
)

// A result is what a session found, fixed, and could not look at.
type result struct {
	findings []*judge.Finding // reported: not fixed
	applied  []*judge.Finding
	changes  []emit.Change // what applied them, by file
	skipped  []rules.Skipped
	dirty    []string // files left alone

	unresolved []*resolve.Unresolved // witnesses that no map could be named for
	verified   *verification         // nil unless asked for
}

// config returns what to look for. Weak findings are not asked for, unless an
// ID may name one.
func (s *session) config() rules.Config {
	cfg := rules.Config{
		Rules: s.rules, Tests: s.tests, Generated: s.generated, Witnesses: s.reports, Known: s.known, RWMutex: s.guard == "rwmutex",
		Builds: s.builds, MentionedBuilds: len(s.configs) == 0, Progress: s.progress.step,
	}
	if len(s.only)+len(s.skip) == 0 {
		cfg.Evidence = s.evidence
	}
	return cfg
}

func (s *session) find(ctx context.Context) (*result, error) {
	found, err := rules.Analyze(ctx, s.program, s.config())
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	res := &result{skipped: distinct(found.Skipped), unresolved: found.Unresolved}
	for _, f := range found.Findings {
		seen[f.ID] = true
		if s.chosen(f) {
			res.findings = append(res.findings, f)
		}
	}
	return res, s.checkIDs(seen)
}

// repair finds and applies the fixes that the flags ask for, in memory.
func (s *session) repair(ctx context.Context) (*result, error) {
	seen := make(map[string]bool)
	vcs := &vcs{ctx: ctx, dirty: make(map[string]bool)}
	fixed, err := rules.Fix(ctx, s.program, s.config(), func(f *judge.Finding) bool {
		seen[f.ID] = true
		return s.chosen(f) && s.applies(f.Fix) && (s.diff || s.allowDirty || !vcs.holds(f.Fix))
	})
	if err := errors.Join(err, vcs.err); err != nil {
		return nil, err
	}
	res := &result{applied: fixed.Applied, skipped: distinct(fixed.Skipped), dirty: vcs.held(), unresolved: fixed.Unresolved}
	for _, f := range fixed.Left {
		seen[f.ID] = true
		if s.chosen(f) {
			res.findings = append(res.findings, f)
		}
	}
	for _, f := range fixed.Applied {
		seen[f.ID] = true
	}
	if err := s.checkIDs(seen); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fixed.Files)) {
		old, err := s.program.Source(name)
		if err != nil {
			return nil, err
		}
		res.changes = append(res.changes, emit.Change{File: name, Old: old, New: fixed.Files[name]})
	}
	return res, nil
}

// distinct returns the errors once that two variants of a package have in common.
func distinct(skipped []rules.Skipped) []rules.Skipped {
	var out []rules.Skipped
	type key struct{ path, message string }
	seen := make(map[key]bool)
	for _, sk := range skipped {
		fresh := rules.Skipped{Path: sk.Path}
		for _, message := range sk.Errors {
			if k := (key{sk.Path, message}); !seen[k] {
				seen[k] = true
				fresh.Errors = append(fresh.Errors, message)
			}
		}
		if len(fresh.Errors) > 0 {
			out = append(out, fresh)
		}
	}
	return out
}

// A vcs remembers which files have uncommitted changes.
type vcs struct {
	ctx   context.Context
	dirty map[string]bool // by file; absent if git has not been asked
	err   error
}

// holds reports whether a fix edits a file with uncommitted changes.
func (v *vcs) holds(fix *edit.Fix) bool {
	var ask []string
	held := false
	for _, name := range files(fix) {
		dirty, known := v.dirty[name]
		held = held || dirty
		if !known {
			v.dirty[name] = false
			ask = append(ask, name)
		}
	}
	dirty, err := emit.Dirty(v.ctx, ask)
	if err != nil && v.err == nil {
		v.err = fmt.Errorf("%w: repair that, or use --allow-dirty", err)
	}
	for _, name := range dirty {
		v.dirty[name], held = true, true
	}
	return held || err != nil
}

// held returns the files that were not clean.
func (v *vcs) held() []string {
	maps.DeleteFunc(v.dirty, func(_ string, dirty bool) bool { return !dirty })
	return slices.Sorted(maps.Keys(v.dirty))
}
