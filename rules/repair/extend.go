package repair

import (
	"go/ast"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// maxExtension is how many statements a critical section may grow by.
const maxExtension = 4

// extend makes a critical section that the function has already reach to the
// sites of c: the lock was taken too late, or let go too early.
//
//		v := c.m[k]            c.mu.Lock()
//	-	c.mu.Lock()            c.n++
//		c.n += v           -	c.mu.Unlock()
//		c.mu.Unlock()          delete(c.m, k)
//	                       +	c.mu.Unlock()
func (j *job) extend(l []ast.Stmt, c cluster) (proposal, bool) {
	for _, iv := range j.held {
		if iv.from.call == nil || iv.from.recv != j.ref.recv {
			continue
		}
		if writes(c.sites) && iv.from.method != "Lock" {
			continue
		}
		if p, ok := j.earlier(l, c, iv); ok {
			return p, true
		}
		if p, ok := j.later(l, c, iv); ok {
			return p, true
		}
	}
	return proposal{}, false
}

// earlier moves the statements of c, and what is between, behind the Lock that
// follows them.
func (j *job) earlier(l []ast.Stmt, c cluster, iv interval) (proposal, bool) {
	lock := iv.from
	if lock.stmt == nil || !sameList(lock.list, l) || lock.index <= c.j || lock.index-c.i > maxExtension {
		return proposal{}, false
	}
	after := ast.Stmt(lock.stmt)
	if d := lock.index + 1; d < len(l) && j.defersUnlock(l[d]) {
		after = l[d]
	}
	moved := l[c.i:lock.index]
	if !j.movable(moved, c.sites) {
		return proposal{}, false
	}
	p := proposal{doubts: j.troubles(moved, c.sites, false), spans: []span{{l[c.i].Pos(), iv.end, j.ref.key}}}
	for i := len(moved) - 1; i >= 0; i-- {
		s := moved[i]
		p.ops = append(p.ops, op{j.fn.file, func(t *edit.Tree) error { return t.MoveAfter(s, after) }})
	}
	return p, true
}

// later moves the Unlock before c behind it.
func (j *job) later(l []ast.Stmt, c cluster, iv interval) (proposal, bool) {
	unlock := iv.to
	if unlock.stmt == nil || !sameList(unlock.list, l) || unlock.index >= c.i || c.j-unlock.index > maxExtension {
		return proposal{}, false
	}
	if ret, ok := l[c.i].(*ast.ReturnStmt); ok && unlock.index == c.i-1 {
		h, ok := j.returned(l, c.i, c.sites)
		if !ok || writes(c.sites) {
			return proposal{}, false
		}
		p := proposal{spans: []span{{iv.pos, ret.End(), j.ref.key}}}
		p.ops = j.tempsBefore(unlock.stmt, h, "", "")
		return p, true
	}
	moved := l[unlock.index+1 : c.j+1]
	if !j.movable(moved, c.sites) || !j.r.usable(j.fn, j.ref, l[c.j].End()) {
		return proposal{}, false
	}
	p := proposal{doubts: j.troubles(moved, c.sites, false), spans: []span{{iv.pos, l[c.j].End(), j.ref.key}}}
	p.ops = append(p.ops, op{j.fn.file, func(t *edit.Tree) error { return t.MoveAfter(unlock.stmt, l[c.j]) }})
	return p, true
}

// movable reports whether stmts can come into a critical section as they are:
// nothing leaves them, they mean the same object, and do not lock themselves.
func (j *job) movable(stmts []ast.Stmt, sites []*site) bool {
	for _, s := range stmts {
		if len(j.exits([]ast.Stmt{s})) > 0 || !simpleStmt(s) && ends(s) {
			return false
		}
	}
	pos, end := stmts[0].Pos(), stmts[len(stmts)-1].End()
	if !j.stable(nodes(stmts)) || j.jumpedInto(stmts) || j.overlapsHeld(pos, end) {
		return false
	}
	for _, o := range j.others {
		if pos <= o.node.Pos() && o.node.Pos() < end {
			return false
		}
	}
	_, declares := stmts[0].(*ast.LabeledStmt)
	return !declares
}

func (j *job) defersUnlock(s ast.Stmt) bool {
	d, ok := s.(*ast.DeferStmt)
	return ok && isLockCall(j, d.Call)
}

func sameList(a, b []ast.Stmt) bool {
	return len(a) > 0 && len(b) > 0 && &a[0] == &b[0]
}
