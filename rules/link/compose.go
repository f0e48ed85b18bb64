package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// maxAccs bounds the accesses kept for one function, so that cost stays linear
// in the size of the program.
const maxAccs = 1000

// maxSame bounds the accesses of one kind to one map that are kept for one
// function: more of them say nothing new.
const maxSame = 12

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
			if a := c.p.direct(c.n, i, path); c.p.changes(a.Loc) {
				c.add(a)
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
	a := &Acc{Op: e.Op, Loc: loc, Path: path, Locks: n.heldAt(e, i), Site: site}
	a.Owned = n.owned(path, i)
	if path.Root == (access.Root{}) && loc.IsZero() {
		a.Owned = true
	}
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
		Locks: e.Locks, Sink: e.Sink, Test: n.Test, node: n, locs: make(map[access.Location]bool),
	}
	if !loc.IsZero() {
		s.locs[loc] = true
	}
	p.sites[k] = s
	return s
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
		b := &Acc{Op: a.Op, Loc: a.Loc, Path: q, Locks: locks, Site: a.Site}
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
		out = append(out, b)
	}
	return out
}

// known notes that b, an access at s, is to a map that n can name.
func (s *Site) known(b *Acc, n *node) {
	if s.inst == nil {
		s.inst = make(map[access.Location][]instance)
	}
	if len(s.inst[b.Loc]) < maxPairs {
		s.inst[b.Loc] = append(s.inst[b.Loc], instance{n, b.Locks, b.Owned})
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
	case access.GlobalVar:
		return []access.Path{p}
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

// owned reports whether the object at path was made by n, or for n, and no
// other goroutine can know it when event i happens.
func (n *node) owned(path access.Path, i int) bool {
	fresh := path.Root.Kind == access.LocalVar || n.fresh[path.Root]
	if !fresh || !n.ownsAll(path) {
		return false
	}
	pubs := n.publications()[path.Root]
	return len(pubs) == 0 || !n.afterAny(pubs, i, path.Root)
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

// leave computes the goroutines that outlive n: its own and its callees',
// less those that it waits for.
func (c *composer) leave() {
	n := c.n
	n.ts = n.threads()
	for _, t := range n.ts {
		for j := range n.Events {
			if n.Events[j].Kind == summarise.Exit && n.meets(t, j, access.Root{}) {
				n.async = append(n.async, n.returned(t))
				break
			}
		}
	}
}

// returned rewrites what t does to an object that n makes and returns into
// what it does to n's result, which callers can name.
func (n *node) returned(t *Thread) *Thread {
	out := *t
	out.during, out.byLoc = nil, nil
	out.Accs = make([]*Acc, len(t.Accs))
	for i, a := range t.Accs {
		out.Accs[i] = a
		if root, ok := n.resultFor(a.Path.Root); ok {
			b := *a
			b.Path.Root = root
			out.Accs[i] = &b
		}
	}
	return &out
}

// resultFor returns the result that is the object at root, if one is.
func (n *node) resultFor(root access.Root) (access.Root, bool) {
	if root.Kind != access.LocalVar && !n.fresh[root] {
		return root, false
	}
	for i, ps := range n.Results {
		for _, q := range ps {
			if q.Root == root && q.N == 0 {
				return access.Root{Kind: access.Result, Index: i}, true
			}
		}
	}
	return root, false
}

// maxThreads bounds the goroutines that a function is said to leave behind.
const maxThreads = 40

// threads returns the goroutines that run at some time during n, in n's terms.
func (n *node) threads() []*Thread {
	var out []*Thread
	for i := range n.Events {
		e := &n.Events[i]
		switch e.Kind {
		case summarise.Spawn:
			if t := n.started(e, i); t != nil {
				out = append(out, t)
			}
			for _, ed := range n.calls {
				if ed.event != i {
					continue
				}
				if ed.starts != nil && len(out) < maxThreads {
					out = append(out, n.startedBy(ed, i))
				}
				for _, t := range ed.callee.async { // the goroutine starts others
					if len(out) < maxThreads {
						out = append(out, n.inherited(t, e, ed, i))
					}
				}
			}
		case summarise.Call:
			for _, ed := range n.calls {
				if ed.event != i {
					continue
				}
				if ed.starts != nil {
					if len(out) < maxThreads {
						out = append(out, n.startedBy(ed, i))
					}
					continue
				}
				for _, t := range ed.callee.async {
					if len(out) < maxThreads {
						out = append(out, n.inherited(t, e, ed, i))
					}
				}
			}
		}
	}
	return out
}

// started returns the goroutine that event i of n starts.
func (n *node) started(e *summarise.Event, i int) *Thread {
	t := &Thread{Spawn: e.Pos, Text: e.Text, Func: n.Name, Pkg: n.Pkg, Multi: e.Multi, Ends: e.Ends, Local: e.Local, Assumed: e.Assumed, Group: e.Group, starter: n, event: i}
	any := false
	for _, ed := range n.calls {
		if ed.event == i && ed.starts == nil {
			any = true
			n.runs(t, ed)
		}
	}
	if !any {
		return nil
	}
	return t
}

// startedBy returns the goroutine on which a callee runs a function that n
// passes to it.
func (n *node) startedBy(ed edge, i int) *Thread {
	by := ed.starts
	t := &Thread{Spawn: by.Pos, Text: by.Text, Func: n.Name, Pkg: n.Pkg, Multi: by.Multi, Ends: by.Ends, Local: by.Local, Assumed: by.Assumed, starter: n, event: i}
	t.Via = &Via{Pos: n.Events[i].Pos, Text: "calls " + n.Events[i].Text}
	n.runs(t, ed)
	return t
}

// runs adds what the callee of ed does to what t does.
func (n *node) runs(t *Thread, ed edge) {
	if t.Entry == "" {
		t.Entry = ed.callee.Name
	}
	fr := n.frame(ed, true)
	for _, a := range ed.callee.sync {
		if a.Owned && !a.Loc.IsZero() {
			continue
		}
		for _, b := range fr.instantiate(a) {
			b.Via = a.Via
			b.Owned = false
			if !b.Loc.IsZero() {
				b.Site.locs[b.Loc] = true
			}
			t.Accs = append(t.Accs, b)
		}
	}
	for _, s := range ed.callee.signals {
		t.Signals = union(t.Signals, n.subst(s, fr.e, ed.target))
	}
}

// inherited returns a goroutine that a callee leaves behind, in n's terms.
func (n *node) inherited(t *Thread, e *summarise.Event, ed edge, i int) *Thread {
	out := *t
	out.during, out.byLoc = nil, nil
	out.event = i
	out.Via = &Via{Pos: e.Pos, Text: callText(ed.callee), Next: t.Via}
	out.Accs, out.Signals = nil, nil
	fr := n.frame(ed, true)
	for _, a := range t.Accs {
		switch a.Path.Root.Kind {
		case access.Param, access.FreeVar, access.Result:
		default:
			continue // global: met across the program; others: out of n's reach
		}
		for _, b := range fr.instantiate(a) {
			b.Via = a.Via
			b.Owned = false
			if !b.Loc.IsZero() {
				b.Site.locs[b.Loc] = true
			}
			out.Accs = append(out.Accs, b)
		}
	}
	for _, s := range t.Signals {
		out.Signals = union(out.Signals, n.subst(s, e, ed.target))
	}
	if t.Group.Root.Kind != access.Unknown {
		if gs := n.subst(t.Group, e, ed.target); len(gs) > 0 {
			out.Group = gs[0]
		}
	}
	return &out
}

// joins returns a test for the events of n that wait for t to be done.
func (n *node) joins(t *Thread) func(k int) bool {
	groups := t.Signals
	if t.Group.Root.Kind != access.Unknown {
		groups = append(slices.Clone(groups), n.actual(t.Group)...)
	}
	if t.Ends {
		return func(k int) bool { return k == t.event }
	}
	if len(groups) == 0 {
		return nil
	}
	return func(k int) bool {
		e := &n.Events[k]
		switch e.Kind {
		case summarise.Wait:
			for _, g := range n.actual(e.Group) {
				if g.Root.Kind != access.Unknown && slices.Contains(groups, g) {
					return true
				}
			}
		case summarise.Call:
			for _, ed := range n.calls {
				if ed.event != k {
					continue
				}
				for _, w := range ed.callee.waits {
					for _, g := range n.subst(w, e, ed.target) {
						if g.Root.Kind != access.Unknown && slices.Contains(groups, g) {
							return true
						}
					}
				}
			}
		}
		return false
	}
}
