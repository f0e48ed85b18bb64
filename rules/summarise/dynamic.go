package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/sinks"
)

// footprint returns what formatting an argument iterates and calls. Where the
// function itself shows which types stand behind an interface, it is those of
// them, not of all implementers in the program.
func (b *builder) footprint(arg sinks.Arg, v ssa.Value) ([]sinks.Walk, []sinks.Method) {
	if v == nil || arg.Type == nil || !types.IsInterface(arg.Type) {
		return b.env.Footprints.OfArg(arg)
	}
	d := &dynamic{seen: make(map[ssa.Value]bool), panicked: b.env.Panicked}
	if !d.value(v) {
		return b.env.Footprints.OfArg(arg)
	}
	var walks []sinks.Walk
	var methods []sinks.Method
	for _, t := range d.found {
		arg.Type = t
		w, m := b.env.Footprints.OfArg(arg)
		walks, methods = append(walks, w...), append(methods, m...)
	}
	return walks, methods
}

// A dynamic collects the types that an interface value may hold, within one
// function. Its methods report whether these are all.
type dynamic struct {
	found    []types.Type
	seen     map[ssa.Value]bool
	panicked func() []types.Type // what recover may return, see Env
}

func (d *dynamic) value(v ssa.Value) bool {
	if d.seen[v] {
		return true
	}
	d.seen[v] = true
	switch v := v.(type) {
	case *ssa.MakeInterface:
		d.add(v.X.Type())
		return true
	case *ssa.ChangeInterface:
		return d.value(v.X)
	case *ssa.Const:
		return v.IsNil()
	case *ssa.Phi:
		for _, e := range v.Edges {
			if !d.value(e) {
				return false
			}
		}
		return true
	case *ssa.UnOp:
		if ia, ok := v.X.(*ssa.IndexAddr); ok {
			return d.elements(ia.X)
		}
	case *ssa.Call:
		if bi, ok := v.Call.Value.(*ssa.Builtin); ok && bi.Name() == "recover" && d.panicked != nil {
			for _, t := range d.panicked() {
				d.add(t)
			}
			return true
		}
	}
	return false
}

func (d *dynamic) add(t types.Type) {
	for _, have := range d.found {
		if types.Identical(have, t) {
			return
		}
	}
	d.found = append(d.found, t)
}

// elements is value for what a slice made here holds: literals and what is
// appended to them.
func (d *dynamic) elements(s ssa.Value) bool {
	if d.seen[s] {
		return true
	}
	d.seen[s] = true
	switch s := s.(type) {
	case *ssa.Const:
		return s.IsNil()
	case *ssa.Phi:
		for _, e := range s.Edges {
			if !d.elements(e) {
				return false
			}
		}
		return true
	case *ssa.Slice:
		vs := variadic(s)
		for _, v := range vs {
			if !d.value(v) {
				return false
			}
		}
		return len(vs) > 0
	case *ssa.Call:
		if bi, ok := s.Call.Value.(*ssa.Builtin); ok && bi.Name() == "append" {
			return d.elements(s.Call.Args[0]) && d.elements(s.Call.Args[1])
		}
	case *ssa.MakeSlice:
		return onlyAppended(s)
	}
	return false
}

// onlyAppended reports whether nothing is stored into a slice where it was made.
func onlyAppended(s *ssa.MakeSlice) bool {
	n, ok := s.Len.(*ssa.Const)
	return ok && n.Int64() == 0
}
