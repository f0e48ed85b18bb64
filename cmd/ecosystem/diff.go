package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

// A difference is what one report has and the other has not.
type difference struct {
	Added         []report.Finding `json:"added"`
	Removed       []report.Finding `json:"removed"`
	Changed       []change         `json:"changed"`
	ErrorsAdded   []report.Error   `json:"errors_added"`
	ErrorsRemoved []report.Error   `json:"errors_removed"`
}

// A change is a finding that both reports have, and not in the same words.
type change struct {
	Before  report.Finding `json:"before"`
	After   report.Finding `json:"after"`
	Aspects []aspect       `json:"aspects"`
	Diff    string         `json:"diff,omitempty"` // if the edits differ: of the repaired files
}

// An aspect is one thing about a finding, as lines of text.
type aspect struct {
	Name    string   `json:"name"`
	Removed []string `json:"removed"`
	Added   []string `json:"added"`
}

// empty reports whether there is no difference.
func (d *difference) empty() bool {
	return len(d.Added)+len(d.Removed)+len(d.Changed)+len(d.ErrorsAdded)+len(d.ErrorsRemoved) == 0
}

// summary counts what differs; "" if nothing does.
func (d *difference) summary() string {
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	add(len(d.Added), fmt.Sprintf("%d added", len(d.Added)))
	add(len(d.Removed), fmt.Sprintf("%d removed", len(d.Removed)))
	add(len(d.Changed), fmt.Sprintf("%d changed", len(d.Changed)))
	add(len(d.ErrorsAdded), count(len(d.ErrorsAdded), "error")+" added")
	add(len(d.ErrorsRemoved), count(len(d.ErrorsRemoved), "error")+" removed")
	return strings.Join(parts, ", ")
}

// compare returns the difference between two reports of one repository. The
// version, and the order of findings, are no difference.
func compare(before, after *report.Report) *difference {
	d := &difference{
		Added: []report.Finding{}, Removed: []report.Finding{}, Changed: []change{},
		ErrorsAdded: without(after.Errors, before.Errors), ErrorsRemoved: without(before.Errors, after.Errors),
	}
	partner := match(before.Findings, after.Findings)
	kept := make([]bool, len(before.Findings))
	for i, f := range after.Findings {
		j := partner[i]
		if j < 0 {
			d.Added = append(d.Added, f)
			continue
		}
		kept[j] = true
		if as := differing(aspects(before.Findings[j]), aspects(f)); len(as) > 0 {
			d.Changed = append(d.Changed, change{Before: before.Findings[j], After: f, Aspects: as})
		}
	}
	for j, f := range before.Findings {
		if !kept[j] {
			d.Removed = append(d.Removed, f)
		}
	}
	return d
}

// match returns for each finding of after the index of the one that it was
// before, or -1. That is the one of its ID. The ID of a format call depends on
// its text, so that of those left over, the ones of one rule and map go
// together, and of these first the ones of one file.
func match(before, after []report.Finding) []int {
	partner := slices.Repeat([]int{-1}, len(after))
	taken := make([]bool, len(before))
	for _, key := range []func(*report.Finding) string{
		func(f *report.Finding) string { return f.ID },
		func(f *report.Finding) string { return f.Rule + "\x00" + f.Map + "\x00" + f.Position.File },
		func(f *report.Finding) string { return f.Rule + "\x00" + f.Map },
	} {
		byKey := make(map[string][]int)
		for j := range before {
			if !taken[j] {
				k := key(&before[j])
				byKey[k] = append(byKey[k], j)
			}
		}
		for i := range after {
			f := &after[i]
			k := key(f)
			if partner[i] >= 0 || len(byKey[k]) == 0 || k != f.ID && f.Map == "" { // without a map nothing but the ID tells
				continue
			}
			partner[i] = byKey[k][0]
			byKey[k] = byKey[k][1:]
			taken[partner[i]] = true
		}
	}
	return partner
}

// edits is the name of the aspect of what a fix writes.
const edits = "edits"

// aspects returns all that a report says about a finding. Two findings with
// the same aspects are the same.
func aspects(f report.Finding) []aspect {
	one := func(name, text string) aspect { return aspect{Name: name, Added: []string{text}} }
	all := []aspect{
		one("id", f.ID),
		one("rule", f.Rule),
		one("map", f.Map),
		one("evidence", f.Evidence),
		one("message", f.Message),
		one("position", position(f.Position)),
		one("why", f.Why),
	}
	accesses, goroutines := aspect{Name: "accesses"}, aspect{Name: "goroutines"}
	for _, a := range f.Accesses {
		at := fmt.Sprintf("%s at %s in %s", a.Op, position(a.Position), a.Function)
		holding := "holding no lock"
		if len(a.Locks) > 0 {
			holding = "holding " + strings.Join(a.Locks, " and ")
		}
		accesses.Added = append(accesses.Added, at+", "+holding)
		for _, frame := range a.Goroutine {
			at += fmt.Sprintf("; %s %s", position(frame.Position), frame.Text)
		}
		for _, frame := range a.Runners {
			at += fmt.Sprintf("; or %s %s", position(frame.Position), frame.Text)
		}
		goroutines.Added = append(goroutines.Added, at)
	}
	others := aspect{Name: "alternatives"}
	for _, fix := range f.Alternatives {
		others.Added = append(others.Added, fmt.Sprintf("%s: %s: %s: %s", fix.Applicability, fix.Title, fix.Reason, strings.Join(changes(fix), ", ")))
	}
	all = append(all, accesses, goroutines, others)
	if len(f.Seen) > 0 {
		seen := aspect{Name: "seen"}
		for _, s := range f.Seen {
			seen.Added = append(seen.Added, fmt.Sprintf("%s:%d: %s, %d times", s.Log, s.Line, s.Text, s.Count))
		}
		all = append(all, seen)
	}
	fix := f.Fix
	if fix == nil {
		return append(all, one("fix", "none"))
	}
	return append(all, one("fix", fix.Applicability), one("fix title", fix.Title), one("fix reason", fix.Reason), aspect{Name: edits, Added: changes(*fix)})
}

// changes spells the edits of a fix.
func changes(fix report.Fix) []string {
	var out []string
	for _, e := range fix.Edits {
		out = append(out, fmt.Sprintf("%s bytes %d-%d: %q", e.File, e.Start, e.End, e.New))
	}
	return out
}

// differing returns the aspects of two lists that differ, with what is only
// before and only after.
func differing(before, after []aspect) []aspect {
	var diff []aspect
	for _, a := range after {
		var b aspect
		if i := slices.IndexFunc(before, func(b aspect) bool { return b.Name == a.Name }); i >= 0 {
			b = before[i]
		}
		if slices.Equal(b.Added, a.Added) {
			continue
		}
		d := aspect{Name: a.Name, Removed: without(b.Added, a.Added), Added: without(a.Added, b.Added)}
		if len(d.Removed)+len(d.Added) == 0 { // another order
			d.Removed, d.Added = b.Added, a.Added
		}
		diff = append(diff, d)
	}
	for _, b := range before { // what a fix had that is none now
		if !slices.ContainsFunc(after, func(a aspect) bool { return a.Name == b.Name }) && len(b.Added) > 0 {
			diff = append(diff, aspect{Name: b.Name, Removed: b.Added, Added: []string{}})
		}
	}
	return diff
}

// without returns what a has more often than b, in a's order; not nil.
func without[T comparable](a, b []T) []T {
	n := make(map[T]int)
	for _, x := range b {
		n[x]++
	}
	rest := []T{}
	for _, x := range a {
		if n[x]--; n[x] < 0 {
			rest = append(rest, x)
		}
	}
	return rest
}

func position(p report.Position) string {
	if p.File == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}
