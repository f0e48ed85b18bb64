package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/witness"
)

// maxRest bounds how many further partners are listed.
const maxRest = 3

// partner finds who wrote the map of c meanwhile: a goroutine of the dump that
// stands in such a write or next to it, else the writes in the program that may
// have been it. It returns how much speaks for the map of c.
//
// Whatever the runtime stops at, the other side writes: it notices a writer.
func (p *Program) partner(c *Case, r *witness.Report) int {
	sides := p.dumped(c, r)
	rank := 0
	if len(sides) > 0 {
		rank = 2000 + 100*int(sides[0].Sure)
	}
	sides = append(sides, p.writers(c)...)
	if len(sides) == 0 {
		return 1000 * int(c.Crash.Sure)
	}
	if rank == 0 {
		rank = 500
	}
	c.Other = &sides[0]
	c.Rest = sides[1:min(len(sides), 1+maxRest)]
	return rank + 1000*int(c.Crash.Sure) - min(c.Crash.Off, 400)
}

// dumped returns the goroutines of the dump that stand in a write to the map or
// next to one, the nearest first.
func (p *Program) dumped(c *Case, r *witness.Report) []Side {
	type standing struct {
		Side
		rank int
	}
	var all []standing
	for _, s := range r.Stacks {
		if s == c.Crash.Stack {
			continue
		}
		if side, rank := p.standing(c, s); rank > 0 {
			all = append(all, standing{side, rank})
		}
	}
	slices.SortStableFunc(all, func(a, b standing) int { return b.rank - a.rank })
	var out []Side
	for _, s := range all {
		out = append(out, s.Side)
	}
	return out
}

// standing returns the write that a goroutine stands in or next to, and how
// near it is; 0 if it is near none.
func (p *Program) standing(c *Case, s *witness.Stack) (Side, int) {
	depth := 0 // frames of the user's above
	var best Side
	top := 0
	for i, f := range s.Frames {
		sym := witness.Split(f.Func)
		pkgs := p.packages(sym, f)
		if len(pkgs) == 0 {
			continue
		}
		for _, site := range p.byMap[c.Map] {
			if site.Op != access.Write || !slices.ContainsFunc(pkgs, func(pkg *load.Package) bool { return pkg.Path == site.Pkg }) || !isFunc(sym.Name, site.Func) {
				continue
			}
			off := abs(site.Pos.Line - f.Line)
			exact := off == 0 && sameFile(site.Pos.File, f.File)
			side := Side{Site: site, Stack: s, Frame: i, Off: off}
			var rank int
			switch {
			case exact && depth == 0:
				rank, side.Sure = 1000, Exact
				side.Why = fmt.Sprintf("goroutine %d (%s) stands at this write", s.ID, s.State)
			case blocked(s.State):
				rank, side.Sure = 500-min(off, 100)-50*depth, Moved
				side.Why = fmt.Sprintf("goroutine %d (%s) is blocked %s from this write", s.ID, s.State, lines(off))
			case off <= nearby:
				rank, side.Sure = 400-min(off, 100)-50*depth, Moved
				side.Why = fmt.Sprintf("goroutine %d (%s) is %s from this write, in the same function", s.ID, s.State, lines(off))
			}
			if s.MapOp() == access.Write {
				rank += 200
			}
			if rank > top {
				best, top = side, rank
			}
		}
		if depth++; depth == 3 {
			break // deeper callers only lead to what is done above
		}
	}
	return best, top
}

func lines(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// blocked reports whether a goroutine in this state waits for a lock.
func blocked(state string) bool {
	return strings.HasPrefix(state, "semacquire") || strings.HasPrefix(state, "sync.")
}

// writers returns the writes that the dump has no goroutine for, the likeliest
// partners first.
func (p *Program) writers(c *Case) []Side {
	type writer struct {
		Side
		rank int
	}
	var all []writer
	for _, s := range p.byMap[c.Map] {
		if s.Op != access.Write || !s.Rival(c.Crash.Site) && !s.Same(c.Crash.Site) {
			continue
		}
		rank, why := p.speaksFor(c, s)
		all = append(all, writer{Side{Site: s, Why: why, Sure: InFunction}, rank})
	}
	slices.SortStableFunc(all, func(a, b writer) int { return b.rank - a.rank })
	var out []Side
	for _, w := range all {
		out = append(out, w.Side)
	}
	return out
}

// speaksFor weighs a write as the other side, and says why.
func (p *Program) speaksFor(c *Case, s *link.Site) (int, string) {
	pairs := p.pairs[c.Map]
	if !inTest(c.Report) {
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(pr link.Pair) bool { return ofTest(pr.A) || ofTest(pr.B) })
	}
	for _, pr := range pairs {
		if pr.A.Acc.Site.Same(s) && pr.B.Acc.Site.Same(c.Crash.Site) || pr.B.Acc.Site.Same(s) && pr.A.Acc.Site.Same(c.Crash.Site) {
			return 100, "the code shows two goroutines that reach this write and the access that crashed"
		}
	}
	for _, pr := range pairs {
		if pr.A.Acc.Site.Same(s) || pr.B.Acc.Site.Same(s) {
			return 80, "the code shows that another goroutine reaches this write"
		}
	}
	if lock := shares(s, c.Crash.Site); lock != "" {
		return 5, "it holds " + lock + " as the access that crashed does, so that it can only be the one if these are two locks"
	}
	rank, why := 50, "it writes the map, and shares no lock with the access that crashed"
	if s.Same(c.Crash.Site) {
		rank, why = 45, "two goroutines may both have been at this write"
	}
	if s.Exempt != "" {
		rank, why = 20, "it writes the map, though "+s.Exempt+" as far as the code tells"
	}
	if s.Test || known.Lifecycle(s.Func) {
		rank -= 15
	}
	return rank, why
}

// inTest reports whether a report is of a test binary.
func inTest(r *witness.Report) bool {
	return slices.ContainsFunc(r.Stacks, func(s *witness.Stack) bool {
		return slices.ContainsFunc(append(slices.Clone(s.Frames), s.Created...), func(f witness.Frame) bool { return strings.HasPrefix(f.Func, "testing.") })
	})
}

// ofTest reports whether only a test starts the goroutine of a side.
func ofTest(s link.Side) bool {
	return s.Acc.Site.Test || s.Thread != nil && strings.HasSuffix(s.Thread.Spawn.File, "_test.go")
}

// shares returns the name of a lock that is held at both sites in modes that
// exclude each other, "" if there is none.
func shares(a, b *link.Site) string {
	for _, l := range a.Locks {
		for _, m := range b.Locks {
			if l.ID.Location == m.ID.Location && (l.Mode == access.Exclusive || m.Mode == access.Exclusive) {
				return l.ID.Name
			}
		}
	}
	return ""
}
