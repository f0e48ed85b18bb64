package load_test

import (
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/load"
)

func TestVendored(t *testing.T) {
	p := open(t, `
-- go.mod --
module m
go 1.26
require example.com/dep v1.0.0
-- vendor/modules.txt --
# example.com/dep v1.0.0
## explicit; go 1.20
example.com/dep
-- vendor/example.com/dep/dep.go --
package dep

type Conn struct{ streams map[int]string }

func (c *Conn) Len() (n int) {
	for range c.streams { // "}"
		n++
	}
	return n
}
-- m.go --
package m

import "example.com/dep"

var C dep.Conn
`, false)
	dep := p.Package("example.com/dep")
	if dep.Main || dep.Info != nil || dep.Types == nil {
		t.Fatalf("the vendored package is not a dependency: %+v", dep)
	}
	st := dep.Types.Scope().Lookup("Conn").Type().Underlying().(*types.Struct)
	equal(t, "field", st.Field(0).Name(), "streams")

	detached, err := p.Detached("example.com/dep")
	if err != nil {
		t.Fatal(err)
	}
	if detached.Info == nil || len(detached.Syntax[0].Decls) != 2 || detached.Types == dep.Types || dep.Info != nil {
		t.Errorf("not checked apart: %+v", detached)
	}
	if n := len(detached.Info.Uses); n < 5 {
		t.Errorf("the body has %d uses", n)
	}
	if again, _ := p.Detached("example.com/dep"); again != detached {
		t.Error("checked twice")
	}
	if _, err := p.Detached("example.com/other"); err == nil {
		t.Error("no error for a package that is not there")
	}
	// Skipping bodies must not move what follows them.
	method := types.NewPointer(dep.Types.Scope().Lookup("Conn").Type())
	obj, _, _ := types.LookupFieldOrMethod(method, false, dep.Types, "Len")
	if pos := p.Fset.Position(obj.Pos()); pos.Line != 5 || pos.Column != 16 {
		t.Errorf("method is at %s", pos)
	}
}

func TestTags(t *testing.T) {
	dir := write(t, `
-- go.mod --
module m
go 1.26
-- m.go --
package m
-- tagged.go --
//go:build special

package m

var Special int
`)
	for tags, want := range map[string]bool{"": false, "other,special": true} {
		p := openConfig(t, load.Config{Dir: dir, Tags: tags})
		if got := p.Package("m").Types.Scope().Lookup("Special") != nil; got != want {
			t.Errorf("tags %q: Special is declared: %t", tags, got)
		}
	}
}

func TestCgo(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler")
	}
	p := open(t, `
-- go.mod --
module m
go 1.26
-- c.go --
package c

// static int one(void) { return 1; }
import "C"

func One() int { return int(C.one()) }
`, false)
	c := p.Package("m")
	if len(c.Errors) > 0 {
		t.Fatal(c.Errors)
	}
	pos := p.Fset.Position(c.Types.Scope().Lookup("One").Pos())
	if want := (token.Position{Filename: filepath.Join(p.Dir, "c.go"), Offset: pos.Offset, Line: 6, Column: 6}); pos != want {
		t.Errorf("One is at %v, want %v", pos, want)
	}
	if pkg, f := p.File(filepath.Join(p.Dir, "c.go")); pkg != c || f == nil {
		t.Error("File does not know the original file")
	}
	if src, err := p.Source(filepath.Join(p.Dir, "c.go")); err != nil || !strings.Contains(string(src), "static int") {
		t.Errorf("Source does not know the original file: %v", err)
	}
}

func TestCommandLineFiles(t *testing.T) {
	dir := write(t, "-- x.go --\npackage x\n\nvar m = map[string]int{}\n")
	p := openConfig(t, load.Config{Dir: dir, Patterns: []string{"x.go"}})
	if len(p.Roots) != 1 || !p.Roots[0].Main || p.Roots[0].Info == nil {
		t.Errorf("roots: %s", ids(p.Roots))
	}
}

func TestStandardLibrary(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	p := openConfig(t, load.Config{Dir: filepath.Join(strings.TrimSpace(string(out)), "src"), Patterns: []string{"expvar"}})
	if pkg := p.Package("expvar"); !pkg.Main || pkg.Info == nil || len(pkg.Errors) > 0 {
		t.Errorf("expvar is not the user's in GOROOT/src: %v", pkg.Errors)
	}
	for _, pkg := range p.All {
		if len(pkg.Errors) > 0 {
			t.Errorf("%s: %v", pkg, pkg.Errors)
		}
		if strings.HasPrefix(pkg.Path, "vendor/") && pkg.Main {
			t.Errorf("%s is vendored", pkg)
		}
	}
}
