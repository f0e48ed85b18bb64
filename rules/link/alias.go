package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// An alias says that a path leads to an object that has another name too: what
// a constructor stores in a field of what it makes is what it was given.
type alias struct{ from, to access.Path }

// maxAliases bounds the aliases that a function tells its callers of.
const maxAliases = 16

// resolveAliases collects what fields of objects made in n refer to, by n's own
// assignments and those of its callees. It does not look at the order of
// assignments: a field assigned twice refers to both.
func (n *node) resolveAliases() {
	n.aliases, n.exported, n.copied, n.assigned = nil, nil, nil, make(map[access.Path][]access.Path)
	n.shares = nil
	for i := range n.Events {
		e := &n.Events[i]
		switch e.Kind {
		case summarise.Alias:
			for _, from := range n.actual(e.Path) {
				for _, to := range n.actual(e.Args[0][0]) {
					n.addAlias(from, to)
				}
			}
		case summarise.Share:
			if e.Path.Root.Kind != access.ContextValue {
				n.share(e.Path, e.Args[0][0])
			}
		case summarise.Call:
			for _, ed := range n.calls {
				if ed.event != i || ed.passed {
					continue
				}
				for _, a := range ed.callee.exported {
					froms, tos := n.subst(a.from, e, ed.target), n.subst(a.to, e, ed.target)
					if len(froms) == 1 && len(tos) == 1 {
						n.addAlias(froms[0], tos[0])
					}
				}
			}
		}
	}
}

func (n *node) addAlias(from, to access.Path) {
	if from.N == 0 || from.Root.Kind == access.Unknown || to.Root.Kind == access.Unknown || to.HasPrefix(from) || from.HasPrefix(to) {
		return
	}
	if len(n.assigned[from]) < maxResults {
		n.assigned[from] = append(n.assigned[from], to)
	}
	out := alias{from, to}
	if !from.Steps[from.N-1].Ptr && len(n.copied) < maxAliases {
		n.copied = append(n.copied, out)
	}
	if root, ok := n.resultFor(from.Root); ok {
		out.from.Root = root
	}
	if root, ok := n.resultFor(to.Root); ok && to.N == 0 {
		out.to.Root = root
	}
	// Inv: what callers can name keeps a name that they know: q.heap of a
	// result q is not renamed to the local variable that it was made in.
	if local(from.Root) && (local(out.from.Root) || visible(out.to.Root)) {
		if n.aliases == nil {
			n.aliases = make(map[access.Path][]access.Path)
		}
		if ps := n.aliases[from]; len(ps) < maxResults && !slices.Contains(ps, to) {
			n.aliases[from] = append(ps, to)
		}
	}
	if visible(out.from.Root) && visible(out.to.Root) && len(n.exported) < maxAliases && !slices.Contains(n.exported, out) {
		n.exported = append(n.exported, out)
	}
}

// local reports whether only the function itself can name what starts at root.
func local(root access.Root) bool {
	return root.Kind == access.LocalVar || root.Kind == access.CallResult
}

// visible reports whether callers can name what starts at root.
func visible(root access.Root) bool {
	switch root.Kind {
	case access.Param, access.GlobalVar, access.Result, access.ContextValue, access.Cached:
		return true
	}
	return false
}

// unalias replaces the longest prefix of p that is known to refer to another
// object by that object's own path.
func (n *node) unalias(p access.Path) []access.Path { return n.unaliasUpTo(p, 3) }

func (n *node) unaliasUpTo(p access.Path, depth int) []access.Path {
	if len(n.aliases) == 0 || depth == 0 {
		return []access.Path{p}
	}
	for k := p.N; k > 0; k-- {
		tos := n.aliases[p.Prefix(k)]
		if len(tos) == 0 {
			continue
		}
		var out []access.Path
		for _, to := range tos {
			q, ok := to, true
			for _, s := range p.Steps[k:p.N] {
				if q, ok = q.Append(s); !ok {
					break
				}
			}
			if ok && len(out) < maxResults {
				out = append(out, n.unaliasUpTo(q, depth-1)...)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return []access.Path{p}
}

// share notes that the map variable at from, in an object that only n knows,
// holds the map that belongs to the object of to.
func (n *node) share(from, to access.Path) {
	for _, f := range n.actual(from) {
		for _, t := range n.actual(to) {
			if !local(f.Root) || t.Root.Kind == access.Unknown || f == t || len(n.shares[f]) == maxResults {
				continue
			}
			if n.shares == nil {
				n.shares = make(map[access.Path][]access.Path)
			}
			n.shares[f] = append(n.shares[f], t)
		}
	}
}

// sharing returns the other names of the map at q, seen from n.
func (n *node) sharing(q access.Path) []access.Path {
	if len(n.shares) == 0 {
		return nil
	}
	h := q.Holder()
	var out []access.Path
	for _, to := range n.shares[q.Prefix(h)] {
		ok := true
		for _, s := range q.Steps[h:q.N] {
			if to, ok = to.Append(s); !ok {
				break
			}
		}
		if ok {
			out = append(out, to)
		}
	}
	return out
}
