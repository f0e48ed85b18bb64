package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// meet finds the pairs of accesses that may overlap within one run of n: what
// a goroutine started by then does, against what n does later itself, and
// against the other goroutines that n starts.
func (p *Program) meet(n *node) {
	ts := n.ts
	for _, t := range ts {
		if t.starter == n {
			p.threads = append(p.threads, t)
		}
	}
	if len(ts) == 0 {
		return
	}
	var events map[access.Location][]located
	contended := n.contend(ts)
	for i, t := range ts {
		if len(t.Accs) == 0 {
			continue
		}
		if events == nil {
			events = p.located(n)
		}
		p.meetSelf(n, t)
		for _, u := range ts[i+1:] {
			if u.event == t.event && u.Via == nil && t.Via == nil {
				continue
			}
			if contended[t] != nil && contended[u] != nil {
				p.meetThreads(n, t, u, contended[t].accs, contended[u].loose)
			}
		}
		if t.Ends || !t.Local {
			continue // what is only registered starts when this function is done, as a rule
		}
		for _, a := range t.Accs {
			if _, made := n.resultFor(a.Path.Root); made && a.kept || p.pairs[a.Loc] == maxPairs {
				continue // a constructor is done, as a rule, before anything calls what it stored
			}
			for _, l := range events[a.Loc] {
				if l.event != t.event && !(t.Library && n.hands(l.event)) && mayConflict(a, l.acc) && n.meets(t, l.event, a.Path.Root) && n.exact(a, l.acc) && conflict(a, l.acc.shared(n.entry.locks)) {
					p.pair(Pair{Loc: a.Loc, A: Side{a, t}, B: Side{l.acc, nil}, Exact: true, In: n.Name, Waits: a.Gated && n.silent(a.Path.Root, l.event)})
				}
			}
		}
	}
}

// hands reports whether event i of n is a call that hands an object to a library:
// what the callee does with it first belongs to that, whichever body here the
// call has. A transport around another sets headers of the request that it is
// given; if somebody sends that twice, this is the one to blame.
func (n *node) hands(i int) bool {
	for k := i + 1; k < len(n.Events) && n.Events[k].Pos == n.Events[i].Pos; k++ {
		if e := &n.Events[k]; e.Kind == summarise.Spawn && e.Op != 0 {
			return true
		}
	}
	return false
}

// silent reports whether n has sent nothing, closed nothing and shown the object
// at root to nobody when event i happens, other than to the goroutines that it
// or whoever made the object started.
func (n *node) silent(root access.Root, i int) bool {
	if root.Kind != access.LocalVar && !n.fresh[root] || n.afterAny(n.publications()[root], i, root) {
		return false
	}
	for k := range n.Events {
		if n.Events[k].Kind == summarise.Signal && n.after(k, i) {
			return false
		}
	}
	return true
}

type located struct {
	acc   *Acc
	event int
}

// located returns what n itself does, by location, with the event that does it.
func (p *Program) located(n *node) map[access.Location][]located {
	out := make(map[access.Location][]located)
	for i := range n.Events {
		e := &n.Events[i]
		switch e.Kind {
		case summarise.Access:
			for _, path := range n.actual(e.Path) {
				a := p.direct(n, i, path)
				for _, b := range append(n.sharers(a, i), a) {
					out[b.Loc] = append(out[b.Loc], located{b, i})
				}
			}
		case summarise.Call:
			for _, ed := range n.calls {
				if ed.event != i || e.Once || ed.starts != nil {
					continue
				}
				fr := n.frame(ed, false)
				for _, a := range ed.callee.sync {
					if a.Owned && !a.Loc.IsZero() {
						continue
					}
					for _, b := range fr.instantiate(a) {
						b.Via = &Via{Pos: e.Pos, Text: callText(ed.callee), Next: a.Via}
						out[b.Loc] = append(out[b.Loc], located{b, i})
					}
				}
			}
		}
	}
	delete(out, access.Location{})
	return out
}

// meetSelf pairs a goroutine with another instance of itself.
func (p *Program) meetSelf(n *node, t *Thread) {
	if !t.Multi && !n.after(t.event, t.event) {
		return
	}
	for _, a := range t.Accs {
		if !t.Multi && n.ownEachTurn(t, a) {
			continue
		}
		one := a
		if !t.Multi {
			one = n.inTurn(a, t.event)
		}
		for _, b := range t.byLocation()[a.Loc] {
			if mayConflict(a, b) && n.exact(a, b) && conflict(one, b) {
				p.pair(Pair{Loc: a.Loc, A: Side{a, t}, B: Side{b, t}, Same: true, Exact: true, In: n.Name})
			}
		}
	}
}

// inTurn returns a without the locks that are others in each turn of the loop
// that event i is in: those of an element, or of an object made in the loop.
//
//	for _, job := range jobs {
//		go func() { job.mu.Lock(); done[job.name] = true; job.mu.Unlock() }()
//	}
func (n *node) inTurn(a *Acc, i int) *Acc {
	b := *a
	if a.Path.N > a.Path.Holder() {
		return &b // one of many maps, and the lock perhaps that of this one
	}
	b.Locks = slices.DeleteFunc(slices.Clone(a.Locks), func(l access.Lock) bool {
		if a.Loc.Kind == access.Field && (l.ID.Pkg == a.Loc.Pkg && l.ID.Owner == a.Loc.Owner || l.Path.HasPrefix(a.Path.Base())) {
			return false // the map's own, by another name, or one of several in its object
		}
		return anElement(l.Path) || (l.Path.Root.Kind == access.LocalVar || n.fresh[l.Path.Root]) && n.remade(l.Path.Root, i)
	})
	return &b
}

// nested reports whether one of two goroutines is started by n, and starts the
// other.
func (n *node) nested(t, u *Thread) bool {
	return t.event == u.event && n.Events[t.event].Kind == summarise.Spawn && (t.Via == nil) != (u.Via == nil)
}

// ownEachTurn reports whether t, which a loop of n starts, makes access a to
// another object in each turn.
func (n *node) ownEachTurn(t *Thread, a *Acc) bool {
	return anElement(a.Path) || n.makes(t.event, a.Path.Root) || !n.meets(t, t.event, a.Path.Root)
}

// anElement reports whether a path leads through an element of a container, so
// that two turns of a loop most likely mean two objects.
func anElement(p access.Path) bool {
	return slices.ContainsFunc(p.Steps[:p.Base().N], func(s access.Step) bool { return s == access.Elem || s == access.Pooled })
}

// meetThreads pairs what t contends for with accesses of u, of which some are
// loose.
func (p *Program) meetThreads(n *node, t, u *Thread, accs []contender, loose map[access.Location][]*Acc) {
	if !n.meets(t, u.event, access.Root{}) && !n.meets(u, t.event, access.Root{}) {
		return
	}
	// Which of what t does comes before it starts u, the function that t runs
	// has shown. Here is left what one turn of t does to the u of another.
	nested := n.nested(t, u)
	if nested && !t.Multi && !n.after(t.event, t.event) {
		return
	}
	byLoc := u.byLocation()
	for _, a := range accs {
		if p.pairs[a.Loc] == maxPairs || nested && !t.Multi && n.ownEachTurn(t, a.Acc) {
			continue
		}
		others := loose[a.Loc]
		if a.loose {
			others = byLoc[a.Loc]
		}
		for _, b := range others {
			if mayConflict(a.Acc, b) && n.exact(a.Acc, b) && conflict(a.Acc, b) && (n.meets(t, u.event, a.Path.Root) || n.meets(u, t.event, a.Path.Root)) {
				p.pair(Pair{Loc: a.Loc, A: Side{a.Acc, t}, B: Side{b, u}, Exact: true, In: n.Name})
			}
		}
	}
}

// exact reports whether two accesses in a run of n are to the map of one object
// for sure.
func (n *node) exact(a, b *Acc) bool {
	if a.Loc.IsZero() || a.Loc != b.Loc || a.Loc.Kind == access.Context || a.Path.Root.Kind == access.Cached {
		return false
	}
	if a.Loc.Kind == access.Global {
		return true
	}
	return n.knows(a.Path.Root) && access.SameBase(&a.Path, &b.Path)
}

// byLocation indexes what t does.
func (t *Thread) byLocation() map[access.Location][]*Acc {
	if t.byLoc == nil {
		t.byLoc = make(map[access.Location][]*Acc)
		for _, a := range t.Accs {
			t.byLoc[a.Loc] = append(t.byLoc[a.Loc], a)
		}
	}
	return t.byLoc
}

// mayConflict reports whether two accesses could conflict at all: the part of
// conflict that costs nothing.
func mayConflict(a, b *Acc) bool {
	if a.Op == access.Replace && b.Site.Aliased || b.Op == access.Replace && a.Site.Aliased {
		return false // the other one has the old map, which nobody touches any more
	}
	return (a.Op.Writes() || b.Op.Writes()) && a.Site.Exempt == "" && b.Site.Exempt == "" && sameLevel(&a.Path, &b.Path)
}

// sameLevel reports whether two paths to one location lead to the map itself
// both, or to maps inside of it both: an inner map is another map.
func sameLevel(p, q *access.Path) bool {
	if p.N == 0 || q.N == 0 {
		return true // of package variables and locals, and where nothing is known
	}
	return (p.N > p.Holder()) == (q.N > q.Holder())
}

// conflict reports whether at least one of the accesses writes and no lock is
// held at both in modes that exclude each other.
func conflict(a, b *Acc) bool {
	if !mayConflict(a, b) || a.Owned || b.Owned {
		return false
	}
	for _, l := range a.Locks {
		for _, m := range b.Locks {
			if sameLock(l, m) && (l.Mode == access.Exclusive || m.Mode == access.Exclusive) {
				return false
			}
		}
	}
	return true
}

// shared returns a with more locks held, to an object that a goroutine knows.
func (a *Acc) shared(locks []access.Lock) *Acc {
	b := *a
	b.Owned = false
	b.Locks = append(slices.Clone(a.Locks), locks...)
	return &b
}

// sameLock reports whether two locks are one, as far as their declaration
// tells. Taking two locks for one only ever hides a report.
func sameLock(l, m access.Lock) bool {
	if l.Borrowed() || m.Borrowed() {
		return true
	}
	if l.ID.IsZero() || m.ID.IsZero() {
		return l.Path == m.Path
	}
	return l.ID.Location == m.ID.Location
}

// meetAcross finds the pairs of goroutines that no single function starts, but
// that reach one map: a package variable, or the same field through an object
// that both their starters were given.
func (p *Program) meetAcross() {
	type reach struct {
		t *Thread
		a *Acc
	}
	byLoc := make(map[access.Location][]reach)
	var locs []access.Location
	for _, t := range p.threads {
		if t.Ends && !t.Multi {
			continue
		}
		for _, a := range t.Accs {
			if a.Owned || a.Loc.IsZero() || !across(a) {
				continue
			}
			if byLoc[a.Loc] == nil {
				locs = append(locs, a.Loc)
			}
			byLoc[a.Loc] = append(byLoc[a.Loc], reach{t, a})
		}
	}
	for _, loc := range locs {
		rs := byLoc[loc]
		if len(rs) > 200 {
			rs = rs[:200]
		}
		for i, r := range rs {
			for _, s := range rs[i:] {
				if r.t == s.t && !r.t.Multi {
					continue
				}
				if r.t.starter == s.t.starter && r.t != s.t && loc.Kind != access.Global {
					continue // met, or kept apart, in meet
				}
				if r.t.starter == s.t.starter && r.t != s.t && !r.t.Multi && !p.overlap(r.t, s.t) {
					continue
				}
				if conflict(r.a, s.a) && alike(r.a, s.a) && p.unordered(r.t, s.t) && (sameGlobal(r.a, s.a) || p.given(loc, r.t, s.t)) {
					p.pair(Pair{Loc: loc, A: Side{r.a, r.t}, B: Side{s.a, s.t}, Same: r.t == s.t, Exact: loc.Kind == access.Global})
				}
			}
		}
	}
}

// overlap reports whether two goroutines that one function starts run at the
// same time.
func (p *Program) overlap(t, u *Thread) bool {
	n := t.starter
	return n.meets(t, u.event, access.Root{}) || n.meets(u, t.event, access.Root{})
}

// unordered reports whether neither goroutine has started the other: what the
// one did before that, and what it does after, meet knows.
func (p *Program) unordered(t, u *Thread) bool {
	return t == u || !p.startedIn(t, u) && !p.startedIn(u, t)
}

// startedIn reports whether u is started by what t runs, and by t alone.
func (p *Program) startedIn(t, u *Thread) bool {
	c := p.colours()
	col := c.find(t)
	return col != nil && !col.Multi && c.runs(col, u.starter)
}

// sameGlobal reports whether both accesses get to the map by way of one package
// variable, whoever made what is in there.
func sameGlobal(a, b *Acc) bool {
	return a.Path.Root.Kind == access.GlobalVar && a.Path.Root == b.Path.Root
}

// given reports whether two goroutines may have been given one object of the
// type that holds the map at loc, and do not make their own.
func (p *Program) given(loc access.Location, t, u *Thread) bool {
	if loc.Kind != access.Field {
		return true
	}
	c := p.colours()
	a, b := c.find(t), c.find(u)
	for _, pl := range p.made(access.Step{Pkg: loc.Pkg, Type: loc.Owner}) {
		for _, x := range c.reaching(pl.n) {
			if x.Multi || x == a || x == b {
				return false
			}
		}
	}
	return true
}

// across reports whether an access of a goroutine is to an object that other
// goroutines started elsewhere may hold too.
func across(a *Acc) bool {
	if a.Loc.Kind == access.Global {
		return true
	}
	if slices.Contains(a.Path.Steps[:a.Path.N], access.InContext) {
		return false // each request has its own, as a rule
	}
	switch a.Path.Root.Kind {
	case access.GlobalVar, access.Param, access.FreeVar:
		return a.Loc.Kind == access.Field
	}
	return false
}

// alike reports whether two paths in the terms of different functions may lead
// to one object: one of them starts at the object that holds the map, or both
// reach that object through the same field.
func alike(a, b *Acc) bool {
	if a.Loc.Kind == access.Global {
		return true
	}
	p, q := &a.Path, &b.Path
	i, j := p.Holder(), q.Holder()
	return i < 2 || j < 2 || p.Steps[i-2] == q.Steps[j-2]
}

// maxPairs bounds how many pairs are kept for one map.
const maxPairs = 256

// pair notes a pair; one for each map, two sites and goroutines.
func (p *Program) pair(pr Pair) {
	if t, u := pr.A.Thread, pr.B.Thread; t != nil && u != nil && t.Turns != "" && t.Turns == u.Turns {
		return // one goroutine runs both
	}
	k := pairKey{pr.Loc, pr.A.Acc.Site, pr.B.Acc.Site, pr.A.Thread, pr.B.Thread}
	if p.paired[k] || p.pairs[pr.Loc] == maxPairs {
		return
	}
	p.paired[k] = true
	p.pairs[pr.Loc]++
	p.Pairs = append(p.Pairs, pr)
}

type pairKey struct {
	loc  access.Location // one site can be many maps
	a, b *Site
	t, u *Thread
}
