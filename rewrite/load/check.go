package load

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
)

// Check type-checks packages that have not been checked yet, and what they
// import: the user's with bodies, others for their declarations. It is for the
// test variants that Load leaves alone unless Config.Tests; for the bodies of a
// dependency there is Detached.
//
// Nobody else may read pkgs, or unchecked packages that they import, meanwhile.
func (p *Program) Check(pkgs ...*Package) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The context is never cancelled, and check has no other errors.
	_ = p.check(context.Background(), pkgs)
}

// Detached returns a dependency checked with bodies. It has a types.Package of
// its own that nothing imports, so its objects are not identical to those that
// the program's packages refer to; what it imports is shared with them. Errors
// has its type errors, which are not kept of other dependencies.
//
// A package that has bodies already is returned as it is. The error is about a
// path that is not in the program, or files that cannot be read.
func (p *Program) Detached(path string) (*Package, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pkg := p.Package(path)
	if pkg == nil {
		return nil, fmt.Errorf("package %s is not in the program", path)
	}
	if pkg.Info != nil {
		return pkg, nil
	}
	if pkg.detached != nil {
		return pkg.detached, nil
	}
	if err := p.check(context.Background(), []*Package{pkg}); err != nil {
		return nil, err
	}
	if len(pkg.Files) == 0 {
		return nil, fmt.Errorf("package %s has no Go files: %s", path, pkg.broken)
	}
	d := pkg.clone()
	files, errs := p.parsePackage(d, true)
	if len(errs) > 0 {
		return nil, fmt.Errorf("package %s: %w", path, errs[0])
	}
	p.checkFiles(d, true, files, nil)
	pkg.detached = d
	return d, nil
}

// clone returns the package as it was before it was checked, with an import
// map of its own.
func (pkg *Package) clone() *Package {
	c := &Package{
		ID: pkg.ID, Path: pkg.Path, Name: pkg.Name, ForTest: pkg.ForTest, Module: pkg.Module,
		Main: pkg.Main, Root: pkg.Root, Files: pkg.Files, Errors: distinct(pkg.listed), Sizes: pkg.Sizes,
		dir: pkg.dir, listed: slices.Clip(pkg.listed),
	}
	if pkg.ID == "unsafe" {
		c.makeUnsafe()
	}
	c.Imports = make(map[string]*Package, len(pkg.Imports))
	for path, imp := range pkg.Imports {
		c.Imports[path] = imp
	}
	return c
}

func (pkg *Package) makeUnsafe() {
	pkg.Types, pkg.exported, pkg.checked, pkg.Files = types.Unsafe, types.Unsafe, true, nil
}

// checkFiles type-checks a package whose imports have been checked, and fills
// in its Types, Errors and, if bodies, Info and Syntax. errs are the errors of
// parsing.
func (p *Program) checkFiles(pkg *Package, bodies bool, files []*ast.File, errs []packages.Error) {
	pkg.checked = true
	var typeErrs []packages.Error
	if len(files) > 0 {
		pkg.Types = types.NewPackage(pkg.Path, pkg.Name)
		if bodies {
			pkg.Info = newInfo()
			pkg.Syntax = files
		}
		typeErrs = p.typeCheck(pkg, files)
		pkg.Name = pkg.Types.Name()
	} else if len(pkg.listed) == 0 {
		pkg.Types = types.NewPackage(pkg.Path, pkg.Name) // only test files
		pkg.Types.MarkComplete()
	}
	if pkg.exported == nil {
		pkg.exported = pkg.Types
	}

	cause := ""
	if bad, why := p.brokenImports(pkg, files); len(bad) > 0 && (len(typeErrs) > 0 || bodies && !typed(pkg.Info, files)) {
		typeErrs, cause = bad, why // what follows from them is noise
	}
	if len(errs) > 0 {
		typeErrs = nil // likewise
	}
	all := distinct(pkg.listed, errs, typeErrs)
	switch {
	case len(all) == 0:
	case len(pkg.listed)+len(errs) == 0 && cause != "":
		pkg.broken = cause // so that the reason does not grow from importer to importer
	default:
		pkg.broken = reason(all[0])
	}
	if bodies {
		pkg.Errors = all
	}
}

// typed reports whether every expression of a selector or call has a type. The
// type checker is silent about those that follow from an error in an import.
func typed(info *types.Info, files []*ast.File) bool {
	all := true
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.SelectorExpr, *ast.CallExpr:
				t := info.TypeOf(n.(ast.Expr))
				all = all && t != nil && t != types.Typ[types.Invalid]
			}
			return all
		})
	}
	return all
}

// typeCheck runs the type checker over a package and returns its errors.
func (p *Program) typeCheck(pkg *Package, files []*ast.File) (errs []packages.Error) {
	cfg := &types.Config{
		Importer:         importerFunc(func(path string) (*types.Package, error) { return importPackage(pkg, path) }),
		IgnoreFuncBodies: pkg.Info == nil,
		FakeImportC:      pkg.ID == "unsafe" || importsC(files) != nil,
		Sizes:            pkg.Sizes,
		Error: func(err error) {
			if len(errs) < 2*maxErrors {
				errs = append(errs, typeError(err))
			}
		},
	}
	if pkg.Module != nil && pkg.Module.GoVersion != "" {
		cfg.GoVersion = "go" + pkg.Module.GoVersion
	}
	// The type checker panics on some ill-typed programs. That must not
	// take the sound packages with it.
	defer func() {
		if r := recover(); r != nil {
			errs = append(errs, packages.Error{Pos: "-", Msg: fmt.Sprintf("the type checker panicked: %v", r), Kind: packages.TypeError})
			pkg.Types.MarkComplete()
		}
	}()
	err := types.NewChecker(cfg, p.Fset, pkg.Types, pkg.Info).Files(files)
	if err != nil && len(errs) == 0 {
		errs = append(errs, typeError(err)) // a few are returned without being reported
	}
	if imp := importsC(files); imp != nil {
		errs = append(errs, packages.Error{
			Pos:  p.Fset.Position(imp.Pos()).String(),
			Msg:  `import "C" was not processed: cgo needs a C compiler`,
			Kind: packages.TypeError,
		})
	}
	return errs
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// importPackage returns the package that pkg imports as path.
func importPackage(pkg *Package, path string) (*types.Package, error) {
	imp := pkg.Imports[path]
	switch {
	case path == "unsafe":
		return types.Unsafe, nil
	case imp == nil:
		for _, err := range pkg.listed { // such as an import cycle
			return nil, errors.New(err.Msg)
		}
		return nil, errors.New("the go command does not list it")
	case imp.exported == nil && imp.broken != "":
		return nil, errors.New(imp.broken)
	case imp.exported == nil:
		panic("load: " + pkg.ID + " is checked before its import " + imp.ID)
	}
	return imp.exported, nil
}

// importsC returns an import of "C" that cgo has not processed, or nil.
func importsC(files []*ast.File) *ast.ImportSpec {
	for _, f := range files {
		for _, imp := range f.Imports {
			if imp.Path.Value == `"C"` {
				return imp
			}
		}
	}
	return nil
}

func typeError(err error) packages.Error {
	var te types.Error
	if errors.As(err, &te) {
		return packages.Error{Pos: te.Fset.Position(te.Pos).String(), Msg: te.Msg, Kind: packages.TypeError}
	}
	return packages.Error{Pos: "-", Msg: err.Error(), Kind: packages.TypeError}
}

// brokenImports returns an error for each import of pkg that is not sound, and
// why the first is not.
func (p *Program) brokenImports(pkg *Package, files []*ast.File) (errs []packages.Error, cause string) {
	at := make(map[string]token.Pos)
	for _, f := range files {
		for _, imp := range f.Imports {
			if path := importPath(imp); !at[path].IsValid() {
				at[path] = imp.Pos()
			}
		}
	}
	for _, path := range sortedKeys(pkg.Imports) {
		imp := pkg.Imports[path]
		if imp.broken == "" || !at[path].IsValid() {
			continue
		}
		if cause == "" {
			cause = imp.broken
		}
		errs = append(errs, packages.Error{
			Pos:  p.Fset.Position(at[path]).String(),
			Msg:  fmt.Sprintf("import of %s is broken: %s", imp.Path, imp.broken),
			Kind: packages.TypeError,
		})
	}
	return errs, cause
}

func newInfo() *types.Info {
	return &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		Instances:    make(map[*ast.Ident]types.Instance),
		FileVersions: make(map[*ast.File]string),
	}
}
