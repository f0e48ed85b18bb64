package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A use says what a function does with a function that it is given.
type use struct {
	calls  bool             // before it returns
	spawns *summarise.Event // on another goroutine, started by this event; nil if not
	in     *node            // whose event that is
	loops  bool             // that happens again and again, with nothing that waits in between
	locks  []access.Lock    // held at every call
}

// findUses works out for every function what it does with the functions that
// it is given, itself or through others, by iteration to a fixed point.
func (p *Program) findUses() {
	for changed, rounds := true, 0; changed && rounds < 8; rounds++ {
		changed = false
		for _, n := range p.order {
			for i := range n.Events {
				e := &n.Events[i]
				if e.Kind == summarise.Call || e.Kind == summarise.Spawn {
					changed = p.usesIn(n, i) || changed
				}
			}
		}
	}
}

// usesIn adds what event i of n does with functions that n was given.
func (p *Program) usesIn(n *node, i int) (changed bool) {
	e := &n.Events[i]
	spawn := e.Kind == summarise.Spawn
	add := func(t summarise.Target, u use) {
		k := t.Index
		switch t.Kind {
		case summarise.ParamFunc:
		case summarise.FreeFunc:
			k = -1 - k
		default:
			return
		}
		if spawn { // whatever the goroutine does with it, it does there
			u.calls, u.spawns, u.in = false, e, n
		}
		u.loops = u.spawns != nil && (u.loops || n.again(i))
		if n.uses == nil {
			n.uses = make(map[int]*use)
		}
		if n.uses[k] == nil {
			n.uses[k] = new(use)
		}
		old := n.uses[k]
		if u.calls && !old.calls {
			old.calls, old.locks, changed = true, u.locks, true
		} else if u.calls && len(old.locks) > len(u.locks) {
			old.locks, changed = u.locks, true // fewer hold for certain
		}
		if u.spawns != nil && (old.spawns == nil || u.loops && !old.loops) {
			old.spawns, old.in, old.loops, changed = u.spawns, u.in, u.loops, true
		}
	}
	for _, t := range e.Targets {
		add(t, use{calls: true, locks: e.Locks})
		for k, fns := range t.Fns {
			if g := p.nodes[t.ID]; g != nil && g.uses[-1-k] != nil {
				for _, f := range fns {
					add(f, use{calls: g.uses[-1-k].calls, spawns: g.uses[-1-k].spawns, in: g.uses[-1-k].in, loops: g.uses[-1-k].loops, locks: e.Locks})
				}
			}
		}
	}
	for j, fns := range e.Fns {
		for _, f := range fns {
			if f.Kind == summarise.Static && p.runs(n, i, j) {
				p.usesThrough(f, add)
			}
			if f.Kind != summarise.ParamFunc && f.Kind != summarise.FreeFunc {
				continue
			}
			if !p.eachUse(n, i, j, func(_ summarise.Target, u *use) {
				add(f, use{calls: u.calls, spawns: u.spawns, in: u.in, loops: u.loops, locks: e.Locks})
			}) {
				add(f, use{calls: true})
			}
		}
	}
	return changed
}

// usesThrough adds what a function literal that is called does with the
// functions that it captured.
func (p *Program) usesThrough(lit summarise.Target, add func(t summarise.Target, u use)) {
	g := p.nodes[lit.ID]
	if g == nil {
		return
	}
	for k, fns := range lit.Fns {
		if u := g.uses[-1-k]; u != nil {
			for _, f := range fns {
				add(f, use{calls: u.calls, spawns: u.spawns})
			}
		}
	}
}

// runs reports whether argument j of event i of n, a function, is called before
// the event is over: by code that we see, or that is known to.
func (p *Program) runs(n *node, i, j int) bool {
	calls := false
	if !p.eachUse(n, i, j, func(_ summarise.Target, u *use) { calls = calls || u.calls }) {
		return n.Events[i].Here
	}
	return calls
}

// eachUse calls do for what each callee of event i of n does with argument j.
// It reports whether there is a callee with a body, other than n: what wraps a
// library behind an interface that it implements itself hands over to that.
func (p *Program) eachUse(n *node, i, j int, do func(by summarise.Target, u *use)) bool {
	e := &n.Events[i]
	bodies := false
	for _, t := range e.Targets {
		for _, r := range p.concrete(t) {
			g := p.nodes[r.ID]
			if g == nil || g == n {
				continue
			}
			bodies = true
			k := j
			if r.Bound {
				k++
			}
			if u := g.uses[k]; u != nil {
				do(r, u)
			}
		}
	}
	return bodies
}

// findStored collects the functions that fields may hold: those assigned
// directly, and those passed to a function that assigns its parameter.
func (p *Program) findStored(pkgs []*summarise.Package) {
	setters := make(map[*node]map[int][]access.Step)
	for _, pkg := range pkgs {
		for _, s := range pkg.Stored {
			switch s.Target.Kind {
			case summarise.ParamFunc:
				if n := p.nodes[s.In]; n != nil {
					if setters[n] == nil {
						setters[n] = make(map[int][]access.Step)
					}
					setters[n][s.Target.Index] = append(setters[n][s.Target.Index], s.Field)
				}
			case summarise.Static, summarise.Interface:
				p.stored[s.Field] = append(p.stored[s.Field], kept(s.Target, s.In))
			}
		}
	}
	for _, n := range p.order {
		for i := range n.Events {
			e := &n.Events[i]
			for j, fns := range e.Fns {
				if len(fns) == 0 {
					continue
				}
				for _, t := range e.Targets {
					g := p.nodes[t.ID]
					if g == nil || setters[g] == nil {
						continue
					}
					k := j
					if t.Bound {
						k++
					}
					for _, field := range setters[g][k] {
						for _, f := range fns {
							if f.Kind == summarise.Static && !slices.ContainsFunc(p.stored[field], func(o summarise.Target) bool { return o.ID == f.ID }) {
								p.stored[field] = append(p.stored[field], kept(f, n.ID))
							}
						}
					}
				}
			}
		}
	}
}
