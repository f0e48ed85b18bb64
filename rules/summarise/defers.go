package summarise

import (
	"slices"

	"golang.org/x/tools/go/ssa"
)

// This file says which deferred calls run where a function returns: those that
// its way there has come by. A return before the lock is taken runs no unlock,
// and nothing else that was to be done under the lock.

// runDefers handles the deferred calls of a return, last one first, each with
// the locks that are still held when it runs.
func (b *builder) runDefers(e Event, ins *ssa.RunDefers, ls lockset) {
	for _, d := range b.deferred(ins) {
		e.Pos = b.start(d.Pos())
		e.Locks, e.Keyed = ls.split()
		b.call(e, d, &d.Call)
		ls = b.applyCall(ls, &d.Call)
	}
}

// deferred returns the calls that may have been deferred when ins runs them, in
// the order in which it does.
func (b *builder) deferred(ins *ssa.RunDefers) []*ssa.Defer {
	out, ok := b.deferredAt[ins]
	if !ok {
		for _, d := range slices.Backward(b.defers) {
			if d.Block() == ins.Block() || ins.Block() == b.fn.Recover || reaches(d.Block(), ins.Block()) {
				out = append(out, d)
			}
		}
		if b.deferredAt == nil {
			b.deferredAt = make(map[*ssa.RunDefers][]*ssa.Defer)
		}
		b.deferredAt[ins] = out
	}
	return out
}

// reaches reports whether control may flow from one block to another.
func reaches(from, to *ssa.BasicBlock) bool {
	seen := make([]bool, len(from.Parent().Blocks))
	work := []*ssa.BasicBlock{from}
	for len(work) > 0 {
		blk := work[len(work)-1]
		work = work[:len(work)-1]
		if slices.Contains(blk.Succs, to) {
			return true
		}
		for _, s := range blk.Succs {
			if !seen[s.Index] {
				seen[s.Index] = true
				work = append(work, s)
			}
		}
	}
	return false
}
