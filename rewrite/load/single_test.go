package load_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/mapguard/mapguard/rewrite/load"
)

const unitArchive = `
-- go.mod --
module m
go 1.26
-- a/a.go --
package a

import "strings"

func F(s string) string { return strings.ToUpper(s) }
-- a/a_test.go --
package a

import "testing"

func TestF(t *testing.T) { _ = F(helper) }

const helper = "x"
-- a/more_test.go --
package a_test

import (
	"m/a"
	"testing"
)

func TestG(t *testing.T) { _ = a.F("y") }
`

// single returns the program of the package with an ID, as a driver that has
// loaded it would have it made.
func single(t *testing.T, id string) (*load.Program, error) {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: write(t, unitArchive), Tests: true}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range pkgs {
		if pkg.ID == id {
			path, _, _ := strings.Cut(pkg.PkgPath, " ")
			return load.Single(load.Unit{
				Path: path, Fset: pkg.Fset, Files: pkg.Syntax, Types: pkg.Types, Info: pkg.TypesInfo, Sizes: pkg.TypesSizes,
				ReadFile: os.ReadFile,
			})
		}
	}
	t.Fatalf("no package %s in %v", id, pkgs)
	return nil, nil
}

// Test files are left out of a program of one package, and a package of nothing
// but tests makes none.
func TestSingle(t *testing.T) {
	for _, id := range []string{"m/a", "m/a [m/a.test]"} {
		p, err := single(t, id)
		if err != nil {
			t.Fatal(err)
		}
		a := p.Roots[0]
		if len(a.Files) != 1 || filepath.Base(a.Files[0]) != "a.go" || a.Types.Scope().Lookup("helper") != nil || a.Types.Path() != "m/a" || !a.Main {
			t.Errorf("%s: files %q, types %v", id, a.Files, a.Types)
		}
		if got := a.Imports["strings"]; got == nil || got.Types.Scope().Lookup("ToUpper") == nil || got.Main || len(a.Imports) != 1 {
			t.Errorf("%s imports %v", id, a.Imports)
		}
		if pkg, file := p.File(a.Files[0]); pkg != a || file != a.Syntax[0] {
			t.Errorf("%s: the file is in %v", id, pkg)
		}
	}
	if p, err := single(t, "m/a_test [m/a.test]"); p != nil || err != nil {
		t.Errorf("of the external tests: %v, %v", p, err)
	}
}

// An edited program of one package is checked against the declarations that the
// driver gave; the standard library can be imported anew, nothing else can.
func TestSingleOverlay(t *testing.T) {
	for _, tt := range []struct{ imp, body, want string }{
		{"strings", `strings.ToLower(s)`, ""},
		{"sync", `func() string { var mu sync.Mutex; mu.Lock(); defer mu.Unlock(); return s }()`, ""},
		{"strings", `strings.ToLowest(s)`, "undefined: strings.ToLowest"},
		{"example.com/other", `other.F(s)`, "the build system gave no declarations of it"},
	} {
		p, err := single(t, "m/a [m/a.test]")
		if err != nil {
			t.Fatal(err)
		}
		name := p.Roots[0].Files[0]
		src := "package a\n\nimport \"" + tt.imp + "\"\n\nfunc F(s string) string { return " + tt.body + " }\n"
		q, again, err := p.WithOverlay(map[string][]byte{name: []byte(src)})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, e := range again[0].Errors {
				got += e.Msg
			}
			if len(again) != 1 || q.Roots[0] != again[0] || p.Roots[0] == again[0] {
				t.Errorf("%s: checked again: %v", tt.body, again)
			}
		}
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
}
