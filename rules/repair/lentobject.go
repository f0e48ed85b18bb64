package repair

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file copies an object that a library has lent to a method, and goes on
// using when that has returned, before the method gives it to a goroutine:
//
//	+ own := *entry
//	+ own.Data = maps.Clone(entry.Data)
//	- go h.send(entry)
//	+ go h.send(&own)

// copyLent has what a method starts work on a copy of what it was lent.
func (r *mapRepair) copyLent() {
	if why := r.planLent(); why != "" {
		r.doubtAt(edit.Manual, r.f.LentAt, "%s", why)
	}
}

func (r *mapRepair) planLent() string {
	pkg, file := r.p.File(r.f.LentAt.File)
	if pkg == nil || !pkg.Main || !r.editable(file) {
		return "the method is in a file that cannot be edited"
	}
	pos := tokenPos(r.p.Fset, file, r.f.LentAt)
	path, _ := astutil.PathEnclosingInterval(file, pos, pos)
	i := slices.IndexFunc(path, func(n ast.Node) bool { _, ok := n.(*ast.FuncDecl); return ok })
	if i < 0 {
		return "it cannot be told what method was lent the object"
	}
	decl := path[i].(*ast.FuncDecl)
	v := r.lentParam(pkg.Info, decl)
	if v == nil {
		return "it cannot be told which parameter is lent"
	}
	c := &change{pkg: pkg, file: file, fn: decl}
	stmt, list, i, ids := c.handsOver(v)
	if stmt == nil {
		return "it cannot be told where " + v.Name() + " gets to another goroutine: give that a copy"
	}
	typ := fieldOf(v, r.f.Map.Name).Type()
	j := c.job(r)
	name, named := j.typeText(typ, stmt.Pos())
	if !c.cloneable(typ) && !named {
		return "the type of the map has no name here"
	}
	r.doubt(edit.Unsafe, stmt.Pos(), "what is started here gets a copy of %s, and who lent that does not see what changes in it", v.Name())
	own := j.temp(list, i, "own")
	r.op(file, func(t *edit.Tree) error {
		from, to := v.Name()+"."+r.f.Map.Name, own.String()+"."+r.f.Map.Name
		code, err := j.replaceCode(t, c, to, from, name, typ, j.temp(list, i, "clone", "copied"))
		if err != nil {
			return err
		}
		if err := t.InsertBefore(stmt, fmt.Sprintf("%s := *%s\n%s", own, v.Name(), code)); err != nil {
			return err
		}
		for _, id := range ids {
			text := "&" + own.String()
			if path, _ := pathTo(file, id); isField(pkg.Info, path[1]) {
				text = own.String()
			}
			if err := t.ReplaceExpr(id, text); err != nil {
				return err
			}
		}
		return nil
	})
	return ""
}

// lentParam returns the one parameter of a method that points to the struct
// with the map, nil if there is none.
func (r *mapRepair) lentParam(info *types.Info, decl *ast.FuncDecl) *types.Var {
	fn, ok := info.Defs[decl.Name].(*types.Func)
	if !ok {
		return nil
	}
	var found *types.Var
	for v := range fn.Signature().Params().Variables() {
		if _, ptr := v.Type().Underlying().(*types.Pointer); ptr && isOf(v.Type(), r.f.Map) && fieldOf(v, r.f.Map.Name) != nil {
			if found != nil {
				return nil
			}
			found = v
		}
	}
	return found
}

// isField reports whether n selects a field.
func isField(info *types.Info, n ast.Node) bool {
	sel, ok := n.(*ast.SelectorExpr)
	return ok && info.Selections[sel] != nil && info.Selections[sel].Kind() == types.FieldVal
}

// fieldOf returns the field with a name of the struct that v points to.
func fieldOf(v *types.Var, name string) *types.Var {
	st, ok := v.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for f := range st.Fields() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

// handsOver returns the go or send statement that gets v to another goroutine,
// with its list, and where that names v; nil if there is none or are several.
func (c *change) handsOver(v *types.Var) (stmt ast.Stmt, list []ast.Stmt, i int, ids []*ast.Ident) {
	ok := true
	ast.Inspect(funcBody(c.fn), func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || c.pkg.Info.Uses[id] != v {
			return true
		}
		path, _ := pathTo(c.file, id)
		ok = ok && len(assignedTo(c.pkg.Info, path[1], v)) == 0
		s, l, at := startedBy(path)
		if _, sent := s.(*ast.SendStmt); s != nil && !(sent && isField(c.pkg.Info, path[1])) {
			ok = ok && (stmt == nil || s == stmt)
			stmt, list, i = s, l, at
			ids = append(ids, id)
		}
		return true
	})
	if !ok {
		return nil, nil, 0, nil
	}
	return stmt, list, i, ids
}

// startedBy returns the outermost go or send statement on a path, with its
// list; nil if there is none, or it may be repeated.
func startedBy(path []ast.Node) (stmt ast.Stmt, list []ast.Stmt, i int) {
	for k, n := range path {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.SendStmt:
			if k+1 < len(path) && isList(path[k+1]) {
				stmt, list = n.(ast.Stmt), listOf(path[k+1])
				i = slices.Index(list, stmt)
			}
		case *ast.ForStmt, *ast.RangeStmt:
			stmt = nil
		}
	}
	if i < 0 {
		stmt = nil
	}
	return stmt, list, i
}
