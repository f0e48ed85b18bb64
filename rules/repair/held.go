package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// A lockCall is a call of a method of the chosen lock.
type lockCall struct {
	call     *ast.CallExpr
	method   string
	recv     string     // the text of what the method is called on
	stmt     ast.Stmt   // that consists of the call, or defers it; nil for other calls
	list     []ast.Stmt // that stmt is in
	index    int
	deferred bool
	lit      *ast.FuncLit // the deferred function literal that the call is in, nil for others
}

// lockCalls returns the calls of the chosen lock's methods in the function
// body, function literals excluded, but for those that are deferred.
func (j *job) lockCalls() []lockCall {
	if j.r.lock.isNew {
		return nil
	}
	var calls []lockCall
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			return lit.Body == j.fn.body
		}
		if d, ok := n.(*ast.DeferStmt); ok {
			if lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit); ok {
				ast.Inspect(lit.Body, func(n ast.Node) bool {
					if c, ok := j.lockCall(n); ok {
						c.deferred, c.lit = true, lit
						calls = append(calls, c)
					}
					return true
				})
			}
		}
		if c, ok := j.lockCall(n); ok {
			calls = append(calls, c)
		}
		return true
	})
	for i := range calls {
		j.placeCall(&calls[i])
	}
	return calls
}

// lockCall returns n as a call of a method of the chosen lock.
func (j *job) lockCall(n ast.Node) (lockCall, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return lockCall{}, false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return lockCall{}, false
	}
	switch sel.Sel.Name {
	case "Lock", "Unlock", "RLock", "RUnlock", "TryLock", "TryRLock":
	default:
		return lockCall{}, false
	}
	var v *types.Var
	if selection := j.info.Selections[sel]; selection != nil {
		if way := through(selection); len(way) > 0 {
			v = way[len(way)-1]
		}
	}
	if v == nil {
		switch x := ast.Unparen(sel.X).(type) {
		case *ast.Ident:
			v, _ = j.info.Uses[x].(*types.Var)
		case *ast.SelectorExpr:
			v, _ = j.info.Uses[x.Sel].(*types.Var)
		}
	}
	if v == nil || !sameVar(j.r.p.Fset, v, j.r.lock.obj) {
		return lockCall{}, false
	}
	return lockCall{call: call, method: sel.Sel.Name, recv: exprKey(j.info, sel.X)}, true
}

// placeCall finds the statement of a call.
func (j *job) placeCall(c *lockCall) {
	path, ok := pathTo(j.fn.file, c.call)
	if !ok || len(path) < 3 {
		return
	}
	switch s := path[1].(type) {
	case *ast.ExprStmt:
		c.stmt = s
	case *ast.DeferStmt:
		c.stmt, c.deferred = s, true
	default:
		return
	}
	at, in := c.stmt, path[2]
	if label, ok := in.(*ast.LabeledStmt); ok && len(path) > 3 {
		at, in = label, path[3]
	}
	c.list = listOf(in)
	for i, s := range c.list {
		if s == at {
			c.index = i
		}
	}
}

// An interval is a stretch of source where the lock may be held.
type interval struct {
	pos, end token.Pos
	from, to lockCall // from.call is nil if the caller holds it
}

// heldIntervals returns where the function may hold the chosen lock by its own
// doing. They are never too short: an unlock that cannot be matched does not
// count.
func (j *job) heldIntervals() []interval {
	calls := j.lockCalls()
	var out []interval
	matched := make(map[*ast.CallExpr]bool)
	for _, c := range calls {
		if strings.HasSuffix(c.method, "Unlock") {
			continue
		}
		iv := interval{pos: c.call.Pos(), end: j.fn.body.End(), from: c}
		if end, ok := endInLiteral(c, calls); ok {
			iv.end = end
			out = append(out, iv)
			continue
		}
		found := false
		for _, u := range calls {
			if c.stmt == nil || u.stmt == nil || u.deferred || u.recv != c.recv || u.method != unlockOf(c.method) || u.index <= c.index {
				continue
			}
			if len(u.list) > 0 && len(c.list) > 0 && &u.list[0] == &c.list[0] {
				iv.end, iv.to, found = u.stmt.End(), u, true
				matched[u.call] = true
				break
			}
		}
		if !found {
			iv.pos = j.loopStart(c.call, iv.pos)
		}
		out = append(out, iv)
	}
	for _, u := range calls {
		if !strings.HasSuffix(u.method, "Unlock") || matched[u.call] || u.deferred {
			continue
		}
		covered := false
		for _, iv := range out {
			covered = covered || iv.pos <= u.call.Pos() && u.call.Pos() < iv.end
		}
		if !covered { // the caller holds it
			out = append(out, interval{pos: j.fn.body.Pos(), end: u.call.End(), to: u})
		}
	}
	return out
}

// endInLiteral returns where a deferred function literal that takes the lock in c
// lets go of it again; it is false if it does not, or not for certain.
func endInLiteral(c lockCall, calls []lockCall) (token.Pos, bool) {
	if c.lit == nil || c.stmt == nil {
		return token.NoPos, false
	}
	for _, u := range calls {
		if u.lit != c.lit || u.stmt == nil || u.recv != c.recv || u.method != unlockOf(c.method) || !sameList(u.list, c.list) || u.index <= c.index {
			continue
		}
		if _, ok := u.stmt.(*ast.DeferStmt); ok {
			return c.lit.Body.End(), true
		}
		return u.stmt.End(), true
	}
	return token.NoPos, false
}

func unlockOf(method string) string {
	if method == "RLock" || method == "TryRLock" {
		return "RUnlock"
	}
	return "Unlock"
}

// loopStart returns the start of the outermost loop in the function around n,
// or pos if there is none: what is locked in one round is held in the next.
func (j *job) loopStart(n ast.Node, pos token.Pos) token.Pos {
	path, _ := pathTo(j.fn.file, n)
	for _, n := range path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			pos = n.Pos()
		case *ast.FuncLit, *ast.FuncDecl:
			return pos
		}
	}
	return pos
}

// overlapsHeld reports whether the lock may be held somewhere in [pos, end).
func (j *job) overlapsHeld(pos, end token.Pos) bool {
	for _, iv := range j.held {
		if iv.pos < end && pos < iv.end {
			return true
		}
	}
	return false
}

// heldExclusively reports whether the lock is held for writing at pos, if it is
// held there at all.
func (j *job) heldExclusively(pos token.Pos) bool {
	for _, iv := range j.held {
		write := iv.from.call != nil && iv.from.method == "Lock" || iv.from.call == nil && iv.to.method == "Unlock"
		if iv.pos <= pos && pos < iv.end && !write {
			return false
		}
	}
	return true
}

// heldOutside reports whether the function is a literal inside a stretch where
// the function around it holds the lock: whether the literal runs there or
// later, the finding does not say.
func (j *job) heldOutside() (doubt, bool) {
	if j.r.lock.isNew {
		return doubt{}, false
	}
	if started(j.fn.path) {
		return j.waitedFor()
	}
	for _, n := range j.fn.path[1:] {
		if funcBody(n) == nil {
			continue
		}
		outer := &job{r: j.r, info: j.info, src: j.src, fn: newFunction(j.fn.pkg, j.fn.file, n)}
		outer.held = outer.heldIntervals()
		if outer.overlapsHeld(j.fn.node.Pos(), j.fn.node.Pos()+1) {
			return j.doubt(edit.Manual, j.fn.node.Pos(), "the function here may run while %s is held around it: it must not take it again", j.ref.text), true
		}
		if started(outer.fn.path) {
			break
		}
	}
	return doubt{}, false
}

// waitedFor reports whether the function is a goroutine that the function which
// starts it may wait for while it holds the lock.
func (j *job) waitedFor() (doubt, bool) {
	for _, n := range j.fn.path[1:] {
		if funcBody(n) == nil {
			continue
		}
		outer := &job{r: j.r, info: j.info, src: j.src, fn: newFunction(j.fn.pkg, j.fn.file, n)}
		for _, iv := range outer.heldIntervals() {
			if iv.pos > j.fn.node.Pos() || j.fn.node.Pos() >= iv.end {
				continue
			}
			if at := outer.blocksAfter(j.fn.node.End(), iv.end); at != nil {
				return j.doubt(edit.Manual, j.fn.node.Pos(), "the goroutine here needs %s, which is held around it, and may be waited for on line %d", j.ref.text, j.r.p.Fset.Position(at.Pos()).Line), true
			}
		}
		break
	}
	return doubt{}, false
}

// looseLock returns a use of the chosen lock in the declaration around the
// function that is no call of its methods, so that it may be held there in a way
// that cannot be seen: RLocker, a method value, its address.
func (j *job) looseLock() ast.Node {
	if j.r.lock.isNew {
		return nil
	}
	var at ast.Node
	calls := make(map[ast.Node]bool) // what is called
	plain := make(map[ast.Node]bool) // the lock in a call of its method, or assigned
	ast.Inspect(j.fn.path[len(j.fn.path)-2], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				plain[ast.Unparen(e)] = true
			}
		case *ast.BinaryExpr:
			plain[ast.Unparen(n.X)], plain[ast.Unparen(n.Y)] = true, true
		case *ast.KeyValueExpr:
			plain[n.Key] = true
		case *ast.CallExpr:
			if _, ok := j.lockCall(n); ok {
				fun := ast.Unparen(n.Fun).(*ast.SelectorExpr)
				calls[fun], plain[ast.Unparen(fun.X)] = true, true
			}
		case *ast.SelectorExpr:
			if at == nil && !calls[n] && j.promotedFrom(n) {
				at = n
			}
			if plain[n] {
				plain[n.Sel] = true
			}
		case *ast.Ident:
			v, ok := j.info.Uses[n].(*types.Var)
			if ok && at == nil && !plain[n] && sameVar(j.r.p.Fset, v, j.r.lock.obj) {
				at = n
			}
		}
		return true
	})
	return at
}

// promotedFrom reports whether sel selects a method of the lock by way of the
// struct that embeds it.
func (j *job) promotedFrom(sel *ast.SelectorExpr) bool {
	selection := j.info.Selections[sel]
	if selection == nil || selection.Kind() == types.FieldVal {
		return false
	}
	way := through(selection)
	return len(way) > 0 && sameVar(j.r.p.Fset, way[len(way)-1], j.r.lock.obj)
}

// upgrade turns the read locks that writes are made under into write locks, and
// returns the sites that this does not settle.
//
//   - c.mu.RLock()
//   - c.mu.Lock()
//     c.m[k] = v
//   - c.mu.RUnlock()
//   - c.mu.Unlock()
func (j *job) upgrade() (proposal, []*site) {
	var p proposal
	var rest []*site
	done, byCallers := make(map[*ast.CallExpr]bool), false
	for _, s := range j.sites {
		if !j.r.holdsShared(s) {
			rest = append(rest, s)
			continue
		}
		iv, ok := j.intervalOf(s)
		if !ok && len(j.fn.heldBy) > 0 {
			if !byCallers {
				byCallers = true
				p.add(j.r.upgradeCallers(j.fn))
			}
			continue
		}
		if !ok || iv.from.method != "RLock" {
			p.doubts = append(p.doubts, j.doubt(edit.Manual, s.node.Pos(), "the map is written here under a read lock of %s that a caller took: it has to take the write lock", j.ref.text))
			continue
		}
		if done[iv.from.call] {
			continue
		}
		done[iv.from.call] = true
		p.add(j.upgradeInterval(iv))
	}
	return p, rest
}

// intervalOf returns the interval that a site is in.
func (j *job) intervalOf(s *site) (interval, bool) {
	for _, iv := range j.held {
		if iv.pos <= s.node.Pos() && s.node.End() <= iv.end && iv.from.call != nil {
			return iv, true
		}
	}
	return interval{}, false
}

// upgradeInterval replaces the method names of one read-locked interval.
func (j *job) upgradeInterval(iv interval) proposal {
	var p proposal
	read := 0
	for _, c := range j.lockCalls() {
		if c.recv != iv.from.recv || !strings.HasPrefix(c.method, "R") {
			continue
		}
		if c.method == "RLock" {
			read++
		}
		if iv.to.call != nil && (c.call.Pos() < iv.pos || c.call.End() > iv.end) {
			continue // of another interval
		}
		fun := ast.Unparen(c.call.Fun).(*ast.SelectorExpr)
		code := j.r.text(j.src, fun.X) + "." + strings.TrimPrefix(c.method, "R")
		p.ops = append(p.ops, op{j.fn.file, func(t *edit.Tree) error { return t.ReplaceExpr(fun, code) }})
	}
	if read > 1 && iv.to.call == nil {
		p.doubts = append(p.doubts, j.doubt(edit.Manual, iv.pos, "the map is written under a read lock of %s, and %s is read-locked more than once in the function: it needs the write lock", j.ref.text, j.ref.text))
	}
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok && iv.pos < call.Pos() && call.End() <= iv.end {
			if e := j.effect(call); e.locks(j.r.lock.id) && !isLockCall(j, call) {
				p.doubts = append(p.doubts, j.doubt(edit.Manual, call.Pos(), "%s takes %s itself, which works under the read lock here, but not under the write lock that the map needs", calleeName(call), j.ref.text))
			}
		}
		return true
	})
	p.spans = append(p.spans, span{iv.pos, iv.end, j.ref.key})
	return p
}

func isLockCall(j *job, n ast.Node) bool {
	_, ok := j.lockCall(n)
	return ok
}
