package summarise

import (
	"go/token"
	"go/types"
	"iter"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// This file follows copies of structs. A copy shares the maps of the struct
// that it was made of, until they are replaced in the copy.

// copiedFrom returns the paths of the structs that a is a copy of, nil if a is
// built here. A copy shares its source's maps.
func (b *builder) copiedFrom(a *ssa.Alloc) []access.Path {
	var out []access.Path
	for v := range storedIn(a) {
		for _, p := range b.pathsOf(v) {
			out = merge(out, p)
		}
	}
	return out
}

// storedIn yields what is stored in a variable as a whole.
func storedIn(a *ssa.Alloc) iter.Seq[ssa.Value] {
	return func(yield func(ssa.Value) bool) {
		for st := range storesTo(a) {
			if !yield(st.Val) {
				return
			}
		}
	}
}

// storesTo yields the stores to a variable as a whole.
func storesTo(a *ssa.Alloc) iter.Seq[*ssa.Store] {
	return func(yield func(*ssa.Store) bool) {
		for _, ref := range *a.Referrers() {
			if st, ok := ref.(*ssa.Store); ok && st.Addr == a && !yield(st) {
				return
			}
		}
	}
}

// inCopy reports whether addr is a field of a local copy of a struct: what is
// stored there, the struct that was copied never sees.
func (b *builder) inCopy(addr ssa.Value) bool {
	in := false
	for {
		fa, ok := addr.(*ssa.FieldAddr)
		if !ok {
			break
		}
		addr, in = fa.X, true
	}
	a, ok := addr.(*ssa.Alloc)
	if !ok || !in {
		return false
	}
	_, ok = a.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct)
	return ok && b.copiedFrom(a) != nil
}

// copiedAt returns where the local copy of a struct is made that the map v was
// taken out of; it is not valid if v comes from elsewhere.
func (b *builder) copiedAt(v ssa.Value) access.Pos {
	load := containerLoad(v)
	if load == nil || !b.inCopy(load.X) {
		return access.Pos{}
	}
	addr := load.X
	for {
		fa, ok := addr.(*ssa.FieldAddr)
		if !ok {
			break
		}
		addr = fa.X
	}
	if slices.ContainsFunc(b.fn.Params, func(p *ssa.Parameter) bool { return p.Pos() == addr.Pos() }) {
		return access.Pos{} // the caller copied it
	}
	return b.pos(addr.Pos())
}

// remade reports whether the map v was taken out of a field that this function
// has set to a new map on every way that leads there.
func (b *builder) remade(v ssa.Value) bool {
	load := containerLoad(v)
	if load == nil {
		return false
	}
	if _, ok := load.X.(*ssa.FieldAddr); !ok {
		return false
	}
	from := b.pathsOf(load.X)
	makes := make(map[*ssa.BasicBlock]bool)
	for _, st := range b.stores {
		if !isNew(st.Val) || !slices.Equal(b.pathsOf(st.Addr), from) || b.inCopy(st.Addr) != b.inCopy(load.X) {
			continue
		}
		if st.Block() != load.Block() {
			makes[st.Block()] = true
		} else if before(st, load) {
			return true
		}
	}
	return len(makes) > 0 && !reachesPast(b.fn.Blocks[0], load.Block(), makes)
}

// reachesPast reports whether there is a way between two blocks that avoids some.
func reachesPast(from, to *ssa.BasicBlock, avoid map[*ssa.BasicBlock]bool) bool {
	seen := make(map[*ssa.BasicBlock]bool)
	work := []*ssa.BasicBlock{from}
	for len(work) > 0 {
		blk := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[blk] || avoid[blk] {
			continue
		}
		if blk == to {
			return true
		}
		seen[blk] = true
		work = append(work, blk.Succs...)
	}
	return false
}

// A renewed is a struct variable that begins as a copy of another struct, and is
// then given maps of its own: it is another object, the rest of whose fields
// refers to what those of the other do.
type renewed struct {
	at   *ssa.Alloc
	copy *ssa.Store
	from []access.Path
	own  map[inStruct]*ssa.Store // what gives the field a new map
}

// An inStruct is a field of a struct, or one of a struct that is a field of it,
// such as an embedded one; the second index is -1 if there is none.
type inStruct [2]int

// fieldOf returns the field of the variable a that addr is the address of.
func fieldOf(addr ssa.Value, a *ssa.Alloc) (f inStruct, ok bool) {
	fa, ok := addr.(*ssa.FieldAddr)
	if !ok {
		return f, false
	}
	if outer, ok := fa.X.(*ssa.FieldAddr); ok && outer.X == a {
		return inStruct{outer.Field, fa.Field}, true
	}
	return inStruct{fa.Field, -1}, fa.X == a
}

// renewed returns what a is if it is such a variable, nil if it is not.
func (b *builder) renewed(a *ssa.Alloc) *renewed {
	if r, ok := b.copies[a]; ok {
		return r
	}
	b.copies[a] = nil // while it is looked for
	r := b.findRenewed(a)
	b.copies[a] = r
	return r
}

func (b *builder) findRenewed(a *ssa.Alloc) *renewed {
	if _, ok := deref(a.Type()).Underlying().(*types.Struct); !ok {
		return nil
	}
	r := &renewed{at: a, own: make(map[inStruct]*ssa.Store)}
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Addr != a || r.copy != nil {
				return nil
			}
			r.copy = ref
		case *ssa.FieldAddr:
			r.findOwn(ref)
			for _, inner := range *ref.Referrers() {
				if fa, ok := inner.(*ssa.FieldAddr); ok {
					r.findOwn(fa)
				}
			}
		}
	}
	if r.copy == nil {
		return nil
	}
	for f, s := range r.own {
		if !before(r.copy, s) || !always(r.copy, s, fieldName(s.Addr.(*ssa.FieldAddr))) {
			delete(r.own, f)
		}
	}
	if r.from = b.pathsOf(r.copy.Val); len(r.own) == 0 || len(r.from) == 0 {
		return nil
	}
	return r
}

// findOwn notes what gives the field at fa a new map.
func (r *renewed) findOwn(fa *ssa.FieldAddr) {
	f, ok := fieldOf(fa, r.at)
	for _, use := range *fa.Referrers() {
		if s, isStore := use.(*ssa.Store); ok && isStore && s.Addr == fa && isMap(s.Val.Type()) && isNew(s.Val) {
			r.own[f] = s
		}
	}
}

func fieldName(fa *ssa.FieldAddr) string {
	return deref(fa.X.Type()).Underlying().(*types.Struct).Field(fa.Field).Name()
}

// isNew reports whether v is a map that was just made, as far as can be seen
// from here: what a call returns, its body tells, see refer.
func isNew(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.MakeMap, *ssa.Call:
		return true
	case *ssa.ChangeType:
		return isNew(v.X)
	case *ssa.Phi: // nil, if what it is a copy of is nil
		return !slices.ContainsFunc(v.Edges, func(e ssa.Value) bool {
			c, ok := e.(*ssa.Const)
			_, again := e.(*ssa.Phi)
			return again || !(ok && c.IsNil()) && !isNew(e)
		})
	}
	return false
}

// always reports whether the store of a map in field is made on every way from
// the copy of the struct to the end of the function, apart from those on which
// the field was nil.
func always(from *ssa.Store, st ssa.Instruction, field string) bool {
	blk := st.Block()
	if d := blk.Idom(); d != nil && len(blk.Preds) == 1 && asksForNil(d, field, blk) {
		st = d.Instrs[0]
	}
	for _, end := range from.Parent().Blocks {
		if len(end.Instrs) == 0 || st.Block().Dominates(end) {
			continue
		}
		if _, ok := end.Instrs[len(end.Instrs)-1].(*ssa.Return); ok && reachesPast(from.Block(), end, nil) {
			return false
		}
	}
	return true
}

// asksForNil reports whether a block ends in a comparison of the field with nil
// that leads to then if it is not.
func asksForNil(blk *ssa.BasicBlock, field string, then *ssa.BasicBlock) bool {
	iff, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.If)
	if !ok {
		return false
	}
	cond, ok := iff.Cond.(*ssa.BinOp)
	if !ok || cond.Op != token.NEQ && cond.Op != token.EQL {
		return false
	}
	if (cond.Op == token.NEQ) != (blk.Succs[0] == then) {
		return false
	}
	load, ok := cond.X.(*ssa.UnOp)
	if c, isConst := cond.Y.(*ssa.Const); !ok || !isConst || !c.IsNil() {
		return false
	}
	fa, ok := load.X.(*ssa.FieldAddr)
	return ok && fieldName(fa) == field
}

// refer notes what the fields of a renewed variable refer to, maps first.
func (b *builder) refer(e Event, r *renewed) {
	e.Kind = Alias
	for _, maps := range []bool{true, false} {
		b.referFields(e, r, r.at.Type(), -1, maps)
	}
}

// referFields notes what the fields of type t, which is that of r or of its
// field outer, refer to: those that are maps, or the others.
func (b *builder) referFields(e Event, r *renewed, t types.Type, outer int, maps bool) {
	st := deref(t).Underlying().(*types.Struct)
	at, from := b.pathsOf(r.at), r.from
	if outer >= 0 {
		at, from = extend(at, fieldStep(r.at.Type(), outer)), extend(from, fieldStep(r.at.Type(), outer))
	}
	for f := range st.NumFields() {
		own := inStruct{f, -1}
		if outer >= 0 {
			own = inStruct{outer, f}
		} else if r.within(f) {
			b.referFields(e, r, st.Field(f).Type(), f, maps)
			continue
		}
		switch st.Field(f).Type().Underlying().(type) {
		case *types.Basic, *types.Signature, *types.Chan:
			continue
		}
		if isMap(st.Field(f).Type()) != maps {
			continue
		}
		step := fieldStep(t, f)
		tos := extend(from, step)
		if own := r.own[own]; own != nil {
			if tos = nil; b.callsOwn(own.Val) {
				tos = b.pathsOf(own.Val)
			}
		}
		for _, p := range extend(at, step) {
			for _, to := range tos {
				e.Path, e.Args = p, [][]access.Path{{to}}
				b.emit(e)
			}
		}
	}
}

// within reports whether a map inside of field f, a struct, is new.
func (r *renewed) within(f int) bool {
	for g := range r.own {
		if g[0] == f && g[1] >= 0 {
			return true
		}
	}
	return false
}

// callsOwn reports whether v is the result of a function of the user's.
func (b *builder) callsOwn(v ssa.Value) bool {
	call, ok := v.(*ssa.Call)
	if !ok {
		return false
	}
	fn := call.Call.StaticCallee()
	return fn != nil && fn.Pkg != nil && b.own(fn.Pkg.Pkg.Path())
}

// beforeRenewal returns the paths of a map that is loaded from a renewed
// variable while it is still that of the struct which was copied.
func (b *builder) beforeRenewal(load *ssa.UnOp) []access.Path {
	addr, ok := load.X.(*ssa.FieldAddr)
	if !ok {
		return nil
	}
	var steps []access.Step
	for fa := addr; ; {
		steps = append(steps, fieldStep(fa.X.Type(), fa.Field))
		if a, ok := fa.X.(*ssa.Alloc); ok {
			r, f := b.renewed(a), inStruct{}
			if f, ok = fieldOf(addr, a); r == nil || !ok || r.own[f] == nil || !before(load, r.own[f]) {
				return nil
			}
			out := r.from
			for _, s := range slices.Backward(steps) {
				out = extend(out, s)
			}
			return out
		}
		if fa, ok = fa.X.(*ssa.FieldAddr); !ok {
			return nil
		}
	}
}
