package sinks

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// An implementers knows the types of a program that implement an interface.
type implementers struct {
	pkgs []*types.Package

	// The index of all concrete named types, made at the first question: by
	// the name of a method that they declare, and those that may have methods
	// by embedding.
	indexed   bool
	byMethod  map[string][]*types.Named
	embedding []*types.Named

	cache typeutil.Map // interface type -> []types.Type
}

// newImplementers takes every package once: test variants and second copies
// have the same types again.
func newImplementers(pkgs []*types.Package) *implementers {
	im := new(implementers)
	seen := make(map[string]bool)
	for _, pkg := range pkgs {
		if pkg != nil && !seen[pkgPath(pkg)] {
			seen[pkgPath(pkg)] = true
			im.pkgs = append(im.pkgs, pkg)
		}
	}
	return im
}

// of returns the implementers of interface t; see [Footprints.Implementers].
func (im *implementers) of(t types.Type) ([]types.Type, bool) {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok || iface.NumMethods() == 0 || vague(t) {
		return nil, false
	}
	if found, ok := im.cache.At(t).([]types.Type); ok {
		return found, true
	}
	found := im.find(iface)
	im.cache.Set(t, found)
	return found, true
}

// vague reports whether t says nothing about what formatting finds: error is
// printed by its method, contexts print themselves.
func vague(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && (n.Obj().Pkg() == nil || isType(t, "context.Context"))
}

func (im *implementers) find(iface *types.Interface) []types.Type {
	im.index()
	want := methodsOf(iface)
	// The rarest method leaves the fewest types to look at.
	slices.SortStableFunc(want, func(a, b *types.Func) int {
		return len(im.byMethod[a.Name()]) - len(im.byMethod[b.Name()])
	})
	var found []types.Type
	seen := make(map[*types.Named]bool)
	for _, list := range [][]*types.Named{im.byMethod[want[0].Name()], im.embedding} {
		for _, n := range list {
			if seen[n] {
				continue
			}
			seen[n] = true
			if t := implementer(n, want); t != nil {
				found = append(found, t)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b types.Type) int {
		return strings.Compare(types.TypeString(deref(a), nil), types.TypeString(deref(b), nil))
	})
	return found
}

func methodsOf(iface *types.Interface) []*types.Func {
	out := make([]*types.Func, iface.NumMethods())
	for i := range out {
		out[i] = iface.Method(i)
	}
	return out
}

// index lists the concrete named types of all packages. Generic types are
// themselves: only methods that do not mention a type parameter can match.
func (im *implementers) index() {
	if im.indexed {
		return
	}
	im.indexed = true
	im.byMethod = make(map[string][]*types.Named)
	for _, pkg := range im.pkgs {
		scope := pkg.Scope()
		for _, name := range scope.Names() {
			tn, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || tn.IsAlias() {
				continue
			}
			n, ok := tn.Type().(*types.Named)
			if !ok || isInterface(n) {
				continue
			}
			for m := range n.Methods() {
				im.byMethod[m.Name()] = append(im.byMethod[m.Name()], n)
			}
			if embeds(n) {
				im.embedding = append(im.embedding, n)
			}
		}
	}
}

func embeds(n *types.Named) bool {
	st, ok := n.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for f := range st.Fields() {
		if f.Embedded() {
			return true
		}
	}
	return false
}

// implementer returns n or *n, whichever has the wanted methods and is likely to
// be put into an interface; nil if neither has them.
func implementer(n *types.Named, want []*types.Func) types.Type {
	if hasMethods(n, want) && !byPointer(n) {
		return n
	}
	if ptr := types.NewPointer(n); hasMethods(ptr, want) {
		return ptr
	}
	return nil
}

// byPointer reports whether values of type n are handled by pointer: it has
// methods that need one, or holds what must not be copied. What it embeds may
// give the type itself the methods of an interface all the same.
func byPointer(n *types.Named) bool {
	for m := range n.Methods() {
		if _, ok := types.Unalias(m.Signature().Recv().Type()).(*types.Pointer); ok {
			return true
		}
	}
	return holdsLock(n, 0)
}

// holdsLock reports whether a value of type t has a lock or an atomic inside.
func holdsLock(t types.Type, depth int) bool {
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		switch n.Obj().Pkg().Path() {
		case "sync":
			return n.Obj().Name() != "Locker"
		case "sync/atomic":
			return true
		}
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok || depth > 4 {
		return false
	}
	for f := range st.Fields() {
		if holdsLock(f.Type(), depth+1) {
			return true
		}
	}
	return false
}

func hasMethods(t types.Type, want []*types.Func) bool {
	for _, m := range want {
		obj, _, _ := types.LookupFieldOrMethod(t, false, m.Pkg(), m.Name())
		if fn, ok := obj.(*types.Func); !ok || !sameSignature(fn, m) {
			return false
		}
	}
	return true
}

// sameSignature compares by identity, then by spelling: a package can be in
// memory twice, with types that are not identical to each other.
func sameSignature(a, b *types.Func) bool {
	x, y := a.Signature(), b.Signature()
	if types.Identical(x, y) {
		return true
	}
	if x.Variadic() != y.Variadic() {
		return false
	}
	return sameTuple(x.Params(), y.Params()) && sameTuple(x.Results(), y.Results())
}

func sameTuple(a, b *types.Tuple) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		x, y := a.At(i).Type(), b.At(i).Type()
		if types.Identical(x, y) {
			continue
		}
		if types.TypeString(x, pkgPath) != types.TypeString(y, pkgPath) {
			return false
		}
	}
	return true
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}
