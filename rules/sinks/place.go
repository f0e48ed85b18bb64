package sinks

import (
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// A place is where a walk stands. Places are values: walking on makes new ones.
type place struct {
	steps  []access.Step
	chain  string // names the value
	holder string // names the variable that holds the map, if the value is one or contains it

	loc     access.Location // of that variable
	guarded bool            // the struct that declares it has a mutex
	impl    *types.Named
}

// start returns the place of an argument of type t.
func start(t types.Type) place {
	s := spell(t)
	return place{chain: s, holder: s}
}

// spell names a type by which chains begin: "spdy.connection", "(*spdy.connection)".
func spell(t types.Type) string {
	s := types.TypeString(t, (*types.Package).Name)
	if _, ok := types.Unalias(t).(*types.Pointer); ok {
		return "(" + s + ")"
	}
	return s
}

// field returns the place of a field of the struct at p, whose type is owner.
func (p place) field(owner types.Type, st *types.Struct, f *types.Var) place {
	step := access.Step{Name: f.Name()}
	switch f.Type().Underlying().(type) {
	case *types.Pointer, *types.Interface:
		step.Ptr = true
	}
	loc := access.Location{}
	if n, ok := types.Unalias(owner).(*types.Named); ok {
		obj := n.Origin().Obj()
		step.Type = obj.Name()
		loc = access.Location{Kind: access.Field, Owner: obj.Name(), Name: f.Name()}
		if obj.Pkg() != nil {
			step.Pkg = pkgPath(obj.Pkg())
			loc.Pkg = step.Pkg
		}
	}
	chain := p.chain + "." + f.Name()
	return place{
		steps:   append(slices.Clip(p.steps), step),
		chain:   chain,
		holder:  chain,
		loc:     loc,
		guarded: HasMutex(st),
		impl:    p.impl,
	}
}

// elem returns the place of an element of the container at p.
func (p place) elem() place {
	p.chain += "[]"
	if n := len(p.steps); n == 0 || p.steps[n-1] != access.Elem {
		p.steps = append(slices.Clip(p.steps), access.Elem)
	}
	return p
}

// as returns p for when the interface there holds a t.
func (p place) as(t types.Type) place {
	elem := t
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		elem = ptr.Elem()
	}
	p.impl, _ = types.Unalias(elem).(*types.Named)
	if len(p.steps) == 0 {
		p.chain = spell(t)
		p.holder = p.chain
	} else {
		p.chain += ".(" + types.TypeString(t, (*types.Package).Name) + ")"
	}
	return p
}

// pkgPath returns the import path of pkg without a test variant.
func pkgPath(pkg *types.Package) string {
	path, _, _ := strings.Cut(pkg.Path(), " ")
	return path
}

// HasMutex reports whether a struct has a mutex among its fields, or embeds a
// struct that has one.
func HasMutex(st *types.Struct) bool {
	for f := range st.Fields() {
		t := f.Type()
		if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
			t = ptr.Elem()
		}
		if isType(t, "sync.Mutex") || isType(t, "sync.RWMutex") || isType(t, "sync.Locker") {
			return true
		}
		if !f.Embedded() {
			continue
		}
		if in, ok := t.Underlying().(*types.Struct); ok && in != st && hasMutexField(in) {
			return true
		}
	}
	return false
}

// hasMutexField reports whether a struct has a mutex among its own fields.
func hasMutexField(st *types.Struct) bool {
	for f := range st.Fields() {
		if isType(f.Type(), "sync.Mutex") || isType(f.Type(), "sync.RWMutex") {
			return true
		}
	}
	return false
}
