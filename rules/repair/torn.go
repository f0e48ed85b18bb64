package repair

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// torn returns doubts about look-ups and writes that belong together but end up
// in two critical sections, one of them the function's own. A look-up that is
// made again under the lock before the write is fine: that is double-checked
// locking.
func (j *job) torn(p proposal) []doubt {
	var out []doubt
	for _, a := range j.fn.sites {
		for _, b := range j.fn.sites {
			if a.needy == b.needy || a.Exempt != "" || b.Exempt != "" || a.Op.Writes() || !b.Op.Writes() || !flows(a, b.node) {
				continue
			}
			if together(p.spans, a, b) || j.checkedAgain(a, b) {
				continue
			}
			out = append(out, j.doubt(edit.Unsafe, a.node.Pos(),
				"the map is looked at here and written on line %d in two critical sections: another goroutine may change the map between them",
				j.r.p.Fset.Position(b.node.Pos()).Line))
		}
	}
	return append(out, j.tornCalls()...)
}

// tornCalls is torn for look-ups that a call of a function follows which writes
// to the map itself:
//
//	if _, ok := c.m[k]; !ok {
//		c.put(k, v)
//	}
func (j *job) tornCalls() []doubt {
	var out []doubt
	for _, call := range callsIn(j.info, j.fn.body) {
		fn, ok := typeutil.Callee(j.info, call).(*types.Func)
		if !ok || !j.r.writer(fn) {
			continue
		}
		for _, a := range j.sites {
			if !a.Op.Writes() && flows(a, call) {
				out = append(out, j.doubt(edit.Unsafe, a.node.Pos(),
					"the map is looked at here and written by %s on line %d in two critical sections: another goroutine may change the map between them",
					calleeName(call), j.r.p.Fset.Position(call.Pos()).Line))
				break
			}
		}
	}
	return out
}

// writer reports whether fn itself writes to the map, under a lock of its own
// once the fix is applied.
func (r *mapRepair) writer(fn *types.Func) bool {
	for _, f := range r.funcs {
		decl, ok := f.node.(*ast.FuncDecl)
		if !ok || decl.Name.Name != fn.Name() {
			continue
		}
		obj, ok := f.pkg.Info.Defs[decl.Name].(*types.Func)
		if !ok || obj.FullName() != fn.Origin().FullName() {
			continue
		}
		for _, s := range f.sites {
			if s.needy && s.Op.Writes() {
				return true
			}
		}
	}
	return false
}

// flows reports whether control may go from a to b, not counting loops.
func flows(a *site, b ast.Node) bool {
	if a.node.Pos() >= b.Pos() {
		return false
	}
	leaves := false
	for k, n := range a.path {
		if contains(n, b) {
			if s, ok := n.(*ast.IfStmt); ok && k > 0 && a.path[k-1] == s.Body {
				return false // b is in the else branch
			}
			if k > 1 && isClause(a.path[k-1]) {
				return false // b is in another clause
			}
			return !leaves
		}
		if l := listOf(n); len(l) > 0 && returns(l[len(l)-1]) {
			leaves = true
		}
	}
	return false
}

func isClause(n ast.Node) bool {
	switch n.(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// together reports whether one critical section covers both sites.
func together(spans []span, a, b *site) bool {
	for _, s := range spans {
		if s.pos <= a.node.Pos() && a.node.Pos() < s.end && s.pos <= b.node.Pos() && b.node.Pos() < s.end {
			return true
		}
	}
	return false
}

// checkedAgain reports whether the function looks at the map under the lock
// that it holds at b, between a and b.
func (j *job) checkedAgain(a, b *site) bool {
	for _, iv := range j.held {
		if b.node.Pos() < iv.pos || b.node.Pos() >= iv.end {
			continue
		}
		for _, s := range j.fn.sites {
			if s != a && !s.Op.Writes() && iv.pos <= s.node.Pos() && s.node.Pos() < b.node.Pos() {
				return true
			}
		}
	}
	return false
}
