package rules

import (
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/facts"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file lets a package see the types that its dependencies keep to
// themselves: when packages are analysed one at a time, each says which of its
// types hold a map, and what formatting walks if such a value stands behind an
// interface.

// hiddenTypes returns the types of a package that have methods and a map which
// formatting walks; if guarded, only a map with a mutex beside it.
func hiddenTypes(pkg *types.Package, fp *sinks.Footprints, guarded bool) []facts.Hidden {
	var out []facts.Hidden
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		named, ok := tn.Type().(*types.Named)
		if !ok || types.IsInterface(named) || named.TypeParams().Len() > 0 {
			continue
		}
		ms := types.NewMethodSet(types.NewPointer(named))
		if ms.Len() == 0 {
			continue
		}
		h := facts.Hidden{Name: name, Walks: walksOf(types.NewPointer(named), fp, guarded)}
		if len(h.Walks) == 0 {
			continue
		}
		for i := range ms.Len() {
			if fn, ok := ms.At(i).Obj().(*types.Func); ok {
				h.Methods = append(h.Methods, summarise.MethodLine(fn))
			}
		}
		slices.Sort(h.Methods)
		out = append(out, h)
	}
	return out
}

// walksOf returns what formatting a value of type t walks, in every way that
// makes a difference.
func walksOf(t types.Type, fp *sinks.Footprints, guarded bool) []facts.Walks {
	var out []facts.Walks
next:
	for _, how := range sinks.Classes {
		var ws []facts.Walk
		found, _ := fp.Of(t, how)
		for _, w := range found {
			if !w.Location.IsZero() && (w.Guarded || !guarded) {
				ws = append(ws, facts.Walk{Location: w.Location, Steps: w.Steps, Chain: w.Chain, Guarded: w.Guarded})
			}
		}
		if len(ws) == 0 {
			continue
		}
		for i := range out {
			if reflect.DeepEqual(out[i].Walks, ws) {
				out[i].Hows = append(out[i].Hows, how)
				continue next
			}
		}
		out = append(out, facts.Walks{Hows: []sinks.Traversal{how}, Walks: ws})
	}
	return out
}

// guardsMaps reports whether a package declares a struct with a map and a mutex
// among its fields.
func guardsMaps(pkg *types.Package) bool {
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		st, ok := tn.Type().Underlying().(*types.Struct)
		if !ok || !sinks.HasMutex(st) {
			continue
		}
		for f := range st.Fields() {
			if _, ok := f.Type().Underlying().(*types.Map); ok {
				return true
			}
		}
	}
	return false
}

// maxHidden is how many types may stand behind an interface before it says
// nothing about what is formatted.
const maxHidden = 16

// behind returns what formatting a value of an interface type walks if one of
// the types that dependencies keep to themselves is behind it. Only types made
// for the interface are considered: those of the package that declares it, and
// of packages that import that one.
func (o *outside) behind(t types.Type, known []types.Type, how sinks.Traversal) ([]sinks.Walk, bool) {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return nil, true
	}
	iface := named.Underlying().(*types.Interface)
	from := facts.Plain(named.Obj().Pkg().Path())
	seen := make(map[string]bool)
	for _, t := range known {
		seen[types.TypeString(deref(t), nil)] = true
	}
	want := strings.Split(strings.TrimSuffix(summarise.MethodSet(iface), "\n"), "\n")
	var out []sinks.Walk
	for _, s := range o.sections {
		pkg := o.open(s.Path)
		if pkg == nil || s.Path != from && !slices.Contains(pkg.Imports, from) {
			continue
		}
		for _, h := range pkg.Hidden {
			if seen[s.Path+"."+h.Name] || !hasAll(h.Methods, want) {
				continue
			}
			seen[s.Path+"."+h.Name] = true
			out = append(out, hiddenWalks(s.Path, h, how)...)
		}
	}
	return out, len(seen) <= maxHidden
}

func hasAll(have, want []string) bool {
	for _, w := range want {
		if _, ok := slices.BinarySearch(have, w); !ok {
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

// hiddenWalks returns what formatting a hidden type walks. The type that is
// assumed is one of its name: the real one is not to be had.
func hiddenWalks(path string, h facts.Hidden, how sinks.Traversal) []sinks.Walk {
	_, base, _ := strings.Cut(path, "/")
	pkg := types.NewPackage(path, base[strings.LastIndexByte(base, '/')+1:])
	impl := types.NewNamed(types.NewTypeName(token.NoPos, pkg, h.Name, nil), types.NewStruct(nil, nil), nil)
	var out []sinks.Walk
	for _, ws := range h.Walks {
		if !slices.Contains(ws.Hows, how) {
			continue
		}
		for _, w := range ws.Walks {
			out = append(out, sinks.Walk{Location: w.Location, Steps: w.Steps, Chain: w.Chain, Guarded: w.Guarded, Impl: impl})
		}
	}
	return out
}

// typeNames returns the names of those types that an importer can look up.
func typeNames(ts []types.Type) []facts.TypeName {
	var out []facts.TypeName
	for _, t := range ts {
		_, pointer := types.Unalias(t).(*types.Pointer)
		named, ok := types.Unalias(deref(t)).(*types.Named)
		if !ok || named.TypeArgs().Len() > 0 || named.Obj().Pkg() == nil || named.Obj().Parent() != named.Obj().Pkg().Scope() {
			continue
		}
		out = append(out, facts.TypeName{Pkg: facts.Plain(named.Obj().Pkg().Path()), Name: named.Obj().Name(), Pointer: pointer})
	}
	return out
}

// panics returns the types of what the packages that pkg imports panic with, as
// far as their export data has them.
func (o *outside) panics(pkg *types.Package) []types.Type {
	imported := make(map[string]*types.Package)
	var visit func(*types.Package)
	visit = func(pkg *types.Package) {
		if path := facts.Plain(pkg.Path()); imported[path] == nil {
			imported[path] = pkg
			for _, imp := range pkg.Imports() {
				visit(imp)
			}
		}
	}
	visit(pkg)
	var out []types.Type
	for _, from := range o.own {
		for _, n := range from.Panics {
			if imported[n.Pkg] == nil {
				continue
			}
			tn, ok := imported[n.Pkg].Scope().Lookup(n.Name).(*types.TypeName)
			switch {
			case !ok:
			case n.Pointer:
				out = append(out, types.NewPointer(tn.Type()))
			default:
				out = append(out, tn.Type())
			}
		}
	}
	return out
}
