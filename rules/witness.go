package rules

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/repair"
	"github.com/mapguard/mapguard/rules/resolve"
	"github.com/mapguard/mapguard/rules/witness"
)

// This file finds what witnesses name: reports of crashes and races are
// resolved to maps, and maps become findings, one for all reports of one map.

// named returns the findings of the witnesses. In a program that was edited
// they are those of before that the edit has not dealt with.
func (a *analysis) named(own func(pkg string) bool) []*judge.Finding {
	if a.witnessed != nil || a.unresolved != nil {
		return a.leftOver()
	}
	a.cfg.progress("matching %d reports with the code", len(a.cfg.Witnesses))
	p := resolve.New(a.prog, a.link, a.env().Footprints)
	var cases []*resolve.Case
	for _, r := range a.cfg.Witnesses {
		switch c, u := p.Resolve(r); {
		case u != nil:
			a.unresolved = append(a.unresolved, u)
		default:
			cases = append(cases, c)
		}
	}
	a.unresolved = slices.DeleteFunc(a.unresolved, func(u *resolve.Unresolved) bool { return u.NoMap && ofElements(u.Report, cases) })
	a.witnessed = judge.FromCases(a.link, own, a.line, a.merged(p, cases))
	a.witnessed = append(a.witnessed, judge.Walkers(a.link, own, a.line, a.witnessed)...)
	judge.Sort(a.witnessed)
	a.setGuardedAside(cases)
	a.witnessed = slices.DeleteFunc(a.witnessed, func(f *judge.Finding) bool { return !a.cfg.wants(f.Rule) })
	return slices.Clone(a.witnessed)
}

// setGuardedAside takes the findings out whose map is guarded everywhere, if the
// code has changed since the crash: they have been repaired. Where it has not,
// a person has to find out why the lock did not help.
func (a *analysis) setGuardedAside(cases []*resolve.Case) {
	a.witnessed = slices.DeleteFunc(a.witnessed, func(f *judge.Finding) bool {
		if f.Rule != judge.SharedMap || f.Elsewhere != "" || judge.Left(a.link, f, a.line) != "" {
			return false
		}
		i := slices.IndexFunc(cases, func(c *resolve.Case) bool { return c.Map == f.Map })
		if slices.ContainsFunc(cases, func(c *resolve.Case) bool { return c.Map == f.Map && c.Crash.Sure == resolve.Exact }) {
			f.Elsewhere = "every access to the map holds one lock as far as mapguard can tell, and it crashed at this very line: the lock may be another object's, or an access may have been missed"
			return false
		}
		a.unresolved = append(a.unresolved, &resolve.Unresolved{
			Report: cases[i].Report, Map: f.Map, Guarded: true,
			Reason: fmt.Sprintf("the map is %s, which one lock guards at every access by now: this has been repaired since", f.Map.Short()),
		})
		return true
	})
}

// ofElements reports whether a race on something else is one on the elements of
// a map that is named anyway: both of its sides are on lines that use it.
//
//	c.m[k] = v   // assigns to the map, then writes v into the slot
func ofElements(r *witness.Report, cases []*resolve.Case) bool {
	for _, stack := range r.Stacks {
		if len(stack.Frames) == 0 {
			return false
		}
		f := stack.Frames[0]
		if !slices.ContainsFunc(cases, func(c *resolve.Case) bool {
			return slices.ContainsFunc(sides(c), func(s *resolve.Side) bool {
				return s.Stack != nil && s.Stack.Frames[s.Frame].Func == f.Func && s.Stack.Frames[s.Frame].Line == f.Line
			})
		}) {
			return false
		}
	}
	return true
}

// leftOver returns the findings of before that still stand, at the places
// where their accesses are now.
func (a *analysis) leftOver() []*judge.Finding {
	var out []*judge.Finding
	sites := a.link.Sites()
	for _, f := range a.witnessed {
		why := judge.Left(a.link, f, a.line)
		if why == "" {
			continue
		}
		g := *f
		g.Message += "; " + why
		g.Accesses = slices.Clone(f.Accesses)
		g.Sites, g.Fix = nil, nil
		for i := range g.Accesses {
			acc := &g.Accesses[i]
			if n := slices.IndexFunc(sites[f.Map], func(s *link.Site) bool { return s.Pkg == acc.Pkg && s.Func == acc.Func && s.Op == acc.Op }); n >= 0 {
				acc.Pos, acc.Locks = sites[f.Map][n].Pos, sites[f.Map][n].Locks
			}
		}
		if len(sites[f.Map]) > 0 {
			now := judge.FromCases(a.link, nil, a.line, []judge.Case{{Map: f.Map, Sites: sites[f.Map][:1], Goroutines: [][]judge.Frame{nil}}})
			g.Sites, g.Guard = now[0].Sites, now[0].Guard
		}
		g.Pos = g.Accesses[0].Pos
		out = append(out, &g)
	}
	return out
}

// merged makes one case of all reports of one map that are to be repaired in
// one way: the first that has both sides speaks for them.
func (a *analysis) merged(p *resolve.Program, cases []*resolve.Case) []judge.Case {
	type key struct {
		loc  access.Location
		call access.Pos // of a sink
	}
	names := aliases(cases)
	index := make(map[key]int)
	var out []judge.Case
	var sure []int
	for _, c := range cases {
		k := key{loc: names(c.Map)}
		for _, s := range sides(c) {
			if s.Site.Op == access.Format {
				k.call = s.Site.Sink.Call
			}
		}
		seen := judge.Seen{Log: c.Report.Log, Line: c.Report.Line, Text: headline(c.Report), Count: c.Report.Count}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out, sure = append(out, judge.Case{Map: c.Map}), append(sure, -1)
		}
		if s := sureness(c); s > sure[i] {
			sure[i] = s
			made := a.caseOf(p, c)
			made.Seen = out[i].Seen
			out[i] = made
		}
		out[i].Seen = append(out[i].Seen, seen)
	}
	return out
}

// aliases returns a function that gives locations one name which reports show
// to be one map.
func aliases(cases []*resolve.Case) func(access.Location) access.Location {
	first := make(map[access.Location]access.Location)
	name := func(l access.Location) access.Location {
		for {
			m, ok := first[l]
			if !ok {
				return l
			}
			l = m
		}
	}
	for _, c := range cases {
		if a, b := name(c.Map), name(c.Also); c.Elsewhere != "" && !b.IsZero() && a != b {
			first[b] = a
		}
	}
	return name
}

func sides(c *resolve.Case) []*resolve.Side {
	if c.Other == nil {
		return []*resolve.Side{&c.Crash}
	}
	return []*resolve.Side{&c.Crash, c.Other}
}

// sureness orders the reports of one map by how much they tell.
func sureness(c *resolve.Case) int {
	n := 10 * int(c.Crash.Sure)
	if c.Other != nil {
		n += int(c.Other.Sure)
		if c.Other.Stack != nil {
			n += 100
		}
	}
	return n
}

// caseOf puts a resolved report as the judge wants it.
func (a *analysis) caseOf(p *resolve.Program, c *resolve.Case) judge.Case {
	out := judge.Case{Map: c.Map}
	for _, s := range sides(c) {
		out.Sites = append(out.Sites, s.Site)
		out.Goroutines = append(out.Goroutines, a.stack(p, s))
	}
	out.Why, out.Elsewhere, out.Doubt = why(c), c.Elsewhere, doubt(c)
	return out
}

// headline is what Go printed first.
func headline(r *witness.Report) string {
	switch {
	case r.Kind == witness.Race:
		return "data race"
	case r.Message == "":
		return "a crash on a map, of which the log has lost the first line"
	}
	return "fatal error: " + r.Message
}

// why says how the report was matched with the code.
func why(c *resolve.Case) string {
	names := [2]string{"the goroutine that crashed", "the other goroutine"}
	if c.Report.Kind == witness.Race {
		if names = [2]string{"the later access", "the earlier access"}; c.Crash.Stack != c.Report.Stacks[0] {
			names[0], names[1] = names[1], names[0]
		}
	}
	parts := []string{matched(names[0], &c.Crash)}
	switch o := c.Other; {
	case o == nil:
		parts = append(parts, "nothing here writes the map but what is set up before it is shared, so the other goroutine is not known")
	case c.Report.Kind == witness.Race && o.Why == "":
		parts = append(parts, matched(names[1], o))
	case o.Stack != nil:
		parts = append(parts, "of the other goroutines in the dump, "+o.Why)
	default:
		said := "the log does not have the other goroutine; the likeliest is shown: " + o.Why
		if len(c.Rest) > 0 {
			var more []string
			for _, s := range c.Rest {
				more = append(more, fmt.Sprintf("%s at %s:%d", s.Site.Func, filepath.Base(s.Site.Pos.File), s.Site.Pos.Line))
			}
			said += "; or else " + strings.Join(more, ", ")
		}
		parts = append(parts, said)
	}
	return strings.Join(parts, "; ")
}

// doubt names the other maps that a report may be about.
func doubt(c *resolve.Case) string {
	const most = 3
	var names []string
	for _, m := range c.Alike[:min(most, len(c.Alike))] {
		names = append(names, m.Short())
	}
	if n := len(c.Alike) - most; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is passed several maps, and the log does not tell which it was: it may as well have been %s", c.Crash.Site.Func, strings.Join(names, ", "))
}

// matched says how sure it is that a frame is an access.
func matched(what string, s *resolve.Side) string {
	f := s.Stack.Frames[s.Frame]
	at := fmt.Sprintf("%s was in %s at %s:%d", what, witness.Split(f.Func).Name, path.Base(strings.ReplaceAll(f.File, `\`, "/")), f.Line)
	switch s.Sure {
	case resolve.Exact:
		return at + ", which is this access"
	case resolve.ByLine:
		return at + ", which is the line of this access, in another function by name"
	case resolve.Moved:
		return fmt.Sprintf("%s; the access of that kind nearest to it in that function is now on line %d", at, s.Site.Pos.Line)
	}
	return fmt.Sprintf("%s; the only thing sure is the function, which has this access on line %d", at, s.Site.Pos.Line)
}

// unlockable is the fix of a map that a witness names, and that the code
// reaches in ways which are not all known.
func unlockable(f *judge.Finding) *edit.Fix {
	if f.Rule == judge.DeepFormat {
		return &edit.Fix{
			Title:  "Do not format the whole value",
			Reason: f.Elsewhere + ": give it what the message needs, a pointer as fmt.Sprintf(\"%p\", x) or a field, instead of the whole value",
		}
	}
	return &edit.Fix{
		Title:  "Keep the goroutines from sharing this map",
		Reason: f.Elsewhere + "; give each goroutine its own copy (maps.Clone) where the map is handed on, or guard every use of it with one lock",
	}
}

// harder tries to repair a witnessed map that could not be repaired as it is,
// in two more ways, and returns the fix of before if neither will do.
//
// Functions that are passed the map can be locked where they are called. And
// one side of a crash holds the lock, as a rule, and the other forgot it: to
// take it there removes this crash, and that other accesses go without is said.
func (a *analysis) harder(f *judge.Finding, whole *edit.Fix, session *repair.Session) *edit.Fix {
	called := *f
	called.Sites = a.atCalls(f)
	if fix := session.SharedMap(&called); len(fix.Edits) > 0 {
		return fix
	}
	for _, c := range called.Sites {
		if !slices.ContainsFunc(f.Sites, func(s judge.Site) bool { return s.Pos == c.Pos }) {
			called.Accesses = append(slices.Clip(called.Accesses), judge.Access{Site: c})
		}
	}
	for _, g := range []*judge.Finding{judge.Narrowed(f), judge.Narrowed(&called)} {
		if g == nil {
			continue
		}
		if fix := session.SharedMap(g); len(fix.Edits) > 0 {
			f.Narrow = true
			fix.Applicability = edit.Unsafe
			left := "only the functions that the witness names are repaired, since not the whole map can be: " + whole.Reason
			if fix.Reason != "" {
				left = fix.Reason + "; " + left
			}
			fix.Reason = left
			return fix
		}
	}
	return whole
}

// stack renders the frames of a goroutine that are of the user's own code, from
// its start to the access, with the lines of code that they are at.
func (a *analysis) stack(p *resolve.Program, s *resolve.Side) []judge.Frame {
	if s.Stack == nil {
		return nil
	}
	var out []judge.Frame
	add := func(f witness.Frame, verb string) {
		sym := witness.Split(f.Func)
		if pos, ok := a.locate(p, f); ok {
			out = append(out, judge.Frame{Pos: pos, Text: strings.TrimSuffix(verb+sym.Name+": "+a.line(pos), ": ")})
		}
	}
	out = append(out, judge.Frame{Text: title(s.Stack)})
	for i := len(s.Stack.Created) - 1; i >= 0; i-- {
		verb := "in "
		if i == 0 {
			verb = "started by "
		}
		add(s.Stack.Created[i], verb)
	}
	for i := len(s.Stack.Frames) - 1; i >= s.Frame; i-- {
		add(s.Stack.Frames[i], "in ")
	}
	if n := len(out) - 1; n > 0 { // its code is shown as the access, and may have moved
		out[n].Text, _, _ = strings.Cut(out[n].Text, ": ")
	}
	return out
}

// title names a goroutine as its dump does.
func title(s *witness.Stack) string {
	name := fmt.Sprintf("goroutine %d", s.ID)
	switch {
	case s.ID < 0:
		return "a goroutine"
	case s.ID == 0:
		name = "main goroutine"
	}
	if s.State != "" {
		name += ", " + s.State
	}
	if s.Count > 1 {
		name += fmt.Sprintf(", and %d more at the same place", s.Count-1)
	}
	return name
}

// locate finds the line of a frame in the user's own code.
func (a *analysis) locate(p *resolve.Program, f witness.Frame) (access.Pos, bool) {
	file, ok := p.File(f)
	if !ok {
		return access.Pos{}, false
	}
	pos := access.Pos{File: file, Line: f.Line, Column: 1}
	if src, err := a.prog.Source(file); err == nil {
		if lines := bytes.SplitAfterN(src, []byte("\n"), f.Line+1); len(lines) >= f.Line && f.Line > 0 {
			pos.Column += len(lines[f.Line-1]) - len(bytes.TrimLeft(lines[f.Line-1], " \t"))
		}
	}
	return pos, true
}

// Named returns the findings of cfg's witnesses without repairing them, and
// the witnesses that no map could be named for.
func Named(ctx context.Context, p *load.Program, cfg Config) ([]*judge.Finding, []*resolve.Unresolved, error) {
	a := newAnalysis(p, cfg, nil)
	fs, err := a.find(ctx)
	return fs, a.unresolved, err
}
