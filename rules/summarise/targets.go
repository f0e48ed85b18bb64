package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// targets returns the functions that v may be.
func (b *builder) targets(v ssa.Value) []Target { return b.targetsIn(v, 0) }

func (b *builder) targetsIn(v ssa.Value, depth int) []Target {
	if depth > 6 {
		return nil
	}
	switch v := v.(type) {
	case *ssa.Function:
		return b.functionTarget(v)
	case *ssa.MakeClosure:
		return b.closureTarget(v)
	case *ssa.Phi:
		var out []Target
		for _, e := range v.Edges {
			out = append(out, b.targetsIn(e, depth+1)...)
		}
		return out
	case *ssa.ChangeType:
		return b.targetsIn(v.X, depth+1)
	case *ssa.MakeInterface:
		return b.targetsIn(v.X, depth+1)
	case *ssa.Parameter:
		for i, p := range b.fn.Params {
			if p == v {
				return []Target{{Kind: ParamFunc, Index: i}}
			}
		}
	case *ssa.UnOp:
		return b.loadedTargets(v.X, depth)
	case *ssa.Field:
		return []Target{{Kind: FieldFunc, Field: fieldStep(v.X.Type(), v.Field), Recv: b.pathsOf(v.X)}}
	case *ssa.Call:
		return b.returnedTargets(v, depth)
	case *ssa.Lookup:
		return b.registered(v.X, depth)
	case *ssa.Extract:
		switch t := v.Tuple.(type) {
		case *ssa.Lookup:
			return b.registered(t.X, depth)
		case *ssa.Next:
			if r, ok := t.Iter.(*ssa.Range); ok {
				return b.registered(r.X, depth)
			}
		}
	}
	return nil
}

// functionTarget returns fn itself; for the wrappers that stand for a method
// expression, the method.
func (b *builder) functionTarget(fn *ssa.Function) []Target {
	return []Target{{Kind: Static, ID: funcID(fn)}}
}

func (b *builder) closureTarget(mc *ssa.MakeClosure) []Target {
	fn := mc.Fn.(*ssa.Function)
	if fn.Parent() == nil { // x.M as a value: a synthetic function bound to x
		obj, ok := fn.Object().(*types.Func)
		if !ok || len(mc.Bindings) != 1 {
			return nil
		}
		return b.methodOf(mc.Bindings[0], obj)
	}
	t := Target{Kind: Static, ID: funcID(fn)}
	for i, bind := range mc.Bindings {
		var ps []access.Path
		if _, ok := deref(bind.Type()).Underlying().(*types.Basic); !ok { // a number or string is nobody's object
			if a, ok := bind.(*ssa.Alloc); ok {
				ps = b.cellAt(a, mc)
			} else {
				ps = b.pathsOf(bind)
			}
		}
		t.Free = append(t.Free, ps)
		if fns := b.heldFuncs(bind); fns != nil {
			if t.Fns == nil {
				t.Fns = make([][]Target, len(mc.Bindings))
			}
			t.Fns[i] = fns
		}
	}
	return []Target{t}
}

// heldFuncs returns the functions that a captured variable holds, without what
// function literals among them capture in turn if that would not end.
func (b *builder) heldFuncs(bind ssa.Value) []Target {
	a, ok := bind.(*ssa.Alloc)
	if !ok || !isFunc(a.Type().Underlying().(*types.Pointer).Elem()) || b.resolving[a] {
		if fv, ok := bind.(*ssa.FreeVar); ok && isFunc(deref(fv.Type())) {
			return b.capturedTargets(fv, 0)
		}
		return nil
	}
	b.resolving[a] = true
	defer delete(b.resolving, a)
	return b.loadedTargets(a, 0)
}

// methodOf returns method m of the object recv.
func (b *builder) methodOf(recv ssa.Value, m *types.Func) []Target {
	if mi, ok := recv.(*ssa.MakeInterface); ok {
		recv = mi.X
	}
	if iface, ok := recv.Type().Underlying().(*types.Interface); ok {
		return []Target{{Kind: Interface, Method: m.Name(), Iface: MethodSet(iface), Recv: b.pathsOf(recv), Bound: true}}
	}
	obj, index, _ := types.LookupFieldOrMethod(recv.Type(), true, m.Pkg(), m.Name())
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	paths := b.pathsOf(recv)
	for _, s := range embeddedSteps(deref(recv.Type()), index) {
		paths = extend(paths, s)
	}
	if types.IsInterface(fn.Signature().Recv().Type()) { // promoted from an embedded interface
		iface := fn.Signature().Recv().Type().Underlying().(*types.Interface)
		return []Target{{Kind: Interface, Method: m.Name(), Iface: MethodSet(iface), Recv: paths, Bound: true}}
	}
	return []Target{{Kind: Static, ID: FuncID(FuncName(fn)), Recv: paths, Bound: true}}
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// loadedTargets returns the functions that the variable at addr may hold.
func (b *builder) loadedTargets(addr ssa.Value, depth int) []Target {
	switch a := addr.(type) {
	case *ssa.Alloc:
		var out []Target
		for v := range storedIn(a) {
			out = append(out, b.targetsIn(v, depth+1)...)
		}
		return out
	case *ssa.FieldAddr:
		return []Target{{Kind: FieldFunc, Field: fieldStep(a.X.Type(), a.Field), Recv: b.pathsOf(a.X)}}
	case *ssa.Global:
		return []Target{{Kind: FieldFunc, Field: globalStep(a)}}
	case *ssa.FreeVar:
		return b.capturedTargets(a, depth)
	case *ssa.IndexAddr:
		return b.registered(a.X, depth)
	}
	return nil
}

// registered returns the functions that an element of the map or slice v may
// be: whatever is put into any element, like a field of that type.
func (b *builder) registered(v ssa.Value, depth int) []Target {
	var out []Target
	for _, e := range elements(v) {
		out = append(out, b.targetsIn(e, depth+1)...)
	}
	if len(out) > 0 {
		return out
	}
	if step, ok := b.registry(v); ok {
		return []Target{{Kind: FieldFunc, Field: step}}
	}
	return nil
}

// elements returns the values that are put into v, if it is a literal of this
// function: []func(){f, g}.
func elements(v ssa.Value) []ssa.Value {
	if vs := variadic(v); vs != nil {
		return vs
	}
	var out []ssa.Value
	if m, ok := v.(*ssa.MakeMap); ok {
		for _, ref := range *m.Referrers() {
			if up, ok := ref.(*ssa.MapUpdate); ok && up.Map == m {
				out = append(out, up.Value)
			}
		}
	}
	return out
}

// registry returns the field or package variable that holds v, or that a
// literal is given to when it is complete.
func (b *builder) registry(v ssa.Value) (access.Step, bool) {
	switch v := v.(type) {
	case *ssa.MakeMap:
		return b.storedIn(v)
	case *ssa.Alloc: // the array of a slice literal
		for _, ref := range *v.Referrers() {
			if s, ok := ref.(*ssa.Slice); ok {
				return b.storedIn(s)
			}
		}
	}
	return b.holder(b.pathsOf(v))
}

// storedIn returns the field or package variable that v is stored in.
func (b *builder) storedIn(v ssa.Value) (access.Step, bool) {
	for _, ref := range *v.Referrers() {
		if st, ok := ref.(*ssa.Store); ok && st.Val == v {
			if step, ok := b.holder(b.pathsOf(st.Addr)); ok {
				return step, true
			}
		}
	}
	return access.Step{}, false
}

// holder returns the field or package variable that the one path leads to.
func (b *builder) holder(ps []access.Path) (access.Step, bool) {
	if len(ps) != 1 {
		return access.Step{}, false
	}
	switch n := ps[0].Holder(); {
	case n > 0:
		return ps[0].Steps[n-1], true
	case ps[0].Root.Kind == access.GlobalVar:
		return access.Step{Pkg: ps[0].Root.Pkg, Name: ps[0].Root.Name}, true
	}
	return access.Step{}, false
}

// appended returns the values that v appends to a slice, nil if it is nothing
// of that kind.
func appended(v ssa.Value) []ssa.Value {
	call, ok := v.(*ssa.Call)
	if !ok || len(call.Call.Args) != 2 {
		return nil
	}
	if fn, ok := call.Call.Value.(*ssa.Builtin); !ok || fn.Name() != "append" {
		return nil
	}
	return variadic(call.Call.Args[1])
}

// globalStep names a package variable as if it were a field without a type.
func globalStep(g *ssa.Global) access.Step {
	s := access.Step{Name: g.Name()}
	if g.Pkg != nil {
		s.Pkg = g.Pkg.Pkg.Path()
	}
	return s
}

// capturedTargets returns the functions held by a captured variable: those
// that the enclosing function stores in it. What they have captured in turn is
// known here as far as this function captured the same.
func (b *builder) capturedTargets(fv *ssa.FreeVar, depth int) []Target {
	mc := madeBy(b.fn)
	if mc == nil {
		return nil
	}
	var cell *ssa.Alloc
	mine := make(map[ssa.Value]int)
	for i, f := range b.fn.FreeVars {
		mine[mc.Bindings[i]] = i
		if f == fv {
			cell, _ = mc.Bindings[i].(*ssa.Alloc)
		}
	}
	if cell == nil {
		return nil
	}
	var out []Target
	for _, ref := range *cell.Referrers() {
		st, ok := ref.(*ssa.Store)
		if !ok || st.Addr != cell {
			continue
		}
		inner, ok := st.Val.(*ssa.MakeClosure)
		if !ok {
			if fn, ok := st.Val.(*ssa.Function); ok {
				out = append(out, b.functionTarget(fn)...)
			}
			if _, ok := st.Val.(*ssa.Parameter); ok {
				for i, f := range b.fn.FreeVars {
					if f == fv {
						out = append(out, Target{Kind: FreeFunc, Index: i})
					}
				}
			}
			continue
		}
		fn := inner.Fn.(*ssa.Function)
		if fn.Parent() == nil {
			continue
		}
		t := Target{Kind: Static, ID: funcID(fn)}
		for _, bind := range inner.Bindings {
			var ps []access.Path
			if i, ok := mine[bind]; ok {
				ps = one(access.Root{Kind: access.FreeVar, Index: i, Name: b.fn.FreeVars[i].Name()})
			}
			t.Free = append(t.Free, ps)
		}
		out = append(out, t)
	}
	return out
}

// madeBy returns the instruction that makes a function literal.
func madeBy(fn *ssa.Function) *ssa.MakeClosure {
	parent := fn.Parent()
	if parent == nil {
		return nil
	}
	for _, blk := range parent.Blocks {
		for _, ins := range blk.Instrs {
			if mc, ok := ins.(*ssa.MakeClosure); ok && mc.Fn == fn {
				return mc
			}
		}
	}
	return nil
}

// returnedTargets returns the functions that a call returns, when the callee
// is in this package and returns function literals or methods.
func (b *builder) returnedTargets(call *ssa.Call, depth int) []Target {
	callee := call.Call.StaticCallee()
	if callee == nil || callee.Blocks == nil || callee == b.fn {
		return nil
	}
	sub := b.builder(callee)
	var out []Target
	for _, blk := range callee.Blocks {
		ret, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.Return)
		if !ok || len(ret.Results) == 0 {
			continue
		}
		for _, t := range sub.targetsIn(ret.Results[0], depth+2) {
			if t.Kind == ParamFunc {
				if t.Index < len(call.Call.Args) {
					out = append(out, b.targetsIn(call.Call.Args[t.Index], depth+1)...)
				}
				continue
			}
			for i := range t.Free {
				t.Free[i] = b.translate(t.Free[i], &call.Call)
			}
			t.Recv = b.translate(t.Recv, &call.Call)
			out = append(out, t)
		}
	}
	return out
}

// translate rewrites paths of the callee of c into this function's terms.
func (b *builder) translate(ps []access.Path, c *ssa.CallCommon) []access.Path {
	var out []access.Path
	for _, p := range ps {
		if q, ok := b.atCall(p, c); ok {
			out = merge(out, q)
		} else if p.N > 0 {
			q := p
			q.Root = access.Root{}
			out = merge(out, q)
		}
	}
	return out
}

// callees returns what a call may run, and the paths and functions that are
// its arguments, receiver first.
func (b *builder) callees(c *ssa.CallCommon) (ts []Target, args [][]access.Path, fns [][]Target) {
	if c.IsInvoke() {
		ts = b.methodOf(c.Value, c.Method)
		for i := range ts {
			ts[i].Bound = true
		}
	} else {
		ts = b.targets(c.Value)
	}
	for _, a := range c.Args {
		args = append(args, b.pathsOf(a))
		var fn []Target
		if isFunc(a.Type()) {
			fn = b.targets(a)
			if isLoopBody(a) {
				ts, fn = append(ts, fn...), nil // it is code of this function, and runs here
			}
		} else if vs := variadic(a); vs != nil && isFunc(vs[0].Type()) {
			for _, v := range vs {
				fn = append(fn, b.targets(v)...)
			}
		}
		fns = append(fns, fn)
	}
	return ts, args, fns
}

// isLoopBody reports whether v is the body of a loop over an iterator, which the
// compiler turns into a function.
func isLoopBody(v ssa.Value) bool {
	mc, ok := v.(*ssa.MakeClosure)
	return ok && mc.Fn.(*ssa.Function).Synthetic == "range-over-func yield"
}

func isFunc(t types.Type) bool {
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// variadic returns the values that the compiler packed into a slice for a
// variadic parameter, nil if v is not such a slice.
func variadic(v ssa.Value) []ssa.Value {
	s, ok := v.(*ssa.Slice)
	if !ok {
		return nil
	}
	a, ok := s.X.(*ssa.Alloc)
	if !ok {
		return nil
	}
	at, ok := a.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Array)
	if !ok || at.Len() == 0 || at.Len() > 64 {
		return nil
	}
	out := make([]ssa.Value, at.Len())
	for _, ref := range *a.Referrers() {
		ia, ok := ref.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		k, ok := ia.Index.(*ssa.Const)
		if !ok {
			return nil
		}
		for _, r := range *ia.Referrers() {
			if st, ok := r.(*ssa.Store); ok && st.Addr == ia {
				out[k.Int64()] = st.Val
			}
		}
	}
	for _, o := range out {
		if o == nil {
			return nil
		}
	}
	return out
}
