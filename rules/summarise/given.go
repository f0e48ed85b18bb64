package summarise

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
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
		return append([]formatting{{arg: arg, v: v}}, inside(v, arg)...)
	}
	return each(values, arg)
}

// inside returns what a literal with elements of any type has formatted:
//
//	json.NewEncoder(w).Encode(map[string]any{"streams": c.streams})
func inside(v ssa.Value, arg sinks.Arg) []formatting {
	if v == nil {
		return nil
	}
	v = unwrap(v)
	var elem types.Type
	switch t := v.Type().Underlying().(type) {
	case *types.Map:
		elem = t.Elem()
	case *types.Slice:
		elem = t.Elem()
	}
	if elem == nil || !types.IsInterface(elem) {
		return nil
	}
	arg.Nested = true
	return each(elements(v), arg)
}

// each returns what values of known types have formatted.
func each(values []ssa.Value, arg sinks.Arg) (out []formatting) {
	for _, x := range values {
		if mi, ok := x.(*ssa.MakeInterface); ok {
			arg.Type = mi.X.Type()
			out = append(out, formatting{arg: arg, v: x})
		}
	}
	return out
}

// handedIn returns the paths of what a walk of a new object leads to, where the
// object was given it when it was made: the map of somebody else.
//
//	log.Printf("%+v", status{streams: c.streams})
func (b *builder) handedIn(v ssa.Value, steps []access.Step) []access.Path {
	return b.handedTo(v, steps, 0)
}

func (b *builder) handedTo(v ssa.Value, steps []access.Step, depth int) (out []access.Path) {
	const most = 3 // copies of copies
	if v == nil || len(steps) == 0 || depth > most {
		return nil
	}
	v = unwrap(v)
	if load, ok := v.(*ssa.UnOp); ok && load.Op == token.MUL {
		v = load.X
	}
	a, ok := v.(*ssa.Alloc)
	if !ok || slices.ContainsFunc(b.copiedFrom(a), func(p access.Path) bool { return p.Root.Kind != access.LocalVar }) {
		return nil
	}
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store: // a literal, made before the variable
			if ref.Addr == a {
				out = append(out, b.handedTo(ref.Val, steps, depth+1)...)
			}
		case *ssa.FieldAddr:
			if fieldStep(ref.X.Type(), ref.Field).Name == steps[0].Name {
				out = append(out, b.storedAt(ref, steps[1:])...)
			}
		}
	}
	return out
}

// storedAt returns the paths of what is stored in a field, with steps appended.
func (b *builder) storedAt(field *ssa.FieldAddr, steps []access.Step) (out []access.Path) {
	for _, ref := range *field.Referrers() {
		if st, ok := ref.(*ssa.Store); ok && st.Addr == field {
			for _, p := range b.pathsOf(st.Val) {
				if p.Root.Kind != access.LocalVar { // its own otherwise
					out = merge(out, p)
				}
			}
		}
	}
	for _, s := range steps {
		out = extend(out, s)
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
