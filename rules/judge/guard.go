package judge

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/summarise"
)

// findGuard infers the lock that guards a map from the accesses that hold one,
// and returns the accesses that do not hold it in a mode that is strong enough.
// The lock beside the map that some write holds is returned too, however many
// accesses go around it: too little to accuse anyone, and enough to know which
// lock to take where a race is shown.
//
// A lock beside the map in the same object, or a package lock beside a package
// map, counts when at least half of the accesses hold it, a quarter if the map
// is declared under it; any other lock when
// nine in ten do, and at least five. One of those that hold it must write: a
// map that is only read under a lock is guarded by accident, unless a comment
// says that it is not. Sites before the
// object is shared count for neither side, and neither do format calls. The thresholds published elsewhere
// (checklocks 0.90 as a hint, GCatch 0.75) are for any lock whatever.
func findGuard(loc access.Location, needy []*link.Site, declared summarise.Guarded) (guard, beside *Guard, broken []*link.Site) {
	type tally struct {
		id       access.LockID
		held     int
		writes   int
		safe     int // writes that hold it exclusively
		borrowed bool
	}
	var tallies []*tally
	total := 0
	for _, s := range needy {
		if s.Op == access.Format {
			continue // goes around every lock, unless the caller thought of it
		}
		total++
		var seen []access.Location
		for _, l := range s.Locks {
			if l.ID.IsZero() || noMutex(l) || slices.Contains(seen, l.ID.Location) || l.ID.Location == loc {
				continue // a lock that is an element of the map does not guard the map
			}
			seen = append(seen, l.ID.Location)
			i := slices.IndexFunc(tallies, func(t *tally) bool { return t.id.Location == l.ID.Location })
			if i < 0 {
				i = len(tallies)
				tallies = append(tallies, &tally{id: l.ID})
			}
			t := tallies[i]
			t.id.RW = t.id.RW || l.ID.RW
			t.borrowed = t.borrowed || l.Borrowed()
			if s.Op.Writes() {
				t.writes++ // under a read lock too: the wrong mode of the right lock
				if l.Mode == access.Exclusive {
					t.safe++
				}
			}
			if enough(s.Op, l.Mode) {
				t.held++
			}
		}
	}
	var top, near *tally
	for _, t := range tallies {
		byDecl := declared.Field != "" && declared.Mutex.Name == t.id.Name
		if t.writes == 0 && !(byDecl && declared.Documented) {
			continue
		}
		isBeside := t.id.Kind == loc.Kind && t.id.Pkg == loc.Pkg && t.id.Owner == loc.Owner
		if isBeside && !t.borrowed && (near == nil || t.held > near.held) {
			near = t
		}
		if isBeside && byDecl && 4*t.held >= total {
			// the declaration speaks for it too
		} else if isBeside && 2*t.held < total || !isBeside && (10*t.held < 9*total || t.held < 5) && t.held < total {
			continue
		}
		if top == nil || t.held > top.held || t.held == top.held && compareLocations(t.id.Location, top.id.Location) < 0 {
			top = t
		}
	}
	if near != nil && near.held > 0 {
		beside = &Guard{Lock: near.id, Held: near.held, Total: total, Declared: declared.Field != "" && declared.Mutex.Name == near.id.Name}
		beside.relate(needy)
	}
	if top == nil {
		return nil, beside, nil
	}
	g := &Guard{Lock: top.id, Held: top.held, Total: total, Declared: declared.Field != "" && declared.Mutex.Name == top.id.Name && 2*top.held < total, Unwritten: top.safe == 0}
	for _, s := range needy {
		if top.borrowed && len(s.Locks) > 0 {
			continue // any lock may be the one that the pointer leads to
		}
		if l := holds(s, top.id); (l == nil || !enough(s.Op, l.Mode)) && !borrows(s) && !slices.ContainsFunc(s.Locks, noMutex) {
			broken = append(broken, s)
		}
	}
	g.relate(needy)
	return g, beside, broken
}

// keyed returns the method that takes a lock by key under which the map is used
// throughout, and changed: each object of the map's has its lock. That says
// nothing of a map that is used under many keys, so no more follows from it
// than that a format call should be under the lock too.
func (v *verdict) keyed() (access.LockID, bool) {
	var common []access.Lock
	first, writes := true, false
	for _, s := range v.needy {
		switch {
		case s.Op == access.Format:
			continue
		case first:
			common, first = slices.Clone(s.Keyed), false
		}
		writes = writes || s.Op == access.Write
		common = slices.DeleteFunc(common, func(l access.Lock) bool {
			return !slices.ContainsFunc(s.Keyed, func(k access.Lock) bool { return k.ID == l.ID && enough(s.Op, k.Mode) })
		})
	}
	if len(common) == 0 || !writes || v.unformatted() < 2 {
		return access.LockID{}, false
	}
	return common[0].ID, true
}

// unformatted counts the accesses that need a lock, but for format calls.
func (v *verdict) unformatted() (n int) {
	for _, s := range v.needy {
		if s.Op != access.Format {
			n++
		}
	}
	return n
}

// noMutex reports whether l is no lock that a fix could take, but something that
// excludes others as one does: the write transaction of a database.
func noMutex(l access.Lock) bool { return l.ID.Other }

// borrows reports whether s holds a lock that may be any lock.
func borrows(s *link.Site) bool {
	return slices.ContainsFunc(s.Locks, access.Lock.Borrowed)
}

// enough reports whether a lock held in mode protects an access that does op.
func enough(op access.Op, mode access.Mode) bool {
	return mode == access.Exclusive || !op.Writes()
}

// holds returns the strongest hold of the lock at s, nil if it is not held.
func holds(s *link.Site, id access.LockID) *access.Lock {
	var out *access.Lock
	for i, l := range s.Locks {
		if l.ID.Location == id.Location && (out == nil || l.Mode > out.Mode) {
			out = &s.Locks[i]
		}
	}
	return out
}

func heldShared(s *link.Site, id access.LockID) bool {
	l := holds(s, id)
	return l != nil && l.Mode == access.Shared
}

// relate works out where the lock is, seen from the object that holds the map:
// the relation that most sites agree on.
func (g *Guard) relate(needy []*link.Site) {
	if g.Lock.Kind == access.Global {
		g.Global = true
		return
	}
	type relation struct {
		up     int
		fields [access.MaxSteps]access.Step
		n      int
	}
	var all []relation
	var count []int
	for _, s := range needy {
		l := holds(s, g.Lock)
		if l == nil || l.Path.Root.Kind == access.Unknown {
			continue
		}
		base := s.Path.Base()
		if l.Path.Root != base.Root {
			continue
		}
		common := 0
		for common < base.N && common < l.Path.N && base.Steps[common] == l.Path.Steps[common] {
			common++
		}
		r := relation{up: base.N - common, n: l.Path.N - common}
		copy(r.fields[:], l.Path.Steps[common:l.Path.N])
		i := slices.Index(all, r)
		if i < 0 {
			i = len(all)
			all, count = append(all, r), append(count, 0)
		}
		count[i]++
	}
	best := -1
	for i := range all {
		if best < 0 || count[i] > count[best] {
			best = i
		}
	}
	if best >= 0 {
		g.Up = all[best].up
		g.Fields = slices.Clone(all[best].fields[:all[best].n])
	}
}
