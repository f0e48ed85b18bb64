package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// An Order is two locks of which the second is taken while the first is held.
type Order struct{ First, Then access.Location }

// A Locking is what a program does with its locks.
type Locking struct {
	// Reentries are the places where a lock may be taken while the same
	// goroutine holds it on the same object, which never returns.
	Reentries map[access.Pos]access.LockID
	// Orders are the orders in which locks are taken, each with a place.
	Orders map[Order]access.Pos
	// Taken are the locks that the program takes anywhere.
	Taken map[access.Location]bool
}

// Locking returns what the program does with its locks, as far as calls can be
// followed.
func (p *Program) Locking() *Locking {
	l := &locking{
		Locking: &Locking{Reentries: make(map[access.Pos]access.LockID), Orders: make(map[Order]access.Pos), Taken: make(map[access.Location]bool)},
		taken:   make(map[*node][]access.Lock),
		ids:     make(map[*node]map[access.Location]bool),
	}
	for _, scc := range p.components2() {
		for _, n := range scc {
			l.visit(n)
		}
	}
	return l.Locking
}

// Cycle returns two locks that l takes in both orders, by way of others
// perhaps, where before did not; ok is false if there are none. Only cycles
// through one of the given locks count.
func (l *Locking) Cycle(before *Locking, of func(access.Location) bool) (o Order, at access.Pos, ok bool) {
	next := make(map[access.Location][]access.Location)
	var fresh []Order
	for e := range l.Orders {
		next[e.First] = append(next[e.First], e.Then)
		if _, old := before.Orders[e]; !old && (of(e.First) || of(e.Then)) {
			fresh = append(fresh, e)
		}
	}
	slices.SortFunc(fresh, func(a, b Order) int {
		if l.Orders[a].Less(l.Orders[b]) {
			return -1
		}
		return 1
	})
	for _, e := range fresh {
		seen := map[access.Location]bool{}
		work := []access.Location{e.Then}
		for len(work) > 0 {
			x := work[len(work)-1]
			work = work[:len(work)-1]
			if x == e.First {
				return e, l.Orders[e], true
			}
			if !seen[x] {
				seen[x] = true
				work = append(work, next[x]...)
			}
		}
	}
	return Order{}, access.Pos{}, false
}

type locking struct {
	*Locking
	taken map[*node][]access.Lock            // that a function may take, in its own terms
	ids   map[*node]map[access.Location]bool // the same by declaration, all of them
}

// maxTaken bounds the locks kept for one function.
const maxTaken = 64

// visit computes the locks that n may take, and notes which of them it takes
// while it holds others.
func (l *locking) visit(n *node) {
	var mine []access.Lock
	ids := make(map[access.Location]bool)
	l.ids[n] = ids
	for i := range n.Events {
		e := &n.Events[i]
		held := append(n.actualLocks(e.Locks), n.entry.locks...)
		switch e.Kind {
		case summarise.Acquire:
			for _, t := range n.actualLocks([]access.Lock{e.Lock}) {
				mine = l.take(mine, e.Pos, held, t)
				if !t.ID.IsZero() {
					ids[t.ID.Location] = true
					l.Taken[t.ID.Location] = true
					l.order(e.Pos, held, t.ID.Location)
				}
			}
		case summarise.Call:
			for _, ed := range n.calls {
				if ed.event != i || ed.starts != nil {
					continue
				}
				under := append(slices.Clip(held), n.under(ed)...)
				for _, t := range l.taken[ed.callee] {
					t.Path = n.inCaller(t.Path, ed)
					mine = l.take(mine, e.Pos, under, t)
				}
				for id := range l.ids[ed.callee] {
					ids[id] = true
					l.order(e.Pos, under, id)
				}
			}
		}
	}
	l.taken[n] = mine
}

// inCaller rewrites a path of a callee into n's terms; its root is unknown if
// n cannot name the object.
func (n *node) inCaller(p access.Path, ed edge) access.Path {
	if p.Root.Kind == access.Unknown {
		return p
	}
	if qs := n.subst(p, ed.seen(&n.Events[ed.event]), ed.target); len(qs) == 1 {
		return qs[0]
	}
	return access.Path{}
}

// order notes that the lock then is taken at pos while held are.
func (l *locking) order(pos access.Pos, held []access.Lock, then access.Location) {
	for _, h := range held {
		o := Order{h.ID.Location, then}
		if h.ID.IsZero() || o.First == o.Then {
			continue
		}
		if at, ok := l.Orders[o]; !ok || pos.Less(at) {
			l.Orders[o] = pos
		}
	}
}

// take notes that t is taken at pos while held are, and adds it to mine.
func (l *locking) take(mine []access.Lock, pos access.Pos, held []access.Lock, t access.Lock) []access.Lock {
	for _, h := range held {
		exclusive := h.Mode == access.Exclusive || t.Mode == access.Exclusive
		if h.Path == t.Path && t.Path.Root.Kind != access.Unknown && exclusive {
			l.Reentries[pos] = t.ID
		}
	}
	if len(mine) < maxTaken && !slices.Contains(mine, t) {
		mine = append(mine, t)
	}
	return mine
}
