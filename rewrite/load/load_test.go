package load_test

import (
	"context"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/load"
	"golang.org/x/tools/txtar"
)

// write puts the files of an archive into a folder of their own.
func write(t *testing.T, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// open loads ./... of an archive's files.
func open(t *testing.T, archive string, tests bool) *load.Program {
	t.Helper()
	return openConfig(t, load.Config{Dir: write(t, archive), Patterns: []string{"./..."}, Tests: tests})
}

func openConfig(t *testing.T, cfg load.Config) *load.Program {
	t.Helper()
	p, err := load.Load(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ids(pkgs []*load.Package) string {
	var out []string
	for _, pkg := range pkgs {
		out = append(out, pkg.ID)
	}
	return strings.Join(out, ", ")
}

func byID(t *testing.T, p *load.Program, id string) *load.Package {
	t.Helper()
	for _, pkg := range p.All {
		if pkg.ID == id {
			return pkg
		}
	}
	t.Fatalf("no package %s", id)
	return nil
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

const plain = `
-- go.mod --
module m
go 1.21
-- a/a.go --
// Package a has a comment.
package a

import "sync"

type T struct{ mu sync.Mutex; m map[string]int }

func (t *T) Get(k string) int { t.mu.Lock(); defer t.mu.Unlock(); return t.m[k] }
-- a/a_test.go --
package a

import "testing"

func TestGet(t *testing.T) { _ = (&T{m: nil}).m }
-- a/x_test.go --
package a_test

import (
	"m/a"
	"m/b"
	"testing"
)

func TestX(t *testing.T) { _ = b.Use(&a.T{}) }
-- b/b.go --
package b

import "m/a"

func Use(t *a.T) int { return t.Get("x") }
-- onlytests/o_test.go --
package onlytests
`

func TestPlain(t *testing.T) {
	p := open(t, plain, false)
	equal(t, "roots", ids(p.Roots), "m/a, m/b")
	a := p.Package("m/a")
	if !a.Main || !a.Root || a.Types == nil || a.Info == nil || len(a.Syntax) != 1 || len(a.Errors) > 0 {
		t.Fatalf("m/a is not checked with bodies: %+v", a)
	}
	if a.Syntax[0].Doc == nil {
		t.Error("comments are missing")
	}
	if got := a.Info.FileVersions[a.Syntax[0]]; got != "go1.21" {
		t.Errorf("language version is %q", got)
	}

	sync := p.Package("sync")
	if sync.Main || sync.Root || sync.Info != nil || sync.Syntax != nil || len(sync.Errors) > 0 {
		t.Errorf("sync is not a dependency: %+v", sync)
	}
	if a.Imports["sync"] != sync {
		t.Error("m/a imports another sync")
	}
	mutex := sync.Types.Scope().Lookup("RWMutex").Type().Underlying().(*types.Struct)
	if name := mutex.Field(1).Name(); name != "writerSem" {
		t.Errorf("second field of sync.RWMutex is %q", name)
	}
	if p.Package("m/a [m/a.test]") != nil {
		t.Error("Package returns a test variant")
	}

	file := a.Files[0]
	if pkg, f := p.File(file); pkg != a || f != a.Syntax[0] {
		t.Errorf("File(%s) = %v", file, pkg)
	}
	if src, err := p.Source(file); err != nil || !strings.HasPrefix(string(src), "// Package a") {
		t.Errorf("Source(%s) = %q, %v", file, src, err)
	}
}

func TestVariants(t *testing.T) {
	const roots = "m/a, m/a [m/a.test], m/a_test [m/a.test], m/b, m/onlytests [m/onlytests.test]"
	equal(t, "roots", ids(open(t, plain, true).Roots), roots)

	p := open(t, plain, false)
	a, test, ext := p.Package("m/a"), byID(t, p, "m/a [m/a.test]"), byID(t, p, "m/a_test [m/a.test]")
	if test.Types != nil || ext.Types != nil {
		t.Error("test variants are checked before anyone asks")
	}
	equal(t, "paths", test.Path+" "+test.ForTest+" "+ext.Path+" "+ext.ForTest, "m/a m/a m/a_test m/a")
	equal(t, "importers", ids(p.Importers(a)), "m/b, m/a [m/a.test], m/b [m/a.test], m/a_test [m/a.test]")

	p.Check(ext)
	b := byID(t, p, "m/b [m/a.test]")
	for _, pkg := range []*load.Package{ext, test, b} {
		if pkg.Info == nil || len(pkg.Errors) > 0 {
			t.Errorf("%s is not checked: %v", pkg, pkg.Errors)
		}
	}
	if b.Imports["m/a"] != test || ext.Imports["m/b"] != b {
		t.Error("the external test does not see the variant under test")
	}
	if a.Syntax[0] != test.Syntax[0] {
		t.Error("the file of both variants was parsed twice")
	}
	if pkg, _ := p.File(a.Files[0]); pkg != a {
		t.Errorf("File prefers %s", pkg)
	}
}

func TestLoadOverlay(t *testing.T) {
	dir := write(t, plain)
	p := openConfig(t, load.Config{Dir: dir, Patterns: []string{"./b"}, Overlay: map[string][]byte{
		filepath.Join(dir, "b/b.go"): []byte("package b\n\nimport \"strings\"\n\nvar X = strings.ToUpper(\"x\")\n"),
	}})
	b := p.Package("m/b")
	if len(b.Errors) > 0 || b.Types.Scope().Lookup("X") == nil || b.Imports["strings"] == nil {
		t.Errorf("the file on disk was loaded: %v", b.Errors)
	}
}

func TestDeterminism(t *testing.T) {
	dir := write(t, plain)
	first := ""
	for range 5 {
		p := openConfig(t, load.Config{Dir: dir, Patterns: []string{"./..."}, Tests: true})
		all := ids(p.All)
		seen := make(map[*load.Package]bool)
		for _, pkg := range p.All {
			for _, imp := range pkg.Imports {
				if !seen[imp] {
					t.Fatalf("%s comes before its import %s", pkg, imp)
				}
			}
			seen[pkg] = true
		}
		if first == "" {
			first = all
		}
		equal(t, "order", all, first)
	}
}
