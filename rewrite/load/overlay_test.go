package load_test

import (
	"fmt"
	"go/types"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mapguard/mapguard/rewrite/load"
)

// edit returns the program with one replacement in each of the named files.
func edit(t *testing.T, p *load.Program, edits ...[3]string) (*load.Program, []*load.Package) {
	t.Helper()
	files := make(map[string][]byte)
	for _, e := range edits {
		name := filepath.Join(p.Dir, e[0])
		src, err := p.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), e[1]); n != 1 {
			t.Fatalf("%s has %q %d times", e[0], e[1], n)
		}
		files[name] = []byte(strings.Replace(string(src), e[1], e[2], 1))
	}
	q, again, err := p.WithOverlay(files)
	if err != nil {
		t.Fatal(err)
	}
	return q, again
}

const layered = `
-- go.mod --
module m
go 1.26
-- a/a.go --
package a

type T struct{ m map[string]int }

func (t *T) Get(k string) int { return t.m[k] }
-- a/a_test.go --
package a

import "testing"

func TestGet(t *testing.T) { _ = T{nil} }
-- b/b.go --
package b

import "m/a"

type B struct{ T *a.T }

func New() *B { return &B{&a.T{}} }
-- b/b_test.go --
package b

import (
	"testing"
	"m/a"
)

func TestT(t *testing.T) { var f func() *B = New; _ = f; var _ a.T = *New().T }
-- c/c.go --
package c

import "m/b"

var C = b.New()
-- d/d.go --
package d

var D int
`

func TestOverlayDeclaration(t *testing.T) {
	p := open(t, layered, false)
	q, again := edit(t, p, [3]string{"a/a.go", "struct{ m", "struct{ mu int; m"})
	equal(t, "checked again", ids(again), "m/a, m/b, m/c, m/a [m/a.test], m/b [m/b.test]")
	for _, pkg := range again {
		got, want := "", ""
		if pkg.ID == "m/a [m/a.test]" {
			want = "cannot use nil as int value in struct literal; too few values in struct literal of type T; "
		}
		for _, err := range pkg.Errors {
			got += err.Msg + "; "
		}
		equal(t, pkg.ID, got, want)
		if pkg.Info == nil {
			t.Errorf("%s has no bodies", pkg)
		}
	}
	if p.Package("m/a") == q.Package("m/a") || p.Package("m/c") == q.Package("m/c") {
		t.Error("changed packages are shared")
	}
	if p.Package("m/d") != q.Package("m/d") || p.Package("testing") != q.Package("testing") {
		t.Error("unaffected packages are not shared")
	}
	if c := q.Package("m/c"); c.Imports["m/b"] != q.Package("m/b") || c.Imports["m/b"].Imports["m/a"] != q.Package("m/a") {
		t.Error("importers refer to the old packages")
	}
	equal(t, "roots", ids(q.Roots), ids(p.Roots))
	equal(t, "all", ids(q.All), ids(p.All))

	// The first program is as it was.
	old := p.Package("m/a").Types.Scope().Lookup("T").Type().Underlying().(*types.Struct)
	if old.NumFields() != 1 {
		t.Error("the first program has changed")
	}
	name := filepath.Join(p.Dir, "a/a.go")
	for _, test := range []struct {
		p    *load.Program
		want bool
	}{{p, false}, {q, true}} {
		src, err := test.p.Source(name)
		if err != nil || strings.Contains(string(src), "mu int") != test.want {
			t.Errorf("source: %s, %v", src, err)
		}
		pkg, f := test.p.File(name)
		if pkg != test.p.Package("m/a") || f != pkg.Syntax[0] {
			t.Errorf("file is of %v", pkg)
		}
	}
}

func TestOverlayBody(t *testing.T) {
	p := open(t, layered, false)
	q, again := edit(t, p, [3]string{"a/a.go", "return t.m[k]", "n := t.m[k]; return n"})
	equal(t, "checked again", ids(again), "m/a, m/a [m/a.test]")
	if q.Package("m/b") != p.Package("m/b") {
		t.Error("an importer is checked again")
	}
	equal(t, "importers", ids(q.Importers(q.Package("m/a"))), ids(p.Importers(p.Package("m/a"))))

	// An edit of importers must not mix the types of before and after.
	r, again := edit(t, q, [3]string{"c/c.go", "b.New()", "*b.New()"}, [3]string{"b/b.go", "return &B{&a.T{}}", "t := &a.T{}; return &B{T: t}"})
	equal(t, "checked again", ids(again), "m/b, m/c, m/b [m/b.test]")
	for _, pkg := range again {
		if len(pkg.Errors) > 0 {
			t.Errorf("%s: %v", pkg, pkg.Errors)
		}
	}
	s, again := edit(t, r, [3]string{"a/a.go", "type T struct{", "type T struct{ x int;"})
	equal(t, "checked again", ids(again), "m/a, m/b, m/c, m/a [m/a.test], m/b [m/b.test]")
	if c := s.Package("m/c"); len(c.Errors) > 0 || c.Imports["m/b"].Imports["m/a"] != s.Package("m/a") {
		t.Errorf("%s: %v", c, c.Errors)
	}
	_, again = edit(t, p, [3]string{"a/a.go", "return t.m[k]", "return nil"})
	if len(again) != 2 || len(again[0].Errors) != 1 {
		t.Errorf("an ill-typed body: %v", again[0].Errors)
	}
}

func TestOverlayIsBodyOnly(t *testing.T) {
	const src = `package a

import "sync"

// F is documented.
func F(x struct{ y int }) func() int { return func() int { return x.y } }

var v = func(a int) int { return a }

var mu sync.Mutex
`
	p := open(t, "-- go.mod --\nmodule m\ngo 1.26\n-- a/a.go --\n"+src+"-- b/b.go --\npackage b\n\nimport _ \"m/a\"\n", false)
	for _, test := range []struct {
		old, new string
		want     bool
	}{
		{"return x.y", "return x.y + 1", true},
		{"return a", "a++; return a", true},
		{"is documented", "is well documented", true},
		{"func F(x", "func F( x", true},
		{"import \"sync\"", "import (\n\t\"fmt\"\n\t\"sync\"\n)\n\nfunc init() { fmt.Println() }", false},
		{"return x.y } }", "return x.y } }\n\nfunc G() {}", false},
		{"y int }", "y int8 }", false},
		{"var v", "var V", false},
		{"Mutex", "RWMutex", false},
		{"return a }", "return a } // syntax {{ \n}", false},
	} {
		_, again := edit(t, p, [3]string{"a/a.go", test.old, test.new})
		if got := ids(again) == "m/a"; got != test.want {
			t.Errorf("%s -> %s: checked again: %s", test.old, test.new, ids(again))
		}
	}
}

func TestOverlayImports(t *testing.T) {
	p := open(t, layered, false)
	for _, test := range []struct{ name, old, new, want string }{
		{"in the graph", "var D int", "import \"unsafe\"\n\nvar D unsafe.Pointer", ""},
		{"not in the graph", "var D int", "import \"container/ring\"\n\nvar D ring.Ring", ""},
		{"of the module", "var D int", "import \"m/c\"\n\nvar D = c.C", ""},
		{"unknown", "var D int", "import \"example.com/no\"\n\nvar D no.No", "import of example.com/no is broken: no required module"},
		{"itself", "var D int", "import \"m/d\"\n\nvar D = d.D", "import cycle not allowed"},
	} {
		q, again := edit(t, p, [3]string{"d/d.go", test.old, test.new})
		equal(t, test.name, ids(again), "m/d")
		got := ""
		for _, err := range q.Package("m/d").Errors {
			got += err.Msg
		}
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: errors: %q, want %q", test.name, got, test.want)
		}
	}
	if p.Package("container/ring") != nil || p.Package("example.com/no") != nil {
		t.Error("the first program has grown")
	}
	q, _ := edit(t, p, [3]string{"a/a.go", "package a\n", "package a\n\nimport _ \"m/c\"\n"})
	if errs := q.Package("m/a").Errors; len(errs) == 0 || !strings.Contains(errs[0].Msg, "import cycle not allowed: m/a imports m/c") {
		t.Errorf("cycle: %v", errs)
	}
}

// What a test newly imports is the variant built for the test.
func TestOverlayTestVariant(t *testing.T) {
	p := open(t, plain+`
-- c/c.go --
package c

import "m/b"

var Use = b.Use
-- a/x_test.go --
package a_test

import "m/c"

var use = c.Use
`, false)
	q, again := edit(t, p, [3]string{"a/x_test.go", "import \"m/c\"\n", "import \"m/c\"\nimport \"m/a\"\nimport \"m/b\"\n\nvar _ = []func(*a.T) int{c.Use, b.Use}\n"})
	equal(t, "checked again", ids(again), "m/a_test [m/a.test]")
	if len(again[0].Errors) != 0 {
		t.Errorf("errors: %v", again[0].Errors)
	}
	if again[0].Imports["m/b"] != byID(t, q, "m/b [m/a.test]") {
		t.Error("the test imports the ordinary variant")
	}
}

// Fixes are proved side by side.
func TestOverlayConcurrently(t *testing.T) {
	p := open(t, layered, false)
	name := filepath.Join(p.Dir, "a/a.go")
	src, err := p.Source(name)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := fmt.Sprintf("%s\nvar V%d int\n", src, i)
			q, again, err := p.WithOverlay(map[string][]byte{name: []byte(text)})
			if err != nil || len(again) != 5 || q.Package("m/a").Types.Scope().Lookup(fmt.Sprint("V", i)) == nil {
				t.Errorf("%d: %v, %v", i, again, err)
			}
			if _, err := p.Detached("strings"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOverlayUnknownFile(t *testing.T) {
	p := open(t, layered, false)
	if _, _, err := p.WithOverlay(map[string][]byte{"/nowhere/x.go": nil}); err == nil {
		t.Error("no error for a file that is in no package")
	}
	src, err := p.Source(filepath.Join(p.Dir, "a/a.go"))
	if err != nil {
		t.Fatal(err)
	}
	q, again, err := p.WithOverlay(map[string][]byte{filepath.Join(p.Dir, "a/a.go"): src})
	if err != nil || len(again) != 0 || q.Package("m/a") != p.Package("m/a") {
		t.Errorf("unchanged contents: %v, %v", again, err)
	}
}
