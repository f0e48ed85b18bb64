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
		for _, ref := range *a.Referrers() {
			if st, ok := ref.(*ssa.Store); ok && st.Addr == a && !yield(st.Val) {
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
		switch st.Val.(type) {
		case *ssa.MakeMap, *ssa.Call:
		default:
			continue
		}
		if !slices.Equal(b.pathsOf(st.Addr), from) || b.inCopy(st.Addr) != b.inCopy(load.X) {
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
	own  map[int]*ssa.Store // by field: what gives it a new map
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
	st, ok := deref(a.Type()).Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	r := &renewed{at: a, own: make(map[int]*ssa.Store)}
	for _, ref := range *a.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Addr != a || r.copy != nil {
				return nil
			}
			r.copy = ref
		case *ssa.FieldAddr:
			for _, use := range *ref.Referrers() {
				if s, ok := use.(*ssa.Store); ok && s.Addr == ref && isMap(s.Val.Type()) && isNew(s.Val) {
					r.own[ref.Field] = s
				}
			}
		}
	}
	if r.copy == nil {
		return nil
	}
	for f, s := range r.own {
		if !before(r.copy, s) || !always(s, st.Field(f)) {
			delete(r.own, f)
		}
	}
	if r.from = b.pathsOf(r.copy.Val); len(r.own) == 0 || len(r.from) == 0 {
		return nil
	}
	return r
}

// isNew reports whether v is a map that was just made, as far as can be seen
// from here: what a call returns, its body tells, see refer.
func isNew(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.MakeMap, *ssa.Call:
		return true
	case *ssa.ChangeType:
		return isNew(v.X)
	}
	return false
}

// always reports whether the store of a map in field is made on every way to
// the end of the function, apart from those on which the field was nil.
func always(st ssa.Instruction, field *types.Var) bool {
	blk := st.Block()
	if d := blk.Idom(); d != nil && len(blk.Preds) == 1 && asksForNil(d, field, blk) {
		st = d.Instrs[0]
	}
	return reachesEnd(st)
}

// asksForNil reports whether a block ends in a comparison of the field with nil
// that leads to then if it is not.
func asksForNil(blk *ssa.BasicBlock, field *types.Var, then *ssa.BasicBlock) bool {
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
	return ok && deref(fa.X.Type()).Underlying().(*types.Struct).Field(fa.Field).Name() == field.Name()
}

// refer notes what the fields of a renewed variable refer to, maps first.
func (b *builder) refer(e Event, r *renewed) {
	st := deref(r.at.Type()).Underlying().(*types.Struct)
	e.Kind = Alias
	for _, maps := range []bool{true, false} {
		for f := range st.NumFields() {
			switch st.Field(f).Type().Underlying().(type) {
			case *types.Basic, *types.Signature, *types.Chan:
				continue
			}
			if isMap(st.Field(f).Type()) != maps {
				continue
			}
			step := fieldStep(r.at.Type(), f)
			tos := extend(r.from, step)
			if own := r.own[f]; own != nil {
				if tos = nil; b.callsOwn(own.Val) {
					tos = b.pathsOf(own.Val)
				}
			}
			for _, from := range extend(b.pathsOf(r.at), step) {
				for _, to := range tos {
					e.Path, e.Args = from, [][]access.Path{{to}}
					b.emit(e)
				}
			}
		}
	}
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
	fa, ok := load.X.(*ssa.FieldAddr)
	if !ok {
		return nil
	}
	a, ok := fa.X.(*ssa.Alloc)
	if !ok {
		return nil
	}
	r := b.renewed(a)
	if r == nil || r.own[fa.Field] == nil || !before(load, r.own[fa.Field]) {
		return nil
	}
	return extend(r.from, fieldStep(a.Type(), fa.Field))
}
