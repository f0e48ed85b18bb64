package summarise

import (
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/known"
)

// inTransaction reports whether this function runs in a write transaction of a
// database that has but one at a time: it is passed to what begins one, or is
// given what it needs to change the database, and does.
func (b *builder) inTransaction() bool {
	if mc := madeBy(b.fn); mc != nil && slices.ContainsFunc(*mc.Referrers(), func(ins ssa.Instruction) bool {
		call, ok := ins.(ssa.CallInstruction)
		if !ok || call.Common().Value == mc {
			return false
		}
		name := calleeName(call.Common())
		return known.RunsInTransaction(name) && b.table.Here(name)
	}) {
		return true
	}
	if !slices.ContainsFunc(b.fn.Params, func(p *ssa.Parameter) bool { return known.OfTransaction(p.Type().String()) }) {
		return false
	}
	for _, blk := range b.fn.Blocks {
		for _, ins := range blk.Instrs {
			if call, ok := ins.(*ssa.Call); ok && known.NeedsTransaction(calleeName(&call.Call)) {
				return true
			}
		}
	}
	return false
}
