package facts

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
)

// A decoder reads what an encoder wrote. Its first error ends it.
type decoder struct {
	buf     []byte
	strings []string
	structs map[reflect.Type]map[uint64]reflect.Value
	count   uint64 // of structs, over all types
	err     error
}

var errTruncated = errors.New("facts: the data is damaged; clean the cache with go clean -cache")

// decode reads an encoding into the value that v points to.
func decode(data []byte, v any) error {
	d := &decoder{buf: data, structs: make(map[reflect.Type]map[uint64]reflect.Value)}
	d.value(reflect.ValueOf(v).Elem())
	if d.err == nil && len(d.buf) > 0 {
		d.err = errTruncated
	}
	return d.err
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.buf)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[size:]
	return n
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.buf)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[size:]
	return n
}

// length reads the number of things that follow, each of a byte at least.
func (d *decoder) length() int {
	n := d.uint()
	if n > uint64(len(d.buf)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) fail() { d.err, d.buf = errTruncated, nil }

func (d *decoder) value(v reflect.Value) {
	if d.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.uint() == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(d.int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(d.uint())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(d.uint()))
	case reflect.String:
		v.SetString(d.string())
	case reflect.Pointer:
		if d.uint() == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			d.value(v.Elem())
		}
	case reflect.Slice:
		if n := d.length(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				d.value(v.Index(i))
			}
		}
	case reflect.Array:
		n := d.length()
		if n > v.Len() {
			d.fail()
			return
		}
		for i := range n {
			d.value(v.Index(i))
		}
	case reflect.Map:
		d.mapping(v)
	case reflect.Struct:
		d.structure(v)
	default:
		panic("facts: no encoding for " + v.Type().String())
	}
}

func (d *decoder) string() string {
	switch n := d.uint(); {
	case n == 0:
		size := d.length()
		s := string(d.buf[:size])
		d.buf = d.buf[size:]
		d.strings = append(d.strings, s)
		return s
	case n <= uint64(len(d.strings)):
		return d.strings[n-1]
	}
	d.fail()
	return ""
}

func (d *decoder) mapping(v reflect.Value) {
	n := d.length()
	if n > 0 {
		v.Set(reflect.MakeMapWithSize(v.Type(), n))
	}
	for range n {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.value(key)
		d.value(elem)
		if d.err == nil {
			v.SetMapIndex(key, elem)
		}
	}
}

func (d *decoder) structure(v reflect.Value) {
	t := v.Type()
	shared := shares(t)
	if shared {
		if n := d.uint(); n > 0 {
			old, ok := d.structs[t][n]
			if !ok {
				d.fail()
				return
			}
			v.Set(old)
			return
		}
	}
	set := d.uint()
	for i := range v.NumField() {
		if set&(1<<i) != 0 {
			d.value(v.Field(i))
		}
	}
	if shared && d.err == nil {
		d.count++
		if d.structs[t] == nil {
			d.structs[t] = make(map[uint64]reflect.Value)
		}
		d.structs[t][d.count] = v
	}
}
