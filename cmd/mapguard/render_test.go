package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

const renderArchive = "testdata/render.txtar"

func TestRender(t *testing.T) {
	ar, err := txtar.ParseFile(renderArchive)
	if err != nil {
		t.Fatal(err)
	}
	p := extractAndLoad(t, ar)
	v, res := newView(p, nil), renderedResult(p)

	var txt, js bytes.Buffer
	printer := text{w: &txt, view: v}
	for _, f := range res.applied {
		printer.applied(f)
	}
	for _, f := range res.findings {
		printer.finding(f)
	}
	if err := writeJSON(&js, v, res); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"want.txt":  txt.String(),
		"want.json": strings.Replace(js.String(), `"version": "`+version()+`"`, `"version": "v"`, 1),
	}
	for i, f := range ar.Files {
		text, ok := got[f.Name]
		if !ok {
			continue
		}
		ar.Files[i].Data = []byte(text)
		if text != string(f.Data) && !*update {
			t.Errorf("%s differs:\n%s", f.Name, edit.Unified(f.Name, f.Data, []byte(text)))
		}
	}
	if *update {
		if err := os.WriteFile(renderArchive, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range strings.Split(txt.String(), "\n\n") {
		if n := strings.Count(f, "\n"); n > 28 {
			t.Errorf("a finding takes %d lines, more than a screen:\n%s", n, f)
		}
	}
}

func extractAndLoad(t *testing.T, ar *txtar.Archive) *load.Program {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range ar.Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// renderedResult returns findings with every feature that output has.
func renderedResult(p *load.Program) *result {
	const pkg = "example.com/m/cache"
	file := filepath.Join(p.Dir, "cache", "cache.go")
	at := func(line, column int) access.Pos { return access.Pos{File: file, Line: line, Column: column} }
	data := access.Location{Kind: access.Field, Pkg: pkg, Owner: "Cache", Name: "data"}
	mu := access.LockID{Location: access.Location{Kind: access.Field, Pkg: pkg, Owner: "Cache", Name: "mu"}, RW: true}
	path := access.Path{Root: access.Root{Kind: access.Param}}
	muPath, _ := path.Append(access.Step{Pkg: pkg, Type: "Cache", Name: "mu"})
	elem, _ := access.Path{Root: access.Root{Kind: access.GlobalVar, Pkg: pkg, Name: "all"}}.Append(access.Elem)
	elemMu, _ := elem.Append(access.Step{Pkg: pkg, Type: "Cache", Name: "mu"})
	allMu := access.LockID{Location: access.Location{Kind: access.Global, Pkg: pkg, Name: "allMu"}}
	allMuPath := access.Path{Root: access.Root{Kind: access.GlobalVar, Pkg: pkg, Name: "allMu"}}

	started := []judge.Frame{{Pos: at(15, 1), Text: "go c.set"}, {Pos: at(16, 2), Text: "calls (*Cache).set"}}
	deep := make([]judge.Frame, 12)
	for i := range deep {
		deep[i] = judge.Frame{Pos: at(20+i, 1), Text: "calls f" + string(rune('a'+i))}
	}
	write := judge.Access{
		Site:      judge.Site{Op: access.Write, Pkg: pkg, Func: "(*Cache).set", Pos: at(16, 2)},
		Goroutine: append([]judge.Frame{{Text: "main goes on"}}, started...),
	}
	read := judge.Access{
		Site: judge.Site{Op: access.Read, Pkg: pkg, Func: "(*Cache).get", Pos: at(22, 9), Locks: []access.Lock{
			{ID: mu, Path: muPath, Mode: access.Shared}, {ID: allMu, Path: allMuPath, Mode: access.Exclusive},
		}},
		Goroutine: deep,
	}
	elsewhere := judge.Access{Site: judge.Site{
		Op: access.Format, Pkg: "example.com/m/other", Func: "(*Cache).long", Pos: at(26, 2), Locks: []access.Lock{
			{ID: mu, Path: elemMu, Mode: access.Exclusive},
			{ID: mu, Path: muPath, Mode: access.Exclusive}, // of a receiver without a name
		},
	}}
	return &result{
		applied: []*judge.Finding{{
			ID: "s-0", Rule: "sharedmap", Pos: at(16, 2), Fix: &edit.Fix{Title: "Guard it", Applicability: edit.Safe},
		}},
		findings: []*judge.Finding{
			{
				ID: "s-1", Rule: "sharedmap", Map: data, Evidence: judge.Shown, Pos: at(16, 2),
				Message:  "map c.data is written without holding c.mu",
				Accesses: []judge.Access{write, read}, Why: "the goroutine is never joined " + strings.Repeat("anywhere ", 12),
				Fix: &edit.Fix{
					Title: "Hold c.mu around the write", Applicability: edit.Safe, Proved: []string{"type-checks with tests", "copies no lock"},
					Edits: []edit.TextEdit{{File: file, Start: 10, End: 12, New: "<&>\n"}},
				},
			},
			{
				ID: "d-1", Rule: "deepformat", Map: data, Evidence: judge.Inferred, Pos: at(26, 2),
				Message:  "call walks map Cache.data",
				Accesses: []judge.Access{elsewhere},
				Fix: &edit.Fix{
					Title: "Print the pointer", Applicability: edit.Unsafe, Reason: file + ":3:1: the text may be parsed",
					Edits: []edit.TextEdit{{File: file}, {File: filepath.Join(p.Dir, "z.go")}, {File: file}},
				},
				Alternatives: []*edit.Fix{{
					Title: "Print the type", Applicability: edit.Unsafe, Reason: "a choice",
					Edits: []edit.TextEdit{{File: file, Start: 1, End: 2, New: "T"}},
				}},
			},
			{
				ID: "s-2", Rule: "sharedmap", Map: data, Evidence: judge.Possible, Pos: at(16, 2),
				Message: "map may be shared",
				Fix:     &edit.Fix{Title: "Copy the map where it is handed out", Reason: "its callers are in another module"},
			},
			{ID: "I-1", Rule: "ignore", Evidence: judge.Shown, Pos: at(1, 1), Message: "ignore gives no reason"},
		},
		skipped: []rules.Skipped{{Path: "example.com/m/broken", Errors: []string{filepath.Join(p.Dir, "b.go") + ":1:1: bad", "worse"}}},
	}
}
