package link

import (
	"math/big"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file colours every function with the goroutines that may run it. The
// accesses that compose carries from callees to callers name their object, and
// get lost where an interface has many implementers or the way is long; a
// colour names nothing but the goroutine, so that it gets everywhere, in time
// linear in the calls. What two colours show is therefore an inference, and
// only where there is one object that they could mean, see One.

// A Colour is a goroutine that a function starts.
type Colour struct {
	Entry   string // the function that it runs
	Spawn   access.Pos
	Text    string
	Multi   bool // it may overlap itself
	Assumed bool // see summarise.Event
	Turns   string

	id      int
	starter *node
	event   int
	joined  bool // its starter waits for it
	runs    []*node
}

// A palette is the colours of a program.
type palette struct {
	all      []*Colour
	of       map[*node]*big.Int // the colours that may run a function, as bits
	starting map[*node][]*Colour
	calling  map[*node][]caller // who calls a function, on its own goroutine
	places   map[access.Step][]place
	making   map[*node][]*Colour // see making
	multi    *big.Int            // those that overlap themselves for sure: Multi, not Assumed
}

// A caller is one call of a function.
type caller struct {
	n     *node
	event int
}

// colours returns the palette, which it computes when it is first asked for.
func (p *Program) colours() *palette {
	if p.palette != nil {
		return p.palette
	}
	c := &palette{
		of: make(map[*node]*big.Int), starting: make(map[*node][]*Colour),
		calling: make(map[*node][]caller), places: make(map[access.Step][]place), making: make(map[*node][]*Colour),
	}
	p.palette = c
	var work []*node
	add := func(n *node, colours *big.Int) {
		old := c.of[n]
		if old == nil {
			old = new(big.Int)
		}
		if sum := new(big.Int).Or(old, colours); sum.Cmp(old) != 0 {
			c.of[n] = sum
			work = append(work, n)
		}
	}
	for _, n := range p.order {
		if n.Test {
			continue
		}
		for _, col := range n.starts() {
			col.id = len(c.all)
			c.all = append(c.all, col)
			c.starting[n] = append(c.starting[n], col)
			for _, r := range col.runs {
				add(r, new(big.Int).SetBit(new(big.Int), col.id, 1))
			}
		}
		for _, ed := range n.calls {
			if n.Events[ed.event].Kind == summarise.Call && ed.starts == nil {
				c.calling[ed.callee] = append(c.calling[ed.callee], caller{n, ed.event})
			}
		}
	}
	for len(work) > 0 {
		n := work[0]
		work = work[1:]
		mine := c.of[n]
		p.eachCallee(n, func(callee *node, _ *summarise.Event) { add(callee, mine) })
	}
	// What a goroutine that overlaps itself starts overlaps itself too.
	multi := new(big.Int)
	for _, col := range c.all {
		if col.Multi {
			multi.SetBit(multi, col.id, 1)
		}
	}
	for range 3 {
		for _, col := range c.all {
			if bits := c.of[col.starter]; !col.Multi && bits != nil && new(big.Int).And(bits, multi).Sign() != 0 {
				col.Multi = true
				multi.SetBit(multi, col.id, 1)
			}
		}
	}
	for _, col := range c.all {
		if col.Assumed {
			multi.SetBit(multi, col.id, 0)
		}
	}
	c.multi = multi
	return c
}

// reaching returns the goroutines that may run n.
func (c *palette) reaching(n *node) []*Colour {
	if c.of[n] == nil {
		return nil
	}
	return c.pick(c.of[n])
}

// pick returns the colours that have their bit set.
func (c *palette) pick(bits *big.Int) (out []*Colour) {
	for i := range bits.BitLen() {
		if bits.Bit(i) == 1 {
			out = append(out, c.all[i])
		}
	}
	return out
}

// find returns the colour of a goroutine, nil if it has none.
func (c *palette) find(t *Thread) *Colour {
	for _, col := range c.starting[t.starter] {
		if col.event == t.event && col.Spawn == t.Spawn {
			return col
		}
	}
	return nil
}

// runs reports whether col may run n.
func (c *palette) runs(col *Colour, n *node) bool {
	bits := c.of[n]
	return bits != nil && bits.Bit(col.id) == 1
}

// starts returns the goroutines that n starts.
func (n *node) starts() []*Colour {
	var out []*Colour
	for _, ed := range n.calls {
		by := ed.starts
		if by == nil {
			by = &n.Events[ed.event]
		}
		if by.Kind != summarise.Spawn {
			continue
		}
		i := slices.IndexFunc(out, func(c *Colour) bool { return c.event == ed.event && c.Spawn == by.Pos })
		if i < 0 {
			i = len(out)
			out = append(out, &Colour{
				Entry: ed.callee.Name, Spawn: by.Pos, Text: by.Text, Assumed: by.Assumed, Turns: by.Turns, starter: n, event: ed.event,
				Multi:  by.Multi || by.Turns == "" && n.after(ed.event, ed.event) && n.sameEachTurn(ed),
				joined: by.Ends || !n.leaves(ed.event),
			})
		}
		out[i].runs = append(out[i].runs, ed.callee)
	}
	return out
}

// sameEachTurn reports whether a goroutine that is started in a loop gets the
// same objects in each turn, as far as is known.
func (n *node) sameEachTurn(ed edge) bool {
	e := &n.Events[ed.event]
	given := [][][]access.Path{e.Args, ed.target.Free, {ed.target.Recv}}
	for _, t := range e.Targets { // the object that has the function in a field
		given = append(given, [][]access.Path{t.Recv})
	}
	for _, pss := range given {
		for _, ps := range pss {
			for _, q := range ps {
				if slices.Contains(q.Steps[:q.N], access.Elem) || slices.Contains(q.Steps[:q.N], access.Pooled) || n.remade(q.Root, ed.event) {
					return false
				}
			}
		}
	}
	return true
}

// remade reports whether the object at root is made in the loop that event i
// is in.
func (n *node) remade(root access.Root, i int) bool {
	for k := range n.Events {
		if n.makes(k, root) && n.after(i, k) && n.after(k, i) {
			return true
		}
	}
	return false
}

// leaves reports whether a goroutine that event i of n starts may outlive n,
// which it does if n never returns.
func (n *node) leaves(i int) bool {
	if !slices.ContainsFunc(n.Events, func(e summarise.Event) bool { return e.Kind == summarise.Exit }) {
		return true
	}
	return slices.ContainsFunc(n.async, func(t *Thread) bool { return t.starter == n && t.event == i })
}

// eachCallee calls f for everything that n may run before it returns, with the
// call: on its own goroutine, or on others that it waits for.
// Interfaces count with all their implementers in the program, apart from
// those that say nothing about what stands behind them.
func (p *Program) eachCallee(n *node, f func(callee *node, e *summarise.Event)) {
	for _, ed := range n.calls {
		if e := &n.Events[ed.event]; e.Kind == summarise.Call && ed.starts == nil && !ed.vague {
			f(ed.callee, e)
		}
	}
	for i := range n.Events {
		e := &n.Events[i]
		if e.Kind != summarise.Call {
			continue
		}
		for _, t := range e.Targets {
			switch {
			case t.Kind == summarise.Interface && !vague(t.Iface):
				for _, callee := range p.crowd(t.Iface, t.Method) {
					f(callee, e)
				}
			case t.Kind == summarise.FieldFunc && len(p.stored[t.Field]) > maxImpls:
				for _, s := range p.stored[t.Field] {
					if callee := p.nodes[s.ID]; callee != nil {
						f(callee, e)
					}
				}
			}
		}
	}
	for _, col := range p.palette.starting[n] {
		if col.joined {
			for _, r := range col.runs {
				f(r, &summarise.Event{Pos: col.Spawn})
			}
		}
	}
}

// vague reports whether an interface is so small that everything implements
// it: one method that mentions no type but built-in ones.
func vague(iface string) bool {
	return !strings.ContainsAny(strings.TrimSuffix(iface, "\n"), "\n./")
}

// crowd returns the implementers of an interface method that has too many of
// them to be told apart; none if there are few.
func (p *Program) crowd(iface, method string) []*node {
	if p.implementers(iface, method) != nil {
		return nil
	}
	return p.crowds[method+"\n"+iface]
}

// A Meeting is two goroutines that may reach two sites at the same time.
type Meeting struct{ A, B *Colour }

// Meet returns two goroutines, or one that overlaps itself, that reach a and b
// and may run at the same time, nil if there are none. Goroutines that have
// nothing to do with each other, and those that are waited for, do not count:
// one may be over before the other starts.
func (p *Program) Meet(a, b *Site) *Meeting {
	c := p.colours()
	ofA, ofB := c.of[a.node], c.of[b.node]
	if ofA == nil || ofB == nil {
		return nil
	}
	if !a.heldLocally() && !b.heldLocally() { // the same whichever goroutines they are
		if len(c.all) == 0 || !c.all[0].clash(a, c.all[0], b) {
			return nil
		}
		if both := new(big.Int).And(ofA, ofB); both.And(both, c.multi).Sign() != 0 {
			x := c.all[both.TrailingZeroBits()] // no meeting is better
			return &Meeting{A: x, B: x}
		}
	}
	var top *Meeting
	grade := 0
	for _, x := range c.reaching(a.node) {
		if g := x.grade() + 1; x.Multi && c.runs(x, b.node) && g > grade && x.clash(a, x, b) {
			grade, top = g, &Meeting{A: x, B: x}
		}
		if x.joined {
			continue
		}
		for _, y := range c.starting[x.starter] {
			if g := min(x.grade(), y.grade()); y != x && !y.joined && (x.Turns == "" || x.Turns != y.Turns) && c.runs(y, b.node) && g > grade && x.clash(a, y, b) {
				grade, top = g, &Meeting{A: x, B: y}
			}
		}
	}
	return top
}

// clash reports whether a, reached by c, and b, reached by d, conflict: at
// least one writes, and no lock is common to both.
func (c *Colour) clash(a *Site, d *Colour, b *Site) bool {
	return conflict(
		&Acc{Op: a.Op, Path: a.Path, Locks: c.locks(a), Site: a},
		&Acc{Op: b.Op, Path: b.Path, Locks: d.locks(b), Site: b})
}

// locks returns what is held at s. The local mutexes of functions that the
// goroutine calls on its way are left out, since each call has its own; those
// of the function that starts it are known by their names, in whose terms ever
// the site has them.
func (c *Colour) locks(s *Site) []access.Lock {
	var out []access.Lock
	for _, l := range s.Locks {
		if isLocal(l) {
			if !slices.Contains(c.runs, s.node) {
				continue
			}
			l = access.Lock{Path: access.Path{Root: access.Root{Kind: access.LocalVar, Name: l.Path.Root.Name}}, Mode: l.Mode}
		}
		out = append(out, l)
	}
	return out
}

// heldLocally reports whether a local mutex is held at s, so that what is held
// there depends on the goroutine, see locks.
func (s *Site) heldLocally() bool {
	return slices.ContainsFunc(s.Locks, isLocal)
}

func isLocal(l access.Lock) bool {
	return l.Path.N == 0 && (l.Path.Root.Kind == access.LocalVar || l.Path.Root.Kind == access.FreeVar)
}

func (c *Colour) grade() int {
	if c.Assumed {
		return 1
	}
	return 3
}

// Way returns the shortest way by which a goroutine reaches a site, and whether
// a lock is held at any of the calls on it.
func (p *Program) Way(c *Colour, s *Site) (via *Via, held bool) {
	n := s.node
	type step struct {
		from *node
		call *summarise.Event
	}
	came := make(map[*node]step)
	var work []*node
	visit := func(m *node, s step) {
		if _, ok := came[m]; !ok {
			came[m] = s
			work = append(work, m)
		}
	}
	for _, r := range c.runs {
		visit(r, step{})
	}
	for len(work) > 0 {
		m := work[0]
		work = work[1:]
		if m == n {
			break
		}
		p.eachCallee(m, func(callee *node, e *summarise.Event) { visit(callee, step{m, e}) })
	}
	for s, ok := came[n]; ok && s.from != nil; s = came[n] {
		held = held || len(s.call.Locks) > 0
		via = &Via{Pos: s.call.Pos, Text: callText(n), Next: via}
		n = s.from
	}
	return via, held
}

// A place is where an object of some type is made.
type place struct {
	n    *node
	many bool // in a loop
}

// One reports whether the two goroutines of a meeting most likely share one
// object of the named type: none of them makes such objects, and where they
// are two, whoever starts them makes one.
func (p *Program) One(m *Meeting, pkg, typ string) bool {
	c := p.colours()
	places := p.made(access.Step{Pkg: pkg, Type: typ})
	if len(places) == 0 {
		return false // who knows
	}
	var one *Colour
	for _, pl := range places {
		if pl.n.isLiteral() && len(c.calling[pl.n]) == 0 && c.of[pl.n] == nil {
			return false // kept somewhere: who knows when and how often it is called
		}
		for _, x := range p.making(pl.n) {
			if x.Multi || x == m.A || x == m.B || one != nil && x != one {
				return false // each goroutine makes its own
			}
			one = x
		}
	}
	here := 0
	for _, pl := range places {
		if m.A == m.B || pl.n == m.A.starter || len(places) == 1 && pl.n.Pkg == m.A.starter.Pkg {
			here++
			if pl.many && m.A != m.B {
				here++
			}
		}
	}
	return here == 1 || here > 0 && m.A == m.B
}

// making returns the goroutines that may run n, and those that make function
// literals which run it: nobody can tell how often these are called.
func (p *Program) making(n *node) []*Colour {
	c := p.colours()
	if out, ok := c.making[n]; ok {
		return out
	}
	all := new(big.Int)
	for by := range p.callersOf(n) {
		if bits := c.of[by]; bits != nil {
			all.Or(all, bits)
		}
	}
	c.making[n] = c.pick(all)
	return c.making[n]
}

// made returns the places at which objects of a type are made: where the
// constructors are called, if it has any.
func (p *Program) made(typ access.Step) []place {
	c := p.colours()
	if out, ok := c.places[typ]; ok {
		return out
	}
	var out []place
	var up func(n *node, depth int)
	up = func(n *node, depth int) {
		called := false
		for _, by := range c.calling[n] {
			if by.n.Test || depth == 3 {
				continue
			}
			called = true
			if by.n.returns(access.Root{Kind: access.CallResult, Index: by.n.Events[by.event].Call}) {
				up(by.n, depth+1)
			} else {
				out = append(out, place{by.n, by.n.after(by.event, by.event)})
			}
		}
		if !called {
			out = append(out, place{n, false})
		}
	}
	for _, n := range p.order {
		if n.Test || !slices.Contains(n.Allocs, typ) {
			continue
		}
		if n.returns(access.Root{Kind: access.LocalVar}) {
			up(n, 0)
		} else {
			out = append(out, place{n, false})
		}
	}
	c.places[typ] = out
	return out
}

// returns reports whether n returns an object that starts at root, whichever
// of its results or variables it is.
func (n *node) returns(root access.Root) bool {
	for _, ps := range n.Results {
		for _, q := range ps {
			if q.N == 0 && q.Root.Kind == root.Kind && (root.Kind == access.LocalVar || q.Root.Index == root.Index) {
				return true
			}
		}
	}
	return false
}
