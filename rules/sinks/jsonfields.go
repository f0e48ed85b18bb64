package sinks

import (
	"go/types"
	"reflect"
	"slices"
	"strings"
)

// A jsonField is a field that encoding/json encodes for a struct: its own or
// one promoted from an embedded struct.
type jsonField struct {
	path   []hop
	index  []int // of the fields on the path: the order of encoding
	name   string
	tagged bool
	always bool // it is encoded whatever the values are
}

// A hop is one selector on the way to a field.
type hop struct {
	owner  types.Type
	st     *types.Struct
	v      *types.Var
	viaPtr bool // the struct was reached through an embedded pointer
}

func (f *jsonField) typ() types.Type { return f.path[len(f.path)-1].v.Type() }

// An embedded is a struct whose fields jsonFields has yet to look at.
type embedded struct {
	t      types.Type
	st     *types.Struct
	path   []hop
	index  []int
	viaPtr bool
	always bool
}

// jsonFields returns the fields of a struct that encoding/json encodes, as its
// typeFields does: breadth first, the shallowest field of a name wins, then the
// tagged one, and two of a kind hide each other.
func jsonFields(t types.Type, st *types.Struct, noPromotion bool) []jsonField {
	next := []embedded{{t: t, st: st, always: true}}
	visited := map[types.Type]bool{}
	var fields []jsonField
	for len(next) > 0 {
		level := next
		next = nil
		for _, e := range level {
			if visited[e.t] {
				continue
			}
			visited[e.t] = true
			own, deeper := e.fields(noPromotion)
			fields = append(fields, own...)
			next = append(next, deeper...)
		}
	}
	return dominant(fields)
}

// fields returns what one struct adds: fields to encode, and embedded structs.
func (e embedded) fields(noPromotion bool) (own []jsonField, deeper []embedded) {
	for i := range e.st.NumFields() {
		v := e.st.Field(i)
		t := v.Type()
		ptr, isPtr := types.Unalias(t).(*types.Pointer)
		if isPtr && v.Embedded() {
			t = ptr.Elem()
		}
		st, isStruct := t.Underlying().(*types.Struct)
		if !v.Exported() && !(v.Embedded() && isStruct && !noPromotion) {
			continue
		}
		tag := reflect.StructTag(e.st.Tag(i)).Get("json")
		if tag == "-" {
			continue
		}
		name, opts, _ := strings.Cut(tag, ",")
		path := append(slices.Clip(e.path), hop{e.t, e.st, v, e.viaPtr})
		index := append(slices.Clip(e.index), i)
		if name == "" && v.Embedded() && isStruct {
			deeper = append(deeper, embedded{t, st, path, index, isPtr, e.always && !isPtr})
			continue
		}
		f := jsonField{path: path, index: index, name: name, tagged: name != ""}
		f.always = e.always && !slices.Contains(strings.Split(opts, ","), "omitzero")
		if name == "" {
			f.name = v.Name()
		}
		own = append(own, f)
	}
	return own, deeper
}

// dominant drops fields that others of the same name hide, and returns the
// rest in the order of encoding.
func dominant(fields []jsonField) []jsonField {
	byName := make(map[string][]jsonField)
	for _, f := range fields {
		byName[f.name] = append(byName[f.name], f)
	}
	var out []jsonField
	for _, group := range byName {
		slices.SortStableFunc(group, func(a, b jsonField) int {
			if d := len(a.index) - len(b.index); d != 0 {
				return d
			}
			return rank(a) - rank(b)
		})
		if len(group) > 1 && len(group[0].index) == len(group[1].index) && group[0].tagged == group[1].tagged {
			continue
		}
		out = append(out, group[0])
	}
	slices.SortFunc(out, func(a, b jsonField) int { return slices.Compare(a.index, b.index) })
	return out
}

func rank(f jsonField) int {
	if f.tagged {
		return 0
	}
	return 1
}
