package summarise

import (
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// served adds the goroutines that serve the user's types by virtue of what they
// implement: a package that is imported has RegisterXServer(registrar, XServer),
// and a type of this package is an XServer. Who registers it may be a command
// that is not in the program, or does so by reflection. They are assumed,
// started by package initialisation, each type for one object.
func (p *packageBuilder) served() {
	var start *Func
	for _, f := range p.sum.Funcs {
		if f.ID == FuncID(p.sum.Path+".init") {
			start = f
		}
	}
	if start == nil || len(start.Succs) == 0 {
		return
	}
	for _, imp := range p.pkg.Types.Imports() {
		for _, name := range imp.Scope().Names() {
			if fn, ok := imp.Scope().Lookup(name).(*types.Func); ok {
				p.serve(start, fn)
			}
		}
	}
}

// serve adds to start the goroutines for the types that fn registers.
func (p *packageBuilder) serve(start *Func, fn *types.Func) {
	params := fn.Signature().Params()
	if params.Len() != 2 || !strings.HasPrefix(fn.Name(), "Register") || !strings.HasSuffix(fn.Name(), "Server") || !p.table.Registrar(types.TypeString(params.At(0).Type(), nil)) {
		return
	}
	iface, ok := params.At(1).Type().Underlying().(*types.Interface)
	if !ok {
		return
	}
	scope := p.pkg.Types.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() || types.IsInterface(tn.Type()) || known.TestDouble(name) {
			continue
		}
		ptr := types.NewPointer(tn.Type())
		if named, ok := tn.Type().(*types.Named); !ok || named.TypeParams().Len() > 0 || !types.Implements(ptr, iface) {
			continue
		}
		recv := access.Root{Kind: access.LocalVar, Index: len(start.Locals), Name: name}
		start.Locals = append(start.Locals, Local{Name: name, Pos: p.pos(tn.Pos())})
		for i := range iface.NumMethods() {
			obj, index, _ := types.LookupFieldOrMethod(ptr, true, iface.Method(i).Pkg(), iface.Method(i).Name())
			m, ok := obj.(*types.Func)
			if !ok || len(index) > 1 || m.Pkg() != p.pkg.Types {
				continue // not written here
			}
			start.Events = append(start.Events, Event{
				Kind: Spawn, Pos: p.pos(m.Pos()), Text: fn.Pkg().Name() + "." + fn.Name(), Multi: true, Assumed: true,
				Targets: []Target{{Kind: Static, ID: FuncID(FuncName(m)), Recv: one(recv), Bound: true}},
			})
		}
	}
}
