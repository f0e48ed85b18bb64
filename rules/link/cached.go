package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
)

// A CachedWrite is a write to a map of an object that came out of a cache from
// which everyone is given the same object.
type CachedWrite struct {
	Acc *Acc
	In  string // the function that took the object out
}

// noteCached adds a, an access in the terms of n, to the writes to cached objects.
func (p *Program) noteCached(n *node, a *Acc) {
	if a.Path.Root.Kind != access.Cached || a.Op != access.Write || a.Loc.IsZero() || len(a.Locks) > 0 || a.Site.Remade || n.Test || n.Init {
		return
	}
	if p.cached == nil {
		p.cached = make(map[access.Location][]CachedWrite)
	}
	if !slices.ContainsFunc(p.cached[a.Loc], func(c CachedWrite) bool { return c.Acc.Site == a.Site }) {
		p.cached[a.Loc] = append(p.cached[a.Loc], CachedWrite{a, n.Name})
	}
}

// CachedWrites returns the writes to the maps at loc of cached objects, in the
// order of the program.
func (p *Program) CachedWrites(loc access.Location) []CachedWrite { return p.cached[loc] }
