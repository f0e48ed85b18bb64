package load

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Unit is one package that a build system has parsed and type-checked, as an
// analysis.Pass presents it.
type Unit struct {
	Path     string // import path, without the test variant
	Fset     *token.FileSet
	Files    []*ast.File // with comments
	Types    *types.Package
	Info     *types.Info
	Sizes    types.Sizes
	Module   *packages.Module                   // of the package; nil if unknown
	ModuleOf func(path string) *packages.Module // of a package that it imports; nil if unknown
	ReadFile func(name string) ([]byte, error)
}

// Single returns a program of one package, the only one with bodies, and the
// declarations of what it imports as far as the build system gave them. Test
// files are left out, and the package is checked again without them if there
// are any. Such a program has no go command to ask: an edit can add an import
// only of a package that is imported already, or of the standard library.
//
// The result is nil, without an error, for a package that is nothing but tests.
func Single(u Unit) (*Program, error) {
	pkg := &Package{
		ID: u.Path, Path: u.Path, Name: u.Types.Name(), Module: u.Module, Main: true, Root: true,
		Imports: make(map[string]*Package), Types: u.Types, Info: u.Info, Syntax: u.Files, Sizes: u.Sizes,
	}
	p := &Program{
		Fset: u.Fset, Roots: []*Package{pkg},
		graph: map[string]*Package{pkg.ID: pkg}, sources: make(map[string]*source),
		family: &family{cfg: Config{Progress: func(string, ...any) {}}, unit: &u},
	}
	kept := slices.DeleteFunc(slices.Clone(u.Files), func(f *ast.File) bool {
		return strings.HasSuffix(u.Fset.File(f.FileStart).Name(), "_test.go")
	})
	if len(kept) == 0 {
		return nil, nil
	}
	if err := p.addFiles(pkg, kept); err != nil {
		return nil, err
	}
	p.index()
	if len(kept) < len(u.Files) || u.Types.Path() != u.Path {
		if err := p.checkAgain(pkg); err != nil {
			return nil, err
		}
	} else {
		pkg.exported, pkg.checked = pkg.Types, true
	}
	return p, nil
}

// addFiles gives a package its files, and what they import.
func (p *Program) addFiles(pkg *Package, files []*ast.File) error {
	pkg.Syntax = files
	for _, f := range files {
		name := p.Fset.File(f.FileStart).Name()
		s := &source{name: name}
		s.once.Do(func() {
			s.syntax = f
			s.src, s.readErr = p.unit.ReadFile(name)
		})
		if s.readErr != nil {
			return s.readErr
		}
		pkg.Files = append(pkg.Files, name)
		p.sources[name] = s
		pkg.dir = filepath.Dir(name)
		for _, spec := range f.Imports {
			if name := pkg.Info.PkgNameOf(spec); name != nil {
				pkg.Imports[importPath(spec)] = p.declared(name.Imported())
			}
		}
	}
	p.Dir = pkg.dir
	return nil
}

// declared returns the package of the graph for one that is known by its types.
func (p *Program) declared(t *types.Package) *Package {
	if pkg := p.graph[t.Path()]; pkg != nil {
		return pkg
	}
	pkg := &Package{
		ID: t.Path(), Path: t.Path(), Name: t.Name(), Types: t, Imports: make(map[string]*Package),
		exported: t, checked: true,
	}
	p.graph[pkg.ID] = pkg
	if p.unit.ModuleOf != nil {
		pkg.Module = p.unit.ModuleOf(pkg.Path)
	}
	for _, imp := range t.Imports() {
		pkg.Imports[imp.Path()] = p.declared(imp)
	}
	return pkg
}

// checkAgain type-checks the package without its tests, under its own name.
func (p *Program) checkAgain(pkg *Package) error {
	pkg.Types, pkg.Info, pkg.Syntax, pkg.checked = nil, nil, nil, false
	if err := p.check(context.Background(), []*Package{pkg}); err != nil {
		return err
	}
	for _, err := range pkg.Errors {
		return fmt.Errorf("%s: without its tests the package does not type-check: %w", pkg.Path, err)
	}
	return nil
}

// errOutside is about an import that a program made of one package cannot add.
var errOutside = errors.New("the build system gave no declarations of it: run mapguard itself")

// addStandard adds packages of the standard library to the graph of a program
// made of one package, from their source.
func (p *Program) addStandard(paths []string) error {
	for _, path := range paths {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			return fmt.Errorf("import of %s: %w", path, errOutside)
		}
		if p.standard == nil {
			p.standard = importer.ForCompiler(p.Fset, "source", nil)
		}
		t, err := p.standard.Import(path)
		if err != nil {
			return fmt.Errorf("import of %s: %w", path, err)
		}
		delete(p.graph, path) // the few declarations of it that other packages mention
		p.declared(t)
	}
	return nil
}

// partial reports whether a package has only those declarations that others
// mention.
func (pkg *Package) partial() bool {
	return pkg != nil && pkg.exported != nil && !pkg.exported.Complete()
}
