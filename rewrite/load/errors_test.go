package load_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/load"
)

func TestBroken(t *testing.T) {
	p := open(t, `
-- go.mod --
module m
go 1.26
-- good/good.go --
package good

import _ "m/body"

var X = map[string]int{}
-- body/body.go --
package body

func F() { undefined(); var unused int }

type T struct{}
-- decl/decl.go --
package decl

type T struct { x Missing }

func (t T) G() U { return nil }
-- cascade/cascade.go --
package cascade

import "m/decl"

var a = decl.T{}.F1()
var b = decl.T{}.F2()
-- quiet/quiet.go --
package quiet

import "m/decl"

// Nothing is wrong here but what decl makes of G, and the type checker does not
// say so.
func F() {
	if n := (decl.T{}).G().Items; len(n.Names) > 0 {
		println(len(n.Names))
	}
}
-- far/far.go --
package far

import "m/cascade"

var a = cascade.Nothing
-- syntax/syntax.go --
package syntax

func {
-- nomodule/nomodule.go --
package nomodule

import "example.com/nowhere"

var _ nowhere.T
-- many/many.go --
package many

var a, b, c, d, e, f, g, h, i, j, k, l = A, B, C, D, E, F, G, H, I, J, K, L
-- cycle/x/x.go --
package x

import _ "m/cycle/y"
-- cycle/y/y.go --
package y

import _ "m/cycle/x"
-- unused/unused.go --
package unused

import "fmt"
`, false)
	message := func(path string) string {
		var out []string
		for _, err := range p.Package(path).Errors {
			rel := strings.ReplaceAll(err.Error(), p.Dir+"/", "")
			out = append(out, strings.ReplaceAll(rel, "\n\t", " "))
		}
		return strings.Join(out, "; ")
	}
	for _, test := range [][2]string{
		{"m/good", ""},
		{"m/body", "body/body.go:3:12: undefined: undefined; body/body.go:3:29: declared and not used: unused"},
		{"m/decl", "decl/decl.go:3:19: undefined: Missing; decl/decl.go:5:16: undefined: U"},
		{"m/cascade", "cascade/cascade.go:3:8: import of m/decl is broken: decl/decl.go:3:19: undefined: Missing"},
		{"m/quiet", "quiet/quiet.go:3:8: import of m/decl is broken: decl/decl.go:3:19: undefined: Missing"},
		{"m/far", "far/far.go:3:8: import of m/cascade is broken: decl/decl.go:3:19: undefined: Missing"},
		{"m/syntax", "syntax/syntax.go:3:6: expected 'IDENT', found '{'"},
		{"m/nomodule", "nomodule/nomodule.go:3:8: import of example.com/nowhere is broken: nomodule/nomodule.go:3:8: " +
			"no required module provides package example.com/nowhere; to add it: go get example.com/nowhere"},
		{"m/unused", `unused/unused.go:3:8: "fmt" imported and not used`},
	} {
		equal(t, test[0], message(test[0]), test[1])
	}
	if n := len(p.Package("m/many").Errors); n != 10 {
		t.Errorf("%d errors are kept", n)
	}
	if got := message("m/cycle/x") + message("m/cycle/y"); !strings.Contains(got, "import cycle not allowed") {
		t.Errorf("import cycle: %s", got)
	}
	if p.Package("m/good").Info == nil {
		t.Error("the sound package is not checked")
	}
}

func TestNothingToAnalyse(t *testing.T) {
	const module = "-- go.mod --\nmodule m\ngo 1.26\n"
	for _, test := range []struct {
		name, archive, patterns, want string
	}{
		{"no module", "-- a.go --\npackage a\n", "./...", "no go.mod in DIR or above it: run mapguard inside a module"},
		{"no match", module + "-- a.go --\npackage a\n", "./nothing/...", "./nothing/: no such file"},
		{"empty folder", module + "-- a/a.txt --\n", "./a/...", "./a/... matches no packages in DIR"},
		{"no folder", module + "-- a.go --\npackage a\n", "./nothing", "DIR/nothing"},
		{"bad go.mod", "-- go.mod --\nmodule m\nbogus x\n-- a.go --\npackage a\n", "./...", "unknown directive: bogus"},
		{"tests only", module + "-- a_test.go --\npackage a\n", "./...", "./... matches only test files"},
		{"bad flag", module + "-- a.go --\npackage a\n", "-bogus", "-bogus"},
	} {
		dir := write(t, test.archive)
		_, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{test.patterns}})
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.Contains(got, test.want) {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := load.Load(ctx, load.Config{Dir: write(t, module+"-- a.go --\npackage a\n")}); err == nil {
		t.Error("no error for a cancelled context")
	}
}

func TestNoCompiler(t *testing.T) {
	dir := write(t, `
-- go.mod --
module m
go 1.26
-- c.go --
package c

// static int one(void) { return 1; }
import "C"

func One() int { return int(C.one()) }
`)
	p := openConfig(t, load.Config{Dir: dir, Env: append(os.Environ(), "CGO_ENABLED=1", "CC=/nonexistent/cc")})
	if errs := p.Package("m").Errors; len(errs) == 0 {
		t.Error("no errors without a C compiler")
	}
}
