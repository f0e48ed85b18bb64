package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file says where code comes from, and who may call it.

// callers notes in every summary whether all callers of its exported functions
// are in the program, and whether other modules can import it besides.
func (a *analysis) callers(all []*summarise.Package) {
	closed := a.closed()
	commands := make(map[string]bool)
	for _, pkg := range a.prog.All {
		commands[pkg.Path] = commands[pkg.Path] || pkg.Name == "main"
	}
	for _, s := range all {
		s.Partial = !closed[s.Path]
		s.Importable = a.outside == nil && !internal(s.Path) && !commands[s.Path]
	}
}

// closed returns the packages whose callers are all in the program: those that
// its commands are made of, and internal ones.
func (a *analysis) closed() map[string]bool {
	out := make(map[string]bool)
	var visit func(pkg *load.Package)
	visit = func(pkg *load.Package) {
		if !pkg.Main || out[pkg.Path] {
			return
		}
		out[pkg.Path] = true
		for _, imp := range pkg.Imports {
			visit(imp)
		}
	}
	for _, pkg := range a.prog.All {
		if pkg.Main && pkg.Name == "main" {
			visit(pkg)
		}
		if pkg.Main && internal(pkg.Path) {
			out[pkg.Path] = true
		}
	}
	if a.outside != nil {
		a.outside.closed(out)
	}
	return out
}

// generated reports whether a tool wrote the source that file was made from. What
// cgo makes of a file says that it is generated, and the file itself does not.
func (a *analysis) generated(file *ast.File) bool {
	source := a.prog.Fset.Position(file.Package)
	if source == a.prog.Fset.PositionFor(file.Package, false) {
		return ast.IsGenerated(file)
	}
	src, err := a.prog.Source(source.Filename)
	if err != nil {
		return true
	}
	written, err := parser.ParseFile(token.NewFileSet(), source.Filename, src, parser.PackageClauseOnly|parser.ParseComments)
	return err != nil || ast.IsGenerated(written)
}

// internal reports whether only packages of the same module, or of a part of
// it, can import path.
func internal(path string) bool {
	return strings.Contains(path, "/internal/") || strings.HasSuffix(path, "/internal")
}
