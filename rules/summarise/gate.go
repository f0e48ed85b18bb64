package summarise

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// gates returns the blocks that are only reached when something was received
// from a channel, other than a timer's: somebody else went first.
func gates(fn *ssa.Function) []bool {
	out := make([]bool, len(fn.Blocks))
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			switch ins := ins.(type) {
			case *ssa.UnOp:
				if opens(ins) {
					for _, d := range blk.Dominees() {
						gate(out, d)
					}
				}
			case *ssa.Select:
				for i, st := range ins.States {
					if st.Dir == types.RecvOnly && isMessage(st.Chan.Type()) {
						if d := chosen(ins, int64(i)); d != nil {
							gate(out, d)
						}
					}
				}
			}
		}
	}
	return out
}

// gate marks blk and all that it dominates.
func gate(out []bool, blk *ssa.BasicBlock) {
	out[blk.Index] = true
	for _, d := range blk.Dominees() {
		gate(out, d)
	}
}

// opens reports whether an instruction receives from a channel other than a
// timer's.
func opens(ins ssa.Instruction) bool {
	u, ok := ins.(*ssa.UnOp)
	return ok && u.Op == token.ARROW && isMessage(u.X.Type())
}

// isMessage reports whether what comes through a channel is no time.
func isMessage(ch types.Type) bool {
	c, ok := ch.Underlying().(*types.Chan)
	return ok && types.TypeString(c.Elem(), nil) != "time.Time"
}

// chosen returns the block that a select goes on with when it takes its case i,
// nil if it is not only reached from there.
func chosen(sel *ssa.Select, i int64) *ssa.BasicBlock {
	for _, ref := range *sel.Referrers() {
		index, ok := ref.(*ssa.Extract)
		if !ok || index.Index != 0 {
			continue
		}
		for _, use := range *index.Referrers() {
			eq, ok := use.(*ssa.BinOp)
			if !ok || eq.Op != token.EQL {
				continue
			}
			if c, ok := eq.Y.(*ssa.Const); !ok || c.Int64() != i {
				continue
			}
			for _, br := range *eq.Referrers() {
				if iff, ok := br.(*ssa.If); ok && len(iff.Block().Succs[0].Preds) == 1 {
					return iff.Block().Succs[0]
				}
			}
		}
	}
	return nil
}
