package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

// full returns a finding with something in every field.
func full() report.Finding {
	pos := report.Position{File: "a.go", Line: 1, Column: 2}
	return report.Finding{
		ID: "M-1", Rule: "sharedmap", Map: "m.x", Evidence: "shown", Message: "says", Position: pos, Why: "because",
		Accesses: []report.Access{{
			Op: "write", Function: "f", Position: pos, Locks: []string{"mu (shared)"},
			Goroutine: []report.Frame{{Position: pos, Text: "go f"}},
			Runners:   []report.Frame{{Position: pos, Text: "go g"}},
		}},
		Seen: []report.Seen{{Log: "crash.log", Line: 1, Text: "data race", Count: 1}},
		Fix: &report.Fix{
			Applicability: "safe", Title: "Lock", Reason: "why", Edits: []report.Edit{{File: "a.go", Start: 1, End: 2, New: "x"}},
		},
		Alternatives: []report.Fix{{
			Applicability: "unsafe", Title: "Other", Reason: "choice", Edits: []report.Edit{{File: "a.go", Start: 3, End: 4, New: "y"}},
		}},
	}
}

// Whatever a report says about a finding, a change of it is seen. A field that
// is new in package report and missing from aspects fails here.
func TestEveryFieldCounts(t *testing.T) {
	before := full()
	if d := compare(&report.Report{Findings: []report.Finding{before}}, &report.Report{Findings: []report.Finding{full()}}); !d.empty() {
		t.Fatalf("a finding differs from itself: %+v", d)
	}
	seen := 0
	var visit func(path string, at func(*report.Finding) reflect.Value)
	visit = func(path string, at func(*report.Finding) reflect.Value) {
		after := full()
		switch v := at(&after); v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				visit(path+"."+v.Type().Field(i).Name, func(f *report.Finding) reflect.Value { return at(f).Field(i) })
			}
			return
		case reflect.Slice:
			if v.Len() == 0 {
				t.Fatalf("%s: full leaves it empty", path)
			}
			visit(path+"[0]", func(f *report.Finding) reflect.Value { return at(f).Index(0) })
			v.SetZero()
		case reflect.Pointer:
			visit(path, func(f *report.Finding) reflect.Value { return at(f).Elem() })
			v.SetZero()
		case reflect.String:
			v.SetString(v.String() + "!")
		case reflect.Int:
			v.SetInt(v.Int() + 1)
		default:
			t.Fatalf("%s: a %s", path, v.Kind())
		}
		seen++
		if len(differing(aspects(before), aspects(after))) == 0 {
			t.Errorf("%s: a change is not seen", path)
		}
		if len(differing(aspects(after), aspects(before))) == 0 {
			t.Errorf("%s: a change back is not seen", path)
		}
	}
	visit("", func(f *report.Finding) reflect.Value { return reflect.ValueOf(f).Elem() })
	if seen < 20 {
		t.Errorf("only %d fields visited", seen)
	}
}

func TestMatch(t *testing.T) {
	f := func(id, where, file string) report.Finding {
		return report.Finding{ID: id, Rule: "deepformat", Map: where, Position: report.Position{File: file, Line: 1}}
	}
	for _, test := range []struct {
		name          string
		before, after []report.Finding
		want          []int
	}{
		{"nothing", nil, nil, []int{}},
		{
			"by ID, in any order",
			[]report.Finding{f("1", "x", "a"), f("2", "x", "a")},
			[]report.Finding{f("2", "x", "a"), f("1", "x", "a")},
			[]int{1, 0},
		},
		{
			"an ID before the map, however early the map comes",
			[]report.Finding{f("1", "x", "a")},
			[]report.Finding{f("2", "x", "a"), f("1", "y", "b")},
			[]int{-1, 0},
		},
		{
			"of one map, those of one file",
			[]report.Finding{f("1", "x", "a"), f("2", "x", "b")},
			[]report.Finding{f("3", "x", "b"), f("4", "x", "c")},
			[]int{1, 0},
		},
		{
			"each once",
			[]report.Finding{f("1", "x", "a")},
			[]report.Finding{f("2", "x", "a"), f("3", "x", "a")},
			[]int{0, -1},
		},
		{
			"without a map only by ID",
			[]report.Finding{f("1", "", "a"), f("2", "", "a")},
			[]report.Finding{f("3", "", "a"), f("2", "", "b")},
			[]int{-1, 1},
		},
		{
			"the same ID twice",
			[]report.Finding{f("1", "x", "a"), f("1", "x", "b")},
			[]report.Finding{f("1", "x", "a"), f("1", "x", "b")},
			[]int{0, 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := match(test.before, test.after); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Aspects show what moved, and no more; those that only one fix has are shown.
func TestDiffering(t *testing.T) {
	before, after := full(), full()
	after.Accesses = append(after.Accesses, after.Accesses[0])
	after.Accesses[1].Op = "read"
	after.Fix = nil
	got := differing(aspects(before), aspects(after))
	want := []aspect{
		{"accesses", []string{}, []string{"read at a.go:1:2 in f, holding mu (shared)"}},
		{"goroutines", []string{}, []string{"read at a.go:1:2 in f; a.go:1:2 go f; or a.go:1:2 go g"}},
		{"fix", []string{"safe"}, []string{"none"}},
		{"fix title", []string{"Lock"}, []string{}},
		{"fix reason", []string{"why"}, []string{}},
		{"edits", []string{`a.go bytes 1-2: "x"`}, []string{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	swapped := full()
	swapped.Accesses = []report.Access{after.Accesses[1], after.Accesses[0]}
	after.Fix = full().Fix
	order := differing(aspects(after), aspects(swapped))
	if len(order) != 2 {
		t.Errorf("another order: %q, want accesses and goroutines", order)
	}
	for _, a := range order {
		if len(a.Removed) != 2 || len(a.Added) != 2 {
			t.Errorf("another order: %q", a)
		}
	}
}

// A difference is JSON without null, also where there is none.
func TestNoNull(t *testing.T) {
	text, err := json.Marshal(compare(&report.Report{}, &report.Report{}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"added":[],"removed":[],"changed":[],"errors_added":[],"errors_removed":[]}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
