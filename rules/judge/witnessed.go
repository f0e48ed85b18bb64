package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
)

// This file makes findings of what a crash or a race report names. No second
// goroutine has to be shown: it was there.

// A Case is a map that a report names, with its two sides.
type Case struct {
	Map   access.Location
	Sites []*link.Site // as the report has them: the one that crashed first, then the other if it is known
	// Goroutines says how each site was reached, parallel to Sites.
	Goroutines [][]Frame
	Why        string
	Elsewhere  string // see Finding
	Doubt      string // see Finding
	Seen       []Seen
}

// A Seen is one place in a log that names a map.
type Seen struct {
	Log  string
	Line int
	Text string // "fatal error: concurrent map writes"
	// Count is how many times the log has the like of it.
	Count int
}

func (s Seen) String() string {
	text := fmt.Sprintf("%s:%d: %s", s.Log, s.Line, s.Text)
	if s.Count > 1 {
		text += fmt.Sprintf(" (%d times)", s.Count)
	}
	return text
}

// FromCases returns a finding for each case, in position order. main and text
// are as for Findings.
func FromCases(prog *link.Program, main func(pkg string) bool, text func(access.Pos) string, cases []Case) []*Finding {
	j := &judge{prog: prog, main: main}
	sites := prog.Sites()
	var out []*Finding
	for _, c := range cases {
		v := j.named(c.Map, sites[c.Map], c.Sites)
		f := v.witnessed(&c)
		f.Evidence, f.Why, f.Seen, f.Elsewhere, f.Doubt = Witnessed, c.Why, c.Seen, c.Elsewhere, c.Doubt
		for i, s := range c.Sites {
			f.Accesses = append(f.Accesses, Access{Site: site(s), Goroutine: c.Goroutines[i]})
		}
		f.Pos = f.Accesses[0].Pos
		if c.Map.Kind == access.Context {
			f.Copy, f.Copying = copyOfContext, CopyChanged
		}
		out = append(out, f)
	}
	out = mergeSinks(out)
	Sort(out)
	identify(out, text)
	return out
}

// Walkers returns findings for the format calls that walk the maps of witnessed
// sharedmap findings: a lock around the other accesses would be no help against
// them. main and text are as for Findings.
func Walkers(prog *link.Program, main func(pkg string) bool, text func(access.Pos) string, witnessed []*Finding) []*Finding {
	sites := prog.Sites()
	var out []*Finding
	for _, w := range witnessed {
		if w.Rule != SharedMap {
			continue
		}
		v := (&judge{prog: prog, main: main}).named(w.Map, sites[w.Map], nil)
		for _, s := range v.needy {
			known := slices.ContainsFunc(witnessed, func(f *Finding) bool { return f.Sink != nil && f.Sink.Call == s.Pos })
			if s.Op != access.Format || known || !main(s.Pkg) || v.guard != nil && !slices.Contains(v.broken, s) {
				continue
			}
			f := v.finding(DeepFormat)
			f.Evidence, f.Pos = Inferred, s.Pos
			f.Sink = &Sink{Callee: s.Sink.Callee, Call: s.Sink.Call, Arg: s.Sink.Arg, Chain: s.Sink.Chain}
			f.Message = fmt.Sprintf("%s walks map %s", shortName(s.Sink.Callee), v.loc.Short())
			f.Accesses = []Access{{Site: site(s)}}
			f.Why = "the witness shows that goroutines share the map, and this call walks it without a lock" + note(s)
			out = append(out, f)
		}
	}
	out = mergeSinks(out)
	identify(out, text)
	return out
}

// named is the verdict on a map of which some sites were seen at work: those
// need a lock, whatever the code seems to say.
func (j *judge) named(loc access.Location, sites, seen []*link.Site) *verdict {
	v := &verdict{loc: loc}
	for _, s := range sites {
		if s.Exempt != "" && slices.ContainsFunc(seen, s.Same) {
			t := *s
			t.Exempt = ""
			s = &t
		}
		v.sites = append(v.sites, s)
		if s.Exempt == "" {
			v.needy = append(v.needy, s)
		}
	}
	v.needy = onePerPosition(v.needy)
	v.guard, v.beside, v.broken = findGuard(loc, v.needy, j.declared(loc))
	return v
}

// witnessed starts the finding of a case: of deepformat if one of its sites
// formats the map and nothing else is wrong with it that a lock would mend.
func (v *verdict) witnessed(c *Case) *Finding {
	for i, s := range c.Sites {
		if s.Op != access.Format {
			continue
		}
		f := v.finding(DeepFormat)
		f.Sink = &Sink{Callee: s.Sink.Callee, Call: s.Sink.Call, Arg: s.Sink.Arg, Chain: s.Sink.Chain}
		f.Message = fmt.Sprintf("%s walked map %s while another goroutine changed it", shortName(s.Sink.Callee), v.loc.Short())
		c.Sites[0], c.Sites[i] = c.Sites[i], c.Sites[0] // the one to change first
		c.Goroutines[0], c.Goroutines[i] = c.Goroutines[i], c.Goroutines[0]
		return f
	}
	f := v.finding(SharedMap)
	if f.Guard == nil {
		f.Guard = v.beside
	}
	f.Message = fmt.Sprintf("map %s was %s", v.loc.Short(), together(c.Sites))
	return f
}

// together says what the sites of a case did at once.
func together(sites []*link.Site) string {
	a := past(sites[0].Op)
	if len(sites) == 1 {
		return a + " by one goroutine while another changed it"
	}
	if b := past(sites[1].Op); a != b {
		return a + " by one goroutine and " + b + " by another at the same time"
	}
	return a + " by two goroutines at the same time"
}

// Left reports what is left of a witnessed finding in a program that was
// edited: "" if every access that needs it holds one lock, or the call no
// longer walks the map.
func Left(prog *link.Program, f *Finding, text func(access.Pos) string) string {
	sites := prog.Sites()[f.Map]
	var seen []*link.Site
	for _, s := range sites {
		if slices.ContainsFunc(f.Accesses, func(a Access) bool { return a.Pkg == s.Pkg && a.Func == s.Func && a.Op == s.Op }) {
			seen = append(seen, s)
		}
	}
	if f.Rule == DeepFormat {
		for _, s := range seen {
			if s.Op == access.Format && s.Sink.Callee == f.Sink.Callee && strings.HasSuffix(f.Key, "|"+text(s.Pos)) {
				return shortName(s.Sink.Callee) + " walks the map"
			}
		}
		return ""
	}
	if f.Narrow {
		for _, s := range seen {
			if l := holds(s, f.Guard.Lock); s.Op != access.Format && (l == nil || !enough(s.Op, l.Mode)) {
				return fmt.Sprintf("%s uses it without %s", s.Func, lockName(f.Guard.Lock))
			}
		}
		return ""
	}
	v := (&judge{prog: prog}).named(f.Map, sites, seen)
	writes := slices.ContainsFunc(v.needy, func(s *link.Site) bool { return s.Op.Writes() })
	switch {
	case !writes:
		return "" // it no longer changes while others use it
	case v.guard == nil:
		return "no lock guards it"
	}
	for _, s := range v.broken {
		// As in violation; but what was seen at work is believed.
		expected := s.Op == access.Format || s.Op == access.Replace || !slices.ContainsFunc(v.needy, s.Rival)
		if !expected || slices.ContainsFunc(seen, s.Same) {
			return fmt.Sprintf("%s uses it without %s", s.Func, lockName(v.guard.Lock))
		}
	}
	return ""
}

// Narrowed returns f with none but the accesses of the functions that the
// witness names in need of the lock that guards the map elsewhere; nil if there
// is no such lock.
func Narrowed(f *Finding) *Finding {
	if f.Evidence != Witnessed || f.Rule != SharedMap || f.Guard == nil {
		return nil
	}
	g := *f
	g.Narrow = true
	g.Sites = slices.Clone(f.Sites)
	for i := range g.Sites {
		s := &g.Sites[i]
		if s.Exempt == "" && !slices.ContainsFunc(f.Accesses, func(a Access) bool { return a.Pkg == s.Pkg && a.Func == s.Func }) {
			s.Exempt = "not in a function that the witness names"
		}
	}
	return &g
}
