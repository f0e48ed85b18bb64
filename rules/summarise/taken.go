package summarise

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// taken returns the declared functions whose values fn takes, other than to
// call them: they are called by whoever gets those values.
func taken(fn *ssa.Function) []FuncID {
	var out []FuncID
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			var callee ssa.Value
			if c, ok := ins.(ssa.CallInstruction); ok && !c.Common().IsInvoke() {
				callee = c.Common().Value
			}
			for _, op := range ins.Operands(nil) {
				f, ok := (*op).(*ssa.Function)
				if !ok || *op == callee || f.Parent() != nil {
					continue
				}
				if obj, ok := f.Object().(*types.Func); ok {
					if id := FuncID(FuncName(obj)); !slices.Contains(out, id) {
						out = append(out, id)
					}
				}
			}
		}
	}
	return out
}
