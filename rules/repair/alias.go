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

// This file looks for maps that go by two names, of which the lock guards one.

// parameter judges a site that uses a package variable's or local's map as a
// parameter of its function. Its lock says nothing about other maps that come
// the same way, so it had better be taken where the map is handed on.
func (r *mapRepair) parameter(s *site) {
	info := s.fn.pkg.Info
	decl, ok := s.fn.node.(*ast.FuncDecl)
	v := aliasVar(info, s.node)
	if !ok || v == nil || len(r.mentions(info, operand(s.node))) > 0 {
		return
	}
	fn, ok := info.Defs[decl.Name].(*types.Func)
	if !ok {
		return
	}
	param := paramIndex(fn.Signature(), v)
	switch {
	case param < -1:
	case r.fromCaller(s):
		s.Exempt = "its callers hold the lock"
	case !r.onlyGets(fn, param):
		r.doubt(edit.Unsafe, s.node.Pos(), "the map is the parameter %s here, by which other maps come too: lock where it is handed on", v.Name())
	}
}

// onlyGets reports whether all calls of fn hand the map to a parameter.
func (r *mapRepair) onlyGets(fn *types.Func, param int) bool {
	only := true
	r.callsOf(fn, func(pkg *load.Package, _ *ast.File, call *ast.CallExpr) {
		arg := ast.Expr(nil)
		if call != nil {
			arg = argument(call, param)
		}
		only = only && arg != nil && r.names(pkg.Info, arg)
	})
	return only
}

// storedOn doubts that a local variable, which has the map, is stored where
// others find it, by a name that the lock does not go with.
//
//	m := c.m
//	d.all = m
func (r *mapRepair) storedOn(pkg *load.Package, id *ast.Ident) {
	v, ok := pkg.Info.ObjectOf(id).(*types.Var)
	if !ok {
		return
	}
	_, file := r.p.File(r.p.Fset.Position(id.Pos()).Filename)
	path, _ := astutil.PathEnclosingInterval(file, id.Pos(), id.End())
	if len(path) < 2 {
		return
	}
	is := func(e ast.Expr) bool {
		x, ok := ast.Unparen(e).(*ast.Ident)
		return ok && pkg.Info.Uses[x] == v
	}
	ast.Inspect(path[len(path)-2], func(n ast.Node) bool {
		stored := false
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, e := range n.Rhs {
				if is(e) && len(n.Lhs) == len(n.Rhs) && !r.names(pkg.Info, n.Lhs[i]) {
					to, local := n.Lhs[i].(*ast.Ident)
					stored = stored || !local || to.Name != "_" && isGlobal(pkg.Info.ObjectOf(to))
				}
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					e = kv.Value
				}
				stored = stored || is(e)
			}
		case *ast.SendStmt:
			stored = is(n.Value)
		}
		if stored {
			r.doubt(edit.Manual, n.Pos(), "the same map is stored in another variable here, which the lock does not guard")
		}
		return true
	})
}

// kept doubts that a local variable goes on being used after the map in it was
// stored where others find it.
//
//	c.m = m
//	m[k] = v
func (r *mapRepair) kept(s *site, spans []span) {
	if s.Op != access.Replace || s.Exempt != "" || s.fn == nil || len(s.path) < 2 {
		return
	}
	assign, ok := s.path[1].(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != len(assign.Rhs) {
		return
	}
	info := s.fn.pkg.Info
	for i, e := range assign.Lhs {
		id, ok := ast.Unparen(assign.Rhs[i]).(*ast.Ident)
		v, isVar := info.ObjectOf(id).(*types.Var)
		if e != s.node || !ok || !isVar || isGlobal(v) {
			continue
		}
		if at := r.usedAfter(s, v, assign, spans); at.IsValid() {
			r.doubt(edit.Manual, at, "the map that is stored in %s on line %d is used by the name %s here, without the lock: use one name", place(r.f.Map), r.p.Fset.Position(assign.Pos()).Line, v.Name())
		}
	}
}

// usedAfter returns where the map in a local variable is used behind a statement
// and outside of the critical sections, if it is. A new value ends the search.
func (r *mapRepair) usedAfter(s *site, v *types.Var, after ast.Stmt, spans []span) (at token.Pos) {
	info := s.fn.pkg.Info
	j := &job{r: r, fn: s.fn, info: info}
	held := j.heldIntervals()
	if !s.needy && len(held) == 0 {
		return token.NoPos // whoever calls the function holds the lock
	}
	for _, sp := range spans {
		held = append(held, interval{pos: sp.pos, end: sp.end})
	}
	j.held = held
	over := false
	ast.Inspect(s.fn.body, func(n ast.Node) bool {
		if n == nil || n.End() <= after.End() || at.IsValid() || over {
			return false
		}
		if assign, ok := n.(*ast.AssignStmt); ok && assign.Pos() > after.End() && len(assignedTo(info, assign, v)) > 0 {
			over = true
			return false
		}
		id, ok := n.(*ast.Ident)
		if !ok || info.Uses[id] != v {
			return true
		}
		path, _ := pathTo(s.fn.file, id)
		if b, ok := path[1].(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
			return true
		}
		if !j.overlapsHeld(id.Pos(), id.End()) {
			at = id.Pos()
		}
		return true
	})
	return at
}
