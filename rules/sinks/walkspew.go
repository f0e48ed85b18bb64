package sinks

import (
	"go/types"
	"reflect"
)

// spewTop walks an operand of one directive. It is wrapped in a Formatter,
// whose address %p prints.
func (w *walker) spewTop(t types.Type, p place, how Traversal) {
	switch how.Verb {
	case 0, 'v':
		w.spewValue(t, p)
	case 'p', 'T':
	case 'w': // no error: the wrapper is walked, which holds the value in an interface
		w.fmtValue(t, p, fmtState{verb: 'v', erroring: true, ro: sticky})
	default:
		w.fmtTop(t, p, how)
	}
}

// spewValue walks a value as go-spew v1.1 does with its default configuration:
// it follows every pointer, and calls Error and String on all values that it
// meets, unexported or not, or on their addresses.
func (w *walker) spewValue(t types.Type, p place) {
	if isTypeParam(t) || opaque(t) {
		return
	}
	if isInterface(t) {
		w.each(t, p, w.spewValue)
		return
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		if w.enter(t, 's') {
			defer w.leave()
			w.spewValue(ptr.Elem(), p)
		}
		return
	}
	if fn := firstMethod(types.NewPointer(t), "Error", "String"); fn != nil {
		w.calls(fn, p)
		return
	}
	if !w.enter(t, 's') {
		return
	}
	defer w.leave()
	switch u := t.Underlying().(type) {
	case *types.Map:
		w.iterates(t, p)
		w.spewValue(u.Key(), p.elem())
		w.spewValue(u.Elem(), p.elem())
	case *types.Struct:
		for f := range u.Fields() {
			w.spewValue(f.Type(), p.field(t, u, f))
		}
	case *types.Slice:
		w.spewValue(u.Elem(), p.elem())
	case *types.Array:
		w.spewValue(u.Elem(), p.elem())
	}
}

// funcrValue walks a value as logr's funcr does: fields as encoding/json sees
// them but for what unexported structs embed, methods of its own, map keys of
// any type.
func (w *walker) funcrValue(t types.Type, p place) {
	if isTypeParam(t) || opaque(t) {
		return
	}
	if isInterface(t) {
		w.each(t, p, w.funcrValue)
		return
	}
	if fn := firstMethod(t, "MarshalLog", "String", "Error"); fn != nil {
		w.calls(fn, p)
		return
	}
	if !w.enter(t, 'f') {
		return
	}
	defer w.leave()
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		w.funcrValue(u.Elem(), p)
	case *types.Map:
		w.iterates(t, p)
		if fn := method(u.Key(), "MarshalText"); fn != nil {
			w.calls(fn, p.elem())
		} else {
			w.funcrValue(u.Key(), p.elem())
		}
		w.funcrValue(u.Elem(), p.elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if f := u.Field(i); f.Exported() && reflect.StructTag(u.Tag(i)).Get("json") != "-" {
				w.funcrValue(f.Type(), p.field(t, u, f))
			}
		}
	case *types.Slice:
		w.funcrValue(u.Elem(), p.elem())
	case *types.Array:
		w.funcrValue(u.Elem(), p.elem())
	}
}

// hclogValue walks a value of a pair as hclog's text output does: a slice is
// printed element by element, so that its pointers are followed.
func (w *walker) hclogValue(t types.Type, p place) {
	if isInterface(t) && !isTypeParam(t) {
		w.each(t, p, w.hclogValue)
		return
	}
	s := fmtState{verb: 'v', depth0: true}
	if sl, ok := t.Underlying().(*types.Slice); ok {
		w.fmtArg(sl.Elem(), p.elem(), s)
		return
	}
	w.fmtArg(t, p, s)
}

// kitValue looks for the methods that logfmt calls; it refuses composites.
func (w *walker) kitValue(t types.Type, p place) {
	for {
		if fn := firstMethod(t, "MarshalText", "Error", "String"); fn != nil {
			w.calls(fn, p)
			return
		}
		ptr, ok := t.Underlying().(*types.Pointer)
		if !ok || !w.enter(t, 'k') {
			return
		}
		defer w.leave()
		t = ptr.Elem()
	}
}
