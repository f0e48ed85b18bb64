package summarise

import "golang.org/x/tools/go/ssa"

// justCaptured reports whether st gives a parameter the place from which
// function literals capture it, and these are all called, deferred or started
// where they are made: it becomes known to no goroutine but those.
func justCaptured(st *ssa.Store) bool {
	cell, ok := st.Addr.(*ssa.Alloc)
	if _, isParam := st.Val.(*ssa.Parameter); !ok || !isParam {
		return false
	}
	for _, ref := range *cell.Referrers() {
		switch ref := ref.(type) {
		case *ssa.Store:
			if ref.Addr != cell {
				return false
			}
		case *ssa.UnOp, *ssa.DebugRef:
		case *ssa.MakeClosure:
			if !runInPlace(ref) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// runInPlace reports whether nothing happens to a function literal but that it
// is called, deferred or started; one that makes others may hand them on.
func runInPlace(lit *ssa.MakeClosure) bool {
	if fn, ok := lit.Fn.(*ssa.Function); !ok || len(fn.AnonFuncs) > 0 {
		return false
	}
	for _, ref := range *lit.Referrers() {
		switch ref := ref.(type) {
		case *ssa.DebugRef:
		case ssa.CallInstruction:
			if ref.Common().Value != lit {
				return false
			}
		default:
			return false
		}
	}
	return true
}
