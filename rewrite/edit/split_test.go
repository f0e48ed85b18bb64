package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

func TestSplitFunc(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{
			"documented",
			"package p\n\n// f is f.\n//\n//nolint\nfunc (t *T[K]) f(a, b int, c ...K) (n int) { // beside\n\t// inside\n\treturn a\n} // end\n\n// g is g.\nfunc g() {}\n",
			"package p\n\n// f is f.\n//\n//nolint\nfunc (t *T[K]) f(a, b int, c ...K) (n int) {\n\tlock()\n\n\treturn rest()\n}\n\n// rest is f.\nfunc (t *T[K]) rest(a, b int, c ...K) (n int) { // beside\n\t// inside\n\treturn a\n} // end\n\n// g is g.\nfunc g() {}\n",
		},
		{
			"not formatted, CRLF",
			"package p\r\nvar  x=1\r\nfunc f( ) int  {  return x }\r\n",
			"package p\r\nvar  x=1\r\nfunc f() int {\r\n\tlock()\r\n\r\n\treturn rest()\r\n}\r\n\r\n// rest is f.\r\nfunc rest( ) int  {  return x }\r\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "a.go", tt.src, parser.ParseComments|parser.SkipObjectResolution)
			must(t, err)
			tree, err := Open(fset, file, []byte(tt.src))
			must(t, err)
			for _, d := range file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "f" {
					must(t, tree.SplitFunc(fn, "rest", "// rest is f.", "lock()\n\nreturn rest()"))
					if err := tree.SplitFunc(fn, "again", "// again.", "return 1"); err == nil {
						t.Error("a function that is split already was split again")
					}
				}
			}
			edits, err := tree.Edits()
			must(t, err)
			got, err := Apply([]byte(tt.src), edits)
			must(t, err)
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestSplitFuncRefuses(t *testing.T) {
	src := "package p\n\nfunc f(a int, // the first\n\tb int) {\n}\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "a.go", src, parser.ParseComments|parser.SkipObjectResolution)
	must(t, err)
	tree, err := Open(fset, file, []byte(src))
	must(t, err)
	err = tree.SplitFunc(file.Decls[0].(*ast.FuncDecl), "rest", "// rest.", "x()")
	if err == nil || !strings.Contains(err.Error(), "comment") {
		t.Errorf("error %v for a comment that would stand twice", err)
	}
}
