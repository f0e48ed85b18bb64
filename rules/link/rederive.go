package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file follows maps from one context into the next.

// Rederives reports whether the function of s makes a context with the very map
// that it took out of another one under the same key, the map at loc.
func (p *Program) Rederives(s *Site, loc access.Location) bool {
	if p.rederives == nil {
		p.rederives = make(map[*node][]access.Root)
		for _, n := range p.order {
			for i := range n.Events {
				if e := &n.Events[i]; e.Kind == summarise.Share && e.Path.Root.Kind == access.ContextValue {
					p.rederive(n, e.Path.Root, e.Args[0])
				}
			}
		}
		for _, n := range p.order { // by way of a function that does that with its parameter
			for _, ed := range n.calls {
				for i := range n.Events[ed.event].Args {
					if root, ok := ed.callee.intoContext(i); ok && !ed.target.Bound {
						p.rederive(n, root, n.Events[ed.event].Args[i])
					}
				}
			}
		}
	}
	return slices.ContainsFunc(p.rederives[s.node], func(root access.Root) bool { return access.Path{Root: root}.Location() == loc })
}

// rederive notes that n puts what the paths lead to into a context, if it is what
// another has for the same key.
func (p *Program) rederive(n *node, key access.Root, ps []access.Path) {
	for _, q := range ps {
		if slices.ContainsFunc(n.actual(q), func(r access.Path) bool { return r.Root == key && r.N == 0 }) {
			p.rederives[n] = append(p.rederives[n], key)
		}
	}
}

// intoContext returns the key under which n puts its parameter i into a context.
func (n *node) intoContext(i int) (key access.Root, ok bool) {
	for k := range n.Events {
		e := &n.Events[k]
		if e.Kind == summarise.Share && e.Path.Root.Kind == access.ContextValue && slices.ContainsFunc(e.Args[0], func(q access.Path) bool {
			return q.Root.Kind == access.Param && q.Root.Index == i && q.N == 0
		}) {
			return e.Path.Root, true
		}
	}
	return access.Root{}, false
}
