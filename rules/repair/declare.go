package repair

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
)

// A declaration is where the variable that holds the map is declared.
type declaration struct {
	pkg  *load.Package
	file *ast.File
	obj  *types.Var

	named *types.Named    // Field: the type that declares it
	strct *ast.StructType // Field
	field *ast.Field      // Field

	gen  *ast.GenDecl   // Global
	spec *ast.ValueSpec // Global

	fn   ast.Node // Local: the function literal or declaration whose variable it is
	path []ast.Node
}

// declared finds the declaration of the map's variable, and reports whether it
// is in source that may be changed.
func (r *mapRepair) declared() bool {
	loc := r.f.Map
	d := &declaration{}
	if loc.Kind == access.Local {
		d.pkg, d.file = r.p.File(loc.Pos.File)
	} else {
		d.pkg = r.checkedPackage(loc.Pkg)
	}
	if d.pkg == nil || !d.pkg.Main || d.pkg.Info == nil {
		r.doubtAt(edit.Manual, r.f.Pos, "%s is declared in %s, which is not part of this module: copy the map, or lock around the calls", place(loc), loc.Pkg)
		return false
	}
	found := false
	switch loc.Kind {
	case access.Field:
		found = d.findField(loc)
	case access.Global:
		found = d.findGlobal(loc)
	case access.Local:
		found = d.findLocal(r.p.Fset, loc)
	}
	if !found {
		r.doubtAt(edit.Manual, r.f.Pos, "cannot find the declaration of %s", loc)
		return false
	}
	r.decl, r.vars = d, []*types.Var{d.obj}
	for _, f := range r.more {
		if _, obj := fieldNamed(d.pkg.Info, d.strct, f.Map.Name); obj != nil {
			r.vars = append(r.vars, obj)
		}
	}
	return true
}

// checkedPackage returns the package with an import path that was checked with
// bodies, the ordinary variant if possible, or nil.
func (r *mapRepair) checkedPackage(path string) *load.Package {
	if pkg := r.p.Package(path); pkg != nil && pkg.Info != nil {
		return pkg
	}
	for _, pkg := range r.p.All {
		if pkg.Path == path && pkg.Info != nil {
			return pkg
		}
	}
	return nil
}

func (d *declaration) findField(loc access.Location) bool {
	for _, file := range d.pkg.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != loc.Owner || d.field != nil {
				return true
			}
			strct, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			tn, ok := d.pkg.Info.Defs[spec.Name].(*types.TypeName)
			if !ok || tn.Parent() != d.pkg.Types.Scope() {
				return true // a type of the same name in a function
			}
			named, ok := tn.Type().(*types.Named)
			if !ok {
				return true // an alias of a struct type
			}
			if field, obj := fieldNamed(d.pkg.Info, strct, loc.Name); field != nil {
				d.file, d.named, d.strct, d.field, d.obj = file, named, strct, field, obj
			}
			return true
		})
	}
	return d.field != nil
}

// fieldNamed returns the field of a struct type with a name; embedded fields
// have the name of their type.
func fieldNamed(info *types.Info, strct *ast.StructType, name string) (*ast.Field, *types.Var) {
	for _, field := range strct.Fields.List {
		for _, id := range field.Names {
			if id.Name == name {
				obj, _ := info.Defs[id].(*types.Var)
				return field, obj
			}
		}
		if len(field.Names) > 0 {
			continue
		}
		t := field.Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if sel, ok := t.(*ast.SelectorExpr); ok {
			t = sel.Sel
		}
		if id, ok := t.(*ast.Ident); ok && id.Name == name {
			obj, _ := info.Defs[id].(*types.Var)
			return field, obj
		}
	}
	return nil, nil
}

func (d *declaration) findGlobal(loc access.Location) bool {
	obj, ok := d.pkg.Types.Scope().Lookup(loc.Name).(*types.Var)
	if !ok {
		return false
	}
	for _, file := range d.pkg.Syntax {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.ValueSpec)
				for _, id := range spec.Names {
					if d.pkg.Info.Defs[id] == obj {
						d.file, d.gen, d.spec, d.obj = file, gen, spec, obj
						return true
					}
				}
			}
		}
	}
	return false
}

func (d *declaration) findLocal(fset *token.FileSet, loc access.Location) bool {
	pos := tokenPos(fset, d.file, loc.Pos)
	if !pos.IsValid() {
		return false
	}
	path, _ := astutil.PathEnclosingInterval(d.file, pos, pos+1)
	if len(path) == 0 {
		return false
	}
	id, ok := path[0].(*ast.Ident)
	if !ok {
		return false
	}
	d.obj, _ = d.pkg.Info.Defs[id].(*types.Var)
	d.path = path
	for _, n := range path {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			d.fn = n
			return d.obj != nil
		}
	}
	return false
}

// tokenPos returns the position of p in file, or NoPos if there is none.
func tokenPos(fset *token.FileSet, file *ast.File, p access.Pos) token.Pos {
	tf := fset.File(file.FileStart)
	if p.Line < 1 || p.Line > tf.LineCount() || p.Column < 1 {
		return token.NoPos
	}
	pos := tf.LineStart(p.Line) + token.Pos(p.Column-1)
	if pos >= file.FileEnd {
		return token.NoPos
	}
	return pos
}

// is reports whether obj is the variable of a map. Packages are type-checked more
// than once, so objects are compared by what they are, not by identity.
func (r *mapRepair) is(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok {
		return false
	}
	for _, w := range r.vars {
		if v.Name() == w.Name() && sameVar(r.p.Fset, v, w) {
			return true
		}
	}
	return false
}

// sameVar reports whether two variables are one variable, of possibly two
// checks of its package.
func sameVar(fset *token.FileSet, v, w *types.Var) bool {
	v, w = v.Origin(), w.Origin()
	if v == w {
		return true
	}
	return v.Name() == w.Name() && v.IsField() == w.IsField() && v.Pos().IsValid() &&
		fset.Position(v.Pos()) == fset.Position(w.Pos())
}

// names reports whether e, an identifier or selector, names the map's variable
// in an expression. Keys of composite literals do not count: they only appear
// as bare identifiers of fields.
func (r *mapRepair) names(info *types.Info, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return r.is(info.Uses[e.Sel])
	case *ast.Ident:
		obj := info.Uses[e]
		if v, ok := obj.(*types.Var); ok && v.IsField() {
			return false
		}
		return obj != nil && r.is(obj)
	}
	return false
}
