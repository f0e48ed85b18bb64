package sinks

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A checked is a package as the tests load it.
type checked struct {
	fset *token.FileSet
	file *ast.File
	pkg  *types.Package
	info *types.Info
}

// A stubImporter imports packages from testdata/stubs, others from the
// standard library.
type stubImporter struct {
	fset  *token.FileSet
	std   types.Importer
	known map[string]*types.Package
}

func (im *stubImporter) Import(path string) (*types.Package, error) {
	if pkg := im.known[path]; pkg != nil {
		return pkg, nil
	}
	name := filepath.Join("testdata", "stubs", filepath.FromSlash(path), "stub.go")
	if _, err := os.Stat(name); err != nil {
		return im.std.Import(path)
	}
	file, err := parser.ParseFile(im.fset, name, nil, 0)
	if err != nil {
		return nil, err
	}
	conf := types.Config{Importer: im}
	pkg, err := conf.Check(path, im.fset, []*ast.File{file}, nil)
	im.known[path] = pkg
	return pkg, err
}

// check type-checks one file; src is as for parser.ParseFile.
func check(t *testing.T, path, name string, src any) *checked {
	t.Helper()
	c := &checked{fset: token.NewFileSet()}
	file, err := parser.ParseFile(c.fset, name, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	c.file = file
	c.info = &types.Info{
		Types:      make(map[ast.Expr]types.TypeAndValue),
		Uses:       make(map[*ast.Ident]types.Object),
		Defs:       make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:     make(map[ast.Node]*types.Scope),
		Instances:  make(map[*ast.Ident]types.Instance),
	}
	conf := types.Config{Importer: &stubImporter{c.fset, importer.ForCompiler(c.fset, "gc", nil), make(map[string]*types.Package)}}
	c.pkg, err = conf.Check(path, c.fset, []*ast.File{file}, c.info)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func unversioned(string) string { return "" }

var want = regexp.MustCompile(`// want (.*)`)

// TestClassify compares the calls in testdata/calls with the comments behind
// them.
func TestClassify(t *testing.T) {
	c := check(t, "calls", "testdata/calls/calls.go", nil)
	table := NewTable(unversioned)
	byLine := make(map[int][]string)
	ast.Inspect(c.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			line := c.fset.Position(call.Rparen).Line
			for _, a := range table.Classify(c.info, call) {
				byLine[line] = append(byLine[line], describe(a))
			}
		}
		return true
	})
	for _, group := range c.file.Comments {
		for _, comment := range group.List {
			m := want.FindStringSubmatch(comment.Text)
			if m == nil {
				continue
			}
			line := c.fset.Position(comment.Pos()).Line
			got := strings.Join(byLine[line], " ")
			if got == "" {
				got = "none"
			}
			if got != m[1] {
				t.Errorf("line %d: got %s, want %s", line, got, m[1])
			}
			delete(byLine, line)
		}
	}
	for line, got := range byLine {
		t.Errorf("line %d: unexpected %v", line, got)
	}
}

// describe spells an argument as the comments do.
func describe(a Arg) string {
	names := map[Family]string{JSON: "json", KlogText: "klogtext", KlogJSON: "klog", LogrAny: "logr", ZapAny: "zapany", SlogText: "slogtext", SlogJSON: "slogjson", LogrusJSON: "logrusjson", MethodOnly: "method"}
	name := names[a.How.Family]
	if name == "" {
		name = a.How.String()
	}
	s := fmt.Sprintf("%d:%s", a.Index, name)
	for _, m := range []struct {
		on   bool
		name string
	}{{a.How.Lazy, "lazy"}, {a.How.Raw, "raw"}, {a.Spread, "spread"}, {a.Surplus, "surplus"}} {
		if m.on {
			s += "," + m.name
		}
	}
	return s
}
