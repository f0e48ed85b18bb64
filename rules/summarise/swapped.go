package summarise

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// This file tells the map that a variable holds now from the one that it held
// before, or will.

// swappedOut reports whether the map v was taken out of its variable, which
// holds another one when at happens:
//
//	old := s.m
//	s.m = nil
//	for k := range old {
func (b *builder) swappedOut(v ssa.Value, at ssa.Instruction) bool {
	load := containerLoad(v)
	if load == nil {
		return false
	}
	if b.inCopy(load.X) && b.remade(v) {
		return true
	}
	from := b.pathsOf(load.X)
	if len(from) != 1 || from[0].N == 0 && from[0].Root.Kind != access.GlobalVar {
		return false
	}
	return slices.ContainsFunc(b.stores, func(st *ssa.Store) bool {
		return before(load, st) && before(st, at) && slices.Equal(b.pathsOf(st.Addr), from)
	})
}

// aliased reports whether the map v was taken out of its variable under a lock
// that is no longer held: m := s.m; s.mu.Unlock(); m[k].
func (b *builder) aliased(v ssa.Value, now lockset) bool {
	load := containerLoad(v)
	if load == nil {
		return false
	}
	ls := b.in[load.Block().Index]
	for _, ins := range load.Block().Instrs {
		if ins == load {
			break
		}
		ls = b.stepLocks(ls, ins)
	}
	return slices.ContainsFunc(ls, func(l access.Lock) bool {
		return !slices.ContainsFunc(now, func(h access.Lock) bool { return h.Path == l.Path })
	})
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

// deepCopy returns the variable or allocation that v is, if that is a copy of a
// struct which has been given a new map in place of one that it had in common with
// the original; nil if not. Others may still be in common.
//
//	out := *in
//	out.m = maps.Clone(in.m)
//	return &out
func (b *builder) deepCopy(v ssa.Value) *ssa.Alloc {
	if load, ok := v.(*ssa.UnOp); ok {
		v = load.X
	}
	a, ok := v.(*ssa.Alloc)
	if !ok {
		return nil
	}
	if _, ok := deref(a.Type()).Underlying().(*types.Struct); !ok || b.copiedFrom(a) == nil {
		return nil
	}
	if slices.ContainsFunc(b.stores, func(st *ssa.Store) bool {
		addr := st.Addr
		for {
			fa, ok := addr.(*ssa.FieldAddr)
			if !ok {
				break
			}
			addr = fa.X
		}
		switch st.Val.(type) {
		case *ssa.MakeMap, *ssa.Call:
			return addr == a && isMap(st.Val.Type())
		}
		return false
	}) {
		return a
	}
	return nil
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
	return len(makes) > 0 && !reaches(b.fn.Blocks[0], load.Block(), makes)
}

// reaches reports whether there is a way between two blocks that avoids some.
func reaches(from, to *ssa.BasicBlock, avoid map[*ssa.BasicBlock]bool) bool {
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

// containerLoad returns the load of the variable that v, a map or an element of
// maps and slices, was taken from; nil if v was not.
func containerLoad(v ssa.Value) *ssa.UnOp {
	for range 8 {
		switch x := v.(type) {
		case *ssa.UnOp:
			if x.Op != token.MUL {
				return nil
			}
			ia, ok := x.X.(*ssa.IndexAddr)
			if !ok {
				return x
			}
			v = ia.X
		case *ssa.Lookup:
			v = x.X
		case *ssa.Index:
			v = x.X
		case *ssa.Extract:
			switch t := x.Tuple.(type) {
			case *ssa.Lookup:
				v = t.X
			case *ssa.Next:
				r, ok := t.Iter.(*ssa.Range)
				if !ok {
					return nil
				}
				v = r.X
			default:
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

// before reports whether a always happens before b: it dominates it.
func before(a, b ssa.Instruction) bool {
	if a.Block() != b.Block() {
		return a.Block().Dominates(b.Block())
	}
	return slices.Index(a.Block().Instrs, a) < slices.Index(b.Block().Instrs, b)
}
