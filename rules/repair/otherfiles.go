package repair

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// A leftOut is a file beside those of a package that this build leaves out.
type leftOut struct {
	name   string
	fset   *token.FileSet
	syntax *ast.File
}

// leftOut returns the files of the map's package that are for other builds.
func (r *mapRepair) leftOut() []leftOut {
	dir := filepath.Dir(r.fileName(r.decl.file))
	out, ok := r.others[dir]
	if !ok {
		out = r.findLeftOut(dir)
		if r.others == nil {
			r.others = make(map[string][]leftOut)
		}
		r.others[dir] = out
	}
	return out
}

func (r *mapRepair) findLeftOut(dir string) []leftOut {
	loaded := make(map[string]bool)
	for _, pkg := range r.p.All {
		if pkg.Path == r.decl.pkg.Path || pkg.ForTest == r.decl.pkg.Path {
			for _, name := range pkg.Files {
				loaded[name] = true
			}
		}
		for _, file := range pkg.Syntax {
			loaded[r.fileName(file)] = true
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.go")) // no files is an answer
	sort.Strings(names)
	var out []leftOut
	for _, name := range names {
		if loaded[name] || strings.HasPrefix(filepath.Base(name), "_") || strings.HasPrefix(filepath.Base(name), ".") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if file == nil || err != nil || strings.TrimSuffix(file.Name.Name, "_test") != r.decl.pkg.Name {
			continue
		}
		out = append(out, leftOut{name, fset, file})
	}
	return out
}

// otherBuilds doubts a fix if a file that this build leaves out seems to use the
// map: it would do so without the lock.
func (r *mapRepair) otherBuilds() {
	if r.f.Map.Kind == access.Local {
		return
	}
	for _, f := range r.leftOut() {
		if at := r.usesByName(f.syntax); at != nil {
			r.doubts = append(r.doubts, doubt{edit.Unsafe, f.fset.Position(at.Pos()), "a file that is not in this build seems to use the map, and is left as it is"})
		}
	}
}

// usesByName returns what in a file without types goes by the map's name.
func (r *mapRepair) usesByName(file *ast.File) ast.Node {
	var at ast.Node
	pointed := make(map[ast.Node]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StarExpr:
			pointed[n.X] = true
		case *ast.SelectorExpr:
			if r.f.Map.Kind == access.Field && r.named(n.Sel.Name) {
				at = n
			}
		case *ast.CompositeLit:
			if id, ok := n.Type.(*ast.Ident); ok && r.f.Map.Kind == access.Field && id.Name == r.f.Map.Owner && len(n.Elts) > 0 {
				if _, keyed := n.Elts[0].(*ast.KeyValueExpr); !keyed {
					at = n
				}
			}
		case *ast.Ident:
			if r.f.Map.Kind == access.Global && n.Name == r.f.Map.Name {
				at = n
			}
			if r.f.Map.Kind == access.Field && r.lock.isNew && n.Name == r.f.Map.Owner && !pointed[n] {
				at = n // by value, with the new lock in it
			}
		}
		return at == nil
	})
	return at
}
