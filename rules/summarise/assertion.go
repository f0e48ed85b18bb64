package summarise

import "golang.org/x/tools/go/ssa"

// failedAssertion reports whether v is what a type assertion or look-up gives
// that has failed when blk runs, and so nothing.
func failedAssertion(v ssa.Value, blk *ssa.BasicBlock) bool {
	for {
		switch x := v.(type) {
		case *ssa.MakeInterface:
			v = x.X
			continue
		case *ssa.ChangeInterface:
			v = x.X
			continue
		}
		break
	}
	val, ok := v.(*ssa.Extract)
	if !ok || val.Index != 0 {
		return false
	}
	switch val.Tuple.(type) { // with a second result, so v, ok := is the form
	case *ssa.TypeAssert, *ssa.Lookup:
	default:
		return false
	}
	for _, ref := range *val.Tuple.Referrers() {
		ok, isOK := ref.(*ssa.Extract)
		if !isOK || ok.Index != 1 {
			continue
		}
		for _, use := range *ok.Referrers() {
			br, isIf := use.(*ssa.If)
			if isIf && len(br.Block().Succs[1].Preds) == 1 && br.Block().Succs[1].Dominates(blk) {
				return true
			}
		}
	}
	return false
}
