package summarise

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// call handles one call, made directly or deferred.
func (b *builder) call(e Event, ins ssa.CallInstruction, c *ssa.CallCommon) {
	e.Paren = b.pos(ins.Pos())
	if bi, ok := c.Value.(*ssa.Builtin); ok {
		b.builtin(e, bi, ins, c)
		return
	}
	if op, ok := b.lockCall(c); ok {
		if op.acquire {
			e.Kind, e.Lock = Acquire, op.lock
			b.emit(e)
		}
		return
	}
	name := calleeName(c)
	b.sinkCall(e, ins, c)
	b.withValue(e, c)
	if b.syncCall(e, name, c) {
		return
	}
	switch name {
	case "(*sync.Map).Store", "(*sync.Map).LoadOrStore", "(*sync.Map).Swap":
		b.publish(e, c.Args[2], extend(b.pathsOf(c.Args[0]), access.Pooled))
	case "context.WithValue":
		if call, ok := ins.(*ssa.Call); ok {
			k := e
			k.Kind, k.Path = Make, b.pathsOf(call)[0]
			b.emit(k)
		}
	}
	for _, mc := range b.table.MapCalls(name) {
		if v := given(c, mc.Arg); v != nil {
			if mi, ok := v.(*ssa.MakeInterface); ok {
				v = mi.X
			}
			if isMap(v.Type()) && !b.swappedOut(v, ins) {
				e.Remade, e.Copied = b.remade(v), b.copiedAt(v)
				b.access(e, mc.Op, b.pathsOf(v))
				e.Remade, e.Copied = false, access.Pos{}
			}
		}
	}
	if b.starters(e, name, ins, c) {
		return
	}
	e.Kind, e.Call = Call, b.callNumber(ins)
	e.Targets, e.Args, e.Fns = b.callees(c)
	e.Text = calleeText(b.nodes[ins.Pos()])
	e.Unknown, e.Blocks, e.Here = unknownCallee(c), known.Blocks(name), b.runsHere(name, c)
	if b.table.Keeps(name) && b.env.Own != nil && !b.env.Own(known.PackageOf(name)) {
		e.Multi = known.Serves(name)
		b.keeps(e)
		e.Multi = false
		e.Fns = nil
	}
	b.emit(e)
	b.closes(e, name, c)
	b.sends(e, name, ins, c)
}

// keeps records that functions passed to another module are run later.
func (b *builder) keeps(e Event) {
	for _, fns := range e.Fns {
		if !anyStatic(fns) {
			continue
		}
		k := e
		k.Kind, k.Call, k.Targets, k.Args, k.Fns, k.Assumed = Spawn, -1, fns, nil, nil, true
		b.emit(k)
	}
}

// builtin handles the built-in functions that use maps, and close.
func (b *builder) builtin(e Event, bi *ssa.Builtin, ins ssa.Instruction, c *ssa.CallCommon) {
	if n := bi.Name(); (n == "delete" || n == "clear" || n == "len") && isMap(c.Args[0].Type()) {
		if b.swappedOut(c.Args[0], ins) {
			return
		}
		e.Remade, e.Copied = b.remade(c.Args[0]), b.copiedAt(c.Args[0])
	}
	switch bi.Name() {
	case "delete":
		b.access(e, access.Write, b.pathsOf(c.Args[0]))
	case "clear":
		if isMap(c.Args[0].Type()) {
			b.access(e, access.Write, b.pathsOf(c.Args[0]))
		}
	case "len":
		if isMap(c.Args[0].Type()) {
			e.Aliased = b.aliased(c.Args[0], e.Locks)
			b.access(e, access.Read, b.pathsOf(c.Args[0]))
		}
	case "close":
		b.signal(e, c.Args[0])
	}
}

// syncCall handles package sync and its kin: waiting, signalling, running once.
func (b *builder) syncCall(e Event, name string, c *ssa.CallCommon) bool {
	if b.table.Waits(name) && !c.IsInvoke() {
		b.wait(e, b.pathsOf(c.Args[0]))
		e.Text = c.StaticCallee().Name()
		b.block(e)
		return true
	}
	switch name {
	case "(*sync.WaitGroup).Done":
		b.signal(e, c.Args[0])
		return true
	case "(*sync.WaitGroup).Add":
		return true
	case "(*sync.Once).Do":
		e.Kind, e.Call, e.Once = Call, -1, true
		e.Targets = b.targets(c.Args[1])
		if ps := b.pathsOf(c.Args[0]); len(ps) > 0 {
			e.Group = ps[0]
		}
		e.Text = "sync.Once.Do"
		b.emit(e)
		return true
	case "sync.OnceFunc", "sync.OnceValue", "sync.OnceValues":
		e.Kind, e.Call, e.Once = Call, -1, true
		e.Targets = b.targets(c.Args[0])
		e.Text = name
		b.emit(e)
		return true
	}
	return false
}

// starters handles calls that start goroutines or register functions with
// something that does.
func (b *builder) starters(e Event, name string, ins ssa.CallInstruction, c *ssa.CallCommon) bool {
	e.Kind, e.Call = Spawn, b.callNumber(ins)
	e.Text = calleeText(b.nodes[ins.Pos()])
	rows := b.table.Starters(name)
	for _, s := range rows {
		e.Multi, e.Ends, e.Local, e.Turns = s.Multi, s.Ends, s.Now, ""
		e.Targets, e.Args, e.Fns = nil, nil, nil
		if s.Turns {
			e.Turns = name
		}
		e.Group = access.Path{}
		if s.Wait != "" {
			if ps := b.pathsOf(c.Args[0]); len(ps) > 0 {
				e.Group = ps[0]
			}
		}
		if s.Arg == known.Caller {
			e.Targets, e.Args = b.self()
		} else {
			for _, v := range startedArgs(c, s.Arg) {
				e.Targets = append(e.Targets, b.runBy(v, s.Method)...)
			}
		}
		if s.Ends { // whoever calls this function sees a call that does it all
			here := e
			here.Kind, here.Call, here.Group = Call, -1, access.Path{}
			b.emit(here)
		}
		b.emit(e)
	}
	return len(rows) > 0 || b.registrar(e, c)
}

// self returns this function as something that it may start itself.
func (b *builder) self() (ts []Target, args [][]access.Path) {
	t := Target{Kind: Static, ID: b.sum.ID}
	for _, fv := range b.fn.FreeVars {
		t.Free = append(t.Free, b.pathsOf(fv))
	}
	for _, p := range b.fn.Params {
		args = append(args, b.pathsOf(p))
	}
	return []Target{t}, args
}

// given returns argument i of a call, or known.Receiver; nil if there is none.
func given(c *ssa.CallCommon, i int) ssa.Value {
	switch {
	case i == known.Receiver && c.IsInvoke():
		return c.Value
	case !c.IsInvoke() && c.Signature().Recv() != nil:
		i++
	}
	if i < 0 || i >= len(c.Args) {
		return nil
	}
	return c.Args[i]
}

// startedArgs returns argument i of a call, receiver not counted; the elements
// of a variadic one; all of them for -1.
func startedArgs(c *ssa.CallCommon, i int) []ssa.Value {
	args := c.Args
	if !c.IsInvoke() && c.Signature().Recv() != nil && len(args) > 0 {
		args = args[1:]
	}
	var out []ssa.Value
	for j, a := range args {
		if i >= 0 && j != i {
			continue
		}
		if vs := variadic(a); vs != nil {
			out = append(out, vs...)
		} else {
			out = append(out, a)
		}
	}
	return out
}

// runBy returns what is run of v: v itself if it is a function, or the named
// method of the object that it is.
func (b *builder) runBy(v ssa.Value, method string) []Target {
	if method == "" || isFunc(v.Type()) {
		return b.targets(v)
	}
	iface, _ := v.Type().Underlying().(*types.Interface)
	for {
		if mi, ok := v.(*ssa.MakeInterface); ok {
			v = mi.X
		} else if ci, ok := v.(*ssa.ChangeInterface); ok {
			v = ci.X
		} else {
			break
		}
	}
	if isFunc(v.Type()) { // http.HandlerFunc(f) as a handler
		return b.targets(v)
	}
	if method != "*" {
		obj, _, _ := types.LookupFieldOrMethod(v.Type(), true, nil, method)
		if m, ok := obj.(*types.Func); ok {
			return b.methodOf(v, m)
		}
		return nil
	}
	var out []Target
	if iface == nil || iface.NumMethods() == 0 {
		ms := types.NewMethodSet(v.Type())
		for i := range ms.Len() {
			if m, ok := ms.At(i).Obj().(*types.Func); ok && m.Exported() {
				out = append(out, b.methodOf(v, m)...)
			}
		}
		return out
	}
	for i := range iface.NumMethods() {
		obj, _, _ := types.LookupFieldOrMethod(v.Type(), true, iface.Method(i).Pkg(), iface.Method(i).Name())
		if m, ok := obj.(*types.Func); ok {
			out = append(out, b.methodOf(v, m)...)
		}
	}
	return out
}

// registrar handles functions that register a service to be served, such as
// those that protoc-gen-go-grpc writes: RegisterGreeterServer(s, impl).
func (b *builder) registrar(e Event, c *ssa.CallCommon) bool {
	params := c.Signature().Params()
	if params.Len() != 2 || len(c.Args) < 2 {
		return false
	}
	if !b.table.Registrar(types.TypeString(params.At(0).Type(), nil)) {
		return false
	}
	e.Targets = b.runBy(c.Args[len(c.Args)-1], "*")
	e.Multi = true
	b.emit(e)
	return true
}

// handlerValue handles values that servers call by virtue of their type: a
// function with a handler's signature, an object with a handler's method.
func (b *builder) handlerValue(e Event, v ssa.Value) {
	mi, ok := v.(*ssa.MakeInterface)
	if !ok {
		return
	}
	iface := mi.Type().Underlying().(*types.Interface)
	for i := range iface.NumMethods() {
		m := iface.Method(i)
		if isFunc(mi.X.Type()) || !b.table.Handler(m.Name(), signature(m.Signature())) {
			continue
		}
		e.Kind, e.Multi = Spawn, true
		e.Pos = b.start(mi.Pos())
		e.Text = "served as " + types.TypeString(mi.Type(), func(p *types.Package) string { return p.Name() })
		e.Targets = b.methodOf(mi.X, m)
		if !e.Pos.IsValid() {
			e.Pos = b.pos(b.fn.Pos())
		}
		b.emit(e)
	}
}

// handlerOperands handles functions with a handler's signature that ins takes
// the value of.
func (b *builder) handlerOperands(e Event, ins ssa.Instruction) {
	var callee ssa.Value
	if c, ok := ins.(ssa.CallInstruction); ok {
		callee = c.Common().Value
		if len(b.table.Starters(calleeName(c.Common()))) > 0 {
			return
		}
	}
	switch ins.(type) {
	case *ssa.MakeClosure, *ssa.Return, *ssa.Store, *ssa.Phi:
		if _, ok := ins.(*ssa.Store); !ok {
			return
		}
	}
	for _, op := range ins.Operands(nil) {
		v := *op
		if v == nil || v == callee {
			continue
		}
		switch v.(type) {
		case *ssa.Function, *ssa.MakeClosure:
		default:
			continue
		}
		sig := signature(v.Type().Underlying().(*types.Signature))
		if !b.table.Handler("", sig) {
			continue
		}
		he := e
		he.Kind, he.Multi, he.Targets = Spawn, true, b.targets(v)
		he.Text = "handler " + short(sig)
		if c, ok := ins.(ssa.CallInstruction); ok {
			he.Text = calleeText(b.nodes[c.Pos()])
		}
		if !he.Pos.IsValid() {
			he.Pos = b.pos(v.Pos())
		}
		b.emit(he)
	}
}

// short strips the directories from the import paths in a signature.
func short(sig string) string {
	words := strings.FieldsFunc(sig, func(r rune) bool { return strings.ContainsRune("(), *", r) })
	for _, w := range words {
		if i := strings.LastIndexByte(w, '/'); i >= 0 {
			sig = strings.ReplaceAll(sig, w, w[i+1:])
		}
	}
	return sig
}

// calleeName returns the table name of what c calls, "" if it is dynamic.
func calleeName(c *ssa.CallCommon) string {
	if c.IsInvoke() {
		return FuncName(c.Method)
	}
	fn := c.StaticCallee()
	if fn == nil {
		return ""
	}
	if o := fn.Origin(); o != nil {
		fn = o
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		return FuncName(obj)
	}
	return ""
}

// unknownCallee describes a callee that has no body here, "" if it has one.
func unknownCallee(c *ssa.CallCommon) string {
	if c.IsInvoke() {
		return FuncName(c.Method)
	}
	if fn := c.StaticCallee(); fn != nil {
		if o := fn.Origin(); o != nil {
			fn = o // an instance has a body that calls the generic function, which may have none
		}
		if fn.Blocks != nil {
			return ""
		}
		return calleeName(c)
	}
	return "a function value"
}
