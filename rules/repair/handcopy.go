package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file copies a map, or the maps inside of it, wherever it is given to a
// field of another object that is used in ways no lock goes with:
//
//	- req.Header = c.header
//	+ req.Header = c.header.Clone()

// handCopies makes copies where the module gives the map to f.Into.
func (r *mapRepair) handCopies() {
	n := 0
	for pkg, file := range r.p.OwnFiles() {
		if strings.HasSuffix(r.fileName(file), "_test.go") {
			continue
		}
		r.once(file, func() {
			for _, e := range r.givenIn(pkg, file) {
				n++
				if why := r.handCopy(pkg, file, e); why != "" {
					r.doubt(edit.Manual, e.Pos(), "%s", why)
				}
			}
		})
	}
	if n == 0 {
		r.doubtAt(edit.Manual, r.f.Pos, "it cannot be told where %s gets the map", place(r.f.Into))
	}
}

// givenIn returns the expressions in a file that give the map to f.Into.
func (r *mapRepair) givenIn(pkg *load.Package, file *ast.File) []ast.Expr {
	var out []ast.Expr
	inner := r.f.Copying == judge.CopyInner
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if len(n.Lhs) != len(n.Rhs) {
				return true
			}
			for i, l := range n.Lhs {
				l, e := ast.Unparen(l), ast.Unparen(n.Rhs[i])
				if index, ok := l.(*ast.IndexExpr); inner && ok {
					to := ast.Unparen(index.X)
					if (isVarAt(r.p.Fset, pkg.Info, to, r.f.Into) || isVarAt(r.p.Fset, pkg.Info, to, r.f.Map)) && r.insideOf(pkg.Info, file, e, to) {
						out = append(out, e)
					}
				} else if !inner && isVarAt(r.p.Fset, pkg.Info, l, r.f.Into) && isVarAt(r.p.Fset, pkg.Info, e, r.f.Map) {
					out = append(out, e)
				}
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok || inner {
					continue
				}
				key, ok := kv.Key.(*ast.Ident)
				if ok && key.Name == r.f.Into.Name && isOf(pkg.Info.TypeOf(n), r.f.Into) && isVarAt(r.p.Fset, pkg.Info, ast.Unparen(kv.Value), r.f.Map) {
					out = append(out, ast.Unparen(kv.Value))
				}
			}
		}
		return true
	})
	return out
}

// insideOf reports whether e is a map inside of the map, of another object than
// that whose map is to.
//
//	for _, e := range c.m { to[k] = e }
func (r *mapRepair) insideOf(info *types.Info, file *ast.File, e, to ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	if !ok || !isMap(info.TypeOf(e)) {
		return false
	}
	path, _ := pathTo(file, id)
	for _, n := range path {
		rng, ok := n.(*ast.RangeStmt)
		if !ok || rng.Value == nil {
			continue
		}
		v, ok := rng.Value.(*ast.Ident)
		if ok && rng.Tok == token.DEFINE && info.Defs[v] == info.Uses[id] && isVarAt(r.p.Fset, info, ast.Unparen(rng.X), r.f.Map) {
			from, ok1 := rootIdent(rng.X)
			at, ok2 := rootIdent(to)
			return ok1 && ok2 && info.ObjectOf(from) != info.ObjectOf(at)
		}
	}
	return false
}

// isOf reports whether t is the struct that loc is a field of.
func isOf(t types.Type, loc access.Location) bool {
	if t == nil {
		return false
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == loc.Owner && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == loc.Pkg
}

// isVarAt reports whether e names the variable of a location.
func isVarAt(fset *token.FileSet, info *types.Info, e ast.Expr, loc access.Location) bool {
	var id *ast.Ident
	switch e := e.(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
		if s := info.Selections[e]; loc.Kind == access.Field {
			return s != nil && s.Kind() == types.FieldVal && e.Sel.Name == loc.Name && isOf(holderOf(s), loc)
		}
	default:
		return false
	}
	v, ok := info.ObjectOf(id).(*types.Var)
	if !ok || v.Name() != loc.Name {
		return false
	}
	switch loc.Kind {
	case access.Global:
		return isGlobal(v) && v.Pkg() != nil && v.Pkg().Path() == loc.Pkg
	case access.Local:
		at := fset.Position(v.Pos())
		return loc.Pos == access.Pos{File: at.Filename, Line: at.Line, Column: at.Column}
	}
	return false
}

// holderOf returns the type of the struct that has a selected field, embedded
// ones on the way passed.
func holderOf(s *types.Selection) types.Type {
	t := s.Recv()
	if fields := through(s); len(fields) > 0 {
		t = fields[len(fields)-1].Type()
	}
	return t
}

// handCopy plans to give a copy of e, and says why it cannot.
func (r *mapRepair) handCopy(pkg *load.Package, file *ast.File, e ast.Expr) string {
	path, ok := pathTo(file, e)
	if !ok || !r.editable(file) {
		return "the file with this cannot be edited"
	}
	c := &change{pkg: pkg, file: file, path: path, m: e, fn: runner(pkg.Info, path)}
	if c.fn == nil {
		return "the map is handed on outside of any function"
	}
	if at := r.changedLater(c); at != nil {
		return fmt.Sprintf("the map is changed on line %d after it was given to %s, which may be meant to have the change", r.p.Fset.Position(at.Pos()).Line, place(r.f.Into))
	}
	what := "the map"
	if r.f.Copying == judge.CopyInner {
		what = "a map inside of " + place(r.f.Map)
	}
	r.doubt(edit.Unsafe, e.Pos(), "a copy of %s is given away here: what changes in the one is not seen in the other", what)
	j := c.job(r)
	text, typ := r.text(j.src, e), pkg.Info.TypeOf(e)
	if c.cloneable(typ) {
		r.op(file, func(t *edit.Tree) error {
			code, err := c.cloneExpr(t, text, typ, e.Pos())
			if err != nil {
				return err
			}
			return t.ReplaceExpr(e, code)
		})
		return ""
	}
	name, ok := j.typeText(typ, e.Pos())
	stmt, list, i := plainStatement(path)
	if !ok || stmt == nil || !simple(pkg.Info, e) {
		return fmt.Sprintf("a copy of %s cannot be made before the statement here", text)
	}
	v := j.temp(list, i, "clone", "copied")
	r.op(file, func(t *edit.Tree) error {
		code, err := j.cloneCode(t, v.String(), text, name, true)
		if err != nil {
			return err
		}
		if err := t.InsertBefore(stmt, code); err != nil {
			return err
		}
		return t.ReplaceExpr(e, v.String())
	})
	return ""
}

// changedLater returns where the function of a hand-over may change the map by
// its own name afterwards.
//
//	req.Header = c.header
//	c.header.Set("Authorization", token)
func (r *mapRepair) changedLater(c *change) (at ast.Node) {
	if r.f.Copying == judge.CopyInner {
		return nil
	}
	from := c.path[0].End()
	for _, n := range c.path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			from = n.Pos()
		}
	}
	ast.Inspect(funcBody(c.fn), func(n ast.Node) bool {
		if n == nil || n.Pos() < from || at != nil {
			return at == nil && n != nil && n.End() > from
		}
		if m := changedBy(c.pkg.Info, n); m != nil && isVarAt(r.p.Fset, c.pkg.Info, m, r.f.Map) && !onlyLookedAt(c, n) {
			at = n
		}
		return at == nil
	})
	return at
}

// onlyLookedAt reports whether an element of a map is not assigned to.
func onlyLookedAt(c *change, n ast.Node) bool {
	index, ok := n.(*ast.IndexExpr)
	if !ok {
		return false
	}
	path, _ := pathTo(c.file, index)
	s := &site{node: index, path: path}
	return !isTarget(s) && !inTarget(s)
}

// plainStatement returns the statement of a list that path[0] is part of, if it
// is evaluated whenever, and as often as, that is.
func plainStatement(path []ast.Node) (stmt ast.Stmt, list []ast.Stmt, i int) {
	for k, n := range path[:len(path)-1] {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				return nil, nil, 0
			}
		case *ast.AssignStmt, *ast.ReturnStmt, *ast.ExprStmt, *ast.SendStmt, *ast.DeclStmt:
			if !isList(path[k+1]) {
				return nil, nil, 0
			}
			list = listOf(path[k+1])
			for i, s := range list {
				if s == n {
					return s, list, i
				}
			}
			return nil, nil, 0
		case ast.Stmt:
			return nil, nil, 0
		}
	}
	return nil, nil, 0
}
