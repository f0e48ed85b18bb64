package judge

import (
	"fmt"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
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
			if !s.OpenMethod(v.loc.Pkg, v.loc.Owner) || known.Lifecycle(s.Func) || s.Op == access.Format || s.Op == access.Replace || r.Acc.Op == access.Replace || r.RunsIn(s) {
				continue
			}
			// Where one side holds a lock, the question is which lock guards
			// the map, and findGuard has answered it.
			if len(r.Acc.Locks)+len(s.Locks) > 0 || !link.Clash(r.Acc, s) {
				continue
			}
			f.Evidence = Inferred
			f.Accesses = []Access{side(link.Side{Acc: r.Acc, Thread: r.Thread}, ""), {Site: site(s), Goroutine: []Frame{{Text: "any caller of " + s.Func}}}}
			f.Pos = f.Accesses[0].Pos
			f.Message = fmt.Sprintf("map %s is %s by a goroutine and %s by method %s without a common lock", v.loc.Short(), past(r.Acc.Op), past(s.Op), s.Func)
			f.Why = fmt.Sprintf("%s runs on a goroutine of its own, and nothing keeps %s from being called meanwhile", r.Thread.Entry, s.Func)
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
