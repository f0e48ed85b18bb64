// Package judge decides which of the linked accesses are worth a person's
// time: it pairs them, weighs the evidence, and writes down why.
package judge

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
)

// Names of the rules that findings carry.
const (
	SharedMap  = "sharedmap"
	DeepFormat = "deepformat"
)

// A judge looks at one program.
type judge struct {
	prog  *link.Program
	main  func(pkg string) bool
	pairs map[access.Location][]link.Pair
	sites map[access.Location][]*link.Site

	rule   string // that is at work
	broken []Broken
}

// Findings returns what is wrong in a linked program, in position order, and
// the maps that nobody knows about because a rule panicked. text
// returns the source line at a position, main
// reports whether a package is the user's own: nothing is reported about maps
// of other packages but that a format call of the user's walks them.
func Findings(prog *link.Program, main func(pkg string) bool, text func(access.Pos) string) ([]*Finding, []Broken) {
	j := &judge{prog: prog, main: main, pairs: make(map[access.Location][]link.Pair)}
	for _, p := range prog.Pairs {
		j.pairs[p.Loc] = append(j.pairs[p.Loc], p)
	}
	sites := prog.Sites()
	j.sites = sites
	locs := make([]access.Location, 0, len(sites))
	for loc := range sites {
		locs = append(locs, loc)
	}
	slices.SortFunc(locs, compareLocations)
	var out []*Finding
	for _, loc := range locs {
		out = append(out, j.whole(loc, sites[loc])...)
	}
	out = mergeSinks(out)
	Sort(out)
	identify(out, text)
	return out, j.broken
}

// Sort puts findings in position order.
func Sort(fs []*Finding) {
	slices.SortStableFunc(fs, func(a, b *Finding) int {
		if a.Pos != b.Pos {
			if a.Pos.Less(b.Pos) {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.Rule, b.Rule), compareLocations(a.Map, b.Map))
	})
}

func compareLocations(a, b access.Location) int {
	return cmp.Or(strings.Compare(a.Pkg, b.Pkg), strings.Compare(a.Owner, b.Owner), strings.Compare(a.Name, b.Name), strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
}

// A verdict is what is known of one location.
type verdict struct {
	loc    access.Location
	sites  []*link.Site
	needy  []*link.Site // those that need a lock
	guard  *Guard
	beside *Guard       // see findGuard
	broken []*link.Site // needy, and without the guard
	pairs  []link.Pair
}

// location judges one map.
func (j *judge) location(loc access.Location, sites []*link.Site) []*Finding {
	j.rule = SharedMap
	v := &verdict{loc: loc, sites: sites, pairs: j.pairs[loc]}
	writes := false
	for _, s := range sites {
		if s.Exempt == "" {
			v.needy = append(v.needy, s)
			writes = writes || s.Op.Writes()
		}
	}
	v.needy = onePerPosition(v.needy)
	if !writes {
		return j.importers(v) // frozen after construction, as far as can be seen
	}
	v.guard, v.beside, v.broken = findGuard(loc, v.needy, j.declared(loc))
	if v.guard != nil && j.prog.HandedOver(v.guard.Lock) || v.beside != nil && j.prog.HandedOver(v.beside.Lock) {
		v.guard, v.beside, v.broken = nil, nil, nil // who holds it when, nobody can tell
	}
	var out []*Finding
	if loc.Kind == access.Context {
		out = j.contextValue(v)
	} else if j.main(loc.Pkg) {
		if f := j.sharedMap(v); f != nil {
			out = append(out, f)
		}
	} else {
		out = j.foreign(v)
	}
	if len(out) == 0 || out[0].Evidence == Possible {
		if fs := j.cached(v); len(fs) > 0 {
			out = fs
		}
	}
	j.addRunners(v, out)
	j.rule = DeepFormat
	for _, s := range v.needy {
		if s.Op == access.Format && j.main(s.Pkg) {
			if f := j.deepFormat(v, s); f != nil {
				out = append(out, f)
			}
		}
	}
	return out
}

// importers reports a map that nothing in the program changes but during
// initialisation, by functions that importers may call at any other time.
func (j *judge) importers(v *verdict) []*Finding {
	if !j.main(v.loc.Pkg) || v.loc.Kind == access.Local || !slices.ContainsFunc(v.sites, func(s *link.Site) bool { return s.Unsure && s.Op == access.Write }) {
		return nil
	}
	open := &verdict{loc: v.loc, sites: slices.Clone(v.sites)}
	for i, s := range open.sites {
		if s.Unsure {
			t := *s
			t.Exempt = ""
			open.sites[i] = &t
		}
		if open.sites[i].Exempt == "" {
			open.needy = append(open.needy, open.sites[i])
		}
	}
	open.needy = onePerPosition(open.needy)
	open.guard, open.beside, open.broken = findGuard(v.loc, open.needy, j.declared(v.loc))
	f := open.possible(open.finding(SharedMap))
	if f == nil {
		return nil
	}
	f.Why = "the program calls what changes it during initialisation only, but importers may call it at any time"
	return []*Finding{f}
}

// onePerPosition drops the reads of m[k]++ and the like, which are part of the
// writes. The sites are in position order.
func onePerPosition(sites []*link.Site) []*link.Site {
	return slices.DeleteFunc(slices.Clone(sites), func(s *link.Site) bool {
		return s.Op == access.Read && slices.ContainsFunc(sites, func(t *link.Site) bool { return t.Pos == s.Pos && t.Op == access.Write })
	})
}

// sharedMap reports a map that two goroutines use without a common lock.
func (j *judge) sharedMap(v *verdict) *Finding {
	f := v.finding(SharedMap)
	pairs := slices.DeleteFunc(slices.Clone(v.pairs), func(p link.Pair) bool {
		return setsUp(p.A.Acc) || setsUp(p.B.Acc)
	})
	if v.guard != nil {
		// The lock is there; what a format call does about it is deepformat's.
		pairs = slices.DeleteFunc(pairs, func(p link.Pair) bool {
			return p.A.Acc.Op == access.Format || p.B.Acc.Op == access.Format
		})
	}
	if known.TestDouble(v.loc.Owner) {
		pairs = nil // in earnest, something else stands there
	}
	if pr := best(pairs); pr != nil {
		f.Evidence = strength(pr)
		if f.Guard == nil {
			f.Guard = v.beside
		}
		f.Accesses = []Access{side(pr.A, pr.In), side(pr.B, pr.In)}
		f.Why = why(pr)
		f.Message = fmt.Sprintf("map %s is %s", v.loc.Short(), describe(pr.A.Acc.Op, pr.B.Acc.Op))
		f.Pos = f.Accesses[0].Pos
		f.byLibrary(pr)
		return f
	}
	if v.loc.Kind == access.Local {
		return nil
	}
	if s, other := v.violation(); s != nil && !(v.guard.Unwritten && j.prog.Confined(v.needy)) {
		f.Evidence = Inferred
		f.Accesses = []Access{j.bare(v, s)}
		if other != nil {
			f.Accesses = append(f.Accesses, Access{Site: site(other)})
		}
		f.Pos = s.Pos
		f.Message = fmt.Sprintf("map %s is %s without holding %s", v.loc.Short(), past(s.Op), lockName(v.guard.Lock))
		if weak := heldShared(s, v.guard.Lock); weak {
			f.Message = fmt.Sprintf("map %s is %s while %s is only held for reading", v.loc.Short(), past(s.Op), lockName(v.guard.Lock))
		}
		f.Why = v.discipline(s)
		if heldShared(s, v.guard.Lock) {
			f.Why += "; any number of goroutines may hold it for reading at once"
		}
		return f
	}
	if v.lentOut(f) || j.handedOn(v, f) || j.exposed(v, f) || j.besideMutex(v, f) || j.coloured(v, f) || j.declaredGuarded(v, f) || j.pooled(v, f) {
		return f
	}
	return v.possible(f)
}

// setsUp reports whether an access gives a map to an object that nobody else
// uses yet, or takes it away when nobody does any more, going by the name of
// its function.
func setsUp(a *link.Acc) bool {
	return a.Op == access.Replace && known.Lifecycle(a.Site.Func)
}

// possible reports a map that is changed after it is shared, with nothing to
// show that a second goroutine uses it.
func (v *verdict) possible(f *Finding) *Finding {
	var w, other *link.Site
	for _, s := range v.needy {
		if v.guard != nil && !slices.Contains(v.broken, s) {
			continue
		}
		if s.Op.Writes() && w == nil {
			w = s
		} else if other == nil {
			other = s
		}
	}
	if w == nil || v.guard != nil && len(v.broken) == 0 {
		return nil
	}
	f.Evidence = Possible
	f.Accesses = []Access{{Site: site(w)}}
	if other != nil {
		f.Accesses = append(f.Accesses, Access{Site: site(other)})
	}
	f.Pos = w.Pos
	f.Message = fmt.Sprintf("map %s is %s without a lock, in case two goroutines use it", v.loc.Short(), past(w.Op))
	f.Why = "nothing here starts a second goroutine; this is only worth a look if callers do"
	return f
}

// violation returns the access that breaks the lock discipline, a write if
// there is one, and an access that keeps it; nil if there is no violation.
func (v *verdict) violation() (bad, good *link.Site) {
	if v.guard == nil {
		return nil, nil
	}
	for _, s := range v.broken {
		if s.Op == access.Format {
			continue // deepformat speaks
		}
		if s.Op == access.Replace && (v.guard.Held < 3 || v.guard.Held < v.guard.Total-1 || known.Lifecycle(s.Func)) {
			continue // set up or torn down when nobody else uses it, as a rule
		}
		if !slices.ContainsFunc(v.needy, s.Clashes) {
			continue // an inner map that nobody changes, or under another lock than the usual one
		}
		if s.Loc.IsZero() && !slices.ContainsFunc(v.needy, func(t *link.Site) bool { return t.Op == access.Write }) {
			continue // was handed the map, which is never changed but only replaced
		}
		if !s.Reachable() {
			continue // dead, or for tests, which may hold the lock
		}
		if known.ForTests(s.Func) || known.Option(s.Func) || v.takesOver(s) {
			continue // when nobody else uses it
		}
		if known.Decodes(s.Func) || s.Path.Root.Kind == access.LocalVar {
			continue // to an object that hardly anyone else has yet
		}
		if v.guard.Declared && (s.Op != access.Write || known.TestDouble(v.loc.Owner)) {
			continue // too little evidence for the rest
		}
		if bad == nil || s.Op.Writes() && !bad.Op.Writes() {
			bad = s
		}
	}
	if bad == nil {
		return nil, nil
	}
	return bad, v.keeper()
}

// keeper returns the access with the guard that convinces a reader soonest: a
// write, and not one that sets the map up or tears it down, if there is one.
func (v *verdict) keeper() *link.Site {
	var best *link.Site
	rank := func(s *link.Site) int {
		switch {
		case s.Op == access.Write && !known.Lifecycle(s.Func):
			return 3
		case s.Op == access.Write:
			return 2
		case s.Op.Writes():
			return 1
		}
		return 0
	}
	for _, s := range v.needy {
		if !slices.Contains(v.broken, s) && (best == nil || rank(s) > rank(best)) {
			best = s
		}
	}
	return best
}

// takesOver reports whether s is in a function that copies the maps of one
// object to another, going by its name: as a rule, one of them is not in use yet,
// and the other not any more.
func (v *verdict) takesOver(s *link.Site) bool {
	return known.CopiesState(s.Func) && slices.ContainsFunc(v.broken, func(t *link.Site) bool {
		return t.FuncID == s.FuncID && t.Path.Base() != s.Path.Base()
	})
}

// deepFormat reports a format call that walks a map which others change.
func (j *judge) deepFormat(v *verdict, s *link.Site) *Finding {
	f := v.finding(DeepFormat)
	f.Pos = s.Pos
	f.Sink = &Sink{Callee: s.Sink.Callee, Call: s.Sink.Call, Arg: s.Sink.Arg, Chain: s.Sink.Chain, Wrappers: s.Sink.Wrappers}
	f.Message = fmt.Sprintf("%s walks map %s", shortName(s.Sink.Callee), v.loc.Short())
	var mine []link.Pair
	for _, pr := range v.pairs {
		if pr.A.Acc.Site.Same(s) || pr.B.Acc.Site.Same(s) {
			mine = append(mine, pr)
		}
	}
	if pr := best(mine); pr != nil {
		f.Evidence = strength(pr)
		a, b := pr.A, pr.B
		if b.Acc.Site.Same(s) {
			a, b = b, a
		}
		f.Accesses = []Access{side(a, pr.In), side(b, pr.In)}
		f.Message += " while another goroutine changes it"
		f.Why = why(pr)
		if v.guard != nil && slices.Contains(v.broken, s) {
			f.Why += "; " + v.discipline()
		}
		f.Why += note(s)
		return f
	}
	if v.guard != nil && slices.Contains(v.broken, s) {
		if !slices.ContainsFunc(v.needy, s.Clashes) {
			return nil // formatted under another lock that all who change the map hold
		}
		f.Evidence = Inferred
		f.Accesses = []Access{j.bare(v, s)}
		if o := v.keeper(); o != nil && o.Op.Writes() {
			f.Accesses = append(f.Accesses, Access{Site: site(o)})
		}
		f.Message += fmt.Sprintf(" without holding %s", lockName(v.guard.Lock))
		f.Why = v.discipline() + "; formatting goes around it"
		if s.Sink.Impl != "" {
			f.Why += fmt.Sprintf("; the argument is an interface, behind which a *%s may stand", s.Sink.Impl)
		}
		f.Why += note(s)
		return f
	}
	if v.guard != nil {
		return nil // formatted under the lock
	}
	f.Evidence = Possible
	f.Accesses = []Access{{Site: site(s)}}
	for _, o := range v.needy {
		if o.Op.Writes() {
			f.Accesses = append(f.Accesses, Access{Site: site(o)})
			break
		}
	}
	f.Why = "the map changes after it is shared; nothing here starts a second goroutine"
	if lock, ok := v.keyed(); ok {
		if slices.ContainsFunc(s.Keyed, func(l access.Lock) bool { return l.ID == lock }) {
			return nil // formatted under the key's lock
		}
		f.Evidence = Inferred
		f.Message += fmt.Sprintf(" without holding %s(key)", lock.Short())
		f.Why = fmt.Sprintf("all %d accesses to the map are made under %s(key); formatting goes around it", v.unformatted(), lock.Short()) + note(s)
	}
	return f
}

func note(s *link.Site) string {
	if s.Sink.Note == "" {
		return ""
	}
	return "; " + s.Sink.Note
}

// mergeSinks keeps one finding for each formatted argument: the map with the
// strongest evidence, the others are fixed with it.
func mergeSinks(fs []*Finding) []*Finding {
	type key struct {
		call access.Pos
		arg  int
	}
	first := make(map[key]*Finding)
	var out []*Finding
	for _, f := range fs {
		if f.Sink == nil {
			out = append(out, f)
			continue
		}
		k := key{f.Sink.Call, f.Sink.Arg}
		if g := first[k]; g == nil {
			first[k] = f
			out = append(out, f)
		} else if f.Evidence > g.Evidence {
			*g = *f
		}
	}
	return out
}

// finding starts a finding about v's map.
func (v *verdict) finding(rule string) *Finding {
	f := &Finding{Rule: rule, Map: v.loc, Guard: v.guard}
	for _, s := range v.sites {
		f.Sites = append(f.Sites, site(s))
	}
	return f
}

func site(s *link.Site) Site {
	return Site{Op: s.Op, Pkg: s.Pkg, Func: s.Func, Pos: s.Pos, Locks: s.Locks, Keyed: s.Keyed, Base: s.Path.Base(), Exempt: s.Exempt}
}

// identify gives every finding its ID. It depends on the rule, the map and, for
// format calls, on the function and the text of the line, but on no line number.
func identify(fs []*Finding, text func(access.Pos) string) {
	seen := make(map[string]int)
	for _, f := range fs {
		name := f.Rule + "|" + f.Map.String()
		if f.Sink != nil {
			name = f.Rule + "|" + f.Accesses[0].Pkg + "." + f.Accesses[0].Func + "|" + f.Sink.Callee + "|" + text(f.Pos)
		}
		f.Key = name
		seen[name]++
		if n := seen[name]; n > 1 {
			name += fmt.Sprintf("|%d", n)
		}
		sum := sha256.Sum256([]byte(name))
		f.ID = fmt.Sprintf("%c-%x", map[string]rune{SharedMap: 'M', DeepFormat: 'F'}[f.Rule], sum[:4])
	}
}
