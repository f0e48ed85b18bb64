package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
)

// This file notes which objects come out of a sync.Map. One is there so that
// goroutines can share what it holds; it guards which object is under which
// key, and nothing in the objects.

// noteObject notes that a, an access at s, is in an object out of a sync.Map as
// n has it.
func (s *Site) noteObject(a *Acc, n *node) {
	i := slices.Index(a.Path.Steps[:a.Path.N], access.Pooled)
	if i < 0 || a.Op != access.Write || a.Owned || len(s.pooled) == maxSame {
		return
	}
	in := instance{n: n, path: a.Path, locks: a.Locks}
	if !slices.ContainsFunc(s.pooled, func(o instance) bool { return o.n == n && len(o.locks) == len(in.locks) }) {
		s.pooled = append(s.pooled, in)
	}
}

// Pooled reports whether the site writes to a map in an object that was taken
// out of a sync.Map, with no lock held on the way from there.
func (s *Site) Pooled() bool {
	return slices.ContainsFunc(s.pooled, func(in instance) bool {
		return len(in.locks)+len(in.n.entry.locks) == 0 && !in.n.entry.init && !in.n.Test
	})
}
