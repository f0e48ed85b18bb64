package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file looks at callees through their calls.

// A frame is a call of n through which accesses of the callee are seen. It
// keeps what it has translated, since many accesses share one lock set.
type frame struct {
	n     *node
	e     *summarise.Event
	i     int // e's index
	t     summarise.Target
	here  []access.Lock                  // held at the call
	locks map[*access.Lock][]access.Lock // by first element
}

// frame returns the frame of one edge. A goroutine does not hold what its
// starter holds.
func (n *node) frame(ed edge, goroutine bool) *frame {
	fr := &frame{n: n, e: ed.seen(&n.Events[ed.event]), i: ed.event, t: ed.target, locks: make(map[*access.Lock][]access.Lock)}
	if !goroutine {
		fr.here = n.heldAt(&n.Events[ed.event], ed.event)
		fr.here = append(slices.Clip(fr.here), n.under(ed)...)
	}
	return fr
}

// under returns the locks that the callee of an event holds when it calls the
// function that it was passed: func (s *S) locked(f func()).
func (n *node) under(ed edge) []access.Lock {
	var out []access.Lock
	for _, l := range ed.locks {
		if qs := n.subst(l.Path, &n.Events[ed.event], ed.by); len(qs) == 1 {
			l.Path = qs[0]
			out = append(out, l)
		}
	}
	return out
}

// held returns what is held at an access of the callee: what is held at the
// call, and ls, what the callee took since.
func (fr *frame) held(ls []access.Lock) []access.Lock {
	n := fr.n
	if len(ls) == 0 {
		return fr.here
	}
	if out, ok := fr.locks[&ls[0]]; ok {
		return out
	}
	out := slices.Clone(fr.here)
	for _, l := range ls {
		if qs := n.subst(l.Path, fr.e, fr.t); len(qs) == 1 && qs[0].Root.Kind != access.Unknown {
			l.Path = qs[0]
		} else {
			l.Path.Root = access.Root{}
		}
		if l.ID.IsZero() {
			l.ID.Location = l.Path.Location()
		}
		if l.ID.IsZero() && l.Path.Root.Kind == access.Unknown {
			continue // no lock that anyone could name
		}
		out = addLock(out, l)
	}
	out = slices.Clip(out)
	fr.locks[&ls[0]] = out
	return out
}

// instantiate rewrites an access of the callee into n's terms.
func (fr *frame) instantiate(a *Acc) []*Acc {
	n, e, t, i := fr.n, fr.e, fr.t, fr.i
	locks := fr.held(a.Locks)
	var out []*Acc
	for _, q := range n.subst(a.Path, e, t) {
		b := &Acc{
			Op: a.Op, Loc: a.Loc, Path: q, Locks: locks, Site: a.Site, Gated: a.Gated,
			kept: a.kept || a.Path.Root.Kind == access.Captured,
		}
		if b.Loc.IsZero() {
			b.Loc = n.location(q)
		}
		if b.Loc.Kind == access.Local && q.Root.Kind == access.Unknown {
			b.Path.Root = n.localAt(b.Loc)
			q = b.Path
		}
		if b.Loc.IsZero() && q.Root.Kind == access.Unknown {
			continue // nobody can tell any more which map this is
		}
		if q.Root.Kind != access.Unknown {
			b.Owned = n.owned(q, i)
		}
		if a.Loc.IsZero() && !b.Loc.IsZero() {
			a.Site.known(b, n)
		}
		a.Site.noteObject(b, n)
		out = append(out, b)
		out = append(out, n.sharers(b, i)...)
	}
	return out
}

// sharers returns an access of n's event i as accesses to the maps of the
// objects that share the map with the one which b names. Who replaces the one
// leaves the others alone.
func (n *node) sharers(b *Acc, i int) []*Acc {
	if b.Op == access.Replace || b.Site.Remade {
		return nil
	}
	var out []*Acc
	for _, q := range n.sharing(b.Path) {
		if loc := n.location(q); !loc.IsZero() && loc != b.Loc {
			a := &Acc{Op: b.Op, Loc: loc, Path: q, Locks: b.Locks, Site: b.Site.through(loc), Owned: n.owned(q, i)}
			a.Site.known(a, n)
			out = append(out, a)
		}
	}
	return out
}

// known notes that b, an access at s, is to a map that n can name.
func (s *Site) known(b *Acc, n *node) {
	if s.inst == nil {
		s.inst = make(map[access.Location][]instance)
	}
	if len(s.inst[b.Loc]) < maxPairs {
		s.inst[b.Loc] = append(s.inst[b.Loc], instance{n, b.Path, b.Locks, b.Owned})
	}
}

// localAt returns the root for a local variable that n declares.
func (n *node) localAt(loc access.Location) access.Root {
	if loc.Owner == n.Name && loc.Pkg == n.Pkg {
		for i, l := range n.Locals {
			if l.Pos == loc.Pos {
				return access.Root{Kind: access.LocalVar, Index: i, Name: l.Name}
			}
		}
	}
	return access.Root{}
}

// location returns the location a path leads to, local variables of n included.
func (n *node) location(p access.Path) access.Location {
	if l := p.Location(); !l.IsZero() {
		return l
	}
	if p.Root.Kind == access.LocalVar && p.Root.Index < len(n.Locals) {
		if l := n.Locals[p.Root.Index]; l.IsVar {
			return access.Location{Kind: access.Local, Pkg: n.Pkg, Owner: n.Name, Name: l.Name, Pos: l.Pos}
		}
	}
	return access.Location{}
}

// subst rewrites a path of the callee of e into n's terms. A path that starts
// at something only the callee knows keeps its fields and loses its start.
func (n *node) subst(p access.Path, e *summarise.Event, t summarise.Target) []access.Path {
	var from []access.Path
	switch p.Root.Kind {
	case access.GlobalVar, access.ContextValue, access.Cached:
		return []access.Path{p}
	case access.Captured:
		return n.actual(p)
	case access.Param:
		i := p.Root.Index
		if t.Bound {
			if i == 0 {
				from = t.Recv
			} else if i-1 < len(e.Args) {
				from = e.Args[i-1]
			}
		} else if i < len(e.Args) {
			from = e.Args[i]
		}
	case access.FreeVar:
		if p.Root.Index < len(t.Free) {
			from = t.Free[p.Root.Index]
		}
	case access.Result:
		from = []access.Path{{Root: access.Root{Kind: access.CallResult, Index: e.Call, Sub: p.Root.Index}}}
	}
	var out []access.Path
	for _, f := range from {
		for _, g := range n.actual(f) {
			q, ok := g.Join(p)
			if !ok {
				continue
			}
			for _, r := range n.unalias(q) {
				if !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	if len(out) == 0 {
		p.Root = access.Root{}
		out = append(out, p)
	}
	return out
}
