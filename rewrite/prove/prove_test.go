package prove_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rewrite/prove"
	"golang.org/x/tools/txtar"
)

const module = `
-- go.mod --
module m
go 1.26
-- a/a.go --
package a

type T struct {
	m map[string]int
}

func (t *T) Get(k string) int { return t.m[k] }

func (t T) Len() int { return len(t.m) }

type Pos struct {
	X int
}
-- a/a_test.go --
package a

import "testing"

func TestPos(t *testing.T) { _ = Pos{1} }
-- b/b.go --
package b

import "m/a"

var t a.T

func Copy() int { u := t; return u.Get("x") }
-- b/b_test.go --
package b

import (
	"m/a"
	"testing"
)

func TestT(t *testing.T) { for _, x := range []a.T{{}} { _ = x.Get } }
-- c/c.go --
package c

import "m/a"

var T a.T = undefined

var P = a.Pos{X: 1}
-- old/old.go --
package old

import "sync"

type L struct{ mu sync.Mutex }

func F(l *L) { m := *l; _ = m.mu }
`

func open(t *testing.T) *load.Program {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(module)).Files {
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

// replace returns the edit that replaces a text that is once in a file.
func replace(t *testing.T, p *load.Program, file, old, new string) edit.TextEdit {
	t.Helper()
	name := filepath.Join(p.Dir, file)
	src, err := p.Source(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), old); n != 1 {
		t.Fatalf("%s has %q %d times", file, old, n)
	}
	start := strings.Index(string(src), old)
	return edit.TextEdit{File: name, Start: start, End: start + len(old), New: new}
}

func TestCompile(t *testing.T) {
	p := open(t)
	type rep [3]string
	imp := rep{"a/a.go", "package a\n", "package a\n\nimport \"sync\"\n"}
	for _, test := range []struct {
		name  string
		edits []rep
		want  []string
	}{
		{"no edit", nil, nil},
		{"a body", []rep{{"a/a.go", "return t.m[k]", "n := t.m[k]; return n"}}, nil},
		{"an ill-typed body", []rep{{"a/a.go", "return t.m[k]", "return t.mm[k]"}}, []string{
			"1 a/a.go:7:42: does not compile: t.mm undefined (type *T has no field or method mm)",
		}},
		{"a field that an unkeyed literal of a test lacks", []rep{{"a/a.go", "\tX int", "\tX, Y int"}}, []string{
			"1 a/a_test.go:5:39: does not compile: too few values in struct literal of type Pos",
		}},
		{"a lock that is copied by a method and by importers", []rep{imp, {"a/a.go", "\tm map", "\tmu sync.Mutex\n\tm map"}}, []string{
			"7 a/a.go:12:9: Len passes lock by value: m/a.T contains sync.Mutex",
			"7 b/b.go:7:24: assignment copies lock value to u: m/a.T contains sync.Mutex",
			"7 b/b_test.go:8:35: range var x copies lock: m/a.T contains sync.Mutex",
		}},
		{"a pointer to a lock", []rep{imp, {"a/a.go", "\tm map", "\tmu *sync.Mutex\n\tm map"}}, nil},
		{"lines before an old copy", []rep{{"old/old.go", "import", "import \"fmt\"\nimport"}, {"old/old.go", "m := *l", "\n\nfmt.Println()\nm := *l"}}, nil},
		{"an old copy once more", []rep{{"old/old.go", "func F", "func G(l *L) { m := *l; _ = &m }\n\nfunc F"}}, []string{
			"7 old/old.go:9:21: assignment copies lock value to m: m/old.L contains sync.Mutex",
		}},
		{"lines before an old error", []rep{{"c/c.go", "var T", "\n\nvar Q = 1\n\nvar T"}}, nil},
		{"a new error beside an old one", []rep{{"a/a.go", "\tX int", "\tY int"}}, []string{
			"1 c/c.go:7:15: does not compile: unknown field X in struct literal of type a.Pos",
		}},
	} {
		var edits []edit.TextEdit
		for _, e := range test.edits {
			edits = append(edits, replace(t, p, e[0], e[1], e[2]))
		}
		q, failures, err := prove.Compile(p, edits)
		if err != nil || q == nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, f := range failures {
			text := strings.ReplaceAll(f.String(), p.Dir+"/", "")
			got = append(got, string(rune('0'+f.Obligation))+" "+text)
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s:\n got %s\nwant %s", test.name, strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	p := open(t)
	a := filepath.Join(p.Dir, "a/a.go")
	for name, edits := range map[string][]edit.TextEdit{
		"overlap":        {{File: a, Start: 0, End: 5, New: "x"}, {File: a, Start: 3, End: 8, New: "y"}},
		"foreign file":   {{File: filepath.Join(p.Dir, "go.mod"), New: "// x\n"}},
		"no such file":   {{File: filepath.Join(p.Dir, "none.go"), New: "// x\n"}},
		"beyond the end": {{File: a, Start: 1 << 20, End: 1 << 20, New: "x"}},
	} {
		if _, _, err := prove.Compile(p, edits); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
