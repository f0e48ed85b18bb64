package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// holder sets the object of s: the one whose map it uses.
func (r *mapRepair) holder(s *site) {
	if r.f.Map.Kind != access.Field {
		r.parameter(s)
		return
	}
	info := s.fn.pkg.Info
	found := r.mentions(info, operand(s.node))
	if len(found) == 0 {
		found = r.aliased(s)
		s.obj.alias = true
	}
	if len(found) == 0 && r.guardHeld(s) {
		return // whatever the object is called here
	}
	if len(found) == 0 && r.fromGetter(s) {
		s.Exempt, s.obj.alias = "reads a copy", false
		return
	}
	if len(found) == 0 && r.fromCaller(s) {
		s.Exempt, s.obj.alias = "its callers hold the lock", false
		return
	}
	if len(found) == 0 && r.lendTo(s) {
		s.Exempt, s.obj.alias = "reads a copy", false
		return
	}
	if len(found) == 0 {
		r.doubt(edit.Manual, s.node.Pos(), "the map is reached here through another variable: it has to be locked where it is taken from its %s, or copied", r.f.Map.Owner)
		return
	}
	s.obj.expr, s.obj.implicit = selected(info, found[0])
	if s.obj.expr == nil || !simple(info, s.obj.expr) {
		r.doubt(edit.Manual, s.node.Pos(), "the %s whose map is used here is the result of an expression: put it into a variable", r.f.Map.Owner)
		return
	}
	if s.obj.alias {
		r.renamed(s)
	}
	for _, other := range found[1:] {
		if expr, _ := selected(info, other); expr == nil || !sameExpr(info, expr, s.obj.expr) {
			r.doubt(edit.Manual, s.node.Pos(), "two objects of type %s are used at once here: their locks would be taken one within the other", r.f.Map.Owner)
			return
		}
	}
}

// guardHeld reports whether s holds the lock that guards the map elsewhere.
func (r *mapRepair) guardHeld(s *site) bool {
	return r.f.Guard != nil && slices.ContainsFunc(s.Locks, func(l access.Lock) bool {
		return l.ID.Location == r.f.Guard.Lock.Location && (l.Mode == access.Exclusive || !s.Op.Writes())
	})
}

// renamed doubts a site that uses the map by another name if the object may go
// by the old name no longer.
//
//	m := c.m
//	c = c.next
//	m[k] = v // not c's
func (r *mapRepair) renamed(s *site) {
	info := s.fn.pkg.Info
	v := aliasVar(info, s.node)
	if v == nil {
		return
	}
	j := &job{r: r, fn: s.fn, info: info}
	used := make(map[types.Object]bool)
	for _, w := range j.choosing(s.obj.expr) {
		used[w] = true
		at := ast.Node(nil)
		if w.IsField() || isGlobal(w) {
			at = r.assignment(w)
		} else {
			at = j.escapes(w)
		}
		if at != nil {
			r.doubt(edit.Unsafe, at.Pos(), "%s may be assigned here while its map is in use as %s, whose lock would be another one", w.Name(), v.Name())
		}
	}
	ast.Inspect(s.fn.path[len(s.fn.path)-2], func(n ast.Node) bool {
		if n == nil || n.End() < v.Pos() {
			return false
		}
		targets(n, func(e ast.Expr) {
			w, ok := variableOf(info, e)
			if ok && e.Pos() > v.Pos() && used[w] {
				r.doubt(edit.Manual, e.Pos(), "%s is assigned here, while its map is in use as %s: use the map by one name", w.Name(), v.Name())
			}
		})
		return true
	})
}

// operand returns the part of an access that the map is in: for a range
// statement not its body.
func operand(n ast.Node) ast.Node {
	if rng, ok := n.(*ast.RangeStmt); ok {
		return rng.X
	}
	return n
}

// mentions returns the expressions inside n that name the map's variable,
// function literals excluded.
func (r *mapRepair) mentions(info *types.Info, n ast.Node) []ast.Expr {
	var found []ast.Expr
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			if r.names(info, n) {
				found = append(found, n)
			}
		case *ast.Ident:
			if r.names(info, n) && r.f.Map.Kind != access.Field {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

// selected returns the object that a selector takes its field from, and the
// embedded fields that it passes through.
func selected(info *types.Info, e ast.Expr) (ast.Expr, []*types.Var) {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return nil, nil
	}
	selection := info.Selections[sel]
	if selection == nil {
		return nil, nil
	}
	return ast.Unparen(sel.X), through(selection)
}

// through returns the embedded fields on the way to a selected field or method.
func through(selection *types.Selection) []*types.Var {
	var fields []*types.Var
	t := selection.Recv()
	index := selection.Index()
	for _, i := range index[:len(index)-1] {
		if ptr, ok := t.Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		strct, ok := t.Underlying().(*types.Struct)
		if !ok {
			return nil
		}
		fields = append(fields, strct.Field(i))
		t = strct.Field(i).Type()
	}
	return fields
}

// simple reports whether e can be evaluated twice with the same result, unless
// a variable in it is assigned between: identifiers, fields, dereferences, and
// constant or variable indices of slices and arrays.
func simple(info *types.Info, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		_, ok := info.Uses[e].(*types.Var)
		return ok
	case *ast.ParenExpr:
		return simple(info, e.X)
	case *ast.StarExpr:
		return simple(info, e.X)
	case *ast.SelectorExpr:
		if v, ok := info.Uses[e.Sel].(*types.Var); !ok {
			return false
		} else if !v.IsField() {
			return true // pkg.Var
		}
		return simple(info, e.X)
	case *ast.IndexExpr:
		if isMap(info.TypeOf(e.X)) || !simple(info, e.X) {
			return false
		}
		_, isConst := e.Index.(*ast.BasicLit)
		_, isIdent := e.Index.(*ast.Ident)
		return isConst || isIdent
	}
	return false
}

// sameExpr reports whether two simple expressions name the same variables.
func sameExpr(info *types.Info, a, b ast.Expr) bool {
	a, b = ast.Unparen(a), ast.Unparen(b)
	switch a := a.(type) {
	case *ast.Ident:
		b, ok := b.(*ast.Ident)
		return ok && info.ObjectOf(a) != nil && info.ObjectOf(a) == info.ObjectOf(b)
	case *ast.StarExpr:
		b, ok := b.(*ast.StarExpr)
		return ok && sameExpr(info, a.X, b.X)
	case *ast.SelectorExpr:
		b, ok := b.(*ast.SelectorExpr)
		return ok && info.Uses[a.Sel] == info.Uses[b.Sel] && (info.Selections[a] == nil || sameExpr(info, a.X, b.X))
	case *ast.IndexExpr:
		b, ok := b.(*ast.IndexExpr)
		return ok && sameExpr(info, a.X, b.X) && sameExpr(info, a.Index, b.Index)
	case *ast.BasicLit:
		b, ok := b.(*ast.BasicLit)
		return ok && a.Value == b.Value
	}
	return false
}

// aliased returns the expressions that name the map's variable on the right of
// assignments to the local variable that s uses. All others must be visibly
// something else: a new map, nil.
//
//	inner := c.m[k]
//	inner[x] = y // c
func (r *mapRepair) aliased(s *site) []ast.Expr {
	info := s.fn.pkg.Info
	v := aliasVar(info, s.node)
	if v == nil {
		return nil
	}
	outer := s.fn.path[len(s.fn.path)-2] // the top-level declaration
	var found []ast.Expr
	known := true
	from := func(rhs ast.Expr) {
		switch x := root(rhs); {
		case r.names(info, x):
			found = append(found, x)
		case !newMap(info, rhs):
			known = false
		}
	}
	ast.Inspect(outer, func(n ast.Node) bool {
		for _, rhs := range assignedTo(info, n, v) {
			from(rhs)
		}
		return true
	})
	if !known {
		return nil
	}
	return found
}

// aliasVar returns the local variable that an access goes through, or nil.
func aliasVar(info *types.Info, n ast.Node) *types.Var {
	var e ast.Expr
	switch n := n.(type) {
	case *ast.RangeStmt:
		e = n.X
	case *ast.CallExpr:
		if len(n.Args) == 0 {
			return nil
		}
		e = n.Args[0]
	case ast.Expr:
		e = n
	default:
		return nil
	}
	id, ok := root(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := info.ObjectOf(id).(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() {
		return nil
	}
	return v
}

// assignedTo returns the expressions that n, not counting nodes inside it,
// assigns to v.
func assignedTo(info *types.Info, n ast.Node, v *types.Var) []ast.Expr {
	var out []ast.Expr
	pair := func(lhs []ast.Expr, rhs []ast.Expr) {
		for i, l := range lhs {
			id, ok := l.(*ast.Ident)
			if !ok || info.ObjectOf(id) != v {
				continue
			}
			if len(rhs) == len(lhs) {
				out = append(out, rhs[i])
			} else if len(rhs) == 1 {
				out = append(out, rhs[0])
			}
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		pair(n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		var lhs []ast.Expr
		for _, id := range n.Names {
			lhs = append(lhs, id)
		}
		pair(lhs, n.Values)
	case *ast.RangeStmt:
		if id, ok := n.Value.(*ast.Ident); ok && info.ObjectOf(id) == v {
			out = append(out, n.X)
		}
	case *ast.UnaryExpr:
		if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND && info.ObjectOf(id) == v {
			out = append(out, n) // may be assigned through the pointer
		}
	case *ast.Field: // a parameter
		for _, id := range n.Names {
			if info.Defs[id] == v {
				out = append(out, id)
			}
		}
	}
	return out
}

// newMap reports whether e is nil or a map that nothing else holds yet.
func newMap(info *types.Info, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.Ident:
		_, isNil := info.Uses[e].(*types.Nil)
		return isNil
	case *ast.CallExpr:
		id, ok := ast.Unparen(e.Fun).(*ast.Ident)
		if !ok {
			return false
		}
		_, builtin := info.Uses[id].(*types.Builtin)
		return builtin && id.Name == "make"
	}
	return false
}
