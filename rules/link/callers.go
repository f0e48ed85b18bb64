package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file looks for the caller who forgot the lock that a function's other
// callers hold.

// A Bare is a way to an access on which nobody holds a lock.
type Bare struct {
	From string   // the function in which it starts
	Via  *Via     // its calls
	Held []string // functions that lead to the same access with the lock held, in the order of the program
	// Kept is set if the access is in a function that is passed, with the lock
	// held, to code that is not in the program: the way is one only if that
	// calls it later.
	Kept *Via
}

// An incoming is a call of a function.
type incoming struct {
	n  *node // that makes it
	ed edge
}

// incomings returns the calls of every function, tests last.
func (p *Program) incomings() map[*node][]incoming {
	if p.incoming == nil {
		p.incoming = make(map[*node][]incoming)
		for _, test := range []bool{false, true} {
			for _, n := range p.order {
				if n.Test != test {
					continue
				}
				for _, ed := range n.calls {
					p.incoming[ed.callee] = append(p.incoming[ed.callee], incoming{n, ed})
				}
			}
		}
	}
	return p.incoming
}

// Bare returns a shortest way to an access to the map at loc on which the lock is
// not held; nil if there is nothing to tell: no other way has it, and the
// function that makes the access knows the map.
func (p *Program) Bare(s *Site, loc, lock access.Location) *Bare {
	w := &bareWalk{p: p, lock: lock, out: &Bare{}, came: make(map[*node]bool)}
	known := w.start(s, loc)
	first := w.todo
	for len(w.todo) > 0 {
		w.step()
	}
	if !known && len(first) > 0 { // no further, but this much is known
		w.found(first[0].n, first[0].via)
	}
	if w.out.From == "" || known && len(w.out.Held) == 0 && w.out.Kept == nil {
		return nil
	}
	return w.out
}

// A bareWalk goes from an access to its callers, breadth first.
type bareWalk struct {
	p    *Program
	lock access.Location
	out  *Bare
	came map[*node]bool
	todo []bareStep
}

// A bareStep is a function that is on the way, with the calls from there.
type bareStep struct {
	n    *node
	root access.Root // where the path to the map starts in n, zero if that is not known
	via  *Via
}

// start begins with the functions that know which map the access is to, and
// reports whether that is the one which makes it.
func (w *bareWalk) start(s *Site, loc access.Location) (itself bool) {
	insts := s.inst[loc]
	if !s.Loc.IsZero() || len(insts) == 0 {
		w.push(s.node, s.Path.Root, nil)
		return true
	}
	for _, in := range insts {
		if in.owned {
			continue
		}
		for _, a := range in.n.sync {
			if a.Site.Same(s) && a.Loc == loc {
				if w.has(a.Locks) {
					w.held(in.n)
				} else {
					w.push(in.n, a.Path.Root, a.Via)
				}
			}
		}
	}
	return false
}

func (w *bareWalk) push(n *node, root access.Root, via *Via) {
	if !w.came[n] {
		w.came[n] = true
		w.todo = append(w.todo, bareStep{n, root, via})
	}
}

func (w *bareWalk) held(n *node) {
	if !slices.Contains(w.out.Held, n.Name) {
		w.out.Held = append(w.out.Held, n.Name)
	}
}

func (w *bareWalk) has(ls []access.Lock) bool {
	return slices.ContainsFunc(ls, func(l access.Lock) bool { return l.ID.Location == w.lock })
}

// step looks at the callers of one function.
func (w *bareWalk) step() {
	at := w.todo[0]
	w.todo = w.todo[1:]
	if at.n.open || at.n.taken || len(w.p.incomings()[at.n]) == 0 {
		w.found(at.n, at.via)
	}
	for _, in := range w.p.incomings()[at.n] {
		e := &in.n.Events[in.ed.event]
		via := &Via{Pos: e.Pos, Text: callText(at.n), Next: at.via}
		switch {
		case e.Kind == summarise.Spawn || in.ed.starts != nil:
			w.found(in.n, &Via{Pos: e.Pos, Text: e.Text + " runs " + at.n.Name, Next: at.via})
		case at.root.Kind == access.Param && in.n.ownedFor(in.ed.seen(e), in.ed)[at.root.Index]:
			// nobody else has the object yet
		case w.has(append(in.n.actualLocks(e.Locks), in.n.under(in.ed)...)):
			if in.ed.kept(e) {
				w.out.Kept = &Via{Pos: e.Pos, Text: e.Unknown}
				w.found(at.n, at.via)
			} else {
				w.held(in.n)
			}
		case in.n.Init || in.n.entry.init:
		default:
			w.push(in.n, in.n.rootOf(at.root, in.ed), via)
		}
	}
}

// found notes the first way that is found, which is a shortest one.
func (w *bareWalk) found(n *node, via *Via) {
	if w.out.From == "" {
		w.out.From, w.out.Via = n.Name, via
	}
}

// rootOf returns where what the callee of ed has at root starts in n, zero if
// that is not one variable.
func (n *node) rootOf(root access.Root, ed edge) access.Root {
	e := ed.seen(&n.Events[ed.event])
	if ps := n.subst(access.Path{Root: root}, e, ed.target); len(ps) == 1 {
		return ps[0].Root
	}
	return access.Root{}
}

// Released returns the locks that the function of s takes, and has released when
// it makes the access.
func (s *Site) Released() []access.Lock {
	n := s.node
	at := slices.IndexFunc(n.Events, func(e summarise.Event) bool {
		return e.Kind == summarise.Access && e.Pos == s.Pos && e.Op == s.Op && e.Path == s.Path
	})
	if at < 0 {
		return nil
	}
	var out []access.Lock
	for i := range n.Events {
		l := n.Events[i].Lock
		if n.Events[i].Kind != summarise.Acquire || !n.after(i, at) || n.after(at, i) {
			continue
		}
		same := func(m access.Lock) bool { return m.Path == l.Path }
		if !slices.ContainsFunc(n.Events[at].Locks, same) && !slices.ContainsFunc(out, same) {
			out = append(out, l)
		}
	}
	return out
}
