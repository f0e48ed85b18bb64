package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// maxPaths bounds how many objects a value may be said to be.
const maxPaths = 4

// pathsOf returns the access paths that v may stand for: the address of a
// variable and its content are one path. It is nil for constants and for
// values of which nothing is known, and for numbers, strings and the like, which
// lead to no map.
func (b *builder) pathsOf(v ssa.Value) []access.Path {
	if t, ok := v.Type().Underlying().(*types.Basic); ok && t.Kind() != types.UnsafePointer {
		return nil
	}
	if ps, ok := b.paths[v]; ok {
		return ps
	}
	b.paths[v] = nil // cycles through phis add nothing
	ps := b.findPaths(v)
	b.paths[v] = ps
	return ps
}

func (b *builder) findPaths(v ssa.Value) []access.Path {
	switch v := v.(type) {
	case *ssa.Parameter:
		for i, p := range b.fn.Params {
			if p == v {
				return one(access.Root{Kind: access.Param, Index: i, Name: p.Name()})
			}
		}
	case *ssa.FreeVar:
		for i, fv := range b.fn.FreeVars {
			if fv == v {
				return one(access.Root{Kind: access.FreeVar, Index: i, Name: fv.Name()})
			}
		}
	case *ssa.Global:
		if v.Pkg != nil {
			return one(access.Root{Kind: access.GlobalVar, Pkg: v.Pkg.Pkg.Path(), Name: v.Name()})
		}
	case *ssa.Alloc:
		return b.cellPaths(v)
	case *ssa.MakeMap, *ssa.MakeSlice, *ssa.MakeChan:
		return one(b.local(v, ""))
	case *ssa.FieldAddr:
		return extend(b.pathsOf(v.X), fieldStep(v.X.Type(), v.Field))
	case *ssa.Field:
		return extend(b.pathsOf(v.X), fieldStep(v.X.Type(), v.Field))
	case *ssa.IndexAddr:
		return extend(b.pathsOf(v.X), access.Elem)
	case *ssa.Index:
		return extend(b.pathsOf(v.X), access.Elem)
	case *ssa.Lookup:
		return extend(b.pathsOf(v.X), access.Elem)
	case *ssa.UnOp:
		return b.unopPaths(v)
	case *ssa.Phi:
		return b.phiPaths(v)
	case *ssa.Extract:
		return b.extractPaths(v)
	case *ssa.Call:
		if bi, ok := v.Call.Value.(*ssa.Builtin); ok {
			if bi.Name() == "append" {
				return b.pathsOf(v.Call.Args[0])
			}
			return nil
		}
		if name := calleeName(&v.Call); v.Call.IsInvoke() && known.Cached(name) {
			return one(access.Root{Kind: access.Cached, Name: "cached"})
		}
		if ps := b.heldBy(v); ps != nil {
			return ps
		}
		return one(access.Root{Kind: access.CallResult, Index: b.callNumber(v)})
	case *ssa.MakeInterface:
		return b.pathsOf(v.X)
	case *ssa.ChangeInterface:
		return b.pathsOf(v.X)
	case *ssa.ChangeType:
		return b.pathsOf(v.X)
	case *ssa.Convert:
		return b.pathsOf(v.X)
	case *ssa.TypeAssert:
		if isMap(v.AssertedType) {
			return contextValue(v.X)
		}
		if isMaps(v.AssertedType) {
			return nil // a field of type any holds many maps: its name says nothing
		}
		return b.pathsOf(v.X)
	case *ssa.Slice:
		return b.pathsOf(v.X)
	}
	return nil
}

// cellPaths returns the path of a variable or allocation. A variable that is
// only ever set to one thing that is known elsewhere (a captured parameter, an
// alias such as keys := c.Keys) stands for that thing.
func (b *builder) cellPaths(a *ssa.Alloc) []access.Path { return b.setTo(a, nil) }

// cellAt returns the path of a variable as it is when at happens: a parameter
// that it held before it was set again does not count.
func (b *builder) cellAt(a *ssa.Alloc, at ssa.Instruction) []access.Path {
	for st := range storesTo(a) {
		if overwritten(st, a, at) {
			return b.setTo(a, st)
		}
	}
	return b.pathsOf(a)
}

// setTo returns the path of what a variable is set to, but for one store.
func (b *builder) setTo(a *ssa.Alloc, but *ssa.Store) []access.Path {
	elem := a.Type().Underlying().(*types.Pointer).Elem()
	switch elem.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Interface, *types.Slice, *types.Chan:
		if b.takenOut(a) {
			break
		}
		var out []access.Path
		for st := range storesTo(a) {
			if st == but {
				continue
			}
			for _, p := range b.pathsOf(st.Val) {
				if p.Root.Kind == access.LocalVar && p.N == 0 && isMap(elem) {
					continue // made here: the variable is the better name
				}
				out = merge(out, p)
			}
		}
		if len(out) > 0 {
			return out
		}
	case *types.Struct:
		// A struct variable set once to the copy of another (the receiver of
		// a value method) shares that one's maps.
		if from := b.copiedFrom(a); from != nil && b.renewed(a) == nil {
			return from
		}
	}
	return one(b.local(a, a.Comment))
}

// overwritten reports whether st gives the variable a a parameter that is there
// no more when at happens, whichever way leads there.
func overwritten(st *ssa.Store, a *ssa.Alloc, at ssa.Instruction) bool {
	if _, ok := st.Val.(*ssa.Parameter); !ok {
		return false // of what may be set to it again later
	}
	for other := range storesTo(a) {
		if other != st && before(st, other) && before(other, at) {
			return true
		}
	}
	return false
}

func (b *builder) unopPaths(v *ssa.UnOp) []access.Path {
	switch v.Op.String() {
	case "*":
		if from := b.beforeRenewal(v); from != nil {
			return from
		}
		if a, ok := v.X.(*ssa.Alloc); ok {
			return b.cellAt(a, v)
		}
		return b.pathsOf(v.X)
	case "<-":
		return extend(b.pathsOf(v.X), access.Elem)
	}
	return nil
}

func (b *builder) phiPaths(v *ssa.Phi) []access.Path {
	var out, fresh []access.Path
	for _, e := range v.Edges {
		for _, p := range b.pathsOf(e) {
			if p.Root.Kind == access.LocalVar && p.N == 0 {
				fresh = merge(fresh, p)
			} else {
				out = merge(out, p)
			}
		}
	}
	if len(out) == 0 {
		return fresh
	}
	return out // m := s.m; if m == nil { m = make(...) }: s.m is what matters
}

func (b *builder) extractPaths(v *ssa.Extract) []access.Path {
	switch t := v.Tuple.(type) {
	case *ssa.Lookup:
		if v.Index == 0 {
			return extend(b.pathsOf(t.X), access.Elem)
		}
	case *ssa.TypeAssert:
		if v.Index == 0 && isMap(t.AssertedType) {
			return contextValue(t.X)
		}
		if v.Index == 0 && !isMaps(t.AssertedType) {
			return b.pathsOf(t.X)
		}
	case *ssa.Next:
		if r, ok := t.Iter.(*ssa.Range); ok && v.Index > 0 {
			return extend(b.pathsOf(r.X), access.Elem)
		}
	case *ssa.UnOp:
		if v.Index == 0 {
			return b.unopPaths(t)
		}
	case *ssa.Call:
		if name := calleeName(&t.Call); v.Index == 0 && t.Call.IsInvoke() && known.Cached(name) {
			return one(access.Root{Kind: access.Cached, Name: "cached"})
		}
		if ps := b.heldBy(t); v.Index == 0 && ps != nil {
			return ps
		}
		return one(access.Root{Kind: access.CallResult, Index: b.callNumber(t), Sub: v.Index})
	}
	return nil
}

// heldBy returns the paths of what a call takes out of a sync.Map or a context,
// and of contexts that it makes; nil if it does neither.
func (b *builder) heldBy(call *ssa.Call) []access.Path {
	c := &call.Call
	switch calleeName(c) {
	case "(*sync.Map).Load", "(*sync.Map).LoadOrStore":
		return extend(b.pathsOf(c.Args[0]), access.Pooled)
	case "(context.Context).Value":
		if c.IsInvoke() {
			return extend(b.pathsOf(c.Value), access.InContext)
		}
	case "context.WithCancel", "context.WithCancelCause", "context.WithTimeout", "context.WithDeadline", "context.WithoutCancel":
		return b.pathsOf(c.Args[0]) // it holds the same
	case "context.WithValue":
		return one(b.local(call, "ctx"))
	}
	return nil
}

// local returns the root for v, an allocation of this function.
func (b *builder) local(v ssa.Value, name string) access.Root {
	i, ok := b.locals[v]
	if !ok {
		i = len(b.sum.Locals)
		b.locals[v] = i
		l := Local{Name: name, Pos: b.pos(v.Pos())}
		if ins, ok := v.(ssa.Instruction); ok && ins.Block() != nil {
			l.Block = ins.Block().Index
		}
		if a, ok := v.(*ssa.Alloc); ok {
			if a.Comment == "complit" || a.Comment == "new" {
				l.Name = "" // made by an expression, not a variable
			}
			if obj := b.varAt[a.Pos()]; obj != nil {
				l.Name, l.IsVar = obj.Name(), isMap(obj.Type())
			}
		}
		b.sum.Locals = append(b.sum.Locals, l)
	}
	return access.Root{Kind: access.LocalVar, Index: i, Name: b.sum.Locals[i].Name}
}

func one(r access.Root) []access.Path { return []access.Path{{Root: r}} }

// extend appends s to every path. A path that grows too long is dropped but for
// the fact that it ends in a known field.
func extend(ps []access.Path, s access.Step) []access.Path {
	var out []access.Path
	for _, p := range ps {
		q, ok := p.Append(s)
		if !ok {
			q, _ = access.Path{}.Append(s)
		}
		out = merge(out, q)
	}
	if len(ps) == 0 && s != access.Elem {
		q, _ := access.Path{}.Append(s)
		return []access.Path{q} // object unknown, field known
	}
	return out
}

func merge(ps []access.Path, p access.Path) []access.Path {
	for _, q := range ps {
		if p == q {
			return ps
		}
	}
	if len(ps) == maxPaths {
		return ps
	}
	return append(ps, p)
}
