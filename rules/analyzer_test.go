package rules_test

import (
	"bytes"
	"errors"
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"

	vet "golang.org/x/tools/go/analysis"

	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/facts"
)

func TestAnalyzersAreValid(t *testing.T) {
	if err := vet.Validate(rules.Analyzers); err != nil {
		t.Error(err)
	}
	for i, a := range rules.Analyzers {
		if a.Name != rules.All[i].Name {
			t.Errorf("analyzer %d is %s, rule %d is %s", i, a.Name, i, rules.All[i].Name)
		}
	}
}

// A packageFact is what the analyzers tell of a package of so many lines.
type packageFact struct {
	*facts.Fact
	lines int
}

// packageFacts runs the analyzers over the packages in a folder, and returns
// the facts of those in its module.
func packageFacts(t *testing.T, dir string) map[string]packageFact {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax | packages.NeedModule, Dir: dir, Env: env()}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	// SanityCheck sends every fact through gob.
	graph, err := checker.Analyze(rules.Analyzers, pkgs, &checker.Options{SanityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]packageFact)
	for act := range graph.All() {
		if act.Err != nil {
			t.Errorf("%s: %v", act, act.Err)
		}
		fact := new(facts.Fact)
		if act.IsRoot || act.Package.Module == nil || !act.Package.Module.Main || !act.PackageFact(act.Package.Types, fact) {
			continue
		}
		lines := 0
		for _, file := range act.Package.Syntax {
			lines += act.Package.Fset.File(file.FileStart).LineCount()
		}
		out[act.Package.PkgPath] = packageFact{fact, lines}
	}
	return out
}

// maxFact is the most that a package of so many lines may tell its importers of
// itself, in bytes. A small one may tell more a line.
func maxFact(lines int) int { return 12 * max(lines, 1000) }

// Facts are the same whenever they are made, come back whole from the form in
// which they travel, ten times over, and are small.
func TestFactsTravel(t *testing.T) {
	dirs := map[string]string{"this module": "..", "two packages": extractPackages(t)}
	archives, err := filepath.Glob("../testdata/sharedmap/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, name := range archives {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dirs[filepath.Base(name)] = writeArchive(t, ar)
	}
	for name, dir := range dirs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := packageFacts(t, dir), packageFacts(t, dir)
			if len(first) == 0 && name != "parallel.txtar" { // which is all tests
				t.Fatal("no facts")
			}
			for path, fact := range first {
				checkFact(t, path, fact, second[path].Fact)
			}
		})
	}
}

func checkFact(t *testing.T, path string, fact packageFact, again *facts.Fact) {
	t.Helper()
	own := 0
	for i, s := range fact.Sections {
		if again == nil || i >= len(again.Sections) || !bytes.Equal(again.Sections[i].Data, s.Data) {
			t.Errorf("%s tells another thing of %s when it is asked again", path, s.Path)
		}
		if s.Path != path {
			continue
		}
		own++
		if most := maxFact(fact.lines); len(s.Data) > most {
			t.Errorf("%s tells %d bytes of itself, at most %d are wanted: see facts.Trim for what may be left out", path, len(s.Data), most)
		}
		for range 10 {
			p, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			back, err := facts.Seal(p, s.Own)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(back.Data, s.Data) || back.Path != s.Path || !back.Own {
				t.Fatalf("%s: what comes back is not what was sent", path)
			}
			s = back
		}
	}
	if own != 1 {
		t.Errorf("%s tells %d times of itself", path, own)
	}
}

// A panic in the analysis becomes an error that names rule and package.
func TestPanicBecomesError(t *testing.T) {
	pass := &vet.Pass{Files: []*ast.File{{}}} // of no package at all
	_, err := rules.Analyzers[1].Requires[0].Run(pass)
	if err == nil || !strings.Contains(err.Error(), "mapguard: internal error in ") {
		t.Errorf("got error %v", err)
	}
}

func extractPackages(t *testing.T) string {
	return writeArchive(t, txtar.Parse([]byte(`
-- go.mod --
module example.com/m

go 1.26
-- a/a.go --
package a

import "sync"

type Set struct {
	mu sync.Mutex
	m  map[string]int
	f  func(string) int
}

func New(f func(string) int) *Set { return &Set{m: make(map[string]int), f: f} }

func (s *Set) Add(k string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[k] = s.f(k)
}
-- b/b.go --
package b

import "example.com/m/a"

var All = a.New(func(s string) int { return len(s) })

func Run() { go All.Add("x") }
`)))
}

func writeArchive(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	c := &goldenCase{ar: ar, dir: tempDir(t)}
	if err := c.extract(); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return c.dir
}
