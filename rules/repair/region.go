package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// A job is the part of a function that needs one lock.
type job struct {
	r      *mapRepair
	fn     *function
	info   *types.Info
	src    []byte
	ref    lockRef
	sites  []*site    // that need it, in position order
	others []*site    // of the same function that need another object's lock
	held   []interval // where the function itself holds the lock already

	// mayEnclose allows keyFirst and enclosed, which are for statements that
	// may panic when there is no other way to let go of the lock then.
	mayEnclose bool
}

func newJob(r *mapRepair, fn *function, ref lockRef) *job {
	src, err := r.p.Source(r.fileName(fn.file))
	if err != nil {
		r.doubt(edit.Manual, fn.node.Pos(), "%v", err)
	}
	j := &job{r: r, fn: fn, info: fn.pkg.Info, src: src, ref: ref}
	j.held = j.heldIntervals()
	return j
}

// plan chooses the regions of the function. In order of preference: for
// several accesses, or one that the function may return from, the rest of the
// function with a deferred unlock; else the statements themselves.
func (j *job) plan() proposal {
	if d, bad := j.heldOutside(); bad {
		return proposal{doubts: []doubt{d}}
	}
	if at := j.looseLock(); at != nil {
		return proposal{doubts: []doubt{j.doubt(edit.Manual, at.Pos(), "%s is used here other than by calling its methods, so it may be held already", j.r.lock.display)}}
	}
	upgraded, rest := j.upgrade()
	if len(rest) == 0 {
		return upgraded
	}
	j.sites = slices.DeleteFunc(slices.Clone(rest), func(s *site) bool { return s.lent })
	if len(j.sites) < len(rest) {
		upgraded.add(j.lend(slices.DeleteFunc(rest, func(s *site) bool { return !s.lent })))
	}
	if len(j.sites) == 0 {
		return upgraded
	}
	list := func() (proposal, bool) { return j.list(j.fn.body.List, j.sites) }
	candidates := []candidate{list, j.deferForm}
	if len(j.held) == 0 && j.prefersDefer() {
		candidates = []candidate{safely(j.deferForm), list, j.deferForm}
	}
	p, ok := best(candidates...)
	if !ok || lowest(p.doubts) != edit.Safe {
		j.mayEnclose = true
		if q, found := safely(list)(); found {
			p, ok = q, true
		}
	}
	if !ok {
		p.doubts = append(p.doubts, j.whyNot())
	}
	p.doubts = append(p.doubts, j.torn(p)...)
	for _, s := range upgraded.spans {
		for _, t := range p.spans {
			if t.pos < s.end && s.pos < t.end {
				p.doubts = append(p.doubts, j.doubt(edit.Manual, s.pos, "%s would be taken here while it is held", j.ref.text))
			}
		}
	}
	p.add(upgraded)
	return p
}

// whyNot returns the doubt for a job that no region was found for.
func (j *job) whyNot() doubt {
	for _, s := range j.sites {
		pos := s.node.Pos()
		if j.overlapsHeld(pos, s.node.End()) {
			return j.doubt(edit.Manual, pos, "%s may be held here already, but not for certain: take it on every path, or on none", j.ref.text)
		}
		if !j.r.usable(j.fn, j.ref, pos) {
			return j.doubt(edit.Manual, pos, "%s means something else here: rename what hides it", j.ref.text)
		}
	}
	s := j.sites[0]
	return j.doubt(edit.Manual, s.node.Pos(), "no statements can be found to hold %s for around the %s here", j.ref.text, s.Op)
}

func (j *job) doubt(level edit.Applicability, pos token.Pos, format string, args ...any) doubt {
	return j.r.newDoubt(level, pos, format, args...)
}

// A cluster is a run of statements of one list that belong together.
type cluster struct {
	i, j    int // first and last statement
	sites   []*site
	related bool // an access in it depends on a look-up in it
}

// list guards sites that are all inside statements of l.
func (j *job) list(l []ast.Stmt, sites []*site) (proposal, bool) {
	var p proposal
	last := -1
	for _, c := range j.clusters(l, sites) {
		q, ok := j.cluster(l, c)
		if !ok {
			return proposal{}, false
		}
		if c.i != last+1 || len(within(j.others, l[c.i])) > 0 {
			p.closes = nil // what another job puts in between would run under the lock
		}
		p.follow(q)
		last = c.j
	}
	p.closes = nil
	return p, true
}

// clusters divides the sites by the statements of l that must be in one
// region: from each look-up to the last access that may follow and depends on
// it. Simple statements that stand together anyway share a region too, as do an increment
// and the return of its result, and whatever else is short and harmless.
func (j *job) clusters(l []ast.Stmt, sites []*site) []cluster {
	var cs []cluster
	for i, s := range l {
		if in := within(sites, s); len(in) > 0 {
			cs = append(cs, cluster{i: i, j: i, sites: in})
		}
	}
	for k := 0; k < len(cs); k++ {
		flowing := j.flowing(l[cs[k].i:cs[k].j+1], cs[k].sites)
		for m := len(cs) - 1; m > k; m-- {
			if j.anyDepends(cs[m].sites, flowing) {
				cs = merge(cs, k, m)
				cs[k].related = true
				break
			}
		}
	}
	for k := 0; k+1 < len(cs); {
		if cs[k].j+1 == cs[k+1].i && j.readsBack(cs[k].sites, cs[k+1].sites) {
			cs = merge(cs, k, k+1)
			cs[k].related = true
		} else {
			k++
		}
	}
	for k := 0; k+1 < len(cs); {
		if j.joins(l, cs[k], cs[k+1]) {
			cs = merge(cs, k, k+1)
		} else {
			k++
		}
	}
	return cs
}

// joins reports whether two clusters that stand together share a region as a
// matter of course.
func (j *job) joins(l []ast.Stmt, a, b cluster) bool {
	if a.j+1 != b.i || a.related != b.related {
		return false
	}
	if _, ret := l[b.i].(*ast.ReturnStmt); simpleStmt(l[a.j]) && (simpleStmt(l[b.i]) || ret) {
		return true
	}
	both := l[a.i : b.j+1]
	if len(j.exits(both)) > 0 || j.lines(both[0].Pos(), l[b.j].End()) > shortLines {
		return false
	}
	p, ok := j.span(l, a.i, b.j, append(append([]*site{}, a.sites...), b.sites...))
	return ok && lowest(p.doubts) == edit.Safe
}

// merge joins clusters k to m.
func merge(cs []cluster, k, m int) []cluster {
	for _, c := range cs[k+1 : m+1] {
		cs[k].sites = append(cs[k].sites, c.sites...)
		cs[k].related = cs[k].related || c.related
	}
	cs[k].j = cs[m].j
	return append(cs[:k+1], cs[m+1:]...)
}

// cluster guards the sites of one cluster.
func (j *job) cluster(l []ast.Stmt, c cluster) (proposal, bool) {
	one := func() (proposal, bool) { return j.span(l, c.i, c.j, c.sites) }
	extended := func() (proposal, bool) { return j.extend(l, c) }
	if c.i == c.j {
		return best(safely(extended), func() (proposal, bool) { return j.stmt(l, c.i, c.sites) })
	}
	split := func() (proposal, bool) { return j.split(l, c) }
	if !c.related {
		return best(safely(extended), safely(one), split, one)
	}
	header := func() (proposal, bool) { return j.spanHoist(l, c) }
	moved := func() (proposal, bool) { return j.moveStore(l, c) }
	return best(safely(extended), safely(one), moved, safely(header), split, one)
}

// apart is the doubt about a look-up and an access that depends on it when each
// has a critical section of its own.
func (j *job) apart(a, b *site) doubt {
	verb := "used again"
	if b.Op.Writes() {
		verb = "written"
	}
	return j.doubt(edit.Unsafe, a.node.Pos(),
		"the map is looked at here and %s on line %d in two critical sections, since what is between must not run under the lock: another goroutine may change the map there",
		verb, j.r.p.Fset.Position(b.node.Pos()).Line)
}

// split guards each statement of a cluster by itself. If they belong together
// that is no longer atomic.
func (j *job) split(l []ast.Stmt, c cluster) (proposal, bool) {
	var p proposal
	for i := c.i; i <= c.j; i++ {
		in := within(c.sites, l[i])
		if len(in) == 0 {
			p.closes = nil
			continue
		}
		q, ok := j.stmt(l, i, in)
		if !ok {
			return proposal{}, false
		}
		if len(within(j.others, l[i])) > 0 {
			p.closes = nil
		}
		p.follow(q)
		if i == c.i {
			p.opens = q.opens
		}
	}
	if c.related {
		p.doubts = append(p.doubts, j.apart(c.sites[0], c.sites[len(c.sites)-1]))
	}
	return p, true
}

// stmt guards sites that are all inside l[i].
func (j *job) stmt(l []ast.Stmt, i int, sites []*site) (proposal, bool) {
	s := unlabel(l[i])
	header, bodies := divide(s, sites)
	for _, site := range header {
		if runsLater(site) {
			p := proposal{doubts: []doubt{j.doubt(edit.Manual, site.node.Pos(), "the %s here happens later than the statement: put it into a function that locks", site.Op)}}
			return p, true
		}
	}
	wrap := func() (proposal, bool) { return j.span(l, i, i, sites) }
	if whole := wrap; j.mayEnclose {
		first := func() (proposal, bool) { return j.keyFirst(l, i, sites) }
		enclosed := func() (proposal, bool) { return j.enclosed(l, i, sites) }
		wrap = func() (proposal, bool) { return best(safely(whole), safely(first), safely(enclosed), whole) }
	}
	descend := func() (proposal, bool) { return j.descend(bodies, sites) }
	hoist := func() (proposal, bool) { return j.hoist(l, i, header) }
	snapshot := func() (proposal, bool) { return j.snapshot(l, i, header, bodies, sites) }
	if len(header) == 0 {
		return best(safely(descend), wrap, descend)
	}
	if len(header) == len(sites) {
		if simpleStmt(s) {
			calls := func() (proposal, bool) { return j.hoistCalls(l, i, header) }
			return best(safely(wrap), fewer(safely(calls), safely(hoist)), calls, hoist, wrap)
		}
		if j.short(s) && len(j.exits(l[i:i+1])) == 0 {
			return best(safely(wrap), safely(hoist), safely(snapshot), hoist, snapshot, wrap)
		}
		return best(safely(hoist), safely(wrap), safely(snapshot), hoist, snapshot, wrap)
	}
	both := func() (proposal, bool) {
		p, ok := j.hoist(l, i, header)
		if !ok {
			return p, false
		}
		q, ok := j.descend(bodies, sites)
		p.add(q)
		if nested := minus(sites, header); j.anyDepends(nested, header) {
			p.doubts = append(p.doubts, j.apart(header[0], nested[len(nested)-1]))
		}
		return p, ok
	}
	return best(safely(wrap), safely(snapshot), both, snapshot, wrap)
}

// descend guards sites in the lists of statements inside a statement.
func (j *job) descend(bodies [][]ast.Stmt, sites []*site) (proposal, bool) {
	var p proposal
	for _, body := range bodies {
		var in []*site
		for _, s := range body {
			in = append(in, within(sites, s)...)
		}
		q, ok := j.list(body, in)
		if !ok {
			return proposal{}, false
		}
		p.add(q)
	}
	return p, true
}
