// Package resolve finds in a program what a crash or a race report names: the
// frame of the stack that used the map, the access in the source, and the map.
//
// The source may have changed since. A frame is matched by its function, then
// by the nearest access of the right kind to its line, and a Side says how
// sure that is. Where the program does not have the code, the answer is what it
// would take, not a guess.
package resolve

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/witness"
)

// A Program is what reports are matched with.
type Program struct {
	load  *load.Program
	own   map[string]*load.Package // the user's packages by import path
	mains []*load.Package          // those whose functions a stack calls main.F
	sites map[string][]*link.Site  // by import path, in position order
	byMap map[access.Location][]*link.Site
	pairs map[access.Location][]link.Pair

	footprints *sinks.Footprints
}

// New returns a Program for a linked one.
func New(p *load.Program, l *link.Program, fp *sinks.Footprints) *Program {
	out := &Program{
		load: p, footprints: fp, own: make(map[string]*load.Package),
		sites: make(map[string][]*link.Site), byMap: l.Sites(), pairs: make(map[access.Location][]link.Pair),
	}
	for _, pkg := range p.All {
		if !pkg.Main || out.own[pkg.Path] != nil {
			continue
		}
		out.own[pkg.Path] = pkg
		if pkg.Name == "main" {
			out.mains = append(out.mains, pkg)
		}
	}
	for _, s := range l.AllSites() {
		out.sites[s.Pkg] = append(out.sites[s.Pkg], s)
	}
	for _, pr := range l.Pairs {
		out.pairs[pr.Loc] = append(out.pairs[pr.Loc], pr)
	}
	return out
}

// A Certainty says how a frame was matched with an access.
type Certainty uint8

const (
	InFunction Certainty = iota + 1 // of the right function, far from the line or among others alike
	Moved                           // of the right function, the nearest to the line
	ByLine                          // on the very line, of a function that the stack names otherwise
	Exact                           // of the right function, on the very line
)

// A Side is one of the two goroutines.
type Side struct {
	Site  *link.Site
	Stack *witness.Stack // nil if the report does not have the goroutine
	Frame int            // of the stack: the one that makes the access
	Sure  Certainty
	Off   int    // lines between the frame and the access
	Why   string // why this access is thought to be the other side; "" if the report says so
}

// A Case is a report whose map is known.
type Case struct {
	Report *witness.Report
	Map    access.Location
	Crash  Side  // the goroutine that crashed, or the later access of a race
	Other  *Side // the other one, or the likeliest; nil if nothing else changes the map
	// Elsewhere says how a side reached the map in a way that has not been
	// connected with Map: a lock around the accesses to that would not hold the
	// side off. It is "" as a rule.
	Elsewhere string
	Also      access.Location // what Elsewhere calls the map
	Rest      []Side          // further ones that may have been it, likelier ones first
	// Alike are other maps that the access at Crash may have been to: nothing
	// in the report tells them from Map.
	Alike []access.Location
}

// An Unresolved says why no map could be named.
type Unresolved struct {
	Report *witness.Report
	Reason string // one sentence or two, lower-case, no full stop
	// NoMap says that the report is none about a map: a race on some other
	// variable.
	NoMap bool
	// Guarded says that the map is known, as Map, and has been repaired since.
	Guarded bool
	Map     access.Location
}

// Resolve finds the map of a report; exactly one result is not nil.
func (p *Program) Resolve(r *witness.Report) (*Case, *Unresolved) {
	if r.Kind == witness.Race {
		return p.race(r)
	}
	return p.fatal(r)
}

// fatal resolves a fatal error of the runtime.
func (p *Program) fatal(r *witness.Report) (*Case, *Unresolved) {
	crashed := r.Crashed()
	if crashed == nil || len(crashed.Frames) == 0 {
		return nil, &Unresolved{Report: r, Reason: "the log has no stack of the goroutine that crashed, so nothing tells which map it was: run the program with GOTRACEBACK=all, and keep the lines after the fatal error"}
	}
	found, why := p.match(crashed)
	if len(found) == 0 {
		return nil, &Unresolved{Report: r, Reason: why}
	}
	var best *Case
	bestRank := -1
	for i, c := range found {
		kase := &Case{Report: r, Map: c.loc, Crash: c.side(crashed)}
		if c.anonymous || c.forwarded {
			kase.Elsewhere = unconnected(c)
		}
		rank := p.partner(kase, r) - i // of equal ones the first
		if best == nil || rank > bestRank {
			best, bestRank = kase, rank
		}
	}
	best.Alike = alike(best, found)
	return best, nil
}

// alike returns the maps of candidates that are the access of c too, unless
// another goroutine of the dump speaks for the map of c.
func alike(c *Case, found []candidate) []access.Location {
	if c.Other != nil && c.Other.Stack != nil {
		return nil
	}
	var out []access.Location
	for _, d := range found {
		if d.site.Pos == c.Crash.Site.Pos && d.site.Op == c.Crash.Site.Op && d.frame == c.Crash.Frame && d.loc != c.Map && !slices.Contains(out, d.loc) {
			out = append(out, d.loc)
		}
	}
	return out
}

// race resolves a report of the race detector: both sides must be accesses to
// one map.
func (p *Program) race(r *witness.Report) (*Case, *Unresolved) {
	var found [2][]candidate
	var whys [2]string
	mapOp, lost := false, 0
	for i, s := range r.Stacks[:min(2, len(r.Stacks))] {
		found[i], whys[i] = p.match(s)
		mapOp = mapOp || s.MapOp() != 0
		if len(s.Frames) == 0 {
			lost++
		}
	}
	if c := common(found[0], found[1]); c != nil {
		kase := &Case{Report: r, Map: c[0].loc, Crash: c[0].side(r.Stacks[0])}
		other := c[1].side(r.Stacks[1])
		kase.Other = &other
		for _, side := range c {
			if side.forwarded {
				kase.Elsewhere = unconnected(side)
			}
		}
		return kase, nil
	}
	if !mapOp && len(r.Stacks)-lost > 1 {
		return nil, &Unresolved{Report: r, NoMap: true, Reason: "the two accesses are not both to one map: this is a race on another variable, which mapguard does not repair"}
	}
	if c := p.apart(r, found, mapOp || lost > 0); c != nil {
		return c, nil
	}
	for _, why := range whys {
		if why != "" {
			return nil, &Unresolved{Report: r, Reason: why}
		}
	}
	return nil, &Unresolved{Report: r, Reason: "the log breaks off before the race's first stack"}
}

// apart resolves a race of which the two sides are not known to reach one map:
// the race detector compares addresses, so it was one, under two names. Better
// is the name that a variable gives.
func (p *Program) apart(r *witness.Report, found [2][]candidate, sure bool) *Case {
	i, j := 0, 1
	if len(found[0]) == 0 || len(found[1]) > 0 && found[0][0].anonymous && !found[1][0].anonymous {
		i, j = 1, 0
	}
	if !sure || len(found[i]) == 0 {
		return nil
	}
	c := found[i][0]
	kase := &Case{Report: r, Map: c.loc, Crash: c.side(r.Stacks[i])}
	if len(found[j]) == 0 {
		p.partner(kase, r)
		if c.anonymous {
			kase.Elsewhere = unconnected(c)
		}
		return kase
	}
	d := found[j][0]
	other := d.side(r.Stacks[j])
	kase.Other, kase.Elsewhere, kase.Also = &other, unconnected(d), d.loc
	return kase
}

// unconnected says that a map is reached in a way that has not been followed.
func unconnected(c candidate) string {
	if c.forwarded {
		return fmt.Sprintf("%s hands the value on to what formats it", c.site.Sink.Callee[strings.LastIndexByte(c.site.Sink.Callee, '/')+1:])
	}
	return fmt.Sprintf("%s at %s:%d reaches the map as %s, and where it has it from cannot be followed", c.site.Func, filepath.Base(c.site.Pos.File), c.site.Pos.Line, c.loc.Name)
}

// common returns the best two candidates that access one map; nil if there are
// none.
func common(as, bs []candidate) []candidate {
	best, bestRank := []candidate(nil), 0
	for _, a := range as {
		for _, b := range bs {
			if a.loc != b.loc || !a.site.Op.Writes() && !b.site.Op.Writes() {
				continue
			}
			if rank := a.rank() + b.rank(); best == nil || rank > bestRank {
				best, bestRank = []candidate{a, b}, rank
			}
		}
	}
	return best
}

// A candidate is an access that a frame may be.
type candidate struct {
	site  *link.Site
	loc   access.Location
	frame int
	sure  Certainty
	off   int
	alike bool // its op is the one that the stack shows
	// anonymous says that loc is no variable, but the expression itself.
	anonymous bool
	// forwarded says that no table knows the call as one that formats.
	forwarded bool
}

func (c candidate) side(s *witness.Stack) Side {
	return Side{Site: c.site, Stack: s, Frame: c.frame, Sure: c.sure, Off: c.off}
}

// rank orders candidates: what is sure before what is not, near before far.
func (c candidate) rank() int {
	r := 1000*int(c.sure) - min(c.off, 400)
	if c.alike {
		r += 500
	}
	switch {
	case c.site.Exempt == "":
	case c.sure == Exact:
		r -= 10
	default:
		r -= 450 // of two near the line, the map that others can reach
	}
	if c.anonymous {
		r -= 900 // a name is better, unless it is a guess
	}
	return r
}

// sorted returns candidates in order of rank, one for each site and map.
func sorted(cs []candidate) []candidate {
	slices.SortStableFunc(cs, func(a, b candidate) int { return b.rank() - a.rank() })
	return cs
}

// at returns the site as an access to one map, with the locks held there then.
func (p *Program) at(s *link.Site, loc access.Location) *link.Site {
	for _, t := range p.byMap[loc] {
		if t.Same(s) {
			return t
		}
	}
	return s
}

// pos returns a position as accesses have it.
func (p *Program) pos(at token.Pos) access.Pos {
	q := p.load.Fset.Position(at)
	return access.Pos{File: q.Filename, Line: q.Line, Column: q.Column}
}

// outer returns the declared function that a function, or a literal inside
// one, is of: "(*T).M" of "(*T).M.func1.func2".
func outer(name string) string {
	if i := literal(name); i >= 0 {
		name = name[:i]
	}
	if i := strings.IndexByte(name, '#'); i >= 0 {
		name = name[:i]
	}
	return name
}

// literal returns where the name of a function literal begins in the name of
// a function, -1 if it is none: a method may be called funcMap.
func literal(name string) int {
	const mark = ".func"
	for i := 0; ; {
		n := strings.Index(name[i:], mark)
		if n < 0 {
			return -1
		}
		i += n
		if rest := name[i+len(mark):]; rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			return i
		}
		i += len(mark)
	}
}
