package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// This file looks behind the user's own interfaces, where types of libraries
// stand that have no bodies here.

// boxing collects, for every interface type of the package, the types that the
// package puts into it.
func (p *packageBuilder) boxing(fns []*ssa.Function) {
	p.boxed = make(map[*types.TypeName][]types.Type)
	for _, fn := range fns {
		for _, blk := range fn.Blocks {
			for _, ins := range blk.Instrs {
				mi, ok := ins.(*ssa.MakeInterface)
				if !ok {
					continue
				}
				if n, ok := types.Unalias(mi.Type()).(*types.Named); ok && n.Obj().Pkg() == p.pkg.Types {
					p.boxed[n.Obj()] = append(p.boxed[n.Obj()], mi.X.Type())
				}
			}
		}
	}
}

// runsHere reports whether a call has run the functions that it is given when
// it returns, on the caller's goroutine, going by the tables: a call of a
// library, or of an interface of this package behind which the package puts
// nothing but what does so.
func (p *packageBuilder) runsHere(name string, c *ssa.CallCommon) bool {
	if p.table.Here(name) {
		return true
	}
	if !c.IsInvoke() {
		return false
	}
	n, ok := types.Unalias(c.Value.Type()).(*types.Named)
	if !ok {
		return false
	}
	boxed := p.boxed[n.Obj()]
	for _, t := range boxed {
		obj, _, _ := types.LookupFieldOrMethod(t, true, c.Method.Pkg(), c.Method.Name())
		if m, ok := obj.(*types.Func); !ok || !p.table.Here(FuncName(m.Origin())) {
			return false
		}
	}
	return len(boxed) > 0
}
