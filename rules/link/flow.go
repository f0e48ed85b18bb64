package link

import (
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file answers what may happen after what within one run of a function,
// each answer computed once.

// after reports whether event j of n may happen after event i.
func (n *node) after(i, j int) bool {
	a, b := n.Events[i].Block, n.Events[j].Block
	return a == b && i < j || n.blocksAfter(a)[b]
}

// blocksAfter returns the blocks that may follow block a, by at least one edge.
func (n *node) blocksAfter(a int) []bool {
	if n.follows == nil {
		n.follows = make([][]bool, len(n.Succs))
	}
	if n.follows[a] == nil {
		seen := make([]bool, len(n.Succs))
		work := append([]int(nil), n.Succs[a]...)
		for len(work) > 0 {
			b := work[len(work)-1]
			work = work[:len(work)-1]
			if !seen[b] {
				seen[b] = true
				work = append(work, n.Succs[b]...)
			}
		}
		n.follows[a] = seen
	}
	return n.follows[a]
}

// blockEvents returns the range of events of a block.
func (n *node) blockEvents(b int) (lo, hi int) {
	if n.first == nil {
		n.first = make([]int, len(n.Succs)+1)
		for i := range n.first {
			n.first[i] = -1
		}
		for i := len(n.Events) - 1; i >= 0; i-- {
			n.first[n.Events[i].Block] = i
		}
		n.first[len(n.Succs)] = len(n.Events)
		for b := len(n.Succs) - 1; b >= 0; b-- {
			if n.first[b] < 0 {
				n.first[b] = n.first[b+1]
			}
		}
	}
	return n.first[b], n.first[b+1]
}

// meets reports whether event i of n may happen while t runs, with the object
// at root still the one that t was given. A variable made in a loop is another
// object in each turn.
func (n *node) meets(t *Thread, i int, root access.Root) bool {
	if root.Kind != access.LocalVar && (root.Kind != access.CallResult || !n.fresh[root] && !t.Library) {
		root = access.Root{}
	}
	set, ok := t.during[root]
	if !ok {
		set = n.during(t, root)
		if t.during == nil {
			t.during = make(map[access.Root][]bool)
		}
		t.during[root] = set
	}
	return set[i]
}

// afterAny reports whether event i may happen after one of the events from,
// with the object at root still the same.
func (n *node) afterAny(from []int, i int, root access.Root) bool {
	set, ok := n.afterPub[root]
	if !ok {
		set = make([]bool, len(n.Events))
		for _, j := range from {
			n.mark(j, set, func(k int) bool { return n.makes(k, root) })
		}
		if n.afterPub == nil {
			n.afterPub = make(map[access.Root][]bool)
		}
		n.afterPub[root] = set
	}
	return set[i]
}

// during returns the events of n that may happen after t has started, up to
// those that wait for it or make root anew, which are included.
func (n *node) during(t *Thread, root access.Root) []bool {
	out := make([]bool, len(n.Events))
	if !t.Ends {
		stop := n.joins(t)
		n.mark(t.event, out, func(k int) bool { return stop != nil && stop(k) || n.makes(k, root) })
	}
	return out
}

// mark sets out for the events that may happen after event i, up to those at
// which stop answers true, which are included.
func (n *node) mark(i int, out []bool, stop func(k int) bool) {
	seen := make([]bool, len(n.Succs))
	var work []int
	// walk marks a range of events of one block, and reports whether its end
	// is reached.
	walk := func(lo, hi int) bool {
		for k := lo; k < hi; k++ {
			out[k] = true
			if stop(k) {
				return false
			}
		}
		return true
	}
	b := n.Events[i].Block
	if _, hi := n.blockEvents(b); walk(i+1, hi) {
		work = append(work, n.Succs[b]...)
	}
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[b] {
			continue
		}
		seen[b] = true
		if lo, hi := n.blockEvents(b); walk(lo, hi) {
			work = append(work, n.Succs[b]...)
		}
	}
}

// again reports whether event i may happen once more in one run of n before
// anything is waited for.
func (n *node) again(i int) bool {
	out := make([]bool, len(n.Events))
	n.mark(i, out, func(k int) bool { return n.Events[k].Kind == summarise.Wait })
	return out[i]
}

// makes reports whether event k makes the object at root anew.
func (n *node) makes(k int, root access.Root) bool {
	e := &n.Events[k]
	switch root.Kind {
	case access.LocalVar:
		return e.Kind == summarise.Make && e.Path.Root == root
	case access.CallResult:
		return e.Kind == summarise.Call && e.Call == root.Index
	}
	return false
}
