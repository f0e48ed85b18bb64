package link

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file resolves calls: of functions, of methods behind interfaces, and of
// function values by where they were stored.

// maxImpls bounds how many implementers an interface call may have before it
// says nothing any more.
const maxImpls = 12

// resolveCalls finds the callees of n's calls and spawns.
func (p *Program) resolveCalls(n *node) {
	for i := range n.Events {
		e := &n.Events[i]
		if e.Kind != summarise.Call && e.Kind != summarise.Spawn {
			continue
		}
		bodies := false
		for _, t := range e.Targets {
			for _, r := range p.concrete(t) {
				if n.addEdge(p, edge{event: i, target: r, vague: t.Kind == summarise.Interface && vague(t.Iface)}) {
					bodies = true
				}
			}
		}
		p.resolvePassed(n, i, bodies)
	}
}

// resolvePassed adds edges for the functions that event i of n passes to its
// callees, as arguments or captured: they are called, or started, by those.
func (p *Program) resolvePassed(n *node, i int, bodies bool) {
	e := &n.Events[i]
	for j, fns := range e.Fns {
		for _, t := range fns {
			for _, r := range p.concrete(t) {
				if !bodies { // code that we do not see: it runs before the call returns, as far as we know
					n.addEdge(p, edge{event: i, target: r, passed: true})
					continue
				}
				p.eachUse(n, i, j, func(by summarise.Target, u *use) { n.addUse(p, i, r, by, u) })
			}
		}
	}
	for _, t := range e.Targets {
		for k, fns := range t.Fns {
			g := p.nodes[t.ID]
			if g == nil || g.uses[-1-k] == nil {
				continue
			}
			for _, f := range fns {
				for _, r := range p.concrete(f) {
					n.addUse(p, i, r, t, g.uses[-1-k])
				}
			}
		}
	}
}

// addUse adds an edge to a function that a callee of event i calls or starts.
func (n *node) addUse(p *Program, i int, t, by summarise.Target, u *use) {
	ed := edge{event: i, target: t, passed: true, by: by}
	if u.spawns != nil {
		ed.starts, ed.in, ed.loops = u.spawns, u.in, u.loops
		n.addEdge(p, ed)
	}
	if u.calls {
		ed.starts, ed.in, ed.locks = nil, nil, u.locks
		n.addEdge(p, ed)
	}
}

// addEdge adds an edge if its callee has a body, and reports whether it has.
func (n *node) addEdge(p *Program, ed edge) bool {
	callee := p.nodes[ed.target.ID]
	if callee == nil {
		return false
	}
	ed.callee = callee
	for _, e := range n.calls {
		if e.event == ed.event && e.callee == callee && e.passed == ed.passed && (e.starts == nil) == (ed.starts == nil) {
			return true
		}
	}
	callee.callers++
	n.calls = append(n.calls, ed)
	return true
}

// concrete returns the functions that a target stands for.
func (p *Program) concrete(t summarise.Target) []summarise.Target {
	switch t.Kind {
	case summarise.Static:
		return []summarise.Target{t}
	case summarise.Interface:
		var out []summarise.Target
		for _, r := range p.implementers(t.Iface, t.Method) {
			if r.Recv = extendAll(t.Recv, r.Recv); p.isMap[r.ID] {
				r.Recv = nil // what the interface holds may be any map: its name says nothing
			}
			r.Bound = true
			out = append(out, r)
		}
		return out
	case summarise.FieldFunc:
		ts := p.stored[t.Field]
		if len(ts) > maxImpls {
			return nil
		}
		var out []summarise.Target
		for _, s := range ts {
			if s.Kind == summarise.FieldFunc {
				continue
			}
			out = append(out, p.concrete(s)...)
		}
		return out
	}
	return nil
}

// extendAll appends the steps of an embedded method's receiver.
func extendAll(recv, steps []access.Path) []access.Path {
	if len(steps) == 0 {
		return recv
	}
	var out []access.Path
	for _, q := range recv {
		if r, ok := q.Join(steps[0]); ok {
			out = append(out, r)
		}
	}
	return out
}

// implementers returns the methods that a call of an interface method may run:
// those of every type that has all methods of the interface.
func (p *Program) implementers(iface, method string) []summarise.Target {
	key := method + "\n" + iface
	if ts, ok := p.ifaces[key]; ok {
		return ts
	}
	p.ifaces[key] = nil
	wanted := strings.Split(strings.TrimSuffix(iface, "\n"), "\n")
	var out []summarise.Target
	for _, w := range wanted {
		name, _, _ := strings.Cut(w, " ")
		if name != method {
			continue
		}
		for _, im := range p.byMethod[w] {
			if !im.typ.HasAll(wanted) {
				continue
			}
			t := summarise.Target{Kind: summarise.Static, ID: im.method.ID}
			if len(im.method.Steps) > 0 {
				q, ok := access.Path{}, true
				for _, s := range im.method.Steps {
					if q, ok = q.Append(s); !ok {
						break
					}
				}
				t.Recv = []access.Path{q}
			}
			if !slices.ContainsFunc(out, func(o summarise.Target) bool { return o.ID == t.ID }) {
				out = append(out, t)
			}
		}
	}
	if len(out) > maxImpls {
		for _, t := range out {
			if n := p.nodes[t.ID]; n != nil {
				p.crowds[key] = append(p.crowds[key], n)
			}
		}
		out = nil
	}
	p.ifaces[key] = out
	return out
}
