package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file follows the goroutines that functions start and leave behind.

// leave computes the goroutines that outlive n: its own and its callees',
// less those that it waits for.
func (c *composer) leave() {
	n := c.n
	n.ts = n.threads(c.p)
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
	for i, ps := range n.Results { // who gets the response closes it
		if t.Library && slices.ContainsFunc(ps, func(q access.Path) bool { return q.N == 0 && q.Root == t.Group.Root }) {
			out.Group.Root = access.Root{Kind: access.Result, Index: i}
		}
	}
	return &out
}

// inheritable reports whether the callers of the function that leaves t behind
// can tell when it ends.
func (t *Thread) inheritable() bool {
	if !t.Library {
		return true
	}
	switch t.Group.Root.Kind {
	case access.Result, access.Param, access.FreeVar, access.GlobalVar:
		return true
	}
	return false
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
func (n *node) threads(p *Program) []*Thread {
	var out []*Thread
	for i := range n.Events {
		e := &n.Events[i]
		switch e.Kind {
		case summarise.Spawn:
			if t := n.started(p, e, i); t != nil {
				out = append(out, t)
			}
			for _, ed := range n.calls {
				if ed.event != i {
					continue
				}
				if ed.starts != nil && len(out) < maxThreads {
					out = append(out, n.startedBy(ed, i))
				}
				out = n.inherit(out, e, ed, i) // the goroutine starts others
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
				out = n.inherit(out, e, ed, i)
			}
		}
	}
	return out
}

// started returns the goroutine that event i of n starts.
func (n *node) started(p *Program, e *summarise.Event, i int) *Thread {
	t := &Thread{Spawn: e.Pos, Text: e.Text, Func: n.Name, Pkg: n.Pkg, Multi: e.Multi, Ends: e.Ends, Local: e.Local, Assumed: e.Assumed, Turns: e.Turns, Group: e.Group, starter: n, event: i}
	any := e.Op != 0
	if any {
		n.sends(p, t)
	}
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
	t := &Thread{Spawn: by.Pos, Text: by.Text, Func: n.Name, Pkg: n.Pkg, Multi: by.Multi || ed.loops, Ends: by.Ends || ed.in.waitsFor(by), Local: by.Local, Assumed: by.Assumed, Turns: by.Turns, starter: n, event: i}
	t.Via = &Via{Pos: n.Events[i].Pos, Text: "calls " + n.Events[i].Text}
	n.runs(t, ed)
	return t
}

// waitsFor reports whether a goroutine that n itself starts has ended whenever n
// returns. Callees are looked at first, so this is known of them by then.
func (n *node) waitsFor(e *summarise.Event) bool {
	for _, t := range n.ts {
		if t.starter == n && &n.Events[t.event] == e {
			return !n.leaves(t.event)
		}
	}
	return false
}

// runs adds what the callee of ed does to what t does.
func (n *node) runs(t *Thread, ed edge) {
	if t.Entry == "" {
		t.Entry = ed.callee.Name
	}
	entry := ""
	if ed.callee.Name != t.Entry {
		entry = ed.callee.Name
	}
	fr := n.frame(ed, true)
	for _, a := range ed.callee.sync {
		if a.Owned && !a.Loc.IsZero() {
			continue
		}
		for _, b := range fr.instantiate(a) {
			b.Via = a.Via
			b.Owned = false
			b.Entry = entry
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

// maxAlike bounds how many goroutines of one go statement a function is said to
// leave behind: more of them say nothing new, and would crowd out the others.
const maxAlike = 6

// inherit adds the goroutines that a callee leaves behind to ts, but for those
// that do nothing which n can name.
func (n *node) inherit(ts []*Thread, e *summarise.Event, ed edge, i int) []*Thread {
	for _, t := range ed.callee.async {
		if len(ts) >= maxThreads {
			break
		}
		if !t.inheritable() {
			continue
		}
		alike := 0
		for _, o := range ts {
			if o.Spawn == t.Spawn && o.Entry == t.Entry {
				alike++
			}
		}
		if alike >= maxAlike {
			continue
		}
		if u := n.inherited(t, e, ed, i); len(u.Accs) > 0 {
			ts = append(ts, u)
		}
	}
	return ts
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
		case access.Param, access.FreeVar, access.Result, access.Captured:
		default:
			continue // global: met across the program; others: out of n's reach
		}
		for _, b := range fr.instantiate(a) {
			b.Via = a.Via
			b.Owned = false
			b.Entry = a.Entry
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

// sends makes t what a library does on a goroutine of its own with a map that
// event t.event of n gives it.
func (n *node) sends(p *Program, t *Thread) {
	e := &n.Events[t.event]
	t.Library, t.Entry = true, "net/http's transport"
	for _, path := range n.actual(e.Path) {
		a := &Acc{Op: e.Op, Loc: e.Loc, Path: path, Site: p.site(n, e, e.Loc)}
		a.Site.Library = known.Sent(e.Loc)
		t.Accs = append(t.Accs, append(n.sharers(a, t.event), a)...)
	}
}
