package link

import "github.com/mapguard/mapguard/rules/access"

// This file leaves out what cannot conflict before goroutines are compared in
// pairs. A main function may start hundreds, each of which comes to the same few
// package variables under their locks.

// A contention is what one goroutine does to maps that another one of several
// uses too, and that somebody writes.
type contention struct {
	accs  []contender
	loose map[access.Location][]*Acc
}

// A contender is loose if it does not hold the lock that most hold who come to
// the same object. Two that do never conflict.
type contender struct {
	*Acc
	loose bool
}

// contend returns what each of the goroutines of n contends for.
func (n *node) contend(ts []*Thread) map[*Thread]*contention {
	type object struct {
		loc  access.Location
		root access.Root
	}
	type users struct {
		first            *Thread
		several, written bool
		held             map[lockIdentity]int // exclusively, by how many
		guard            lockIdentity
	}
	all := make(map[object]*users)
	of := func(a *Acc) *users {
		o := object{loc: a.Loc}
		if a.Loc.Kind != access.Global {
			o.root = a.Path.Root
		}
		if all[o] == nil {
			all[o] = &users{held: make(map[lockIdentity]int)}
		}
		return all[o]
	}
	for _, t := range ts {
		for _, a := range t.Accs {
			if !n.exact(a, a) {
				continue
			}
			u := of(a)
			if u.first == nil {
				u.first = t
			}
			u.several = u.several || t != u.first
			u.written = u.written || a.Op.Writes()
			for _, l := range a.Locks {
				if l.Mode != access.Exclusive {
					continue
				}
				k := keyOf(l)
				if u.held[k]++; u.held[k] > u.held[u.guard] {
					u.guard = k
				}
			}
		}
	}
	out := make(map[*Thread]*contention)
	for _, t := range ts {
		for _, a := range t.Accs {
			if !n.exact(a, a) {
				continue
			}
			u := of(a)
			if !u.several || !u.written {
				continue
			}
			c := out[t]
			if c == nil {
				c = &contention{loose: make(map[access.Location][]*Acc)}
				out[t] = c
			}
			loose := !a.excludes(u.guard)
			c.accs = append(c.accs, contender{a, loose})
			if loose {
				c.loose[a.Loc] = append(c.loose[a.Loc], a)
			}
		}
	}
	return out
}

// lockIdentity is what sameLock compares.
type lockIdentity struct {
	loc  access.Location
	path access.Path // if loc is zero
}

func keyOf(l access.Lock) lockIdentity {
	if l.ID.IsZero() {
		return lockIdentity{path: l.Path}
	}
	return lockIdentity{loc: l.ID.Location}
}

// excludes reports whether a holds a lock exclusively.
func (a *Acc) excludes(k lockIdentity) bool {
	for _, l := range a.Locks {
		if l.Mode == access.Exclusive && keyOf(l) == k {
			return true
		}
	}
	return false
}
