package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// hoist takes the look-ups in the header of l[i] out of it, so that the rest of
// the statement runs without the lock:
//
//   - c.mu.Lock()
//   - v := c.m[k]
//   - c.mu.Unlock()
//   - return f(c.m[k])
//   - return f(v)
//
// A statement that initialises an if or switch moves as a whole:
//
//   - if v, ok := c.m[k]; ok {
//   - c.mu.Lock()
//   - v, ok := c.m[k]
//   - c.mu.Unlock()
//   - if ok {
func (j *job) hoist(l []ast.Stmt, i int, header []*site) (proposal, bool) {
	s := unlabel(l[i])
	init, ok := hoistable(s, header)
	if !ok || s != l[i] && init != nil {
		return proposal{}, false
	}
	if label, ok := l[i].(*ast.LabeledStmt); ok && j.target(label) {
		return proposal{}, false // the look-ups would not be repeated
	}
	var region []ast.Node // only the look-ups are under the lock, not the whole statement
	for _, site := range header {
		region = append(region, site.node)
		if init != nil && contains(init, site.node) {
			region[len(region)-1] = init
		}
	}
	p, ok := j.hold(l, i, region, header)
	if !ok {
		return p, false
	}
	p.ops = nil

	h := &hoisting{job: j, stmt: s, list: l, i: i}
	for _, site := range header {
		if init != nil && contains(init, site.node) {
			h.initSites = append(h.initSites, site)
		}
	}
	if !h.moveInit(init, header) || !h.values(minus(header, h.initSites)) {
		return p, false
	}
	p.doubts = append(p.doubts, h.doubts...)
	open := j.opening(header)
	if len(h.before) == 0 {
		p.opens = open
	}
	p.temps = len(h.before) + len(h.under)
	p.ops = append(p.ops, h.emit(open, j.unlock(header))...)
	return p, true
}

// spanHoist is hoist for a cluster whose last statement has look-ups in its
// header that belong to what comes before it:
//
//   - c.mu.Lock()
//     c.m[k]++
//   - v := c.m[k]
//   - c.mu.Unlock()
//   - if v := c.m[k]; v > limit {
//   - if v > limit {
func (j *job) spanHoist(l []ast.Stmt, c cluster) (proposal, bool) {
	s := l[c.j]
	in := within(c.sites, s)
	header, bodies := divide(s, in)
	before := l[c.i:c.j]
	if len(bodies) > 0 || len(j.exits(before)) > 0 || j.jumpedInto(l[c.i:c.j+1]) {
		return proposal{}, false
	}
	init, ok := hoistable(s, header)
	if !ok || init != nil && len(within(header, init)) < len(header) {
		return proposal{}, false
	}
	region := nodes(before)
	for _, site := range header {
		region = append(region, site.node)
	}
	p, ok := j.hold(l, c.i, region, c.sites)
	if !ok || !j.r.usable(j.fn, j.ref, s.Pos()) {
		return p, false
	}
	p.doubts = append(p.doubts, j.troubles(before, c.sites, false)...)
	h := &hoisting{job: j, stmt: s, list: l, i: c.j}
	if init != nil {
		h.initSites = header
	}
	if !h.moveInit(init, header) || len(h.before) > 0 || !h.values(minus(header, h.initSites)) {
		return p, false
	}
	p.doubts = append(p.doubts, h.doubts...)
	p.opens = j.opening(c.sites)
	p.ops[0] = j.openBefore(l[c.i], p.opens)
	p.ops = append(p.ops, h.emit(nil, j.unlock(c.sites))...)
	p.spans = []span{{before[0].Pos(), header[len(header)-1].node.End(), j.ref.key}}
	return p, true
}

// hoistable reports whether the header's look-ups are evaluated once, whenever
// the statement is reached, and so can be evaluated before it. It returns the
// statement that initialises s, if there is one.
func hoistable(s ast.Stmt, header []*site) (ast.Stmt, bool) {
	var parts []ast.Node
	var init ast.Stmt
	switch s := s.(type) {
	case *ast.IfStmt:
		init = s.Init
		parts = []ast.Node{s.Cond}
	case *ast.SwitchStmt:
		init = s.Init
		if s.Tag != nil {
			parts = []ast.Node{s.Tag}
		}
	case *ast.TypeSwitchStmt:
		init = s.Init
		parts = []ast.Node{s.Assign}
	case *ast.RangeStmt:
		parts = []ast.Node{s.X}
	case *ast.ReturnStmt, *ast.SendStmt, *ast.AssignStmt, *ast.ExprStmt, *ast.IncDecStmt, *ast.GoStmt, *ast.DeferStmt:
		parts = []ast.Node{s}
	case *ast.DeclStmt:
		parts = []ast.Node{s}
	default:
		return nil, false
	}
	if init != nil {
		switch init.(type) {
		case *ast.AssignStmt, *ast.ExprStmt, *ast.IncDecStmt:
			parts = append(parts, init)
		}
	}
	for _, site := range header {
		if site.Op.Writes() || inLiteral(site, s) {
			return nil, false
		}
		found := false
		for _, part := range parts {
			found = found || contains(part, site.node)
		}
		if !found {
			return nil, false
		}
	}
	return init, true
}

// target reports whether a goto goes to a label.
func (j *job) target(label *ast.LabeledStmt) bool {
	found := false
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		found = found || ok && b.Tok == token.GOTO && b.Label.Name == label.Label.Name
		return !found
	})
	return found
}

// inLiteral reports whether a site is in a function literal inside s.
func inLiteral(site *site, s ast.Stmt) bool {
	for _, n := range site.path {
		if n == s {
			break
		}
		if _, ok := n.(*ast.FuncLit); ok {
			return true
		}
	}
	return false
}

// A hoisting collects the parts of one hoist.
type hoisting struct {
	*job
	stmt      ast.Stmt // list[i] without its labels
	list      []ast.Stmt
	i         int
	initSites []*site

	keys    []earlyKey
	before  []func() string                    // code before the lock is taken
	under   []func() string                    // code under the lock
	copies  []func(*edit.Tree) (string, error) // more of it
	replace []op
	doubts  []doubt
}

// emit returns the operations; open is nil if the lock is held already.
func (h *hoisting) emit(open *seam, unlock string) []op {
	insert := op{h.fn.file, func(t *edit.Tree) error {
		var lines []string
		for _, f := range h.before {
			lines = append(lines, f())
		}
		if open != nil && !open.joined {
			lines = append(lines, open.code)
		}
		for _, f := range h.under {
			lines = append(lines, f())
		}
		for _, f := range h.copies {
			code, err := f(t)
			if err != nil {
				return err
			}
			lines = append(lines, code)
		}
		lines = append(lines, unlock)
		return t.InsertBefore(h.list[h.i], strings.Join(lines, "\n"))
	}}
	return append([]op{insert}, h.replace...)
}

// values hoists look-ups into variables.
func (h *hoisting) values(sites []*site) bool {
	byText := make(map[string]*temp)
	for _, site := range outermost(sites) {
		e, ok := site.node.(ast.Expr)
		if !ok || isTarget(site) || inTarget(site) {
			return false
		}
		if site.lent {
			if !h.copied(site, e) {
				return false
			}
			continue
		}
		if b := comparison(site); b != nil && isMap(h.info.TypeOf(e)) {
			e = b // the outcome is what is wanted, not the map
		} else if !h.singleValue(site) {
			return false
		}
		if !h.unconditional(site, h.stmt) && !h.harmlessLookup(site) {
			return false // it might panic where it was not evaluated before
		}
		h.doubts = append(h.doubts, h.reordered(site)...)
		text := h.r.text(h.src, e)
		v := byText[text]
		if v == nil {
			v = h.temp(h.list, h.i, tempNames(h.info, e)...)
			byText[text] = v
			h.keyEarly(site)
			h.under = append(h.under, func() string { return fmt.Sprintf("%s := %s", v, h.source(e.Pos(), e.End())) })
			h.doubts = append(h.doubts, h.nodeTroubles(e, sites, h.early()...)...)
			if isMap(h.info.TypeOf(e)) {
				h.doubts = append(h.doubts, h.doubt(edit.Unsafe, e.Pos(), "the map that is looked up here is used after the lock is let go"))
			}
		}
		h.replace = append(h.replace, op{h.fn.file, func(t *edit.Tree) error { return t.ReplaceExpr(e, v.String()) }})
	}
	return true
}

// comparison returns the comparison that a site is an operand of, or nil.
func comparison(s *site) *ast.BinaryExpr {
	b, ok := s.path[1].(*ast.BinaryExpr)
	if !ok || b.Op != token.EQL && b.Op != token.NEQ {
		return nil
	}
	return b
}

// outermost returns the sites that are not inside others, each node once.
func outermost(sites []*site) []*site {
	var out []*site
	for _, s := range sites {
		in := false
		for _, o := range sites {
			in = in || o.node != s.node && o.node.Pos() <= s.node.Pos() && s.node.End() <= o.node.End()
		}
		for _, o := range out {
			in = in || o.node == s.node
		}
		if !in {
			out = append(out, s)
		}
	}
	return out
}

// singleValue reports whether the site is an expression with one value that a
// variable can hold: a look-up with a comma and ok is not, nor is a value with
// a lock in it.
func (j *job) singleValue(s *site) bool {
	e := s.node.(ast.Expr)
	t := j.info.TypeOf(e)
	if t == nil {
		return false
	}
	if tuple, ok := t.(*types.Tuple); ok && tuple.Len() != 1 {
		return false
	}
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return false
	}
	for _, n := range s.path[1:] {
		switch n := n.(type) {
		case *ast.ParenExpr:
			continue
		case *ast.AssignStmt:
			return !(len(n.Lhs) == 2 && len(n.Rhs) == 1) && !holdsLock(t, 0)
		case *ast.ValueSpec:
			return !(len(n.Names) == 2 && len(n.Values) == 1) && !holdsLock(t, 0)
		case *ast.UnaryExpr:
			return n.Op != token.AND && !holdsLock(t, 0)
		}
		break
	}
	return !holdsLock(t, 0)
}

// holdsLock reports whether copying a value of type t copies a lock.
func holdsLock(t types.Type, depth int) bool {
	if depth > 8 {
		return true
	}
	if obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), false, nil, "Lock"); obj != nil {
		if fn, ok := obj.(*types.Func); ok {
			if _, ptr := fn.Signature().Recv().Type().(*types.Pointer); ptr {
				return true
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsLock(u.Field(i).Type(), depth+1) {
				return true
			}
		}
	case *types.Array:
		return holdsLock(u.Elem(), depth+1)
	}
	return false
}

// isTarget reports whether a site is assigned to.
func isTarget(s *site) bool {
	e, ok := s.node.(ast.Expr)
	if !ok || len(s.path) < 2 {
		return false
	}
	switch n := s.path[1].(type) {
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			if l == e {
				return true
			}
		}
	case *ast.IncDecStmt:
		return n.X == e
	case *ast.RangeStmt:
		return n.Key == e || n.Value == e
	}
	// m[k].f = v and m[k][i] = v read m[k], but v := m[k]; v.f = v would be
	// another variable if m[k] is a struct or array, which Go does not allow.
	return false
}

// inTarget reports whether what is assigned to is reached through a site: the
// lock that guards the map had better guard its elements too.
//
//	c.m[k].n++
func inTarget(s *site) bool {
	for i, n := range s.path[:len(s.path)-1] {
		switch up := s.path[i+1].(type) {
		case *ast.SelectorExpr, *ast.StarExpr, *ast.ParenExpr:
			continue
		case *ast.IndexExpr:
			if up.X == n {
				continue
			}
		case *ast.IncDecStmt:
			return true
		case *ast.AssignStmt:
			for _, l := range up.Lhs {
				if l == n {
					return true
				}
			}
		}
		return false
	}
	return false
}

// runsLater reports whether a site is itself what a go or defer statement
// calls: defer delete(m, k).
func runsLater(s *site) bool {
	if len(s.path) < 2 {
		return false
	}
	switch n := s.path[1].(type) {
	case *ast.GoStmt:
		return n.Call == s.node
	case *ast.DeferStmt:
		return n.Call == s.node
	}
	return false
}

// reordered returns doubts about evaluating a site before the rest of its
// statement: it may have been evaluated after a call that changes what it finds.
func (h *hoisting) reordered(s *site) []doubt {
	var out []doubt
	for _, call := range callsIn(h.info, h.stmt) {
		if call.Pos() >= s.node.Pos() || call.Lparen > s.node.Pos() || contains(call, s.node) || inBody(h.stmt, call) {
			continue
		}
		if index, ok := s.node.(*ast.IndexExpr); ok && (!h.plain(index.Index) || h.changeable(index.Index) != nil) {
			out = append(out, h.doubt(edit.Unsafe, s.node.Pos(), "the key is evaluated before %s is called, no longer after", calleeName(call)))
			break
		}
		if e, ok := operand(s.node).(ast.Expr); ok && h.changeable(e) != nil {
			out = append(out, h.doubt(edit.Unsafe, s.node.Pos(), "%s is evaluated before %s is called, no longer after", h.r.text(h.src, e), calleeName(call)))
			break
		}
		if e := h.effect(call); h.r.touches(e) || e.Unknown != "" || e.Blocks != "" && !(&troubleWalk{job: h.job}).logs(call) {
			out = append(out, h.doubt(edit.Unsafe, s.node.Pos(), "the map is looked at before %s is called, no longer after", calleeName(call)))
			break
		}
	}
	return out
}

func contains(outer, inner ast.Node) bool {
	return outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

// inBody reports whether n is in a list of statements inside s.
func inBody(s ast.Stmt, n ast.Node) bool {
	for _, l := range innerLists(s) {
		for _, t := range l {
			if contains(t, n) {
				return true
			}
		}
	}
	return false
}

// harmlessLookup reports whether a site cannot panic: a look-up by a variable
// or constant that can be hashed. The object is known to be there, or the
// region has a doubt already.
func (h *hoisting) harmlessLookup(s *site) bool {
	if call, ok := s.node.(*ast.CallExpr); ok {
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "len"
	}
	index, ok := s.node.(*ast.IndexExpr)
	if !ok {
		return false
	}
	if _, nested := ast.Unparen(index.X).(*ast.IndexExpr); nested && !isMap(h.info.TypeOf(index.X)) {
		return false
	}
	if types.IsInterface(h.info.TypeOf(index.Index)) {
		return false
	}
	switch k := ast.Unparen(index.Index).(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.SelectorExpr:
		_, isVar := h.info.Uses[k.Sel].(*types.Var)
		return isVar && !h.mayBeNil(k.X)
	}
	return false
}
