package load

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

func TestBlankBodies(t *testing.T) {
	const unchanged = ""
	for _, test := range []struct{ src, want string }{
		{"func f() { g() }\nfunc g() {}", "func f() {     }\nfunc g() {}"},
		{"func f(x struct{ y int }) interface{ z() } {\n\t\"}\"\n\t'}' // }\n}\nvar x int", "func f(x struct{ y int }) interface{ z() } {\n    \n         \n}\nvar x int"},
		{"func (t T[K, V]) f() (a struct{}, b map[K]struct { c int }) { a /* } */ `}` }", "func (t T[K, V]) f() (a struct{}, b map[K]struct { c int }) {               }"},
		{"func f() map[string]interface{} { x '\\'' \"\\\"\" {} }", "func f() map[string]interface{} {                }"},
		{"func f() (\n\tint) { x }", "func f() (\n\tint) {   }"},
		{"func asm(x int)\n\nfunc g() { x }", "func asm(x int)\n\nfunc g() {   }"},
		{"var f = func() { x }\nvar t = T{ 1 }", unchanged},
		{"type T struct { f func() }", unchanged},
		{"/*\nfunc f() { x }\n*/\nvar s = `\nfunc f() { x }\n`", unchanged},
		{"func f() { // no end", unchanged},
		{"func f() {\n//line x.go:1\n x }", unchanged},
		{"func f(", unchanged},
	} {
		got := []byte(test.src)
		blankBodies(got)
		want := test.want
		if want == unchanged {
			want = test.src
		}
		if string(got) != want {
			t.Errorf("%q:\n got %q\nwant %q", test.src, got, want)
		}
	}
}

// All declarations of the standard library stay where they are.
func TestBlankBodiesEverything(t *testing.T) {
	for _, pattern := range []string{"runtime/*.go", "net/*.go", "net/http/*.go", "go/*/*.go", "reflect/*.go", "encoding/*/*.go"} {
		names, err := filepath.Glob(filepath.Join(build.Default.GOROOT, "src", pattern))
		if err != nil || len(names) == 0 {
			t.Skip("no standard library")
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			whole := ends(t, name, src)
			blankBodies(src)
			if blanked := ends(t, name, src); blanked != whole {
				t.Errorf("%s: %d declarations end at %v, %d at %v", name, whole.n, whole.sum, blanked.n, blanked.sum)
			}
		}
	}
}

type outlineOf struct{ n, sum int }

// ends returns the number of declarations in a file and a sum of their ends.
func ends(t *testing.T, name string, src []byte) (out outlineOf) {
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range f.Decls {
		ast.Inspect(decl, func(n ast.Node) bool {
			if _, ok := n.(*ast.BlockStmt); ok || n == nil {
				return false
			}
			out.n++
			out.sum += int(n.Pos()) * int(n.End()) % 1000003
			return true
		})
	}
	return out
}
