package summarise

import (
	"go/token"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// This file follows maps that are taken out of their variables.

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
	}) || slices.ContainsFunc(b.resets, func(r reset) bool {
		return before(load, r.call) && before(r.call, at) && slices.Equal(r.paths(b), from)
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

// A reset is a call of a function of the package that puts a new map into a
// field of an object that it is given.
type reset struct {
	call *ssa.Call
	resetParam
}

// A resetParam is a field of a parameter that a function puts a new map into.
type resetParam struct {
	param int
	field access.Step
}

// paths returns what r puts the map into.
func (r reset) paths(b *builder) []access.Path {
	return extend(b.pathsOf(r.call.Call.Args[r.param]), r.field)
}

// resetsOf returns the resets that a call is.
func (p *packageBuilder) resetsOf(call *ssa.Call) []reset {
	callee := call.Call.StaticCallee()
	if callee == nil || callee.Blocks == nil || callee.Pkg != p.ssa {
		return nil
	}
	params, ok := p.resetting[callee]
	if !ok {
		params = resetParams(callee)
		p.resetting[callee] = params
	}
	var out []reset
	for _, rp := range params {
		out = append(out, reset{call, rp})
	}
	return out
}

// resetParams returns the fields of its parameters that fn puts new maps into
// whenever it is called.
func resetParams(fn *ssa.Function) []resetParam {
	var out []resetParam
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			st, ok := ins.(*ssa.Store)
			if !ok || !isMap(st.Val.Type()) {
				continue
			}
			switch st.Val.(type) {
			case *ssa.MakeMap, *ssa.Const:
			default:
				continue
			}
			fa, ok := st.Addr.(*ssa.FieldAddr)
			if !ok || !reachesEnd(st) {
				continue
			}
			for i, param := range fn.Params {
				if fa.X == param {
					out = append(out, resetParam{i, fieldStep(fa.X.Type(), fa.Field)})
				}
			}
		}
	}
	return out
}

// reachesEnd reports whether an instruction runs on every way to the end of its
// function.
func reachesEnd(ins ssa.Instruction) bool {
	for _, blk := range ins.Parent().Blocks {
		if len(blk.Instrs) == 0 {
			continue
		}
		if _, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.Return); ok && !ins.Block().Dominates(blk) {
			return false
		}
	}
	return true
}

// takenOut reports whether a, a variable, holds a map that was taken out of
// another variable for good: that one has a new map before a is used, by
// a closure perhaps.
func (b *builder) takenOut(a *ssa.Alloc) bool {
	var set *ssa.Store
	for _, ref := range *a.Referrers() {
		if st, ok := ref.(*ssa.Store); ok && st.Addr == a {
			if set != nil {
				return false
			}
			set = st
		}
	}
	if set == nil || !isMap(set.Val.Type()) {
		return false
	}
	for _, ref := range *a.Referrers() {
		if _, debug := ref.(*ssa.DebugRef); ref != ssa.Instruction(set) && !debug && !b.swappedOut(set.Val, ref) {
			return false
		}
	}
	return true
}
