package facts

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// The encoding is generic: it follows the exported fields of whatever struct it
// is given, so that a field added to a summary travels by itself.
//
// Zero fields are left out. Equal strings are written once, and so are equal
// values of the larger comparable structs: the paths, locks and locations that
// summaries repeat all the time. Integers are varints. Equal values have equal
// encodings.

// An encoder writes values to buf.
type encoder struct {
	buf     []byte
	strings map[string]uint64
	structs map[any]uint64
}

// encode returns the encoding of v. It panics on a type that cannot travel; see
// check.
func encode(v any) []byte {
	e := &encoder{strings: make(map[string]uint64), structs: make(map[any]uint64)}
	e.value(reflect.ValueOf(v))
	return e.buf
}

func (e *encoder) uint(n uint64) { e.buf = binary.AppendUvarint(e.buf, n) }

func (e *encoder) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			e.uint(1)
		} else {
			e.uint(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.buf = binary.AppendVarint(e.buf, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		e.uint(math.Float64bits(v.Float()))
	case reflect.String:
		e.string(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			e.uint(0)
			return
		}
		e.uint(1)
		e.value(v.Elem())
	case reflect.Slice:
		e.uint(uint64(v.Len()))
		for i := range v.Len() {
			e.value(v.Index(i))
		}
	case reflect.Array:
		e.array(v)
	case reflect.Map:
		e.mapping(v)
	case reflect.Struct:
		e.structure(v)
	default:
		panic("facts: no encoding for " + v.Type().String())
	}
}

// string writes a string that was written before as its number.
func (e *encoder) string(s string) {
	if n, ok := e.strings[s]; ok {
		e.uint(n)
		return
	}
	e.uint(0)
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
	e.strings[s] = uint64(len(e.strings)) + 1
}

// array writes the elements up to the last that is not zero.
func (e *encoder) array(v reflect.Value) {
	n := v.Len()
	for n > 0 && empty(v.Index(n-1)) {
		n--
	}
	e.uint(uint64(n))
	for i := range n {
		e.value(v.Index(i))
	}
}

// mapping writes a map in the order of its keys.
func (e *encoder) mapping(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, compareKeys)
	e.uint(uint64(len(keys)))
	for _, k := range keys {
		e.value(k)
		e.value(v.MapIndex(k))
	}
}

// compareKeys orders values of one type, of the kinds that check admits as keys.
func compareKeys(a, b reflect.Value) int {
	switch a.Kind() {
	case reflect.String:
		return strings.Compare(a.String(), b.String())
	case reflect.Bool:
		switch {
		case a.Bool() == b.Bool():
			return 0
		case b.Bool():
			return -1
		}
		return 1
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cmp.Compare(a.Int(), b.Int())
	case reflect.Struct:
		for i := range a.NumField() {
			if c := compareKeys(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
		return 0
	case reflect.Array:
		for i := range a.Len() {
			if c := compareKeys(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
		return 0
	}
	return cmp.Compare(a.Uint(), b.Uint())
}

// structure writes which fields are not zero, then those.
func (e *encoder) structure(v reflect.Value) {
	shared := shares(v.Type())
	var key any
	if shared {
		key = v.Interface()
		if n, ok := e.structs[key]; ok {
			e.uint(n)
			return
		}
		e.uint(0)
	}
	var set uint64
	for i := range v.NumField() {
		if !empty(v.Field(i)) {
			set |= 1 << i
		}
	}
	e.uint(set)
	for i := range v.NumField() {
		if set&(1<<i) != 0 {
			e.value(v.Field(i))
		}
	}
	if shared { // after what it contains, as when it is read
		e.structs[key] = uint64(len(e.structs)) + 1
	}
}

// empty reports whether v would come back as a zero value.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		if v.Type().Comparable() {
			break
		}
		for i := range v.NumField() {
			if !empty(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

// shares reports whether equal values of a struct type are written once.
func shares(t reflect.Type) bool {
	if s, ok := shared.Load(t); ok {
		return s.(bool)
	}
	s := t.NumField() > 2 && t.Comparable() && !hasPointer(t)
	shared.Store(t, s)
	return s
}

var shared sync.Map // reflect.Type -> bool: shares, which is asked for every value

func hasPointer(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return true
	case reflect.Array:
		return hasPointer(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointer(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// check returns an error for a type whose values would not travel whole: one
// with an unexported field, a function, a channel or an interface somewhere
// inside. A nil slice and an empty one are the same after the journey.
func check(t reflect.Type) error { return checkType(t, t.String(), make(map[reflect.Type]bool)) }

func checkType(t reflect.Type, where string, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return checkType(t.Elem(), where, seen)
	case reflect.Map:
		if !t.Key().Comparable() || hasPointer(t.Key()) {
			return fmt.Errorf("%s: a map with keys of type %s cannot be put in order", where, t.Key())
		}
		return errors.Join(checkType(t.Key(), where, seen), checkType(t.Elem(), where, seen))
	case reflect.Struct:
		var errs []error
		if t.NumField() > 64 {
			errs = append(errs, fmt.Errorf("%s: more than 64 fields", where))
		}
		for i := range t.NumField() {
			f := t.Field(i)
			name := t.String() + "." + f.Name
			if !f.IsExported() {
				errs = append(errs, fmt.Errorf("%s is not exported, so that it would not reach importing packages: export it, or keep it in package link", name))
				continue
			}
			errs = append(errs, checkType(f.Type, name, seen))
		}
		return errors.Join(errs...)
	case reflect.Func, reflect.Chan, reflect.Interface, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s: a %s cannot be written down", where, t.Kind())
	}
	return nil
}
