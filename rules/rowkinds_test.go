package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
)

// A tableRow is one row of a table.
type tableRow struct {
	kind    rowKind
	like    string       // which table it stands in
	with    *known.Table // that table, and nothing else
	without *known.Table // that table without this row
}

type rowKind int

const (
	starts rowKind = iota // functions, fields, signatures: on another goroutine
	calls                 // functions that run functions here
	quiet                 // modules that do
	uses                  // functions that use a map
)

// traits that a case may have.
const (
	overlaps = "overlaps itself"
	atOnce   = "at once"
	ended    = "ended on return"
	inTurn   = "in turn"
	waitedOn = "waited for"
)

// expected returns by plot whether there must be a finding of the row.
func (r *tableRow) expected(c *rowCase) map[string]bool {
	is := func(trait string) bool { return slices.Contains(c.traits, trait) }
	switch r.kind {
	case calls: // the lock held at the call is held in what it runs
		return map[string]bool{"Locked": false}
	case quiet:
		return map[string]bool{"Beside": false}
	case uses:
		return map[string]bool{"Beside": true}
	}
	return map[string]bool{
		"Alone":  is(overlaps),
		"Twice":  is(overlaps) || !is(ended) && !is(inTurn),
		"After":  is(atOnce),
		"Beside": true,
		"Waited": is(atOnce) && !is(waitedOn),
	}
}

// found reports whether a finding is of the row.
func (r *tableRow) found(c *rowCase, f *judge.Finding) bool {
	switch r.kind {
	case calls:
		return true
	case uses:
		return slices.ContainsFunc(f.Accesses, func(a judge.Access) bool {
			return slices.Contains(c.traits, a.Op.String()) && a.Func == "rowBeside"
		})
	}
	return slices.ContainsFunc(f.Accesses, func(a judge.Access) bool {
		return slices.ContainsFunc(a.Goroutine, func(fr judge.Frame) bool { return strings.Contains(fr.Text, " runs ") })
	})
}

// check compares what was found in a case with what is expected of it, with
// the row or without it.
func (r *tableRow) check(t *testing.T, c *rowCase, found foundRows, with bool) {
	t.Helper()
	for _, trait := range c.traits {
		if !slices.Contains([]string{overlaps, atOnce, ended, inTurn, waitedOn, "read", "iterate", "write"}, trait) {
			t.Errorf("%s: no trait %q", c.archive, trait)
		}
	}
	if slices.Contains(c.traits, waitedOn) != waitLine.MatchString(c.code) {
		t.Errorf("%s: a line that ends in // wait goes with the trait %q", c.archive, waitedOn)
	}
	changes := false
	expected := r.expected(c)
	for _, p := range plots {
		plot := p.name
		want, ok := expected[plot]
		if !ok {
			continue
		}
		f := found[[2]string{c.path(), plot}]
		got := f != nil && r.found(c, f)
		if plot == "Beside" && with && slices.Contains(c.traits, ended) {
			got = f != nil && !got // to whoever calls the function, it does it all itself
		}
		changes = changes || got != want
		switch shown := r.kind == starts || r.kind == uses; {
		case !with && shown && got:
			t.Errorf("%s: found without the row%s", plot, sentence(f))
		case with && got != want:
			t.Errorf("%s: found %v, want %v%s", plot, got, want, sentence(f))
		case with && shown && got && f.Evidence != judge.Shown:
			t.Errorf("%s: evidence %v, want shown%s", plot, f.Evidence, sentence(f))
		}
	}
	if !with && !changes {
		t.Error("the case is judged alike without the row")
	}
}

func sentence(f *judge.Finding) string {
	if f == nil {
		return ""
	}
	return ": " + f.Message + ": " + f.Why
}

// rowsByName returns the rows that need a case.
func rowsByName(rows known.Rows) map[string]*tableRow {
	out := make(map[string]*tableRow)
	add := func(kind rowKind, name, like string, with, without known.Rows) {
		names := kind == calls || kind == quiet // there is nothing to be quiet about otherwise
		out[name] = &tableRow{kind: kind, like: like, with: known.NewTable(names, with), without: known.NewTable(names, without)}
	}
	table := known.NewTable(false, rows)
	for i, s := range rows.Starters {
		name := s.Func
		if len(table.Starters(s.Func)) > 1 {
			name += fmt.Sprintf(" %d", s.Arg)
		}
		add(starts, name, "starters", known.Rows{Starters: rows.Starters}, known.Rows{Starters: but(rows.Starters, i)})
	}
	for i, f := range rows.Fields {
		add(starts, "field "+f.Pkg+"."+f.Type+"."+f.Name, "fields", known.Rows{Fields: rows.Fields}, known.Rows{Fields: but(rows.Fields, i)})
	}
	for i, h := range rows.Handlers {
		name := "handler " + strings.TrimSpace(h.Method+" "+h.Signature)
		add(starts, name, "handlers", known.Rows{Handlers: rows.Handlers}, known.Rows{Handlers: but(rows.Handlers, i)})
	}
	for i, g := range rows.Registrars {
		add(starts, "registrar "+g.Type, "registrars", known.Rows{Registrars: rows.Registrars}, known.Rows{Registrars: but(rows.Registrars, i)})
	}
	for i, m := range rows.MapCalls {
		add(uses, fmt.Sprintf("map %s %d", m.Func, m.Arg), "maps", known.Rows{MapCalls: rows.MapCalls}, known.Rows{MapCalls: but(rows.MapCalls, i)})
	}
	for i, s := range rows.Synchronous {
		kind := calls
		if s.Func == "" {
			kind = quiet
		}
		add(kind, "here "+s.Func+s.Module, "here", known.Rows{Synchronous: rows.Synchronous}, known.Rows{Synchronous: but(rows.Synchronous, i)})
	}
	return out
}

// but returns rows without the i'th.
func but[T any](rows []T, i int) []T { return slices.Delete(slices.Clone(rows), i, i+1) }
