package sinks

import "go/types"

// A jsonRules says where a family leaves the ways of encoding/json.
type jsonRules struct {
	// stops are methods that some backend calls in place of walking, at any
	// depth; all of them count, none is recorded.
	stops []string
	// noPromotion: fields of embedded unexported structs are not walked.
	noPromotion bool
	// noObjects: objects of the Kubernetes API are replaced by their names.
	noObjects bool
}

// A jsonState is the part of encoding/json's state that decides what is walked.
type jsonState struct {
	rules *jsonRules
	addr  bool // the value is addressable, so that methods of *T count for T
}

// jsonValue walks a value of type t as newTypeEncoder would encode it. It
// reports whether that is sure to end in an error: nothing is encoded after.
func (w *walker) jsonValue(t types.Type, p place, s jsonState) (fails bool) {
	if isTypeParam(t) {
		return false
	}
	if isInterface(t) {
		s.addr = false
		w.each(t, p, func(t types.Type, p place) { w.jsonValue(t, p, s) })
		return false // may be nil
	}
	if w.jsonHandled(t, p, s) {
		return false
	}
	if opaque(t) || !w.enter(t, s) {
		return false
	}
	defer w.leave()
	switch u := t.Underlying().(type) {
	case *types.Map:
		if !jsonKey(u.Key()) {
			return true
		}
		w.iterates(t, p)
		w.jsonValue(u.Elem(), p.elem(), jsonState{s.rules, false})
	case *types.Struct:
		return w.jsonStruct(t, u, p, s)
	case *types.Slice:
		w.jsonValue(u.Elem(), p.elem(), jsonState{s.rules, true})
	case *types.Array:
		return w.jsonValue(u.Elem(), p.elem(), s) && u.Len() > 0
	case *types.Pointer:
		w.jsonValue(u.Elem(), p, jsonState{s.rules, true})
	case *types.Chan, *types.Signature:
		return true
	case *types.Basic:
		return u.Info()&types.IsComplex != 0 || u.Kind() == types.UnsafePointer
	}
	return false
}

// jsonHandled reports whether a value of type t is not walked because a method
// takes its place.
func (w *walker) jsonHandled(t types.Type, p place, s jsonState) bool {
	_, isPtr := t.Underlying().(*types.Pointer)
	recv := t
	if s.addr && !isPtr {
		recv = types.NewPointer(t)
	}
	if firstMethod(recv, s.rules.stops...) != nil {
		return true
	}
	if s.rules.noObjects && isObject(recv) {
		return true
	}
	fn := firstMethod(recv, "MarshalJSON", "MarshalText")
	if fn == nil {
		return false
	}
	w.calls(fn, p)
	return true
}

// isObject reports whether t is an object of the Kubernetes API.
func isObject(t types.Type) bool {
	return method(t, "DeepCopyObject") != nil || method(t, "GetName") != nil && method(t, "GetNamespace") != nil
}

// jsonKey reports whether encoding/json encodes maps with such keys.
func jsonKey(t types.Type) bool {
	if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&(types.IsString|types.IsInteger) != 0 {
		return true
	}
	if isInterface(t) && !isTypeParam(t) {
		return method(t, "MarshalText") != nil
	}
	return isTypeParam(t) || method(t, "MarshalText") != nil
}

// jsonStruct walks the fields of a struct in the order in which they are
// encoded.
func (w *walker) jsonStruct(t types.Type, st *types.Struct, p place, s jsonState) (fails bool) {
	for _, f := range jsonFields(t, st, s.rules.noPromotion) {
		at, addr := p, s.addr
		for _, e := range f.path {
			at = at.field(e.owner, e.st, e.v)
			addr = addr || e.viaPtr
		}
		if w.jsonValue(f.typ(), at, jsonState{s.rules, addr}) && f.always {
			return true
		}
	}
	return false
}
