package sinks

import (
	"go/types"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// A Walk is one map that formatting a value iterates.
type Walk struct {
	// Location is the field that holds the map; the zero Location where the
	// formatted value holds it itself, or a field of an unnamed struct does.
	Location access.Location
	// Steps lead from the argument to the variable that holds the map. A map
	// inside a map, slice or array belongs to what holds the outermost one, so
	// the last step is never an element.
	Steps []access.Step
	Chain string       // for people: "(*spdy.connection).streams"
	Type  types.Type   // of the map
	Impl  *types.Named // the implementer assumed for an interface on the way, nil if there is none

	// Guarded means that the struct which declares the field has a mutex too.
	Guarded bool
}

// A Method is a method that formatting calls in place of walking.
type Method struct {
	Func  *types.Func
	Steps []access.Step // from the argument to the receiver
	Chain string        // "(*v1.Pod).String"
	Impl  *types.Named
}

// Footprints computes what formatting reads. It is safe for concurrent use.
type Footprints struct {
	mu    sync.Mutex
	impls *implementers
	cache map[Traversal]*typeutil.Map // type -> *footprint

	// Behind, if not nil, returns what is walked behind an interface because
	// of implementers that the packages do not show; not ok if there are too
	// many of them. It is to be set before the first question.
	Behind func(iface types.Type, known []types.Type, how Traversal) (_ []Walk, ok bool)
}

type footprint struct {
	walks   []Walk
	methods []Method
}

// NewFootprints prepares for a program of these packages: those whose types
// may stand behind an interface. Unchecked packages (nil) are skipped, and so
// are second copies of one package.
func NewFootprints(pkgs []*types.Package) *Footprints {
	return &Footprints{
		impls: newImplementers(pkgs),
		cache: make(map[Traversal]*typeutil.Map),
	}
}

// Of returns the maps that formatting a value of static type t iterates, and
// the methods that it calls instead. It answers may for what depends on values
// (a pointer may be nil), and assumes for an interface each of its
// implementers, unless they are too many to say anything.
func (fp *Footprints) Of(t types.Type, how Traversal) ([]Walk, []Method) {
	if t == nil || how.Family == 0 {
		return nil, nil
	}
	how.Lazy = false
	how.Flags = sharpOnly(how)
	fp.mu.Lock()
	defer fp.mu.Unlock()
	m := fp.cache[how]
	if m == nil {
		m = new(typeutil.Map)
		fp.cache[how] = m
	}
	if f, ok := m.At(t).(*footprint); ok {
		return f.walks, f.methods
	}
	w := &walker{impls: fp.impls, budget: maxVisits}
	w.top(t, how)
	fp.behind(w, t, how)
	m.Set(t, &w.footprint)
	return w.walks, w.methods
}

// OfArg returns what formatting an argument of a call iterates, and which
// methods it calls, as Of does.
func (fp *Footprints) OfArg(a Arg) ([]Walk, []Method) {
	if !a.Nested || a.Type == nil {
		return fp.Of(a.Type, a.How)
	}
	walks, methods := fp.Of(types.NewSlice(a.Type), a.How)
	walks, methods = slices.Clone(walks), slices.Clone(methods)
	before := spell(types.NewSlice(a.Type)) + "[]"
	for i, w := range walks {
		walks[i].Steps = unnest(w.Steps)
		walks[i].Chain = strings.Replace(w.Chain, before, spell(a.Type), 1)
	}
	for i, m := range methods {
		methods[i].Steps = unnest(m.Steps)
		methods[i].Chain = strings.Replace(m.Chain, before, spell(a.Type), 1)
	}
	return walks, methods
}

// unnest drops the step into the slice that an argument is in.
func unnest(steps []access.Step) []access.Step {
	if len(steps) > 0 && steps[0] == access.Elem {
		return steps[1:]
	}
	return steps
}

// behind adds what Behind knows. A pointer in an interface that is not the
// argument itself is not followed by most formatters, so only that is asked.
func (fp *Footprints) behind(w *walker, t types.Type, how Traversal) {
	if fp.Behind == nil || !isInterface(t) || isTypeParam(t) {
		return
	}
	known, ok := fp.impls.of(t)
	if !ok {
		return
	}
	walks, ok := fp.Behind(t, known, how.class())
	if !ok {
		w.footprint = footprint{}
		return
	}
	w.walks = append(w.walks, walks...)
}

// Classes are ways of formatting of which one stands for every other, as far as
// a value that is no interface is concerned.
var Classes = []Traversal{
	{Family: Fmt, Verb: 'v'},
	{Family: Fmt, Verb: 'v', Flags: "#"},
	{Family: Fmt, Verb: 's'},
	{Family: Fmt, Verb: 'd'},
	{Family: Fmt, Verb: 't'},
	{Family: Fmt, Verb: 'w'},
	{Family: Fmt, Verb: 'w', Raw: true},
	{Family: JSON},
	{Family: KlogText},
	{Family: KlogPlain},
	{Family: KlogJSON},
	{Family: KlogEarlyJSON},
	{Family: LogrAny},
	{Family: LogrFuncr},
	{Family: LogrZap},
	{Family: LogrKube},
	{Family: ZapAny},
	{Family: SlogText},
	{Family: SlogJSON},
	{Family: LogrusJSON},
	{Family: Zerolog},
	{Family: ZerologFields},
	{Family: HclogText},
	{Family: KitJSON},
	{Family: Spew},
	{Family: Spew, Verb: 'w'},
}

// class returns the one of Classes that stands for t, if there is one.
func (t Traversal) class() Traversal {
	t.Lazy, t.Redacts = false, false
	t.Flags = sharpOnly(t)
	if t.Family == Spew {
		switch t.Verb {
		case 0, 'v':
		case 'p', 'T':
			return Traversal{Family: Fmt, Verb: 'T'} // nothing at all: see spewTop
		case 'w':
			return Traversal{Family: Spew, Verb: 'w'}
		default:
			t.Family = Fmt
		}
	}
	if t.Family != Fmt {
		return Traversal{Family: t.Family}
	}
	switch t.Verb {
	case 'v', 'w', 'p', 'T':
	case 'x', 'X':
		t.Verb = 'v'
	case 's', 'q':
		t.Verb = 's' // a bad verb for pointers, which are walked then
	case 'b', 'o', 'd':
		t.Verb = 'd'
	default:
		t.Verb = 't' // likewise
	}
	return t
}

// sharpOnly drops the flags that do not change what is walked.
func sharpOnly(how Traversal) string {
	if how.Family == Fmt && how.Verb == 'v' && len(how.Flags) > 0 && how.Flags[len(how.Flags)-1] == '#' {
		return "#"
	}
	return ""
}

// Implementers returns the types that are likely to stand behind interface t in
// this program, T or *T, in package order; ok is false if t is no interface, or
// one that says nothing: without methods, error, context.Context.
func (fp *Footprints) Implementers(t types.Type) (_ []types.Type, ok bool) {
	fp.mu.Lock()
	defer fp.mu.Unlock()
	return fp.impls.of(t)
}

// OnlyPointers reports whether nothing but pointers, maps, channels and functions
// can stand behind interface t in this program, so that %p prints an address. A
// value that holds a lock does not count: vet does not let it be put there.
func (fp *Footprints) OnlyPointers(t types.Type) bool {
	fp.mu.Lock()
	defer fp.mu.Unlock()
	impls, ok := fp.impls.of(t)
	if !ok || len(impls) == 0 {
		return false
	}
	iface := t.Underlying().(*types.Interface)
	for _, impl := range impls {
		ptr, isPtr := impl.(*types.Pointer)
		if !PointerLike(impl) || isPtr && hasMethods(ptr.Elem(), methodsOf(iface)) && !holdsLock(ptr.Elem(), 0) {
			return false
		}
	}
	return true
}

const (
	maxVisits = 4000 // of values in one footprint
	maxWalks  = 64

	// maxImplementers is how many types may stand behind an interface before
	// it says nothing about what is formatted.
	maxImplementers = 16
)

// A walker collects one footprint.
type walker struct {
	footprint
	impls  *implementers
	budget int
	active []visit
}

// A visit is a value on the way from the argument to where the walk stands.
// A second visit of the same kind could only find the same maps again.
type visit struct {
	t     types.Type
	state any
}

// enter reports whether to walk a value of type t in state; if so, leave must
// be called afterwards.
func (w *walker) enter(t types.Type, state any) bool {
	w.budget--
	if w.budget < 0 || len(w.walks) >= maxWalks {
		return false
	}
	for _, v := range w.active {
		if v.state == state && types.Identical(v.t, t) {
			return false
		}
	}
	w.active = append(w.active, visit{t, state})
	return true
}

func (w *walker) leave() { w.active = w.active[:len(w.active)-1] }

// iterates records that the map of type t at p is iterated.
func (w *walker) iterates(t types.Type, p place) {
	steps := p.steps
	for len(steps) > 0 && steps[len(steps)-1] == access.Elem {
		steps = steps[:len(steps)-1]
	}
	for _, o := range w.walks {
		if o.Location == p.loc && sameSteps(o.Steps, steps) && o.Impl == p.impl {
			return // an inner map of one that is known already
		}
	}
	w.walks = append(w.walks, Walk{
		Location: p.loc,
		Steps:    steps,
		Chain:    p.holder,
		Type:     t,
		Impl:     p.impl,
		Guarded:  p.guarded,
	})
}

func sameSteps(a, b []access.Step) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// calls records that fn is called on the value at p.
func (w *walker) calls(fn *types.Func, p place) {
	w.methods = append(w.methods, Method{Func: fn, Steps: p.steps, Chain: p.chain + "." + fn.Name(), Impl: p.impl})
}

// each calls visit for every type that may stand behind interface t at p.
func (w *walker) each(t types.Type, p place, visit func(types.Type, place)) {
	all, ok := w.impls.of(t)
	impls := slices.DeleteFunc(slices.Clone(all), isDouble)
	if !ok || len(impls) > maxImplementers {
		return
	}
	walked, asked := len(w.walks), false
	for _, impl := range impls {
		called := len(w.methods)
		visit(impl, p.as(impl))
		asked = asked || slices.ContainsFunc(w.methods[called:], func(m Method) bool { return len(m.Steps) == len(p.steps) })
	}
	if asked {
		// Who prints such a value has those in mind that print themselves; the
		// others need not be among them.
		w.walks = w.walks[:walked]
	}
}

// isDouble reports whether t stands in for another type in tests, which says
// nothing about what is formatted in earnest.
func isDouble(t types.Type) bool {
	n, ok := types.Unalias(deref(t)).(*types.Named)
	return ok && n.Obj().Pkg() != nil && (known.TestDouble(n.Obj().Name()) || known.DoublesPackage(n.Obj().Pkg().Path()))
}

// opaque reports whether values of type t hold no map that we would know by
// name: sync.Map is none, and reflect's insides are those of another value.
func opaque(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	switch n.Obj().Pkg().Path() {
	case "sync", "sync/atomic", "reflect", "internal/sync":
		return true
	}
	return false
}

func isInterface(t types.Type) bool {
	_, ok := t.Underlying().(*types.Interface)
	return ok
}

func isTypeParam(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.TypeParam)
	return ok
}
