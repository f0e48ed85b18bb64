package link

import (
	"slices"
	"strings"
)

// Confined reports whether all of the sites are run by one and the same
// goroutine, which does not overlap itself, as far as their callers are known.
func (p *Program) Confined(sites []*Site) bool {
	c := p.colours()
	var one *Colour
	for _, s := range sites {
		for n := range p.callersOf(s.node) {
			cols := c.reaching(n)
			if len(cols) != 1 || cols[0].Multi || one != nil && one != cols[0] {
				return false
			}
			one = cols[0]
		}
	}
	return one != nil
}

// A Caller is how a function comes to be called: by a goroutine of a colour, or
// from the function From that nobody calls. Both are zero if that is outside of
// the program.
type Caller struct {
	Colour *Colour
	From   string
	Via    *Via // from there
}

// CalledBeside returns how the function of s is called by anything but the
// goroutines that come to the access of r too; nil if it is not, as far as its
// callers are known.
func (p *Program) CalledBeside(r Reach, s *Site) *Caller {
	c := p.colours()
	next := map[*node]*caller{s.node: nil} // on the way down to s
	work := []*node{s.node}
	for len(work) > 0 {
		n := work[0]
		work = work[1:]
		add := func(by caller) {
			if _, ok := next[by.n]; !ok && !by.n.Test {
				next[by.n] = &caller{n, by.event}
				work = append(work, by.n)
			}
		}
		cols := c.reaching(n)
		if i := slices.IndexFunc(cols, func(col *Colour) bool { return !c.runs(col, r.Acc.Site.node) }); i >= 0 {
			via, _ := p.Way(cols[i], s)
			return &Caller{Colour: cols[i], Via: via}
		}
		for _, by := range c.calling[n] {
			add(by)
		}
		if maker := p.makerOf(n); maker != nil {
			add(caller{maker, -1})
		} else if len(cols) == 0 && len(c.calling[n]) == 0 {
			return &Caller{From: n.Name, Via: wayDown(n, next)}
		}
	}
	if s.node.open {
		return &Caller{}
	}
	return nil
}

// wayDown returns the calls that lead from n to where next ends.
func wayDown(n *node, next map[*node]*caller) *Via {
	to := next[n]
	if to == nil {
		return nil
	}
	rest := wayDown(to.n, next)
	if to.event < 0 {
		return rest // a function literal that is made here
	}
	return &Via{Pos: n.Events[to.event].Pos, Text: callText(to.n), Next: rest}
}

// makerOf returns the function around a function literal whose callers are not
// known, nil if n is none.
func (p *Program) makerOf(n *node) *node {
	if c := p.colours(); n.isLiteral() && len(c.calling[n]) == 0 && c.of[n] == nil {
		return p.nodes[n.ID[:strings.LastIndexByte(string(n.ID), '$')]]
	}
	return nil
}

// Runners returns the goroutines that may come to a site, those that surely
// are goroutines of their own first.
func (p *Program) Runners(s *Site) []*Colour {
	cols := p.colours().reaching(s.node)
	slices.SortStableFunc(cols, func(a, b *Colour) int { return b.grade() - a.grade() })
	return cols
}

// callersOf returns n and all that call it on their own goroutine, down to what
// goroutines begin with. Who calls a function literal that is returned or
// passed on is not known; it counts as called where it is made.
func (p *Program) callersOf(n *node) map[*node]bool {
	c := p.colours()
	out := make(map[*node]bool)
	work := []*node{n}
	for len(work) > 0 {
		n := work[0]
		work = work[1:]
		if out[n] {
			continue
		}
		if maker := p.makerOf(n); maker != nil {
			work = append(work, maker)
			continue
		}
		out[n] = true
		for _, by := range c.calling[n] {
			if !by.n.Test {
				work = append(work, by.n)
			}
		}
	}
	return out
}

// isLiteral reports whether n is a function literal.
func (n *node) isLiteral() bool { return strings.Contains(string(n.ID), "$") }
