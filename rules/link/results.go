package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file names objects: what calls return, what is held.

// resolve works out what the results of n's calls are.
func (n *node) resolve(p *Program) {
	n.resolved = make(map[access.Root][]access.Path)
	n.fresh = make(map[access.Root]bool)
	for i := range n.Events {
		e := &n.Events[i]
		if e.Kind != summarise.Call || e.Call < 0 {
			continue
		}
		for _, ed := range n.calls {
			if ed.event != i || ed.passed {
				continue
			}
			for sub, ps := range ed.callee.results {
				root := access.Root{Kind: access.CallResult, Index: e.Call, Sub: sub}
				for _, q := range ps {
					if q.Root.Kind == access.Result {
						n.fresh[root] = true
						continue
					}
					for _, r := range n.subst(q, e, ed.target) {
						if r.Root.Kind != access.Unknown && r.Root != root && !slices.Contains(n.resolved[root], r) && len(n.resolved[root]) < maxResults {
							n.resolved[root] = append(n.resolved[root], r)
						}
					}
				}
			}
		}
	}
	n.resolveAliases()
	n.results = make([][]access.Path, len(n.Results))
	for i, ps := range n.Results {
		for _, q := range ps {
			for _, r := range n.actual(q) {
				if (r.Root.Kind == access.LocalVar || n.fresh[r.Root]) && r.N == 0 {
					r.Root = access.Root{Kind: access.Result, Index: i}
				}
				if !slices.Contains(n.results[i], r) && len(n.results[i]) < maxResults {
					n.results[i] = append(n.results[i], r)
				}
			}
		}
	}
}

// actual replaces the result of a call by what the callee is known to return,
// and a field by the object that it is known to refer to.
func (n *node) actual(p access.Path) []access.Path {
	p = n.recall(p)
	rs := n.resolved[p.Root]
	if p.Root.Kind != access.CallResult || len(rs) == 0 {
		return n.unalias(p)
	}
	var out []access.Path
	for _, r := range rs {
		if q, ok := r.Join(p); ok {
			out = append(out, n.unalias(q)...)
		}
	}
	if len(out) == 0 {
		return n.unalias(p)
	}
	return out
}

// heldAt returns the locks held at event i. Many accesses share the slice; it
// is not to be changed.
func (n *node) heldAt(e *summarise.Event, i int) []access.Lock {
	if len(e.Locks) == 0 {
		return nil
	}
	if n.held == nil {
		n.held = make(map[int][]access.Lock)
	}
	ls, ok := n.held[i]
	if !ok {
		ls = n.actualLocks(e.Locks)
		n.held[i] = ls
	}
	return ls
}

func (n *node) actualLocks(ls []access.Lock) []access.Lock {
	out := make([]access.Lock, 0, len(ls))
	for _, l := range ls {
		if qs := n.actual(l.Path); len(qs) == 1 {
			l.Path = qs[0]
		}
		if l.ID.Location.IsZero() {
			l.ID.Location = l.Path.Location()
		}
		out = append(out, l)
	}
	return out
}
