package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/summarise"
)

// An entry is what holds whenever a function is called, whoever calls it: a
// must-analysis over all call sites in the program.
type entry struct {
	set   bool
	all   bool          // every caller so far owns the receiver: no lock is missing
	locks []access.Lock // in the callee's terms
	owned map[int]bool  // parameters, and free variables k as -1-k, that no other goroutine can know
	init  bool          // only during package initialisation
	once  bool
	may   bool // importers may call it, or what calls it
}

// contexts computes the entry of every function, callers first, and settles
// for every site what is held there and whether it needs a lock at all.
func (p *Program) contexts() {
	sccs := p.components2()
	for i := len(sccs) - 1; i >= 0; i-- {
		rounds := 1
		if len(sccs[i]) > 1 {
			rounds = 4
		}
		for r := range rounds {
			for _, n := range sccs[i] {
				if n.entry.set || r == rounds-1 { // before, nothing is known of its callers yet
					p.propagate(n)
				}
			}
		}
	}
	for _, s := range p.sites {
		for _, t := range s.shared {
			p.settle(t)
		}
		p.settle(s)
	}
}

// components2 recomputes the components after a first walk numbered the nodes.
func (p *Program) components2() [][]*node {
	for _, n := range p.order {
		n.index, n.low, n.onStack = 0, 0, false
	}
	return p.components()
}

// propagate passes what holds at n's calls on to the callees.
func (p *Program) propagate(n *node) {
	if n.Init {
		n.entry = entry{set: true, init: true}
	}
	n.entry.may = n.entry.may || n.may
	for _, ed := range n.calls {
		e := ed.seen(&n.Events[ed.event])
		in := entry{set: true}
		switch {
		case e.Kind == summarise.Spawn && ed.starts == nil && !n.leaves(ed.event):
			in.locks = n.heldFor(e, ed) // and n keeps them until it has waited
		case e.Kind == summarise.Call && ed.starts == nil && !ed.kept(&n.Events[ed.event]):
			in.init = n.entry.init
			in.once = n.entry.once
			in.may = n.entry.may
			in.locks = n.heldFor(e, ed)
			in.owned = n.ownedFor(e, ed)
			in.all = in.owned[0]
		}
		if !ed.callee.open {
			ed.callee.entry = ed.callee.entry.meet(in)
		}
	}
}

// kept reports whether a function is passed to code that we do not see, and
// that may keep it for later: what holds at the call says nothing then.
func (ed *edge) kept(e *summarise.Event) bool {
	return ed.passed && ed.by.Kind == 0 && !e.Here && !known.Harmless(e.Unknown)
}

func (a entry) meet(b entry) entry {
	if !a.set {
		return b
	}
	out := entry{set: true, all: a.all && b.all, init: a.init && b.init, once: a.once && b.once, may: a.may || b.may}
	switch {
	case a.all:
		out.locks = b.locks
	case b.all:
		out.locks = a.locks
	}
	for _, l := range a.locks {
		if a.all || b.all {
			break
		}
		for _, m := range b.locks {
			if l.Path == m.Path || !l.ID.IsZero() && l.ID.Location == m.ID.Location {
				l.Mode = min(l.Mode, m.Mode)
				if l.Path != m.Path { // one lock by its declaration; who knows of which object
					l.Path = access.Path{}
				}
				out.locks = append(out.locks, l)
				break
			}
		}
	}
	for i := range a.owned {
		if b.owned[i] {
			if out.owned == nil {
				out.owned = make(map[int]bool)
			}
			out.owned[i] = true
		}
	}
	return out
}

// heldFor returns the locks held at a call in the callee's terms. A lock that
// the callee cannot name is still known by its declaration.
func (n *node) heldFor(e *summarise.Event, ed edge) []access.Lock {
	var out []access.Lock
	held := append(n.actualLocks(e.Locks), n.under(ed)...)
	for _, l := range append(held, n.entry.locks...) {
		if l.Path.Root.Kind != access.GlobalVar {
			l.Path = n.inCallee(l.Path, e, ed)
		}
		out = append(out, l)
	}
	return out
}

// inCallee rewrites a path of n into the terms of a callee.
func (n *node) inCallee(p access.Path, e *summarise.Event, ed edge) access.Path {
	args := e.Args
	if ed.target.Bound {
		args = append([][]access.Path{ed.target.Recv}, e.Args...)
	}
	for i, ps := range args {
		if len(ps) != 1 {
			continue
		}
		for _, q := range n.actual(ps[0]) {
			if p.HasPrefix(q) {
				name := ""
				if i < len(ed.callee.Params) {
					name = ed.callee.Params[i]
				}
				out := access.Path{Root: access.Root{Kind: access.Param, Index: i, Name: name}}
				for _, s := range p.Steps[q.N:p.N] {
					out, _ = out.Append(s)
				}
				return out
			}
		}
	}
	for i, ps := range ed.target.Free {
		if len(ps) == 1 && p.HasPrefix(ps[0]) {
			out := access.Path{Root: access.Root{Kind: access.FreeVar, Index: i, Name: ps[0].Root.Name}}
			for _, s := range p.Steps[ps[0].N:p.N] {
				out, _ = out.Append(s)
			}
			return out
		}
	}
	p.Root = access.Root{}
	return p
}

// ownedFor returns the parameters of the callee that are owned at a call.
func (n *node) ownedFor(e *summarise.Event, ed edge) map[int]bool {
	out := make(map[int]bool)
	args := e.Args
	if ed.target.Bound {
		args = append([][]access.Path{ed.target.Recv}, e.Args...)
	}
	for i, ps := range args {
		if n.ownsEach(ps, ed.event) {
			out[i] = true
		}
	}
	for k, ps := range ed.target.Free {
		if n.ownsEach(ps, ed.event) {
			out[-1-k] = true
		}
	}
	return out
}

// ownsEach reports whether each of the objects is known to nobody but n when
// event i happens.
func (n *node) ownsEach(ps []access.Path, i int) bool {
	for _, q := range ps {
		if q.Root.Kind == access.Captured {
			return false // a function that is stored may be called by anyone
		}
		for _, r := range n.actual(q) {
			if !(n.owned(r, i) && n.keptToSelf(r, i)) && !n.givenOwned(r.Root) || n.sharesField(r) {
				return false
			}
		}
	}
	return len(ps) > 0
}

// sharesField reports whether a field of the object at q holds a map, or what
// maps are in, of another object: it is a copy of that one.
func (n *node) sharesField(q access.Path) bool {
	return slices.ContainsFunc(n.copied, func(a alias) bool {
		return a.from.N > q.N && a.from.HasPrefix(q) && a.from.Inline(q.N) && a.to.Root.Kind != access.LocalVar && !n.fresh[a.to.Root]
	})
}

// givenOwned reports whether n's callers own what starts at root.
func (n *node) givenOwned(root access.Root) bool {
	switch root.Kind {
	case access.Param:
		return n.entry.owned[root.Index]
	case access.FreeVar:
		return n.entry.owned[-1-root.Index]
	}
	return false
}

// settle decides whether a site needs a lock and what it holds.
func (p *Program) settle(s *Site) {
	n := s.node
	s.Locks = append(n.actualLocks(s.Locks), n.entry.locks...)
	switch {
	case s.Exempt != "":
	case n.Init || n.entry.init:
		s.Exempt, s.Unsure = "package initialisation", n.entry.may
	case n.entry.once:
		s.Exempt, s.Unsure = "inside sync.Once", n.entry.may
	case s.Shared:
	case n.givenOwned(s.Path.Root) && n.ownsAll(s.Path):
		s.Exempt = "before the value is shared"
	default:
		for i := range n.Events {
			e := &n.Events[i]
			if e.Kind == summarise.Access && e.Pos == s.Pos && e.Op == s.Op && e.Path == s.Path {
				owned := true
				for _, q := range n.actual(s.Path) {
					owned = owned && n.owned(q, i) && n.keptToSelf(q, i)
				}
				if owned {
					s.Exempt = "while no other goroutine can use it"
				}
				return
			}
		}
	}
}

// keptToSelf reports whether no goroutine that was given the object at q by n
// runs when event i happens. One that only calls what n stored for it does not,
// as a rule, before n is done with an object that it makes and returns.
func (n *node) keptToSelf(q access.Path, i int) bool {
	_, made := n.resultFor(q.Root)
	return !slices.ContainsFunc(n.ts, func(t *Thread) bool {
		return slices.ContainsFunc(t.Accs, func(a *Acc) bool { return a.Path.Root == q.Root && !(made && a.kept) }) && n.meets(t, i, q.Root)
	})
}

// Sites returns the sites that access a location, in position order.
func (p *Program) Sites() map[access.Location][]*Site {
	out := make(map[access.Location][]*Site)
	for _, s := range p.sites {
		for loc := range s.locs {
			out[loc] = append(out[loc], s.at(loc))
		}
		for loc, t := range s.shared {
			out[loc] = append(out[loc], t.at(loc))
		}
	}
	for _, ss := range out {
		slices.SortFunc(ss, func(a, b *Site) int {
			if a.Pos != b.Pos {
				if a.Pos.Less(b.Pos) {
					return -1
				}
				return 1
			}
			if a.Shared != b.Shared { // the one by its own name first
				if b.Shared {
					return -1
				}
				return 1
			}
			return int(a.Op) - int(b.Op)
		})
	}
	return out
}

// at returns the site as an access to one map: with what its callers that pass
// that map hold.
func (s *Site) at(loc access.Location) *Site {
	insts := s.inst[loc]
	if !s.Loc.IsZero() && !s.Shared || len(insts) == 0 {
		return s
	}
	out := *s
	out.Locks, out.Exempt = nil, "before the value is shared"
	first := true
	for _, in := range insts {
		if in.owned || in.n.givenOwned(in.path.Root) && in.n.ownsAll(in.path) {
			continue
		}
		held := append(slices.Clip(in.locks), in.n.entry.locks...)
		if first {
			out.Locks, out.Exempt, first = held, s.Exempt, false
			continue
		}
		var both []access.Lock
		for _, l := range out.Locks {
			if i := slices.IndexFunc(held, func(m access.Lock) bool { return sameLock(l, m) }); i >= 0 {
				l.Mode = min(l.Mode, held[i].Mode)
				both = append(both, l)
			}
		}
		out.Locks = both
	}
	return &out
}

// Same reports whether two sites are one access in the source.
func (s *Site) Same(t *Site) bool { return s.Pos == t.Pos && s.Op == t.Op && s.FuncID == t.FuncID }

// Type returns the summary of a named type, nil if it is not in the program.
func (p *Program) Type(pkg, name string) *summarise.Type {
	for _, t := range p.types {
		if t.Pkg == pkg && t.Name == name {
			return t
		}
	}
	return nil
}

// Threads returns the goroutines that reach a location, by where they start.
func (p *Program) Threads() []*Thread { return p.threads }

// Reachable reports whether the function is exported, or called, started or
// taken by something in the program.
func (s *Site) Reachable() bool {
	return s.node.Exported || s.node.Init || s.node.callers > 0 || s.node.taken || s.node.isLiteral()
}
