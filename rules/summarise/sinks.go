package summarise

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/sinks"
)

// helpers finds the functions of the package that format what they are given.
func (p *packageBuilder) helpers() {
	if p.env.Sinks == nil {
		return
	}
	imported := Helpers(p.env.Imported)
	own := p.env.Sinks.With(imported).Wrappers(p.pkg.Info, p.pkg.Syntax)
	known := func(obj types.Object) []sinks.Wrapper {
		if ws := own[obj]; len(ws) > 0 {
			return ws
		}
		return imported(obj)
	}
	behind := make(map[types.Object][]sinks.Wrapper)
	p.wrappersOf = func(obj types.Object) []sinks.Wrapper {
		if ws := known(obj); len(ws) > 0 {
			return ws
		}
		ws, ok := behind[obj]
		if !ok {
			ws = p.behindMethod(obj, known)
			behind[obj] = ws
		}
		return ws
	}
	p.sinks = p.env.Sinks.With(p.wrappersOf)
	for obj, ws := range own {
		fn, ok := obj.(*types.Func)
		if !ok {
			continue // a variable, of no use to other packages
		}
		for _, w := range ws {
			w.Func = FuncName(fn)
			p.sum.Wrappers = append(p.sum.Wrappers, w)
		}
	}
	slices.SortStableFunc(p.sum.Wrappers, func(a, b sinks.Wrapper) int { return strings.Compare(a.Func, b.Func) })
}

// behindMethod returns what the implementers in sight of an interface method
// format, if it is most of them: a logger behind an interface, which may have a
// silent one too.
func (p *packageBuilder) behindMethod(obj types.Object, known func(types.Object) []sinks.Wrapper) (found []sinks.Wrapper) {
	fn, ok := obj.(*types.Func)
	if !ok || fn.Signature().Recv() == nil || !types.IsInterface(fn.Signature().Recv().Type()) || !sinks.MayHelp(fn.Signature()) || p.env.Footprints == nil {
		return nil
	}
	impls, ok := p.env.Footprints.Implementers(fn.Signature().Recv().Type())
	if !ok {
		return nil
	}
	helpers := 0
	for _, t := range impls {
		m, _, _ := types.LookupFieldOrMethod(t, false, fn.Pkg(), fn.Name())
		if m == nil {
			continue
		}
		if ws := known(m); len(ws) > 0 {
			helpers++
			if found == nil {
				found = ws
			}
		}
	}
	if 2*helpers < len(impls) {
		return nil
	}
	return found
}

// Helpers returns what [sinks.Table.With] asks for: the helpers that the
// summaries of packages know of. imported may be nil.
func Helpers(imported func(path string) *Package) func(types.Object) []sinks.Wrapper {
	byPkg := make(map[string]map[string][]sinks.Wrapper)
	return func(obj types.Object) []sinks.Wrapper {
		fn, ok := obj.(*types.Func)
		if !ok || imported == nil || fn.Pkg() == nil {
			return nil
		}
		path := fn.Pkg().Path()
		known, ok := byPkg[path]
		if !ok {
			known = make(map[string][]sinks.Wrapper)
			byPkg[path] = known
			if sum := imported(path); sum != nil {
				for _, w := range sum.Wrappers {
					known[w.Func] = append(known[w.Func], w)
				}
			}
		}
		if len(known) == 0 {
			return nil
		}
		return known[FuncName(fn)]
	}
}

// SinkName returns the name by which findings call a sink.
func SinkName(obj types.Object) string {
	if fn, ok := obj.(*types.Func); ok {
		return FuncName(fn)
	}
	return obj.Name()
}

// A formatting is one argument that a call formats, now or when a later call
// emits it.
type formatting struct {
	arg    sinks.Arg
	v      ssa.Value // nil if it is not known
	callee types.Object
	call   *ast.CallExpr
	paren  access.Pos
	kept   string // the method that kept the argument until now, "" for none
}

// sinkCall records the maps that a formatting call walks, and the methods that
// it calls on the way.
func (b *builder) sinkCall(e Event, ins ssa.CallInstruction, c *ssa.CallCommon) {
	for _, f := range b.kept[ins] {
		b.format(e, c, f)
	}
	call, ok := b.nodes[c.Pos()].(*ast.CallExpr)
	if !ok || b.sinks == nil {
		return
	}
	_, spawned := ins.(*ssa.Go)
	callee := b.sinks.Callee(b.pkg.Info, call)
	if callee == nil {
		return
	}
	for _, arg := range b.sinks.Classify(b.pkg.Info, call) {
		if !arg.Spread && b.isCopy(c, arg) {
			continue
		}
		for _, f := range formatted(c, call, arg) {
			f.callee, f.call, f.paren = callee, call, b.pos(c.Pos())
			if v := f.v; v != nil && (failedAssertion(v, ins.Block()) || b.sinks.Fate(b.pkg.Info, call) == sinks.Data && handedOver(v)) {
				continue
			}
			if f.arg.How.Lazy && b.keep(ins, f) {
				continue
			}
			f.arg.How.Lazy = f.arg.How.Lazy || spawned // go log.Print(c)
			b.format(e, c, f)
		}
	}
}

// format records what formatting one argument of a call walks and calls.
func (b *builder) format(e Event, c *ssa.CallCommon, g formatting) {
	walks, methods := b.footprint(g.arg, g.v)
	if len(walks) == 0 && len(methods) == 0 {
		return
	}
	var paths []access.Path
	if g.v != nil {
		paths = b.pathsOf(g.v)
	}
	if g.arg.How.Lazy && g.kept == "" {
		e.Locks, e.Keyed = nil, nil
		paths = later(paths)
	}
	for _, w := range walks {
		if len(w.Steps) == 0 && w.Location.IsZero() && len(b.table.MapCalls(calleeName(c))) > 0 {
			continue // a map that is iterated as a map: see call
		}
		f := e
		f.Sink = &Sink{
			Callee: SinkName(g.callee), Call: g.paren, Arg: g.arg.Index, Chain: w.Chain, Guarded: w.Guarded,
			Note: b.sinks.Note(b.pkg.Info, g.call), Wrappers: b.wrappersOf(g.callee),
		}
		if g.kept != "" {
			f.Sink.Note = strings.TrimPrefix(f.Sink.Note+"; "+g.kept+" keeps the value, and formats it here", "; ")
		}
		if w.Impl != nil {
			f.Sink.Impl = types.TypeString(w.Impl, nil)
		}
		if in := b.handedIn(g.v, w.Steps); len(in) > 0 {
			b.access(f, access.Format, in)
			continue
		}
		f.Kind, f.Op, f.Loc = Access, access.Format, w.Location
		for _, p := range walkPaths(paths, w.Steps) {
			f.Path = p
			if w.Location.IsZero() {
				b.access(f, access.Format, []access.Path{p})
				continue
			}
			b.emit(f)
		}
	}
	b.formatMethods(e, methods, paths, g.callee.Name())
}

// isCopy reports whether what is formatted was copied by a method or function
// that says so in its name: nobody else has it.
//
//	json.Marshal(s.Clone())
func (b *builder) isCopy(c *ssa.CallCommon, arg sinks.Arg) bool {
	v := argument(c, arg.Index)
	for {
		switch x := v.(type) {
		case *ssa.MakeInterface:
			v = x.X
		case *ssa.ChangeInterface:
			v = x.X
		case *ssa.TypeAssert:
			v = x.X
		case *ssa.Call:
			name := calleeName(&x.Call)
			return known.Copies(name[strings.LastIndexByte(name, '.')+1:])
		default:
			return false
		}
	}
}

// handedOver reports whether v is a struct that a call returned by value: a
// response that was put together to be encoded, as far as we can tell.
func handedOver(v ssa.Value) bool {
	if mi, ok := v.(*ssa.MakeInterface); ok {
		v = mi.X
	}
	if _, ok := v.Type().Underlying().(*types.Struct); !ok {
		return false
	}
	if load, ok := v.(*ssa.UnOp); ok {
		a, ok := load.X.(*ssa.Alloc)
		if !ok {
			return false
		}
		stored := slices.Collect(storedIn(a))
		if len(stored) != 1 {
			return false
		}
		v = stored[0]
	}
	switch v.(type) {
	case *ssa.Call, *ssa.Extract:
		return true
	}
	return false
}

// formatMethods records that formatting the values at paths calls methods.
func (b *builder) formatMethods(e Event, methods []sinks.Method, paths []access.Path, by string) {
	for _, m := range methods {
		f := e
		f.Kind, f.Call = Call, -1
		f.Text = m.Func.Name() + " (called by " + by + ")"
		f.Targets = []Target{{Kind: Static, ID: FuncID(FuncName(m.Func)), Recv: walkPaths(paths, m.Steps), Bound: true}}
		b.emit(f)
	}
}

// panics handles panic(v): should nothing recover it, the runtime prints v by
// its Error or String method, and walks nothing. Deferred calls have run by
// then, so no lock is held for certain.
func (b *builder) panics(e Event, p *ssa.Panic) {
	mi, ok := p.X.(*ssa.MakeInterface)
	if !ok || b.sinks == nil {
		return
	}
	_, methods := b.env.Footprints.Of(mi.X.Type(), sinks.Traversal{Family: sinks.PanicValue})
	if len(methods) > 0 {
		e.Locks, e.Keyed = nil, nil
		b.formatMethods(e, methods, b.pathsOf(mi.X), "panic")
	}
}

// expvarFunc is the type of functions whose result package expvar encodes, for
// whoever asks for it over HTTP.
const expvarFunc = "expvar.Func"

// published handles the conversion of a function to expvar.Func: it is run by
// the goroutine of a request, of which there may be several.
func (b *builder) published(e Event, v *ssa.ChangeType) {
	if types.TypeString(v.Type(), nil) != expvarFunc {
		return
	}
	e.Kind, e.Multi, e.Targets, e.Text = Spawn, true, b.targets(v.X), "expvar.Func, served with /debug/vars,"
	b.emit(e)
}

// encodedResult handles the return of a function that is an expvar.Func: its
// result is encoded after it has returned, with no lock of its own.
func (b *builder) encodedResult(e Event, ret *ssa.Return) {
	if b.sinks == nil || len(ret.Results) != 1 || !b.isPublished() {
		return
	}
	mi := returned(ret)
	if mi == nil {
		return
	}
	walks, methods := b.env.Footprints.Of(mi.X.Type(), sinks.Traversal{Family: sinks.JSON})
	paths := b.pathsOf(mi.X)
	e.Locks, e.Keyed = nil, nil
	for _, w := range walks {
		f := e
		f.Sink = &Sink{Callee: expvarFunc, Call: e.Pos, Chain: w.Chain, Guarded: w.Guarded}
		f.Kind, f.Op, f.Loc = Access, access.Format, w.Location
		for _, p := range walkPaths(paths, w.Steps) {
			f.Path = p
			if w.Location.IsZero() {
				b.access(f, access.Format, []access.Path{p})
			} else {
				b.emit(f)
			}
		}
	}
	b.formatMethods(e, methods, paths, "expvar")
}

// returned returns the conversion to an interface whose result ret returns, nil
// if there is none. A function that defers keeps its result in a variable.
func returned(ret *ssa.Return) *ssa.MakeInterface {
	v := ret.Results[0]
	if load, ok := v.(*ssa.UnOp); ok {
		if a, ok := load.X.(*ssa.Alloc); ok {
			for _, ref := range *a.Referrers() {
				if st, ok := ref.(*ssa.Store); ok && st.Addr == a && st.Block() == ret.Block() {
					v = st.Val
				}
			}
		}
	}
	mi, _ := v.(*ssa.MakeInterface)
	return mi
}

// isPublished reports whether the function literal is converted to expvar.Func
// where it is made.
func (b *builder) isPublished() bool {
	parent := b.fn.Parent()
	if parent == nil {
		return false
	}
	for _, blk := range parent.Blocks {
		for _, ins := range blk.Instrs {
			ct, ok := ins.(*ssa.ChangeType)
			if !ok || types.TypeString(ct.Type(), nil) != expvarFunc {
				continue
			}
			switch x := ct.X.(type) {
			case *ssa.Function:
				if x == b.fn {
					return true
				}
			case *ssa.MakeClosure:
				if x.Fn == b.fn {
					return true
				}
			}
		}
	}
	return false
}

// walkPaths appends steps to each path; a path unknown or too long keeps the
// last of them.
func walkPaths(paths []access.Path, steps []access.Step) []access.Path {
	if len(paths) == 0 {
		paths = []access.Path{{}}
	}
	for _, s := range steps {
		if len(paths) == 0 {
			paths = []access.Path{{}}
		}
		paths = extend(paths, s)
	}
	return paths
}

// argument returns the value of the i'th argument as written, looking into the
// slice of variadic ones.
func argument(c *ssa.CallCommon, i int) ssa.Value {
	args := c.Args
	if !c.IsInvoke() && c.Signature().Recv() != nil && len(args) > 0 {
		args = args[1:]
	}
	n := c.Signature().Params().Len()
	if c.Signature().Variadic() && i >= n-1 {
		if n-1 >= len(args) {
			return nil
		}
		vs := variadic(args[n-1])
		if i-(n-1) < len(vs) {
			return vs[i-(n-1)]
		}
		return nil
	}
	if i < len(args) {
		return args[i]
	}
	return nil
}
