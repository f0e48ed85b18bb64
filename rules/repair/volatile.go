package repair

import (
	"go/ast"
	"go/token"
	"go/types"
)

// addressed returns the expression that n, not counting nodes inside it, takes
// the address of, in so many words or not; nil if there is none.
//
//	&v    v.setByPointer()    v[:] // an array
func addressed(info *types.Info, n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return n.X
		}
	case *ast.SliceExpr:
		if t := info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Array); ok {
				return n.X
			}
		}
	case *ast.SelectorExpr:
		sel := info.Selections[n]
		if sel == nil || sel.Kind() != types.MethodVal {
			return nil
		}
		recv := sel.Obj().(*types.Func).Signature().Recv()
		if recv == nil || !isPointer(recv.Type()) || isPointer(sel.Recv()) {
			return nil
		}
		for _, f := range through(sel) {
			if isPointer(f.Type()) {
				return nil // to the embedded field's own object
			}
		}
		return n.X
	}
	return nil
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// base returns the variable at the bottom of a chain of fields and elements
// held by value: what &e points into.
func base(info *types.Info, e ast.Expr) *types.Var {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			if sel := info.Selections[x]; sel != nil && (sel.Indirect() || isPointer(sel.Recv())) {
				return nil
			} else if sel == nil {
				v, _ := info.Uses[x.Sel].(*types.Var)
				return v
			}
			e = x.X
		case *ast.IndexExpr:
			if t := info.TypeOf(x.X); t == nil {
				return nil
			} else if _, ok := t.Underlying().(*types.Array); !ok {
				return nil
			}
			e = x.X
		case *ast.Ident:
			v, _ := info.ObjectOf(x).(*types.Var)
			return v
		default:
			return nil
		}
	}
}

// escapes returns where the local variable v may come to be assigned by code
// that is run by a call: a closure that assigns to it, or a place where its
// address is taken. It is nil if there is none.
func (j *job) escapes(v *types.Var) ast.Node {
	var at ast.Node
	var closure *ast.FuncLit // innermost one that v is declared outside of
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		if at != nil || n == nil {
			return false
		}
		if lit, ok := n.(*ast.FuncLit); ok && closure == nil && !contains(lit, posNode(v.Pos())) {
			closure = lit
			ast.Inspect(lit.Body, visit)
			closure = nil
			return false
		}
		if e := addressed(j.info, n); e != nil && base(j.info, e) == v {
			at = n
		}
		if closure != nil {
			targets(n, func(e ast.Expr) {
				if base(j.info, e) == v {
					at = n
				}
			})
		}
		return true
	}
	ast.Inspect(j.fn.path[len(j.fn.path)-2], visit)
	return at
}

// A posNode is a node of no length.
type posNode token.Pos

func (p posNode) Pos() token.Pos { return token.Pos(p) }
func (p posNode) End() token.Pos { return token.Pos(p) }

// changeable returns where something that the value of e depends on may be
// changed by code that is run by a call, nil if nowhere.
func (j *job) changeable(e ast.Expr) ast.Node {
	var at ast.Node
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || at != nil {
			return at == nil
		}
		v, ok := j.info.ObjectOf(id).(*types.Var)
		switch {
		case !ok:
		case v.IsField() || isGlobal(v):
			if !j.r.is(v) { // the map itself is looked at by itself
				at = j.r.assignment(v)
			}
		default:
			at = j.escapes(v)
		}
		return true
	})
	return at
}
