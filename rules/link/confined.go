package link

import "strings"

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

// CalledBeside reports whether the function of s may be called by anything but
// the goroutines that come to the access of r too, as far as its callers are
// known.
func (p *Program) CalledBeside(r Reach, s *Site) bool {
	if s.node.open {
		return true
	}
	c := p.colours()
	for n := range p.callersOf(s.node) {
		if c.of[n] == nil && len(c.calling[n]) == 0 {
			return true // the main goroutine, for one, or who knows
		}
		for _, col := range c.reaching(n) {
			if !c.runs(col, r.Acc.Site.node) {
				return true
			}
		}
	}
	return false
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
		if n.isLiteral() && len(c.calling[n]) == 0 && c.of[n] == nil {
			if parent := p.nodes[n.ID[:strings.LastIndexByte(string(n.ID), '$')]]; parent != nil {
				work = append(work, parent)
				continue
			}
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
