package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// maxAccs bounds the accesses kept for one function, so that cost stays linear
// in the size of the program.
const maxAccs = 500

// maxSame bounds the accesses of one kind to one map that are kept for one
// function: more of them say nothing new.
const maxSame = 6

// compose computes what n does in its own terms from its events and from what
// is known of its callees.
func (p *Program) compose(n *node) {
	n.resolve(p)
	n.held, n.published, n.afterPub = nil, nil, nil
	c := &composer{p: p, n: n, seen: make(map[accKey]bool), same: make(map[sameKey]int)}
	n.sync, n.async, n.waits, n.signals = nil, nil, nil, nil
	n.publishes = make(map[int]bool)
	for i := range n.Events {
		c.event(i)
	}
	n.sync = c.out
	c.leave()
}

type composer struct {
	p    *Program
	n    *node
	out  []*Acc
	seen map[accKey]bool
	same map[sameKey]int
}

type sameKey struct {
	loc    access.Location
	writes bool
}

type accKey struct {
	site  *Site
	path  access.Path
	locks string
}

func lockKey(ls []access.Lock) string {
	b := make([]byte, 0, 64)
	for _, l := range ls {
		b = append(b, l.Path.Root.Name...)
		b = append(b, byte(l.Path.Root.Kind), byte(l.Path.Root.Index), byte(l.Mode))
		for _, s := range l.Path.Steps[:l.Path.N] {
			b = append(b, s.Name...)
			b = append(b, '.')
		}
		b = append(b, l.ID.Name...)
		b = append(b, ';')
	}
	return string(b)
}

// changes reports whether anything may write the map at loc: a map that is
// only ever read is of no interest to anyone.
func (p *Program) changes(loc access.Location) bool {
	return loc.IsZero() || loc.Kind == access.Local || p.written[loc]
}

func (c *composer) add(a *Acc) {
	c.p.noteCached(c.n, a)
	k := accKey{a.Site, a.Path, lockKey(a.Locks)}
	same := sameKey{a.Loc, a.Op.Writes()}
	if c.seen[k] || len(c.out) >= maxAccs || !a.Loc.IsZero() && c.same[same] >= maxSame {
		return
	}
	c.same[same]++
	c.seen[k] = true
	c.out = append(c.out, a)
}

func (c *composer) event(i int) {
	e := &c.n.Events[i]
	switch e.Kind {
	case summarise.Access:
		for _, path := range c.n.actual(e.Path) {
			a := c.p.direct(c.n, i, path)
			if c.p.changes(a.Loc) {
				c.add(a)
			}
			for _, b := range c.n.sharers(a, i) {
				c.add(b)
			}
		}
	case summarise.Call:
		for _, ed := range c.n.calls {
			if ed.event == i {
				c.call(i, ed)
			}
		}
	case summarise.Publish:
		for _, path := range c.n.actual(e.Path) {
			if path.Root.Kind == access.Param {
				c.n.publishes[path.Root.Index] = true
			}
		}
	case summarise.Wait:
		c.n.waits = union(c.n.waits, c.n.actual(e.Group))
	case summarise.Signal:
		if e.Last {
			c.n.signals = union(c.n.signals, c.n.actual(e.Group))
		}
	}
}

// direct returns the access that event i of n makes itself.
func (p *Program) direct(n *node, i int, path access.Path) *Acc {
	e := &n.Events[i]
	loc := e.Loc
	if loc.IsZero() {
		loc = n.location(path)
	}
	site := p.site(n, e, loc)
	a := &Acc{Op: e.Op, Loc: loc, Path: path, Locks: n.heldAt(e, i), Site: site, Gated: e.Gated}
	a.Owned = n.owned(path, i)
	if path.Root == (access.Root{}) && loc.IsZero() {
		a.Owned = true
	}
	site.noteObject(a, n)
	return a
}

// site returns the record of the access as the source has it.
func (p *Program) site(n *node, e *summarise.Event, loc access.Location) *Site {
	k := siteKey{e.Pos, e.Op, e.Loc}
	if s := p.sites[k]; s != nil {
		if !loc.IsZero() {
			s.locs[loc] = true
		}
		return s
	}
	s := &Site{
		Op: e.Op, Loc: e.Loc, Pkg: n.Pkg, Func: n.Name, FuncID: n.ID, Pos: e.Pos, Path: e.Path,
		Locks: e.Locks, Keyed: e.Keyed, Sink: e.Sink, Test: n.Test, Aliased: e.Aliased, Remade: e.Remade, Copied: e.Copied, Library: e.Text, node: n, locs: make(map[access.Location]bool),
	}
	if !loc.IsZero() {
		s.locs[loc] = true
	}
	p.sites[k] = s
	return s
}

// through returns the record of the access as one to the map at loc, which the
// object that s names shares with another.
func (s *Site) through(loc access.Location) *Site {
	if t := s.shared[loc]; t != nil {
		return t
	}
	t := *s
	t.Loc, t.Shared, t.Exempt, t.From = loc, true, "", s.Loc
	t.locs, t.inst, t.shared = map[access.Location]bool{loc: true}, nil, nil
	if s.shared == nil {
		s.shared = make(map[access.Location]*Site)
	}
	s.shared[loc] = &t
	return &t
}

// call adds what a callee does before it returns, in n's terms.
func (c *composer) call(i int, ed edge) {
	if ed.starts != nil {
		return // see threads
	}
	fr := c.n.frame(ed, false)
	e := fr.e
	for _, a := range ed.callee.sync {
		if a.Owned && !a.Loc.IsZero() {
			continue
		}
		for _, b := range fr.instantiate(a) {
			if e.Once && c.n.onceGuards(e, ed.callee, b) {
				b.Owned = true
				a.Site.Exempt = "inside sync.Once"
			}
			b.Via = &Via{Pos: e.Pos, Text: callText(ed.callee), Next: a.Via}
			b.Gated = b.Gated || e.Gated
			if !b.Loc.IsZero() {
				b.Site.locs[b.Loc] = true
			}
			c.add(b)
		}
	}
	for _, s := range ed.callee.signals {
		c.n.signals = union(c.n.signals, c.n.subst(s, e, ed.target))
	}
	for _, w := range ed.callee.waits {
		c.n.waits = union(c.n.waits, c.n.subst(w, e, ed.target))
	}
	for param := range ed.callee.publishes {
		for _, q := range c.n.subst(access.Path{Root: access.Root{Kind: access.Param, Index: param}}, e, ed.target) {
			if q.Root.Kind == access.Param {
				c.n.publishes[q.Root.Index] = true
			}
		}
	}
}

// onceGuards reports whether a sync.Once makes the map of a: the Once is in the
// same object, or both are package variables, and what it runs makes the map.
// What a Once tears down is another matter.
func (n *node) onceGuards(e *summarise.Event, body *node, a *Acc) bool {
	made := slices.ContainsFunc(body.sync, func(b *Acc) bool { return b.Op == access.Replace && (b.Loc == a.Loc || b.Loc.IsZero()) })
	for _, q := range n.actual(e.Group) {
		if q.Root.Kind == access.GlobalVar && a.Path.Root.Kind == access.GlobalVar || access.SameBase(&q, &a.Path) {
			return made || a.Loc.Kind == access.Local
		}
	}
	return false
}

// seen returns the event as the callee of ed sees it: one that was passed to
// somebody else is not called with the arguments of the event.
func (ed *edge) seen(e *summarise.Event) *summarise.Event {
	if !ed.passed {
		return e
	}
	out := *e
	out.Args, out.Call = nil, -1
	return &out
}

// maxGroups bounds what a function is said to wait for or signal to.
const maxGroups = 32

// union adds the paths of add that a caller can make sense of to ps.
func union(ps, add []access.Path) []access.Path {
	for _, q := range add {
		if q.Root.Kind != access.Unknown && !slices.Contains(ps, q) && len(ps) < maxGroups {
			ps = append(ps, q)
		}
	}
	return ps
}

// maxResults bounds how many objects a call is said to return.
const maxResults = 4

// addLock adds a lock to those held, which stay a set.
func addLock(ls []access.Lock, l access.Lock) []access.Lock {
	for i, h := range ls {
		if h.Path == l.Path && h.ID.Location == l.ID.Location {
			ls[i].Mode = max(h.Mode, l.Mode)
			return ls
		}
	}
	if len(ls) == maxLocks {
		return ls
	}
	return append(ls, l)
}

// maxLocks bounds the locks kept for one access.
const maxLocks = 12

func callText(callee *node) string { return "calls " + callee.Name }
