package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file says which objects nobody else can know yet.

// owned reports whether the object at path was made by n, or for n, and no
// other goroutine can know it when event i happens.
func (n *node) owned(path access.Path, i int) bool {
	fresh := path.Root.Kind == access.LocalVar || n.fresh[path.Root]
	if !fresh || !n.ownsAll(path) {
		return false
	}
	pubs := n.publications()[path.Root]
	if len(pubs) == 0 || !n.afterAny(pubs, i, path.Root) {
		return true
	}
	for _, k := range pubs {
		if n.after(k, i) && !n.locked(k, i) {
			return false
		}
	}
	return true
}

// locked reports whether event k of n stores an object where others find it
// under a lock that n holds, from then on, when event i happens: they take
// that lock to find it.
func (n *node) locked(k, i int) bool {
	if e := &n.Events[k]; e.Kind != summarise.Publish || !e.Stored || !n.after(k, i) || n.after(i, k) {
		return false
	}
	now := n.actualLocks(n.Events[i].Locks)
	for _, l := range n.actualLocks(n.Events[k].Locks) {
		if l.Mode != access.Exclusive || !slices.ContainsFunc(now, func(m access.Lock) bool { return m.Path == l.Path }) {
			continue
		}
		again := false // released in between
		for a := range n.Events {
			again = again || n.Events[a].Kind == summarise.Acquire && n.after(k, a) && n.after(a, i)
		}
		if !again {
			return true
		}
	}
	return slices.ContainsFunc(n.entry.locks, func(l access.Lock) bool { return l.Mode == access.Exclusive })
}

// ownsAll reports whether the pointers that a path goes through were all set
// to objects made in n: what a new object was given, it does not own.
func (n *node) ownsAll(path access.Path) bool {
	for k := 1; k < path.Holder(); k++ {
		if !path.Steps[k-1].Ptr {
			continue
		}
		tos := n.assigned[path.Prefix(k)]
		if len(tos) == 0 {
			return false
		}
		for _, to := range tos {
			if to.Root.Kind != access.LocalVar && !n.fresh[to.Root] {
				return false
			}
		}
	}
	return true
}

// publications returns the events of n that make its own objects visible to
// other goroutines.
func (n *node) publications() map[access.Root][]int {
	if n.published != nil {
		return n.published
	}
	n.published = make(map[access.Root][]int)
	for i := range n.Events {
		if e := &n.Events[i]; e.Kind == summarise.Publish {
			n.published[e.Path.Root] = append(n.published[e.Path.Root], i)
		}
	}
	for _, ed := range n.calls {
		e := &n.Events[ed.event]
		if e.Kind != summarise.Call || ed.passed {
			continue
		}
		for param := range ed.callee.publishes {
			for _, q := range n.subst(access.Path{Root: access.Root{Kind: access.Param, Index: param}}, e, ed.target) {
				n.published[q.Root] = append(n.published[q.Root], ed.event)
			}
		}
	}
	return n.published
}
