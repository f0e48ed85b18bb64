package repair

import (
	"go/ast"
	"go/types"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// rebound returns a doubt if the lock is reached through a pointer that may be
// another one at Unlock than it was at Lock: a package variable that functions
// assign to, or a field that they do, if region calls anything.
//
//	current.mu.Lock()
//	apply(cfg) // current = next
//	current.mu.Unlock()
func (j *job) rebound(region []ast.Node) (doubt, bool) {
	if j.ref.expr == nil {
		return doubt{}, false
	}
	calls := false
	for _, n := range region {
		calls = calls || len(callsIn(j.info, n)) > 0
	}
	var suspects []*types.Var
	ast.Inspect(j.ref.expr, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := j.info.Uses[id].(*types.Var)
		if !ok {
			return true
		}
		if _, ptr := v.Type().Underlying().(*types.Pointer); ptr && (v.IsField() && calls || isGlobal(v) && !v.IsField()) {
			suspects = append(suspects, v)
		}
		return true
	})
	for _, v := range suspects {
		if at := j.r.assignment(v); at != nil {
			return j.doubt(edit.Unsafe, at.Pos(), "%s is assigned here, and %s is reached through it: if that happens while the lock is held, another one is unlocked", v.Name(), j.ref.text), true
		}
	}
	return doubt{}, false
}

// assignment returns an assignment to v in a function of the module, or nil.
func (s *Session) assignment(v *types.Var) ast.Node {
	if at, ok := s.assigned[v]; ok {
		return at
	}
	var at ast.Node
	for _, pkg := range s.p.All {
		if !pkg.Main || pkg.Info == nil || v.Pkg() == nil || !v.Exported() && pkg.Path != v.Pkg().Path() {
			continue
		}
		for _, file := range pkg.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				assign, ok := n.(*ast.AssignStmt)
				if !ok || at != nil {
					return at == nil
				}
				for _, e := range assign.Lhs {
					if w, ok := variableOf(pkg.Info, e); ok && sameVar(s.p.Fset, v, w) {
						at = e
					}
				}
				return true
			})
		}
	}
	if s.assigned == nil {
		s.assigned = make(map[*types.Var]ast.Node)
	}
	s.assigned[v] = at
	return at
}

// variableOf returns the field or variable that e names.
func variableOf(info *types.Info, e ast.Expr) (*types.Var, bool) {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	default:
		return nil, false
	}
	v, ok := info.Uses[id].(*types.Var)
	return v, ok
}
