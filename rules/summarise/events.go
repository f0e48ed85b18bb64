package summarise

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// events appends what ins does to the summary; ls is what is held before it.
func (b *builder) events(blk int, ls lockset, ins ssa.Instruction) {
	e := Event{Block: blk, Pos: b.start(ins.Pos())}
	e.Locks, e.Keyed = ls.split()
	switch ins := ins.(type) {
	case *ssa.Alloc:
		_, isStruct := deref(ins.Type()).Underlying().(*types.Struct)
		if (ins.Heap || isStruct) && ins.Comment != "varargs" {
			e.Kind, e.Path = Make, access.Path{Root: b.local(ins, ins.Comment)}
			b.emit(e)
		}
	case *ssa.MakeMap:
		e.Kind, e.Path = Make, access.Path{Root: b.local(ins, "")}
		b.emit(e)
	case *ssa.Lookup:
		if isMap(ins.X.Type()) && !b.swappedOut(ins.X, ins) {
			e.Aliased, e.Remade = b.aliased(ins.X, ls), b.remade(ins.X)
			b.access(e, access.Read, b.pathsOf(ins.X))
		}
	case *ssa.MapUpdate:
		if !b.swappedOut(ins.Map, ins) {
			e.Remade, e.Copied = b.remade(ins.Map), b.copiedAt(ins.Map)
			b.access(e, access.Write, b.pathsOf(ins.Map))
		}
		b.publish(e, ins.Value, b.pathsOf(ins.Map))
		b.handsOn(e, ins)
		if isFunc(ins.Value.Type()) {
			if step, ok := b.registry(ins.Map); ok {
				b.keepFunc(step, ins.Value)
			}
		}
	case *ssa.Range:
		if isMap(ins.X.Type()) && !b.swappedOut(ins.X, ins) {
			e.Aliased, e.Remade = b.aliased(ins.X, ls), b.remade(ins.X)
			b.access(e, access.Iterate, b.pathsOf(ins.X))
		}
	case *ssa.Store:
		b.store(e, ins)
	case *ssa.Send:
		b.publish(e, ins.X, nil)
		e.Text = "channel send"
		b.signal(e, ins.Chan)
		b.block(e)
	case *ssa.UnOp:
		if ins.Op == token.ARROW {
			b.wait(e, b.pathsOf(ins.X))
			e.Text = "channel receive"
			b.block(e)
		}
	case *ssa.Select:
		if ins.Blocking {
			e.Text = "select"
			b.block(e)
		}
		for _, st := range ins.States {
			if st.Send != nil {
				b.publish(e, st.Send, nil)
			}
		}
	case *ssa.Go:
		b.spawn(e, ins)
	case *ssa.Call:
		b.call(e, ins, &ins.Call)
	case *ssa.RunDefers:
		b.runDefers(e, ins, ls)
	case *ssa.Panic:
		b.panics(e, ins)
	case *ssa.Return:
		b.results(ins)
		b.encodedResult(e, ins)
		b.goesOn(e)
		e.Kind = Exit
		b.emit(e)
	case *ssa.ChangeType:
		b.published(e, ins)
	case *ssa.MakeInterface:
		b.handlerValue(e, ins)
	}
	b.handlerOperands(e, ins)
}

func (b *builder) emit(e Event) {
	e.Gated = b.gated
	b.sum.Events = append(b.sum.Events, e)
}

func (b *builder) access(e Event, op access.Op, paths []access.Path) {
	e.Kind, e.Op = Access, op
	for _, p := range paths {
		e.Path = p
		e.Loc = p.Location()
		if e.Loc.IsZero() && p.Root.Kind == access.LocalVar {
			l := b.sum.Locals[p.Root.Index]
			if !l.IsVar {
				continue // an unnamed map made here: aliases carry its accesses
			}
			e.Loc = b.localLoc(l)
		}
		if e.Loc.IsZero() && p.Root.Kind == access.FreeVar {
			e.Loc = b.capturedLoc(b.fn, p.Root.Index)
		}
		b.emit(e)
	}
}

// before reports whether a always happens before b: it dominates it.
func before(a, b ssa.Instruction) bool {
	if a.Block() != b.Block() {
		return a.Block().Dominates(b.Block())
	}
	return slices.Index(a.Block().Instrs, a) < slices.Index(b.Block().Instrs, b)
}

// localLoc returns the location of a local variable of this function.
func (b *builder) localLoc(l Local) access.Location {
	return access.Location{Kind: access.Local, Pkg: b.sum.Pkg, Owner: b.sum.Name, Name: l.Name, Pos: l.Pos}
}

// capturedLoc returns the location of the variable that free variable i of fn
// is, if it is a map that some enclosing function makes: whoever runs the
// closure, it is that map.
func (b *builder) capturedLoc(fn *ssa.Function, i int) access.Location {
	mc := madeBy(fn)
	if mc == nil {
		return access.Location{}
	}
	switch bind := mc.Bindings[i].(type) {
	case *ssa.FreeVar:
		for j, fv := range fn.Parent().FreeVars {
			if fv == bind {
				return b.capturedLoc(fn.Parent(), j)
			}
		}
	case *ssa.Alloc:
		obj := b.varAt[bind.Pos()]
		if obj == nil || !isMap(obj.Type()) {
			break
		}
		for _, ref := range *bind.Referrers() {
			st, ok := ref.(*ssa.Store)
			if !ok || st.Addr != bind {
				continue
			}
			switch st.Val.(type) {
			case *ssa.MakeMap, *ssa.Const:
			default:
				return access.Location{} // another name for some other map
			}
		}
		return access.Location{Kind: access.Local, Pkg: b.sum.Pkg, Owner: display(fn.Parent()), Name: obj.Name(), Pos: b.pos(bind.Pos())}
	}
	return access.Location{}
}

// store handles an assignment: it may replace a map, publish an object, or
// hand a function to whoever calls the field.
func (b *builder) store(e Event, st *ssa.Store) {
	addr := b.pathsOf(st.Addr)
	if isMap(st.Val.Type()) && replaces(st) && !b.inCopy(st.Addr) {
		b.access(e, access.Replace, addr)
	}
	if fa, ok := st.Addr.(*ssa.FieldAddr); ok && mayBeFunc(st.Val) {
		b.storeFunc(e, fa, st.Val)
	}
	if g, ok := st.Addr.(*ssa.Global); ok && isFunc(st.Val.Type()) {
		b.keepFunc(globalStep(g), st.Val)
	}
	if ia, ok := st.Addr.(*ssa.IndexAddr); ok && isFunc(st.Val.Type()) {
		if step, ok := b.registry(ia.X); ok {
			b.keepFunc(step, st.Val)
		}
	}
	for _, v := range appended(st.Val) {
		if step, ok := b.holder(addr); ok && isFunc(v.Type()) {
			b.keepFunc(step, v)
		}
	}
	if !justCaptured(st) {
		b.publish(e, st.Val, addr)
	}
	b.alias(e, st, addr)
	if a, ok := st.Addr.(*ssa.Alloc); ok {
		if r := b.renewed(a); r != nil {
			b.refer(e, r)
		}
	}
}

// alias notes that a field or variable refers to an object that has another
// name: c.lister = lister.
func (b *builder) alias(e Event, st *ssa.Store, addr []access.Path) {
	kind := Alias
	switch st.Val.Type().Underlying().(type) {
	case *types.Pointer, *types.Interface:
	case *types.Map:
		if kind = Share; !b.shares(st, addr) {
			return
		}
	default:
		return
	}
	vals := b.pathsOf(st.Val)
	if len(addr) != 1 || addr[0].N == 0 || len(vals) != 1 || vals[0].Root.Kind == access.Unknown || addr[0].Root.Kind == access.Unknown {
		return
	}
	e.Kind, e.Path, e.Args = kind, addr[0], [][]access.Path{vals}
	b.emit(e)
}

// shares reports whether a store gives a field of an object that is known by
// this function only the map that another object has, once and for all:
//
//	req.Header = c.header
func (b *builder) shares(st *ssa.Store, addr []access.Path) bool {
	if len(addr) != 1 || addr[0].Root.Kind != access.LocalVar && addr[0].Root.Kind != access.CallResult {
		return false
	}
	for _, p := range b.pathsOf(st.Val) {
		if p.N == 0 {
			return false // a map by itself
		}
	}
	return !slices.ContainsFunc(b.stores, func(other *ssa.Store) bool {
		return other != st && slices.Equal(b.pathsOf(other.Addr), addr)
	})
}

// replaces reports whether a store of a map changes a variable that others may
// see, rather than initialising a local one.
func replaces(st *ssa.Store) bool {
	switch st.Addr.(type) {
	case *ssa.FieldAddr, *ssa.Global, *ssa.FreeVar:
		return true
	}
	return false
}

func mayBeFunc(v ssa.Value) bool {
	if isFunc(v.Type()) {
		return true
	}
	mi, ok := v.(*ssa.MakeInterface)
	return ok && types.IsInterface(mi.Type())
}

func (b *builder) storeFunc(e Event, fa *ssa.FieldAddr, val ssa.Value) {
	step := fieldStep(fa.X.Type(), fa.Field)
	row, callback := b.table.Field(step)
	multi := row.Multi
	if !isFunc(val.Type()) && row.Method == "" {
		return // an object: its methods are handlers by themselves, see handlerValue
	}
	ts := b.runBy(val, row.Method)
	if !callback && b.env.Own != nil && !b.env.Own(step.Pkg) && b.table.KeepsField(step.Pkg) && !known.RunsCommand(step.Type) && anyStatic(ts) {
		e.Assumed, callback = true, true
		multi = known.Serves(step.Name)
	}
	if !callback {
		b.keepFunc(step, val)
		return
	}
	if i, ok := b.spawned[fa.X]; ok { // the callbacks of one struct take turns
		b.sum.Events[i].Targets = append(b.sum.Events[i].Targets, ts...)
		return
	}
	b.spawned[fa.X] = len(b.sum.Events)
	e.Kind, e.Targets, e.Multi, e.Text = Spawn, ts, multi, step.Type+"."+step.Name
	b.emit(e)
}

// keepFunc notes that the variable field, or an element of it, holds the
// functions that v may be.
func (b *builder) keepFunc(field access.Step, v ssa.Value) {
	for _, t := range b.targets(v) {
		b.packageBuilder.sum.Stored = append(b.packageBuilder.sum.Stored, Stored{Field: field, Target: t, In: b.sum.ID})
	}
}

func anyStatic(ts []Target) bool {
	return slices.ContainsFunc(ts, func(t Target) bool { return t.Kind == Static })
}

// publish notes that what v points to can be reached from the given paths from
// now on; nil paths mean anyone.
func (b *builder) publish(e Event, v ssa.Value, to []access.Path) {
	if !pointerLike(v.Type()) {
		return
	}
	public := to == nil
	var into []int
	for _, p := range to {
		if p.Root.Kind == access.LocalVar || p.Root.Kind == access.CallResult {
			into = append(into, p.Root.Index)
		} else {
			public = true
		}
	}
	e.Kind, e.Stored = Publish, to != nil
	for _, p := range b.pathsOf(v) {
		if p.Root.Kind != access.LocalVar && p.Root.Kind != access.CallResult && p.Root.Kind != access.Param {
			continue
		}
		if public {
			e.Path = p.Prefix(0)
			b.emit(e)
			if p.Root.Kind == access.LocalVar {
				b.publishContent(e, p.Root.Index, 0)
			}
		} else if p.Root.Kind == access.LocalVar {
			for _, i := range into {
				b.content[i] = append(b.content[i], p.Root.Index)
			}
		}
	}
}

func (b *builder) publishContent(e Event, i, depth int) {
	if depth > 4 {
		return
	}
	for _, c := range b.content[i] {
		if c != i {
			e.Path = access.Path{Root: access.Root{Kind: access.LocalVar, Index: c, Name: b.sum.Locals[c].Name}}
			b.emit(e)
			b.publishContent(e, c, depth+1)
		}
	}
}

func pointerLike(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Interface, *types.Slice, *types.Chan, *types.Signature:
		return true
	}
	return false
}

func (b *builder) signal(e Event, group ssa.Value) {
	for _, p := range b.pathsOf(group) {
		e.Kind, e.Group = Signal, p
		b.emit(e)
	}
}

func (b *builder) wait(e Event, groups []access.Path) {
	for _, p := range groups {
		e.Kind, e.Group = Wait, p
		b.emit(e)
	}
}

func (b *builder) block(e Event) {
	e.Kind, e.Group, e.Path = Block, access.Path{}, access.Path{}
	b.emit(e)
}

func (b *builder) spawn(e Event, g *ssa.Go) {
	e.Targets, e.Args, e.Fns = b.callees(&g.Call)
	e.Kind, e.Local = Spawn, true
	e.Text = "go " + calleeText(b.nodes[g.Pos()])
	b.sinkCall(e, g, &g.Call)
	e.Unknown = unknownCallee(&g.Call)
	b.emit(e)
}

func (b *builder) results(ret *ssa.Return) {
	for i, r := range ret.Results {
		if i == len(b.sum.Results) {
			b.sum.Results = append(b.sum.Results, nil)
		}
		for _, p := range b.pathsOf(r) {
			b.sum.Results[i] = merge(b.sum.Results[i], p)
		}
	}
}

// callNumber numbers the calls whose results matter.
func (b *builder) callNumber(c ssa.CallInstruction) int {
	n, ok := b.callNum[c]
	if !ok {
		n = len(b.callNum)
		b.callNum[c] = n
	}
	return n
}

// markLast finds the signals after which the function touches nothing.
func (b *builder) markLast() {
	touched := func(i int) bool {
		k := b.sum.Events[i].Kind
		return k == Access || k == Call && len(b.sum.Events[i].Targets) > 0
	}
	for i := range b.sum.Events {
		e := &b.sum.Events[i]
		if e.Kind != Signal {
			continue
		}
		e.Last = true
		for j := range b.sum.Events {
			if touched(j) && b.sum.mayFollow(i, j) {
				e.Last = false
			}
		}
	}
}

// mayFollow reports whether event j may happen after event i in one run of f.
func (f *Func) mayFollow(i, j int) bool {
	from, to := f.Events[i].Block, f.Events[j].Block
	if from == to && j > i {
		return true
	}
	seen := make([]bool, len(f.Succs))
	work := append([]int(nil), f.Succs[from]...)
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		if b == to {
			return true
		}
		if !seen[b] {
			seen[b] = true
			work = append(work, f.Succs[b]...)
		}
	}
	return false
}

// calleeText renders what a go statement or call runs, on one line.
func calleeText(n ast.Node) string {
	var call *ast.CallExpr
	switch n := n.(type) {
	case *ast.GoStmt:
		call = n.Call
	case *ast.CallExpr:
		call = n
	}
	if call == nil {
		return "a function"
	}
	if _, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		return "func literal"
	}
	s := types.ExprString(call.Fun)
	if len(s) > 60 || strings.Contains(s, "\n") {
		_, end, _ := strings.Cut(s[max(0, len(s)-40):], ".")
		s = "…." + end
	}
	return s
}
