package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/mapguard/mapguard/rules/sinks"
)

// form chooses what to print in place of the walk, by the static type of the
// value: for anything but a pointer, fmt prints "%!p(" and walks it again.
func (r *deepRepair) form() (form, error) {
	t := r.pkg.Info.TypeOf(r.expr)
	if r.args[0].How.Verb == 'w' {
		return form{}, fmt.Errorf("%%w keeps the error for errors.Is: change the error's text instead")
	}
	if isLiteral(r.expr) {
		return form{}, fmt.Errorf("the value is made here, and given the map of another one: %s", r.copyAdvice())
	}
	if holdsMapItself(t) {
		return form{}, fmt.Errorf("the map is what the reader wants to see: %s", r.copyAdvice())
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return form{}, fmt.Errorf("the value is of type parameter %s: whether %%p prints its address depends on the type argument", t)
	}
	switch t.Underlying().(type) {
	case *types.Slice:
		return form{verb: "p", what: "address", reason: "the elements are no longer printed"}, nil
	case *types.Interface:
		return r.interfaceForm(t), nil
	case *types.Struct, *types.Array:
		return r.addressForm()
	}
	if sinks.PointerLike(t) {
		return form{verb: "p", what: "pointer"}, nil
	}
	return form{}, fmt.Errorf("a value of type %s has no address to print", t)
}

// isLiteral reports whether e makes a value: status{}, &status{}.
func isLiteral(e ast.Expr) bool {
	e = ast.Unparen(e)
	if addr, ok := e.(*ast.UnaryExpr); ok && addr.Op == token.AND {
		e = ast.Unparen(addr.X)
	}
	_, ok := e.(*ast.CompositeLit)
	return ok
}

// holdsMapItself reports whether t is a map, or a pointer to or slice or array
// of them.
func holdsMapItself(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Pointer:
		return holdsMapItself1(u.Elem())
	case *types.Slice:
		return holdsMapItself1(u.Elem())
	case *types.Array:
		return holdsMapItself1(u.Elem())
	}
	return false
}

func holdsMapItself1(t types.Type) bool {
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// interfaceForm prints the pointer in an interface, if nothing but pointers
// can be there, else only its type.
func (r *deepRepair) interfaceForm(t types.Type) form {
	if r.footprints().OnlyPointers(t) {
		return form{verb: "p", what: "pointer"}
	}
	return form{
		verb:   "T",
		what:   "type",
		reason: "the value may be no pointer, so only its type is printed",
	}
}

// addressForm prints the address of a struct or array.
func (r *deepRepair) addressForm() (form, error) {
	info := r.pkg.Info
	e := ast.Unparen(r.expr)
	if star, ok := e.(*ast.StarExpr); ok {
		return form{verb: "p", value: r.text(star.X), what: "address"}, nil
	}
	if !info.Types[e].Addressable() {
		return form{}, fmt.Errorf("the value has no address to print, and its fields are read when it is passed")
	}
	if id, ok := e.(*ast.Ident); ok && r.isCopy(info.Uses[id]) {
		return form{verb: "T", what: "type"}, nil // the address of a copy tells no more
	}
	return form{verb: "p", value: "&" + r.text(e), what: "address"}, nil
}

// isCopy reports whether a variable was made as a copy of a value that lives
// elsewhere: a parameter, or initialised from a variable.
//
//	func (c Cache) dump()    c := *p    for _, c := range list
func (r *deepRepair) isCopy(v types.Object) bool {
	copied := false
	ast.Inspect(r.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				copied = copied || r.pkg.Info.Defs[name] == v
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				copied = copied || r.defines(n.Key, v) || r.defines(n.Value, v)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE && len(n.Lhs) == len(n.Rhs) {
				for i, lhs := range n.Lhs {
					copied = copied || r.defines(lhs, v) && r.variable(n.Rhs[i])
				}
			} else if n.Tok == token.DEFINE { // v, ok := x.(T)
				_, isCall := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
				copied = copied || !isCall && r.defines(n.Lhs[0], v)
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				copied = copied || i < len(n.Values) && r.defines(name, v) && r.variable(n.Values[i])
			}
		}
		return !copied
	})
	return copied
}

func (r *deepRepair) defines(e ast.Expr, v types.Object) bool {
	id, ok := e.(*ast.Ident)
	return ok && v != nil && r.pkg.Info.Defs[id] == v
}

// variable reports whether e denotes a value that has a place of its own.
func (r *deepRepair) variable(e ast.Expr) bool {
	e = ast.Unparen(e)
	switch e.(type) {
	case *ast.IndexExpr, *ast.TypeAssertExpr:
		return true // not addressable, perhaps, but it lives on elsewhere
	}
	return r.pkg.Info.Types[e].Addressable()
}
