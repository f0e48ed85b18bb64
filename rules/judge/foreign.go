package judge

import (
	"fmt"
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
)

// This file judges maps in types of other modules: the labels of a Kubernetes
// object, the header of a request. Everyone has objects of such a type, so that
// the type says nothing: only goroutines that are seen to share one object do.

// foreign reports the maps of another module's type that two goroutines of the
// user's share, one finding for each function that changes them.
func (j *judge) foreign(v *verdict) []*Finding {
	if v.loc.Kind != access.Field {
		return nil
	}
	var writers []string
	pairs := make(map[string][]link.Pair)
	for _, pr := range v.pairs {
		if !pr.Exact || !j.ours(pr.A) || !j.ours(pr.B) || pr.Same && ownElement(pr.A.Acc.Path) {
			continue
		}
		if t := assumed(&pr); t != nil && !t.Library || known.Sent(v.loc) != "" && pr.A.Acc.Op == access.Write && pr.B.Acc.Op == access.Write {
			continue // goroutines guessed from names are too little; as a rule, each request has its own header; the library only reads it
		}
		w := pr.A.Acc.Site
		if !w.Op.Writes() {
			w = pr.B.Acc.Site
		}
		if pairs[string(w.FuncID)] == nil {
			writers = append(writers, string(w.FuncID))
		}
		pairs[string(w.FuncID)] = append(pairs[string(w.FuncID)], pr)
	}
	slices.Sort(writers)
	var out []*Finding
	for _, w := range writers {
		pr := best(pairs[w])
		f := &Finding{Rule: SharedMap, Map: v.loc, Evidence: strength(pr), Why: why(pr)}
		a, b := pr.A, pr.B
		if !a.Acc.Op.Writes() {
			a, b = b, a
		}
		f.Accesses = []Access{side(a, pr.In), side(b, pr.In)}
		f.Sites = []Site{f.Accesses[0].Site, f.Accesses[1].Site}
		f.Message = fmt.Sprintf("map %s is %s", v.loc.Short(), describe(a.Acc.Op, b.Acc.Op))
		f.Pos = f.Accesses[0].Pos
		f.Copy, f.Copying = foreignCopy(v.loc), CopyChanged
		if s := a.Acc.Site; s.Shared {
			f.Copying, f.Into = CopyHanded, s.From
		}
		for _, s := range []link.Side{pr.A, pr.B} {
			if l := s.Acc.Site.Library; l != "" {
				f.Evidence, f.Why = Inferred, l
				f.Copying, f.LentAt = CopyLent, s.Acc.Site.Pos
			}
		}
		f.atCopy(a.Acc.Site)
		out = append(out, f)
	}
	if len(out) == 0 {
		return j.handedIn(v)
	}
	return out
}

// handedIn reports maps of objects that functions which overlap themselves did
// not make and change without a lock: who else has the object, only the other
// module can tell. One finding for each package that does it.
func (j *judge) handedIn(v *verdict) []*Finding {
	if known.Sent(v.loc) != "" || known.TestDouble(v.loc.Owner) {
		return nil // each request has its own header, as a rule
	}
	var out []*Finding
	for _, s := range v.needy {
		if s.Op != access.Write || s.Test || !j.main(s.Pkg) || len(s.Locks) > 0 || s.Shared || known.Lifecycle(s.Func) || known.Decodes(s.Func) || !j.prog.Overlaps(s) || ownElement(s.Path) {
			continue
		}
		if slices.ContainsFunc(out, func(f *Finding) bool { return f.Accesses[0].Pkg == s.Pkg }) {
			continue
		}
		f := &Finding{Rule: SharedMap, Map: v.loc, Evidence: Possible, Pos: s.Pos}
		f.Accesses = []Access{{Site: site(s)}}
		f.Sites = []Site{f.Accesses[0].Site}
		f.Message = fmt.Sprintf("map %s is %s without a lock, in case somebody else has the object", v.loc.Short(), past(s.Op))
		f.Why = fmt.Sprintf("%s may run any number of times at once, and changes an object that it was given; this is only worth a look if that is kept elsewhere", s.Func)
		f.Copy, f.Copying = foreignCopy(v.loc), CopyChanged
		f.atCopy(s)
		out = append(out, f)
	}
	return out
}

// atCopy moves a finding to where the struct was copied that holds the map, if it
// was: that is the place to copy the map too.
func (f *Finding) atCopy(s *link.Site) {
	if s.Copied.IsValid() {
		f.Pos = s.Copied
		f.Why += fmt.Sprintf("; the copy made at %s leaves the map in common", line(s.Copied))
	}
}

// foreignCopy says what can be done about a map of another module.
func foreignCopy(loc access.Location) string {
	return fmt.Sprintf("%s.%s is declared in %s, which is not part of this module: copy the map, or lock around what uses the object", loc.Owner, loc.Name, loc.Pkg)
}

// ours reports whether one side of a pair is a use of the map by code of the
// user's. Who replaces the map of an object as a rule has made the object, and
// a format call is deepformat's.
func (j *judge) ours(s link.Side) bool {
	return j.main(s.Acc.Site.Pkg) && !s.Acc.Site.Test && s.Acc.Op != access.Replace && s.Acc.Op != access.Format
}

// ownElement reports whether a path leads through an element of the very thing
// that it starts at: of a list of work, from which each goroutine takes another.
func ownElement(p access.Path) bool { return p.N > 0 && p.Steps[0] == access.Elem }

// contextValue reports a map that was taken out of a context and is changed in
// place: a context is for several goroutines at once, and so are its values.
func (j *judge) contextValue(v *verdict) []*Finding {
	var uses []*link.Site
	for _, s := range v.needy {
		if len(s.Locks) > 0 {
			return nil // some discipline
		}
		if !s.Test && j.main(s.Pkg) && s.Op != access.Format {
			uses = append(uses, s)
		}
	}
	// Writes first.
	slices.SortStableFunc(uses, func(a, b *link.Site) int { return int(b.Op) - int(a.Op) })
	if len(uses) == 0 || uses[0].Op != access.Write {
		return nil
	}
	w := uses[0]
	f := v.finding(SharedMap)
	f.Evidence = Possible // values that come and go with one request are often used so
	f.Why = "whoever has this context, or one made from it, has this map; this is only worth a look if several goroutines do"
	for _, s := range uses {
		if s.Op == access.Write && j.prog.Rederives(s, v.loc) {
			w, f.Evidence = s, Inferred
			f.Why = fmt.Sprintf("%s makes a new context, but changes the map of the old one, which all who have that see; contexts are for several goroutines at once", w.Func)
			break
		}
	}
	f.Accesses = []Access{{Site: site(w)}}
	if i := slices.IndexFunc(uses, func(s *link.Site) bool { return s.FuncID != w.FuncID }); i >= 0 {
		f.Accesses = append(f.Accesses, Access{Site: site(uses[i])})
	}
	f.Pos = w.Pos
	f.Message = fmt.Sprintf("map %s of a context is %s in place", v.loc.Short(), past(w.Op))
	f.Copy, f.Copying = copyOfContext, CopyChanged
	return []*Finding{f}
}

// lentOut reports a map that an object keeps for many uses and that is changed
// through another, made for one use, which a library may still be reading when
// the map is changed for the next:
//
//	req.Header = c.header
//	req.Header.Set("Authorization", token)
func (v *verdict) lentOut(f *Finding) bool {
	for _, s := range v.needy {
		if !s.Shared || s.Op != access.Write || s.Test || len(s.Locks) > 0 || known.Sent(s.From) == "" {
			continue
		}
		f.Evidence = Inferred
		f.Accesses = []Access{{Site: site(s)}}
		f.Pos = s.Pos
		f.Message = fmt.Sprintf("map %s is %s by way of %s, which was given the map itself", v.loc.Short(), past(s.Op), s.From.Short())
		f.Why = known.Sent(s.From)
		f.Copy, f.Copying, f.Into = sentCopy(s), CopyHanded, s.From
		return true
	}
	return false
}

// sentCopy says what can be done about a map that a library reads by way of s.
func sentCopy(s *link.Site) string {
	return fmt.Sprintf("give a copy of the map to %s (Clone): a lock would not keep the library from reading it", s.From.Short())
}

// byLibrary says what can be done where one side of a pair is a library's, which
// knows no lock of the user's.
func (f *Finding) byLibrary(pr *link.Pair) {
	for _, s := range []link.Side{pr.A, pr.B} {
		if s.Thread != nil && s.Thread.Library {
			f.Why, f.Copy = s.Acc.Site.Library, sentCopy(s.Acc.Site)
			f.Copying, f.Into = CopyHanded, s.Acc.Site.From
			if !f.Accesses[0].Op.Writes() { // the user's own side first
				slices.Reverse(f.Accesses)
				f.Pos = f.Accesses[0].Pos
				f.Message = fmt.Sprintf("map %s is %s", f.Map.Short(), describe(f.Accesses[0].Op, f.Accesses[1].Op))
			}
			return
		}
	}
}

// handedOn reports a map of maps whose inner maps are put into another map while
// a lock is held, and changed there without it: the copy that was made under the
// lock goes only one level deep.
func (j *judge) handedOn(v *verdict, f *Finding) bool {
	for _, h := range j.prog.HandedOn(v.loc) {
		i := slices.IndexFunc(v.sites, func(s *link.Site) bool { return s.FuncID == h.FuncID && s.Op == access.Iterate })
		if i < 0 || known.TestDouble(v.loc.Owner) {
			continue
		}
		for _, s := range j.sites[h.To] {
			if s.Op != access.Write || s.Exempt != "" || s.Test || !s.Inner() || h.To != h.From && len(s.Locks) > 0 {
				continue
			}
			f.Evidence = Inferred
			f.Accesses = []Access{{Site: site(s)}, {Site: site(v.sites[i])}}
			f.Pos = s.Pos
			f.Message = fmt.Sprintf("a map inside of %s is %s where it has got to from %s", h.To.Short(), past(s.Op), v.loc.Short())
			f.Why = fmt.Sprintf("%s copies %s under %s, but not the maps inside of it, so that who changes them changes those of the original", v.sites[i].Func, v.loc.Short(), lockName(h.Lock.ID))
			f.Copy = fmt.Sprintf("%s has to copy the maps inside of the map too: no lock is common to the two that hold them", v.sites[i].Func)
			f.Copying, f.Into = CopyInner, h.To
			return true
		}
	}
	return false
}

// cached reports the writes to maps of objects out of a cache, one finding for
// each function that writes.
func (j *judge) cached(v *verdict) []*Finding {
	var out []*Finding
	for _, c := range j.prog.CachedWrites(v.loc) {
		s := c.Acc.Site
		if s.Exempt != "" || !j.main(s.Pkg) || slices.ContainsFunc(out, func(f *Finding) bool { return f.Accesses[0].Func == s.Func && f.Accesses[0].Pkg == s.Pkg }) {
			continue
		}
		f := &Finding{Rule: SharedMap, Map: v.loc, Evidence: Inferred, Pos: s.Pos}
		f.Accesses = []Access{{Site: site(s), Goroutine: frames(c.Acc.Via)}}
		f.Sites = []Site{f.Accesses[0].Site}
		f.Message = fmt.Sprintf("map %s of a cached object is %s", v.loc.Short(), past(s.Op))
		f.Why = fmt.Sprintf("%s takes the object out of an informer's cache, from which everyone is given the same one, for reading", c.In)
		f.Copy = "change a copy of the object (DeepCopy): nobody who reads the cached one takes a lock"
		f.Copying, f.Cached = CopyChanged, true
		f.atCopy(s)
		out = append(out, f)
	}
	return out
}

// copyOfContext is the remedy for a map that a context hands out.
const copyOfContext = "change a copy of the map, and put that into a new context: a lock here would not be known to all who have the context"
