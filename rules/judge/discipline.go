package judge

import (
	"fmt"
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file infers from how a type is written that its methods are meant to be
// used by several goroutines, where no pair of goroutines can be shown.

// exposed reports a map that a goroutine of the type uses, while a method that
// anyone may call uses it too, and no lock is common to both:
//
//	func (p *poller) Start()       { go p.loop() } // writes p.state
//	func (p *poller) Get() int     { return p.state["n"] }
func (j *judge) exposed(v *verdict, f *Finding) bool {
	if v.loc.Kind != access.Field {
		return false
	}
	for _, r := range j.prog.Reaching(v.loc) {
		for _, s := range v.needy {
			if !s.OpenMethod(v.loc.Pkg, v.loc.Owner) || known.Lifecycle(s.Func) || s.Op == access.Format || s.Op == access.Replace || r.Acc.Op == access.Replace || r.RunsIn(s) || known.Decodes(s.Func) || known.Decodes(r.Acc.Site.Func) {
				continue
			}
			// Where one side holds a lock, the question is which lock guards
			// the map, and findGuard has answered it.
			if len(r.Acc.Locks)+len(s.Locks) > 0 || !link.Clash(r.Acc, s) {
				continue
			}
			by := j.prog.CalledBeside(r, s)
			if by == nil {
				continue
			}
			f.Evidence = Inferred
			f.Accesses = []Access{side(link.Side{Acc: r.Acc, Thread: r.Thread}, ""), called(s, by)}
			f.Pos = f.Accesses[0].Pos
			f.Message = fmt.Sprintf("map %s is %s by a goroutine and %s by method %s without a common lock", v.loc.Short(), past(r.Acc.Op), past(s.Op), s.Func)
			f.Why = fmt.Sprintf("%s runs on a goroutine of its own, and nothing keeps %s from being called meanwhile; that both have the same %s is likely, and not shown", r.Thread.Entry, s.Func, v.loc.Owner)
			return true
		}
	}
	return false
}

// besideMutex reports a map of a type that has a mutex, which the very
// functions that use the map take, but never around it.
func (j *judge) besideMutex(v *verdict, f *Finding) bool {
	t := j.prog.Type(v.loc.Pkg, v.loc.Owner)
	if v.loc.Kind != access.Field || t == nil || len(t.Mutexes) == 0 && !t.Safe {
		return false
	}
	if !t.Safe && !slices.ContainsFunc(t.Mutexes, func(m access.Step) bool { return known.PlainLock(m.Name) }) {
		return false // each of them is for something else
	}
	var w, other, taker *link.Site
	for _, s := range v.needy {
		if len(s.Locks) > 0 || s.Op == access.Format {
			return false // some other discipline
		}
		if s.Op == access.Write && (w == nil || s.Takes(t)) {
			w = s
		}
		if s.Takes(t) {
			taker = s
		}
	}
	for _, s := range v.needy {
		if w != nil && s.FuncID != w.FuncID && !known.Lifecycle(s.Func) {
			other = s
		}
	}
	if w == nil || other == nil || taker == nil && !t.Safe || known.Lifecycle(w.Func) {
		return false
	}
	f.Evidence = Inferred
	f.Accesses = []Access{{Site: site(w)}, {Site: site(other)}}
	f.Pos = w.Pos
	f.Message = fmt.Sprintf("map %s is %s without a lock in a type that is used by several goroutines", v.loc.Short(), past(w.Op))
	if taker != nil {
		f.Why = fmt.Sprintf("%s takes %s.%s, which its other callers must need it for, and uses the map outside of it", taker.Func, t.Name, t.Mutexes[0].Name)
	} else {
		f.Why = fmt.Sprintf("%s is documented as safe for concurrent use", t.Name)
	}
	return true
}

// coloured reports a map that two goroutines get to, on ways too long or too
// wide to follow the object itself, where neither goroutine makes objects of
// that type: they were given what they share.
func (j *judge) coloured(v *verdict, f *Finding) bool {
	if v.loc.Kind == access.Local || known.TestDouble(v.loc.Owner) || j.perRequest(v.loc) {
		return false
	}
	for _, w := range v.needy {
		if w.Op != access.Write || w.Loc.IsZero() || w.Shared || known.Lifecycle(w.Func) || known.Decodes(w.Func) || w.Test {
			continue
		}
		for _, s := range v.needy {
			if s.Op == access.Format || s.Op == access.Replace || s.Loc.IsZero() || s.Shared || s.Test || known.Lifecycle(s.Func) {
				continue
			}
			m := j.prog.Meet(w, s)
			if m == nil || v.loc.Kind == access.Field && !j.prog.One(m, v.loc.Pkg, v.loc.Owner) {
				continue
			}
			viaW, heldW := j.prog.Way(m.A, w)
			viaS, heldS := j.prog.Way(m.B, s)
			if heldW || heldS {
				continue // under some lock, though nobody can tell which
			}
			f.Evidence = Inferred
			f.Accesses = []Access{reached(w, m.A, viaW), reached(s, m.B, viaS)}
			f.Pos = w.Pos
			f.Message = fmt.Sprintf("map %s is %s", v.loc.Short(), describe(w.Op, s.Op))
			f.Why = fmt.Sprintf("the goroutines started at %s and %s both get here, and neither makes the %s itself, so it is most likely one object", line(m.A.Spawn), line(m.B.Spawn), v.loc.Owner)
			if m.A == m.B {
				f.Why = fmt.Sprintf("%s may run any number of times at once, and does not make the %s itself, so it is most likely one object", m.A.Entry, v.loc.Owner)
			}
			return true
		}
	}
	return false
}

// declared returns the mutex under which a map is declared, the zero value if
// there is none.
func (j *judge) declared(loc access.Location) summarise.Guarded {
	if loc.Kind == access.Field {
		if t := j.prog.Type(loc.Pkg, loc.Owner); t != nil {
			for _, g := range t.Guarded {
				if g.Field == loc.Name {
					return g
				}
			}
		}
	}
	return summarise.Guarded{}
}

// declaredGuarded reports a map that stands under a mutex of its struct, which
// the methods of the type take for other things, but that none of the
// functions which use the map takes.
func (j *judge) declaredGuarded(v *verdict, f *Finding) bool {
	g := j.declared(v.loc)
	if g.Field == "" || !g.Documented && !known.PlainLock(g.Mutex.Name) || !j.prog.Locked(g.Mutex) {
		return false
	}
	var w, other *link.Site
	for _, s := range v.needy {
		if len(s.Locks) > 0 {
			return false // some other discipline
		}
		if s.Op == access.Write && !s.Test && !known.Lifecycle(s.Func) && !known.Decodes(s.Func) && w == nil {
			w = s
		}
	}
	for _, s := range v.needy {
		if w != nil && (s.FuncID != w.FuncID || g.Documented) && !s.Test && s.Op != access.Format && s.Op != access.Replace && !known.Lifecycle(s.Func) && !known.Decodes(s.Func) && s.Rival(w) {
			other = s
		}
	}
	if w == nil || other == nil || !j.prog.RunsConcurrently(w, other) || known.TestDouble(v.loc.Owner) {
		return false
	}
	mutex := v.loc.Owner + "." + g.Mutex.Name
	f.Evidence = Inferred
	f.Guard = &Guard{
		Lock:   access.LockID{Location: access.Location{Kind: access.Field, Pkg: v.loc.Pkg, Owner: v.loc.Owner, Name: g.Mutex.Name}, RW: g.RW},
		Fields: []access.Step{g.Mutex}, Total: len(v.needy), Declared: true,
	}
	f.Accesses = []Access{{Site: site(w)}, {Site: site(other)}}
	f.Pos = w.Pos
	f.Message = fmt.Sprintf("map %s is %s without holding %s, under which it is declared", v.loc.Short(), past(w.Op), mutex)
	f.Why = fmt.Sprintf("%s is taken elsewhere, but at none of the %d accesses to the map", mutex, len(v.needy))
	return true
}

// pooled reports a map in an object that was taken out of a sync.Map: whoever
// else looks up the same key has the same object.
func (j *judge) pooled(v *verdict, f *Finding) bool {
	if v.loc.Kind != access.Field || known.TestDouble(v.loc.Owner) {
		return false
	}
	bare := func(s *link.Site) bool { return !s.Test && len(s.Locks) == 0 && !known.Decodes(s.Func) }
	for _, w := range v.needy {
		if w.Op != access.Write || !w.Pooled() || !bare(w) {
			continue
		}
		i := slices.IndexFunc(v.needy, func(s *link.Site) bool {
			return s.FuncID != w.FuncID && s.Op != access.Format && s.Op != access.Replace && bare(s) && !known.Lifecycle(s.Func) && s.Clashes(w)
		})
		if i < 0 {
			continue
		}
		f.Evidence = Inferred
		f.Accesses = []Access{{Site: site(w)}, {Site: site(v.needy[i])}}
		f.Pos = w.Pos
		f.Message = fmt.Sprintf("map %s is %s without a lock in an object out of a sync.Map", v.loc.Short(), past(w.Op))
		f.Why = fmt.Sprintf("the %s comes out of a sync.Map, which is there for several goroutines; it guards the keys, not the objects", v.loc.Owner)
		return true
	}
	return false
}

// perRequest reports whether the map is in an object that servers make for each
// request: a http.ResponseWriter.
func (j *judge) perRequest(loc access.Location) bool {
	t := j.prog.Type(loc.Pkg, loc.Owner)
	return t != nil && slices.ContainsFunc(t.Methods, func(m summarise.Method) bool { return m.Name == "WriteHeader" })
}

// reached renders a site that a goroutine of some colour gets to.
func reached(s *link.Site, c *link.Colour, via *link.Via) Access {
	return side(link.Side{Acc: &link.Acc{Op: s.Op, Locks: s.Locks, Site: s, Via: via}, Thread: &link.Thread{Spawn: c.Spawn, Text: c.Text, Entry: c.Entry}}, "")
}

// called renders a site that is reached by a caller.
func called(s *link.Site, by *link.Caller) Access {
	switch {
	case by.Colour != nil:
		return reached(s, by.Colour, by.Via)
	case by.Via == nil:
		return Access{Site: site(s), Goroutine: []Frame{{Text: "any caller of " + s.Func}}}
	}
	from := by.From
	if from != "main" {
		from = "any caller of " + from
	}
	return Access{Site: site(s), Goroutine: append([]Frame{{Text: from}}, frames(by.Via)...)}
}
