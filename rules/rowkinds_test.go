package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
)

// A tableRow is one row of a table, with what is expected of its case.
type tableRow struct {
	without *known.Table    // all rows of its kind but this one
	plots   map[string]bool // how the findings with it are; those without are the opposite of one of them
	found   func(f *judge.Finding) bool
	anyHow  string // the plot whose finding need not satisfy found
	waits   bool   // the case has a line that waits
	shown   bool   // findings are shown, not inferred
}

// check compares what was found in a case with what is expected of it, with
// the row or without it.
func (r *tableRow) check(t *testing.T, c *rowCase, found foundRows, with bool) {
	t.Helper()
	if waits := waitLine.MatchString(c.code); waits != r.waits {
		t.Errorf("%s: a line that ends in // wait: %v, want %v", c.archive, waits, r.waits)
	}
	changes := false
	for _, plot := range plots {
		want, ok := r.plots[plot.name]
		f := found[[2]string{c.path(), plot.name}]
		got := f != nil && (r.found(f) || with && plot.name == r.anyHow)
		switch {
		case !ok:
		case !with:
			changes = changes || got != want
			if r.shown && got {
				t.Errorf("%s: found without the row: %s: %s", plot.name, f.Message, f.Why)
			}
		case got != want:
			t.Errorf("%s: found %v, want %v%s", plot.name, got, want, sentence(f))
		case got && r.shown && f.Evidence != judge.Shown:
			t.Errorf("%s: evidence %v, want shown: %s", plot.name, f.Evidence, f.Why)
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

// registered reports whether one of the goroutines of a finding is a
// library's: "http.HandleFunc runs x".
func registered(f *judge.Finding) bool {
	return slices.ContainsFunc(f.Accesses, func(a judge.Access) bool {
		return slices.ContainsFunc(a.Goroutine, func(fr judge.Frame) bool { return strings.Contains(fr.Text, " runs ") })
	})
}

// rowsByName returns the rows that need a case.
func rowsByName(rows known.Rows) map[string]*tableRow {
	out := make(map[string]*tableRow)
	for name, r := range starterRows(rows.Starters) {
		out[name] = r
	}
	for _, f := range rows.Fields {
		rest := slices.DeleteFunc(slices.Clone(rows.Fields), func(o known.Field) bool { return o == f })
		out["field "+f.Pkg+"."+f.Type+"."+f.Name] = &tableRow{
			without: known.NewTable(false, known.Rows{Fields: rest}), found: registered, shown: true,
			plots: map[string]bool{"Alone": f.Multi, "Twice": true, "After": false, "Beside": true},
		}
	}
	served := map[string]bool{"Alone": true, "Twice": true, "After": false, "Beside": true}
	for _, h := range rows.Handlers {
		rest := slices.DeleteFunc(slices.Clone(rows.Handlers), func(o known.Handler) bool { return o == h })
		out["handler "+strings.TrimSpace(h.Method+" "+h.Signature)] = &tableRow{
			without: known.NewTable(false, known.Rows{Handlers: rest}), found: registered, shown: true, plots: served,
		}
	}
	for _, g := range rows.Registrars {
		rest := slices.DeleteFunc(slices.Clone(rows.Registrars), func(o known.Registrar) bool { return o == g })
		out["registrar "+g.Type] = &tableRow{
			without: known.NewTable(false, known.Rows{Registrars: rest}), found: registered, shown: true, plots: served,
		}
	}
	for _, m := range rows.MapCalls {
		rest := slices.DeleteFunc(slices.Clone(rows.MapCalls), func(o known.MapCall) bool { return o == m })
		out[fmt.Sprintf("map %s %d", m.Func, m.Arg)] = &tableRow{
			without: known.NewTable(false, known.Rows{MapCalls: rest}), shown: true,
			found: func(f *judge.Finding) bool { return hasOp(f, m.Op) },
			plots: map[string]bool{"Beside": true},
		}
	}
	for _, s := range rows.Synchronous {
		rest := slices.DeleteFunc(slices.Clone(rows.Synchronous), func(o known.Synchronous) bool { return o == s })
		// A function: the lock held at the call is held in what it runs.
		name, plots := "here "+s.Func, map[string]bool{"Locked": false}
		found := func(f *judge.Finding) bool { return true }
		if s.Func == "" { // a module: nothing it is given runs on another goroutine
			name, plots, found = "here "+s.Module, map[string]bool{"Beside": false}, registered
		}
		out[name] = &tableRow{without: known.NewTable(true, known.Rows{Synchronous: rest}), found: found, plots: plots}
	}
	return out
}

func starterRows(starters []known.Starter) map[string]*tableRow {
	out := make(map[string]*tableRow)
	for _, s := range starters {
		name := s.Func
		if len(known.NewTable(false, known.Rows{Starters: starters}).Starters(s.Func)) > 1 {
			name += fmt.Sprintf(" %d", s.Arg)
		}
		rest := slices.DeleteFunc(slices.Clone(starters), func(o known.Starter) bool { return o == s })
		anyHow := ""
		if s.Ends { // seen from outside, whoever calls the library does it all
			anyHow = "Beside"
		}
		out[name] = &tableRow{
			anyHow: anyHow, without: known.NewTable(false, known.Rows{Starters: rest}), found: registered, shown: true, waits: s.Wait != "",
			plots: map[string]bool{
				"Alone":  s.Multi,
				"Twice":  s.Multi || !s.Ends && !s.Turns,
				"After":  s.Now && !s.Ends,
				"Beside": true,
				"Waited": s.Now && !s.Ends && s.Wait == "",
			},
		}
	}
	return out
}

func hasOp(f *judge.Finding, op access.Op) bool {
	return slices.ContainsFunc(f.Accesses, func(a judge.Access) bool { return a.Op == op && a.Func == "rowBeside" })
}
