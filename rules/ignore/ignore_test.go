package ignore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/ignore"
	"github.com/mapguard/mapguard/rules/judge"
)

var known = []string{"deepformat", "sharedmap"}

// program loads an archive.
func program(t *testing.T, archive string, patterns ...string) *load.Program {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte("-- go.mod --\nmodule example.com/a\ngo 1.26\n" + archive)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: patterns})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at returns a sharedmap finding about m at each line of a.go that says
// "found", under the line's number.
func at(t *testing.T, p *load.Program) []*judge.Finding {
	t.Helper()
	name := filepath.Join(p.Dir, "a.go")
	src, err := p.Source(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []*judge.Finding
	for i, line := range strings.Split(string(src), "\n") {
		if strings.Contains(line, "found") {
			out = append(out, &judge.Finding{
				ID: fmt.Sprint(i + 1), Rule: "sharedmap", Pos: access.Pos{File: name, Line: i + 1, Column: 1},
				Map: access.Location{Kind: access.Global, Pkg: "example.com/a", Name: "m"},
			})
		}
	}
	return out
}

func TestApply(t *testing.T) {
	p := program(t, `
-- a.go --
package a

var m = map[string]int{}

type T struct {
	m map[string]int
	//mapguard:ignore sharedmap filled once
	n map[string]int
}

func lines(f func(...any)) {
	//mapguard:ignore sharedmap the line below
	m["held"]++ // found
	m["kept"]++ // found: kept
	m["held"]++ /* found */ //mapguard:ignore sharedmap the same line

	//mapguard:ignore sharedmap two rules at one place
	//mapguard:ignore deepformat two rules at one place // want suppresses nothing
	f(
		m, // found: a plain statement is covered whole
	)
	f(
		m, // found
	) //mapguard:ignore sharedmap and from its end

	//mapguard:ignore sharedmap not what the function does // want suppresses nothing
	go func() {
		m["kept"]++ // found: kept
	}()

	//mapguard:ignore sharedmap a blank line parts them // want suppresses nothing

	m["kept"]++ // found: kept

	// mapguard:ignore sharedmap prose, not a directive
	m["kept"]++ // found: kept
}

// function is a declaration: all within is covered.
//
//mapguard:ignore sharedmap only tests call it
func function() {
	if len(m) > 0 {
		m["held"]++ // found
	}
}

//mapguard:ignore sharedmap // want gives no reason
func reasonless() {
	m["held"]++ // found: held back all the same, one report is enough
}

//mapguard:ignore // want names no rule
//mapguard:ignore sharedmaps typo // want unknown rule sharedmaps: there are deepformat, sharedmap
func wrong() {
	m["kept"]++ // found: kept
}
`, "./...")
	findings := at(t, p)
	inField := &judge.Finding{
		ID: "in field", Rule: "sharedmap", Pos: access.Pos{File: "elsewhere.go", Line: 1},
		Map: access.Location{Kind: access.Field, Pkg: "example.com/a", Owner: "T", Name: "n"},
	}
	byAccess := &judge.Finding{
		ID: "by access", Rule: "sharedmap", Pos: access.Pos{File: "elsewhere.go", Line: 1},
		Accesses: []judge.Access{{}, {Site: judge.Site{Pos: findings[0].Pos}}},
	}
	kept, problems := ignore.Apply(p, append(findings, inField, byAccess), known, known)

	src, _ := p.Source(filepath.Join(p.Dir, "a.go"))
	var got, want []string
	for _, f := range kept {
		got = append(got, f.ID+": kept")
	}
	for _, f := range problems {
		got = append(got, fmt.Sprintf("%d: %s", f.Pos.Line, f.Message))
	}
	for i, line := range strings.Split(string(src), "\n") {
		if strings.Contains(line, "found: kept") {
			want = append(want, fmt.Sprintf("%d: kept", i+1))
		}
		if _, message, ok := strings.Cut(line, "// want "); ok {
			want = append(want, fmt.Sprintf("%d: %s", i+1, message))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.EqualFunc(got, want, matches) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// matches reports whether a result is on the line, and says what, is wanted.
func matches(got, want string) bool {
	gotLine, said, _ := strings.Cut(got, ": ")
	wantLine, text, _ := strings.Cut(want, ": ")
	return gotLine == wantLine && strings.Contains(said, text)
}

const unused = `
-- a.go --
package a

//mapguard:ignore sharedmap nothing is found here
var M map[string]int
-- b/b.go --
package b
-- c/c_nosuchsystem.go --
//go:build nosuchsystem

package c
-- testdata/d.go --
package d
`

// An ignore without effect is reported when the run could have seen one.
func TestUnused(t *testing.T) {
	for _, tt := range []struct {
		name, archive string
		patterns      []string
		active        []string
		want          int
	}{
		{"all", unused, []string{"./..."}, known, 1},
		{"its rule is off", unused, []string{"./..."}, []string{"deepformat"}, 0},
		{"another package was not loaded", unused, []string{"."}, known, 0},
		{"it was not asked about", "-- z.go --\npackage a\nimport _ \"example.com/a/b\"\n-- b/b.go --\npackage b\n//mapguard:ignore sharedmap r\nvar _ int\n", []string{"."}, known, 0},
		{"its package is broken", unused + "-- broken.go --\npackage a\nvar x int = y\n", []string{"./..."}, known, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ignore.Apply(program(t, tt.archive, tt.patterns...), nil, known, tt.active)
			if len(problems) != tt.want {
				t.Errorf("got %d problems, want %d", len(problems), tt.want)
			}
		})
	}
}

// The ID of a problem does not move with the lines above it, and two
// directives that read the same have two.
func TestID(t *testing.T) {
	const one = "//mapguard:ignore sharedmap r\nvar _ int\n"
	ids := func(src string) (ids []string) {
		_, problems := ignore.Apply(program(t, "-- a.go --\npackage a\n"+src, "./..."), nil, known, known)
		for _, f := range problems {
			ids = append(ids, f.ID)
		}
		return ids
	}
	first, moved, twice := ids(one), ids("\n// text\n\n"+one), ids(one+one)
	if len(first) != 1 || !slices.Equal(first, moved) {
		t.Errorf("the ID became %v from %v", moved, first)
	}
	if len(twice) != 2 || twice[0] == twice[1] || twice[0] != first[0] {
		t.Errorf("two directives have IDs %v, one %v", twice, first)
	}
}
