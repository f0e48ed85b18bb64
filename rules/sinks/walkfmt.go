package sinks

import "go/types"

// This file follows fmt/print.go of Go 1.26 function by function, on types in
// place of values: arg is printArg, value is printValue, handled is
// handleMethods.

// A ro says whether reflection may hand out a value: fmt calls methods only on
// values that it may. See reflect.flag.
type ro uint8

const (
	rw     ro = iota
	embed     // reached through an embedded unexported field: its exported fields are free again
	sticky    // reached through an unexported field
)

// inside returns the flag of what an r contains: elements and dynamic values.
func (r ro) inside() ro {
	if r != rw {
		return sticky
	}
	return rw
}

// field returns the flag of field f of a struct with flag r.
func (r ro) field(f *types.Var) ro {
	switch {
	case r == sticky || !f.Exported() && !f.Embedded():
		return sticky
	case !f.Exported():
		return embed
	}
	return rw
}

// A fmtState is the part of fmt's state that decides what is walked.
type fmtState struct {
	verb     rune
	sharpV   bool // %#v
	wraps    bool // %w in fmt.Errorf
	erroring bool // inside "%!verb(...)": no methods are called
	redacts  bool // errors have rules of their own
	depth0   bool // the next pointer is followed
	ro       ro
}

// bad returns the state in which fmt prints the value of a bad verb again.
func (s fmtState) bad() fmtState {
	return fmtState{verb: 'v', erroring: true, depth0: true, ro: s.ro}
}

func (s fmtState) deeper(r ro) fmtState {
	s.depth0, s.ro = false, r
	return s
}

// fmtArg walks an operand of type t.
func (w *walker) fmtArg(t types.Type, p place, s fmtState) {
	if isTypeParam(t) {
		return
	}
	if isInterface(t) {
		w.each(t, p, func(t types.Type, p place) { w.fmtArg(t, p, s) })
		return
	}
	switch s.verb {
	case 'T':
		return
	case 'p':
		if !PointerLike(t) {
			w.fmtArg(t, p, s.bad())
		}
		return
	}
	if !w.handled(t, p, s) {
		w.fmtValue(t, p, s)
	}
}

// handled reports whether fmt does not walk a value of type t because a method
// takes its place, and records that method.
func (w *walker) handled(t types.Type, p place, s fmtState) bool {
	if s.erroring {
		return false
	}
	if fn := method(t, "Error"); s.redacts && fn != nil && (s.verb != 'w' || s.wraps) {
		if s.verb == 'v' && !s.sharpV || s.verb == 's' || s.verb == 'w' {
			w.calls(fn, p)
		}
		return true
	}
	names := []string{"Format"}
	switch {
	case s.verb == 'w':
		if !s.wraps || method(t, "Error") == nil {
			w.fmtArg(t, p, s.bad())
			return true
		}
		names = append(names, "Error")
	case s.sharpV:
		names = append(names, "GoString")
	case s.verb == 'v' || s.verb == 's' || s.verb == 'x' || s.verb == 'X' || s.verb == 'q':
		names = append(names, "Error", "String")
	}
	fn := firstMethod(t, names...)
	if fn == nil {
		return false
	}
	w.calls(fn, p)
	return true
}

// fmtValue walks a value of type t by reflection.
func (w *walker) fmtValue(t types.Type, p place, s fmtState) {
	if isTypeParam(t) || opaque(t) {
		return
	}
	if isInterface(t) {
		w.each(t, p, func(t types.Type, p place) { w.fmtValue(t, p, s.deeper(s.ro.inside())) })
		return
	}
	if !s.depth0 && s.ro == rw && w.handled(t, p, s) {
		return
	}
	if !w.enter(t, s) {
		return
	}
	defer w.leave()
	switch u := t.Underlying().(type) {
	case *types.Map:
		w.iterates(t, p)
		w.fmtValue(u.Key(), p.elem(), s.deeper(s.ro.inside()))
		w.fmtValue(u.Elem(), p.elem(), s.deeper(s.ro.inside()))
	case *types.Struct:
		for f := range u.Fields() {
			w.fmtValue(f.Type(), p.field(t, u, f), s.deeper(s.ro.field(f)))
		}
	case *types.Slice:
		w.fmtValue(u.Elem(), p.elem(), s.deeper(s.ro.inside()))
	case *types.Array:
		w.fmtValue(u.Elem(), p.elem(), s.deeper(s.ro.inside()))
	case *types.Pointer:
		w.fmtPointer(u, p, s)
	}
}

// fmtPointer walks what a pointer points to, where fmt follows it: at the top,
// and at the top of a value printed again because of a bad verb.
func (w *walker) fmtPointer(ptr *types.Pointer, p place, s fmtState) {
	if s.depth0 {
		switch ptr.Elem().Underlying().(type) {
		case *types.Array, *types.Slice, *types.Struct, *types.Map:
			w.fmtValue(ptr.Elem(), p, s.deeper(s.ro))
			return
		}
	}
	switch s.verb {
	case 'v', 'p', 'b', 'o', 'd', 'x', 'X':
		return // prints the address
	}
	w.fmtValue(ptr, p, s.bad())
}

// PointerLike reports whether fmt prints a value of static type t as an
// address for %p. An interface is none: it depends on what it holds.
func PointerLike(t types.Type) bool {
	if isTypeParam(t) {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Chan, *types.Signature, *types.Slice:
		return true
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	}
	return false
}
