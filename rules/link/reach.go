package link

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A Reach is an access that a goroutine makes to an object that others may
// hold.
type Reach struct {
	Thread *Thread
	Acc    *Acc
}

// Reaching returns what goroutines do to the maps at a location, in the order
// of the program.
func (p *Program) Reaching(loc access.Location) []Reach {
	if p.reaching == nil {
		p.reaching = make(map[access.Location][]Reach)
		for _, t := range p.threads {
			if t.Ends {
				continue
			}
			for _, a := range t.Accs {
				if !a.Owned && !a.Loc.IsZero() && across(a) && len(p.reaching[a.Loc]) < maxPairs {
					p.reaching[a.Loc] = append(p.reaching[a.Loc], Reach{t, a})
				}
			}
		}
	}
	return p.reaching[loc]
}

// RunsIn reports whether the goroutine itself reaches the site.
func (r Reach) RunsIn(s *Site) bool {
	return slices.ContainsFunc(r.Thread.Accs, func(a *Acc) bool { return a.Site.Same(s) })
}

// Clash reports whether an access of a goroutine and one made elsewhere
// conflict: at least one writes, and no lock is common to both.
func Clash(a *Acc, s *Site) bool {
	return conflict(a, &Acc{Op: s.Op, Loc: a.Loc, Locks: s.Locks, Site: s})
}

// OpenMethod reports whether the site is in an exported method of the named
// type, which any goroutine may call.
func (s *Site) OpenMethod(pkg, typ string) bool {
	return s.node.Exported && strings.HasPrefix(string(s.FuncID), "(*"+pkg+"."+typ+").")
}

// Takes reports whether the function of the site takes a mutex of type t
// itself.
func (s *Site) Takes(t *summarise.Type) bool {
	for i := range s.node.Events {
		e := &s.node.Events[i]
		if e.Kind != summarise.Acquire || e.Lock.Path.N == 0 {
			continue
		}
		if slices.Contains(t.Mutexes, e.Lock.Path.Steps[e.Lock.Path.N-1]) {
			return true
		}
	}
	return false
}

// Rival reports whether t is an access that s could conflict with: one of them
// writes, and both are to the map itself, or both to maps inside of it.
func (s *Site) Rival(t *Site) bool {
	return (s.Op.Writes() || t.Op.Writes()) && sameLevel(&s.Path, &t.Path)
}

// Inner reports whether s is an access to a map that is an element of the one at
// its location.
func (s *Site) Inner() bool { return s.Path.N > s.Path.Holder() }

// Locked reports whether any function takes the lock in that field.
func (p *Program) Locked(mutex access.Step) bool {
	if p.locked == nil {
		p.locked = make(map[access.Step]bool)
		for _, n := range p.order {
			for i := range n.Events {
				if e := &n.Events[i]; e.Kind == summarise.Acquire && e.Lock.Path.N > 0 {
					p.locked[e.Lock.Path.Steps[e.Lock.Path.N-1]] = true
				}
			}
		}
	}
	return p.locked[mutex]
}

// RunsConcurrently reports whether any goroutine reaches one of the sites, or
// both are in a library, whose callers are not known.
func (p *Program) RunsConcurrently(a, b *Site) bool {
	c := p.colours()
	return len(c.reaching(a.node))+len(c.reaching(b.node)) > 0 || a.node.open && b.node.open
}

// Overlaps reports whether a goroutine that overlaps itself reaches the site.
func (p *Program) Overlaps(s *Site) bool {
	return slices.ContainsFunc(p.colours().reaching(s.node), func(c *Colour) bool { return c.Multi })
}

// Clashes reports whether s and t would be a race if two goroutines made them:
// they are rivals, and no lock is common to both.
func (s *Site) Clashes(t *Site) bool {
	return conflict(&Acc{Op: s.Op, Path: s.Path, Locks: s.Locks, Site: s}, &Acc{Op: t.Op, Path: t.Path, Locks: t.Locks, Site: t})
}

// HandedOver reports whether some function returns with the lock held, for
// others to release it: not a mere wrapper, going by its name, but the beginning
// of something that goes on. What runs in between cannot be told.
func (p *Program) HandedOver(id access.LockID) bool {
	if p.handed == nil {
		p.handed = make(map[access.Location]bool)
		for _, n := range p.order {
			if strings.Contains(strings.ToLower(n.Name[strings.LastIndexByte(n.Name, '.')+1:]), "lock") {
				continue
			}
			for _, l := range n.Acquires {
				if !l.ID.IsZero() {
					p.handed[l.ID.Location] = true
				}
			}
		}
	}
	return p.handed[id.Location]
}
