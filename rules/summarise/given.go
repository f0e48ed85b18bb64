package summarise

import (
	"go/ast"
	"go/token"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/sinks"
)

// formatted returns the values that an argument has formatted: what is passed,
// or put into a literal of fields; of arguments passed on as a whole, and of
// fields put together before, those that the function itself puts there.
//
//	args := []any{"closing", c}
//	log.Print(args...)
func formatted(c *ssa.CallCommon, call *ast.CallExpr, arg sinks.Arg) []formatting {
	v := argument(c, arg.Index)
	if arg.Spread {
		v = c.Args[len(c.Args)-1]
	}
	var values []ssa.Value
	switch {
	case arg.Spread:
		values = putInto(v, make(map[ssa.Value]bool))
	case arg.Fields.Family != 0:
		arg.How = arg.Fields
		values = putInto(v, make(map[ssa.Value]bool))
	case v != nil && arg.Expr != call.Args[arg.Index]:
		return []formatting{{arg: arg, v: element(v, call.Args[arg.Index], arg.Expr)}}
	default:
		return []formatting{{arg: arg, v: v}}
	}
	var out []formatting
	for _, x := range values {
		if mi, ok := x.(*ssa.MakeInterface); ok {
			arg.Type = mi.X.Type()
			out = append(out, formatting{arg: arg, v: x})
		}
	}
	return out
}

// element returns the value of an element of a literal.
func element(v ssa.Value, lit, expr ast.Expr) ssa.Value {
	switch v := unwrap(v).(type) {
	case *ssa.MakeMap:
		return entry(v, expr.Pos())
	case *ssa.Slice:
		vs := variadic(v)
		if lit, ok := ast.Unparen(lit).(*ast.CompositeLit); ok && len(vs) == len(lit.Elts) {
			return vs[slices.Index(lit.Elts, expr)]
		}
	}
	return nil
}

// unwrap returns what is converted to the type of v.
func unwrap(v ssa.Value) ssa.Value {
	for {
		switch x := v.(type) {
		case *ssa.ChangeType:
			v = x.X
		case *ssa.MakeInterface:
			v = x.X
		default:
			return v
		}
	}
}

// entry returns the value at pos of a map literal: that of the last colon
// before it.
func entry(m *ssa.MakeMap, pos token.Pos) ssa.Value {
	var last *ssa.MapUpdate
	for _, ref := range *m.Referrers() {
		if up, ok := ref.(*ssa.MapUpdate); ok && up.Map == m && up.Pos() < pos && (last == nil || up.Pos() > last.Pos()) {
			last = up
		}
	}
	if last == nil || !last.Pos().IsValid() {
		return nil
	}
	return last.Value
}

// putInto returns what the function puts into a slice or map that it makes.
func putInto(v ssa.Value, seen map[ssa.Value]bool) (out []ssa.Value) {
	if v == nil || seen[v] {
		return nil
	}
	seen[v] = true
	switch v := unwrap(v).(type) {
	case *ssa.Phi:
		for _, e := range v.Edges {
			out = append(out, putInto(e, seen)...)
		}
	case *ssa.Call:
		if bi, ok := v.Call.Value.(*ssa.Builtin); ok && bi.Name() == "append" {
			out = append(putInto(v.Call.Args[0], seen), putInto(v.Call.Args[1], seen)...)
		}
	default:
		return elements(v)
	}
	return out
}
