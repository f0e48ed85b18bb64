package repair

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// solid reports whether taking the lock before l[i] cannot panic where the code
// did not before: the object is no nil pointer there. The access itself shows
// it, if it is certain to happen; so does an earlier use of a field; a receiver
// is trusted unless the code itself doubts it.
//
//	if c != nil && c.m[k] { // c.mu.Lock() must not come before this
func (j *job) solid(l []ast.Stmt, i int, sites []*site) (doubt, bool) {
	if j.ref.expr == nil || !j.mayBeNil(j.ref.expr) {
		return doubt{}, true
	}
	nilTest := j.nilTest(l[i:], sites)
	for _, s := range sites {
		if s.node.Pos() < l[i].End() && j.unconditional(s, l[i]) {
			return doubt{}, true
		}
	}
	if nilTest == nil && (j.isReceiver(j.ref.expr) || j.usedBefore(l, i)) {
		return doubt{}, true
	}
	pos, level := l[i].Pos(), edit.Unsafe
	if nilTest != nil {
		pos, level = nilTest.Pos(), edit.Manual
	}
	return j.doubt(level, pos, "%s may be nil where %s is taken", j.r.text(j.src, j.ref.expr), j.ref.text), false
}

// mayBeNil reports whether evaluating e.f may dereference a nil pointer.
func (j *job) mayBeNil(e ast.Expr) bool {
	if t := j.info.TypeOf(e); t != nil {
		if _, ok := t.Underlying().(*types.Pointer); ok {
			return true
		}
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return j.info.Selections[e] != nil && j.mayBeNil(e.X)
	case *ast.Ident:
		return false
	}
	return true
}

// isReceiver reports whether e is the receiver of the method around it, or a
// chain of its fields held by value.
func (j *job) isReceiver(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		_, ptr := underlying(j.info, e).(*types.Pointer)
		return !ptr && j.isReceiver(e.X)
	case *ast.Ident:
		obj := j.info.ObjectOf(e)
		for _, n := range j.fn.path {
			if decl, ok := n.(*ast.FuncDecl); ok && decl.Recv != nil && len(decl.Recv.List) == 1 && len(decl.Recv.List[0].Names) == 1 {
				return j.info.Defs[decl.Recv.List[0].Names[0]] == obj
			}
		}
	}
	return false
}

// nilTest returns a comparison with nil, in stmts up to the last site, of what
// the lock is named by.
func (j *job) nilTest(stmts []ast.Stmt, sites []*site) ast.Node {
	end := sites[len(sites)-1].node.End()
	var found ast.Node
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			if n == nil || n.Pos() >= end || found != nil {
				return false
			}
			b, ok := n.(*ast.BinaryExpr)
			if !ok || b.Op != token.EQL && b.Op != token.NEQ {
				return true
			}
			for _, e := range []ast.Expr{b.X, b.Y} {
				if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok {
					if v, ok := j.info.Uses[sel.Sel].(*types.Var); ok && v.Embedded() {
						e = sel.X // the embedded pointer that the lock is promoted through
					}
				}
				for base := j.ref.expr; base != nil; base, _ = parent(j.info, base) {
					if sameExpr(j.info, e, base) {
						found = b
					}
				}
			}
			return true
		})
	}
	return found
}

// unconditional reports whether executing s, a statement of a list, is certain
// to evaluate the site.
func (j *job) unconditional(site *site, s ast.Stmt) bool {
	for k, n := range site.path {
		if n == s {
			return true
		}
		if k+1 == len(site.path) {
			return false
		}
		switch up := site.path[k+1].(type) {
		case *ast.BinaryExpr:
			if (up.Op == token.LAND || up.Op == token.LOR) && n == up.Y {
				return false
			}
		case *ast.IfStmt:
			if n != up.Init && n != up.Cond {
				return false
			}
		case *ast.ForStmt:
			if n != up.Init && n != up.Cond {
				return false
			}
		case *ast.RangeStmt:
			if n != up.X {
				return false
			}
		case *ast.SwitchStmt:
			if n != up.Init && n != up.Tag {
				return false
			}
		case *ast.TypeSwitchStmt:
			if n != up.Init && n != up.Assign {
				return false
			}
		case *ast.CaseClause, *ast.CommClause, *ast.FuncLit, *ast.SelectStmt:
			return false
		}
	}
	return false
}

// usedBefore reports whether a field of the lock's object is used in a
// statement that has certainly been executed before l[i].
func (j *job) usedBefore(l []ast.Stmt, i int) bool {
	path, _ := pathTo(j.fn.file, l[i])
	at := l[i].Pos()
	for _, n := range path {
		if n == j.fn.node {
			break
		}
		for _, s := range listOf(n) {
			if s.Pos() >= at {
				break
			}
			if j.usesField(s) {
				return true
			}
		}
		if s, ok := n.(ast.Stmt); ok {
			at = s.Pos()
		}
	}
	return false
}

// usesField reports whether s is certain to use a field of the lock's object.
func (j *job) usesField(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			return false
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				return false
			}
		case *ast.SelectorExpr:
			if sel := j.info.Selections[n]; sel != nil && sel.Kind() == types.FieldVal && sameExpr(j.info, n.X, j.ref.expr) {
				found = true
			}
		}
		return !found
	})
	return found
}
