package link

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// This file answers what a crash asks: which accesses does a function make,
// and to which maps when it was called from there.

// AllSites returns every access in position order, those included of which
// nobody can tell what map it is.
func (p *Program) AllSites() []*Site {
	out := make([]*Site, 0, len(p.sites))
	for _, s := range p.sites {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Site) int {
		switch {
		case a.Pos.Less(b.Pos):
			return -1
		case b.Pos.Less(a.Pos):
			return 1
		case a.Op != b.Op:
			return int(a.Op) - int(b.Op)
		}
		return strings.Compare(a.Loc.String(), b.Loc.String())
	})
	return out
}

// Maps returns the maps that the site is known to access, in name order.
func (s *Site) Maps() []access.Location {
	var out []access.Location
	for loc := range s.locs {
		out = append(out, loc)
	}
	slices.SortFunc(out, func(a, b access.Location) int {
		if c := strings.Compare(a.String(), b.String()); c != 0 {
			return c
		}
		return a.Pos.Line - b.Pos.Line
	})
	return out
}

// KnownBy returns the functions that pass loc to the site: its callers that
// know which map it is. There are none for a site that knows it by itself.
func (s *Site) KnownBy(loc access.Location) []Passer {
	var out []Passer
	for _, in := range s.inst[loc] {
		p := Passer{Pkg: in.n.Pkg, Name: in.n.Name, Locks: append(slices.Clip(in.locks), in.n.entry.locks...), Owned: in.owned}
		if !slices.ContainsFunc(out, func(o Passer) bool {
			return o.Pkg == p.Pkg && o.Name == p.Name && o.Owned == p.Owned && slices.Equal(o.Locks, p.Locks)
		}) {
			out = append(out, p)
		}
	}
	return out
}

// A Passer is a function that passes a map on.
type Passer struct {
	Pkg, Name string // as a stack trace has it
	Locks     []access.Lock
	Owned     bool // no other goroutine can know the map then
}
