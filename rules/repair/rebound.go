package repair

import (
	"go/ast"
	"go/types"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// rebound returns a doubt if the lock is reached through something that may
// lead to another one at Unlock than it did at Lock: a variable that chooses the
// object and that functions assign to, or closures if it is a local, or elements
// that they replace, if region calls anything.
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
	for _, v := range j.choosing(j.ref.expr) {
		var at ast.Node
		switch {
		case isGlobal(v) && !v.IsField():
			at = j.r.assignment(v)
		case !calls:
		case v.IsField():
			at = j.r.assignment(v)
		default:
			at = j.escapes(v)
		}
		if at != nil {
			return j.doubt(edit.Unsafe, at.Pos(), "%s is assigned here, and %s is reached through it: if that happens while the lock is held, another one is unlocked", v.Name(), j.ref.text), true
		}
	}
	for _, x := range indexed(j.ref.expr) {
		if t := j.info.TypeOf(x); calls && t != nil && choosesObject(t) {
			if at := j.r.elementStore(t); at != nil {
				return j.doubt(edit.Unsafe, at.Pos(), "an element is replaced here, and %s is reached through one: if that happens while the lock is held, another one is unlocked", j.ref.text), true
			}
		}
	}
	return doubt{}, false
}

// choosing returns the variables in e whose value, not address, says which
// object e is: pointers, slices and the like, and indices.
func (j *job) choosing(e ast.Expr) []*types.Var {
	indices := make(map[ast.Node]bool)
	for _, x := range indexed(e) {
		indices[ast.Unparen(x.Index)] = true
	}
	var out []*types.Var
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if v, ok := j.info.ObjectOf(id).(*types.Var); ok && (indices[id] || choosesObject(v.Type())) {
			out = append(out, v)
		}
		return true
	})
	return out
}

// indexed returns the index expressions in e.
func indexed(e ast.Expr) []*ast.IndexExpr {
	var out []*ast.IndexExpr
	ast.Inspect(e, func(n ast.Node) bool {
		if x, ok := n.(*ast.IndexExpr); ok {
			out = append(out, x)
		}
		return true
	})
	return out
}

// choosesObject reports whether another value of type t may lead to another
// object.
func choosesObject(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Interface:
		return true
	}
	return false
}

// elementStore returns a place in the module where an element of type t of a
// slice or array is assigned, or nil.
func (s *Session) elementStore(t types.Type) ast.Node {
	var at ast.Node
	for pkg, file := range s.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			if n != nil && at == nil && storesElement(pkg.Info, n, t) {
				at = n
			}
			return at == nil
		})
	}
	return at
}

// storesElement reports whether n itself assigns to an element of type t of a
// slice or array, or copies into a slice of such.
func storesElement(info *types.Info, n ast.Node, t types.Type) bool {
	found := false
	targets(n, func(e ast.Expr) {
		x, ok := ast.Unparen(e).(*ast.IndexExpr)
		if ok && !isMap(info.TypeOf(x.X)) && sameType(info.TypeOf(x), t) {
			found = true
		}
	})
	if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
		if name := calleeName(call); name == "copy" || name == "clear" {
			if slice, ok := underlying(info, call.Args[0]).(*types.Slice); ok && sameType(slice.Elem(), t) {
				found = true
			}
		}
	}
	return found
}

// sameType reports whether two types, of possibly two checks of their package,
// are the same.
func sameType(t, u types.Type) bool {
	return t != nil && u != nil && (types.Identical(t, u) || t.String() == u.String())
}

// assignment returns an assignment to v in a function of the module, or nil.
func (s *Session) assignment(v *types.Var) ast.Node {
	if at, ok := s.assigned[v]; ok {
		return at
	}
	var at ast.Node
	for pkg, file := range s.p.OwnFiles() {
		if v.Pkg() == nil || !v.Exported() && pkg.Path != v.Pkg().Path() {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil || at != nil {
				return at == nil
			}
			hit := func(e ast.Expr) {
				if w, ok := variableOf(pkg.Info, e); ok && sameVar(s.p.Fset, v, w) {
					at = e
				}
			}
			targets(n, hit)
			if e := addressed(pkg.Info, n); e != nil {
				hit(e)
			}
			return true
		})
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
