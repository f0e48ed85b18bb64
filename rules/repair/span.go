package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// span holds the lock from l[i] to l[k], and lets go before each statement that
// leaves them:
//
//   - c.mu.Lock()
//     v, ok := c.m[k]
//     if !ok {
//   - c.mu.Unlock()
//     return errMissing
//     }
//     c.m[k] = v + 1
//   - c.mu.Unlock()
func (j *job) span(l []ast.Stmt, i, k int, sites []*site) (proposal, bool) {
	region := l[i : k+1]
	p, ok := j.hold(l, i, nodes(region), sites)
	if !ok || j.jumpedInto(region) {
		return p, false
	}
	p.opens, p.closes = j.opening(sites), j.closing(sites)
	p.ops = []op{j.openBefore(l[i], p.opens)}
	unlock := j.unlock(sites)
	for _, exit := range j.exits(region) {
		if !inList(j.fn, exit) {
			return p, false
		}
		if !j.r.usable(j.fn, j.ref, exit.Pos()) {
			return p, false
		}
		in := within(sites, exit)
		if len(in) == 0 {
			p.ops = append(p.ops, j.insertBefore(exit, unlock))
			continue
		}
		if _, ok := exit.(*ast.ReturnStmt); !ok {
			return p, false
		}
		list, at := j.listAround(exit)
		names, ok := j.returned(list, at, in)
		if !ok {
			return p, false
		}
		p.ops = append(p.ops, j.tempsBefore(exit, names, "", unlock)...)
	}
	p.doubts = append(p.doubts, j.troubles(region, sites, false)...)
	last := l[k]
	if !ends(last) {
		if k+1 < len(l) && !j.r.usable(j.fn, j.ref, l[k+1].Pos()) || k+1 == len(l) && !j.r.usable(j.fn, j.ref, last.End()) {
			return p, false
		}
		p.ops = append(p.ops, j.closeAfter(last, p.closes))
	} else {
		p.closes = nil
	}
	return p, true
}

// deferForm holds the lock from the first top-level statement with a site to
// the end of the function:
//
//   - c.mu.Lock()
//   - defer c.mu.Unlock()
//     -
//     if v, ok := c.m[k]; ok {
//     return v
//     }
//     c.m[k] = 0
//     return 0
func (j *job) deferForm() (proposal, bool) {
	l := j.fn.body.List
	i := j.firstTop()
	if i < 0 || j.longRunning() {
		return proposal{}, false
	}
	region := l[i:]
	most := shortLines
	if len(j.exits(region)) > 2 {
		most = longLines // as many unlocks would be worse
	}
	if j.lines(l[i].Pos(), j.fn.body.Rbrace) > most+1 {
		return proposal{}, false
	}
	p, ok := j.hold(l, i, nodes(region), j.sites)
	if !ok || j.jumpedInto(region) {
		return p, false
	}
	p.doubts = append(p.doubts, j.troubles(region, j.sites, true)...)
	p.ops = []op{j.insertBefore(l[i], j.lockCode(j.sites)+"\ndefer "+j.unlock(j.sites)+"\n\n")}
	p.spans = []span{{l[i].Pos(), j.fn.body.End(), j.ref.key}}
	return p, true
}

// prefersDefer reports whether a maintainer would take deferForm: there is more
// than one statement with a site, or the function may return from among them.
func (j *job) prefersDefer() bool {
	l := j.fn.body.List
	n := 0
	for _, s := range l {
		in := within(j.sites, s)
		if len(in) == 0 {
			continue
		}
		n++
		if header, _ := divide(unlabel(s), in); len(header) > 0 && len(j.exits([]ast.Stmt{s})) > 0 {
			return true
		}
	}
	return n > 1
}

// firstTop returns the index of the first top-level statement that has a site,
// -1 if there is none.
func (j *job) firstTop() int {
	for i, s := range j.fn.body.List {
		if len(within(j.sites, s)) > 0 {
			return i
		}
	}
	return -1
}

// longRunning reports whether the function is one that does not end soon: main,
// a goroutine, or one with a loop that has no condition.
func (j *job) longRunning() bool {
	switch fn := j.fn.node.(type) {
	case *ast.FuncDecl:
		if fn.Recv == nil && (fn.Name.Name == "main" && j.fn.pkg.Name == "main" || fn.Name.Name == "init") {
			return true
		}
	case *ast.FuncLit:
		if started(j.fn.path) {
			return true
		}
	}
	long := false
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		if f, ok := n.(*ast.ForStmt); ok && f.Cond == nil {
			long = true
		}
		_, lit := n.(*ast.FuncLit)
		return !lit
	})
	return long
}

// started reports whether the function literal that starts path runs in a
// goroutine of its own: go func() {...}(), g.Go(func() {...}).
func started(path []ast.Node) bool {
	for k, n := range path[1:] {
		switch n := n.(type) {
		case *ast.ParenExpr:
			continue
		case *ast.CallExpr:
			if k+2 < len(path) {
				if _, ok := path[k+2].(*ast.GoStmt); ok {
					return true
				}
			}
			sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			return ok && (sel.Sel.Name == "Go" || sel.Sel.Name == "TryGo")
		}
		return false
	}
	return false
}

// hold returns the proposal to take the lock before l[i] and hold it for region,
// which is l[i] and what follows it, or parts of l[i]; letting go is left to the
// caller. It is false if the lock cannot be named there, or may mean another
// object or be held already somewhere in the region.
func (j *job) hold(l []ast.Stmt, i int, region []ast.Node, sites []*site) (proposal, bool) {
	var p proposal
	if !j.r.usable(j.fn, j.ref, l[i].Pos()) || !j.stable(region) {
		return p, false
	}
	if d, ok := j.solid(l, i, sites); !ok {
		p.doubts = append(p.doubts, d)
	}
	if d, ok := j.rebound(region); ok {
		p.doubts = append(p.doubts, d)
	}
	for _, n := range region {
		if j.overlapsHeld(n.Pos(), n.End()) {
			return p, false
		}
		for _, o := range j.others {
			if contains(n, operand(o.node)) {
				p.doubts = append(p.doubts, j.doubt(edit.Manual, o.node.Pos(), "the map of another object is used here while %s is held: take a copy first, or fix an order", j.ref.text))
			}
		}
		p.spans = append(p.spans, span{n.Pos(), n.End(), j.ref.key})
	}
	if l[i] == region[0] {
		p.spans = []span{{region[0].Pos(), region[len(region)-1].End(), j.ref.key}}
	}
	p.ops = append(p.ops, j.insertBefore(l[i], j.lockCode(sites)))
	return p, true
}

// reads reports whether a read lock is enough for the sites. It is not for what
// changes an element in place, though the map is only read.
func (j *job) reads(sites []*site) bool {
	return j.r.lock.rw && !writes(sites) && !slices.ContainsFunc(sites, inTarget)
}

func (j *job) lockCode(sites []*site) string {
	if j.reads(sites) {
		return j.ref.text + ".RLock()"
	}
	return j.ref.text + ".Lock()"
}

func (j *job) unlock(sites []*site) string {
	if j.reads(sites) {
		return j.ref.text + ".RUnlock()"
	}
	return j.ref.text + ".Unlock()"
}

func (j *job) insertBefore(s ast.Stmt, code string) op {
	return op{j.fn.file, func(t *edit.Tree) error { return t.InsertBefore(s, code) }}
}

func (j *job) insertAfter(s ast.Stmt, code string) op {
	return op{j.fn.file, func(t *edit.Tree) error { return t.InsertAfter(s, code) }}
}

// inList reports whether s is an element of a list of statements, without a
// label that something may jump to.
func inList(fn *function, s ast.Stmt) bool {
	path, ok := pathTo(fn.file, s)
	if !ok {
		return false
	}
	return len(path) > 1 && isList(path[1])
}

// listAround returns the list of statements that s is an element of.
func (j *job) listAround(s ast.Stmt) ([]ast.Stmt, int) {
	path, _ := pathTo(j.fn.file, s)
	l := listOf(path[1])
	for i := range l {
		if l[i] == s {
			return l, i
		}
	}
	panic("invariant: s is in a list")
}

func nodes(stmts []ast.Stmt) []ast.Node {
	out := make([]ast.Node, len(stmts))
	for i, s := range stmts {
		out[i] = s
	}
	return out
}

// stable reports whether nothing in region assigns to what the lock is named
// by: the object is the same at Unlock as it was at Lock.
func (j *job) stable(region []ast.Node) bool {
	if j.ref.expr == nil {
		return true
	}
	used := make(map[types.Object]bool)
	ast.Inspect(j.ref.expr, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[j.info.ObjectOf(id)] = true
		}
		return true
	})
	elements := indexed(j.ref.expr)
	ok := true
	for _, n := range region {
		ast.Inspect(n, func(n ast.Node) bool {
			for _, x := range elements {
				if n != nil && storesElement(j.info, n, j.info.TypeOf(x)) {
					ok = false
				}
			}
			targets(n, func(e ast.Expr) {
				switch x := ast.Unparen(e).(type) {
				case *ast.Ident:
					ok = ok && !used[j.info.ObjectOf(x)]
				case *ast.SelectorExpr:
					ok = ok && !used[j.info.ObjectOf(x.Sel)]
				case *ast.StarExpr:
					if id, is := ast.Unparen(x.X).(*ast.Ident); is {
						ok = ok && !used[j.info.ObjectOf(id)]
					}
				}
			})
			return ok
		})
	}
	return ok
}

// targets calls f for what n itself assigns to, or takes the address of so that
// others can.
func targets(n ast.Node, f func(ast.Expr)) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			f(e)
		}
	case *ast.IncDecStmt:
		f(n.X)
	case *ast.RangeStmt:
		if n.Key != nil {
			f(n.Key)
		}
		if n.Value != nil {
			f(n.Value)
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			f(n.X)
		}
	}
}
