package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file makes statements safe that may panic under the lock, where the rest
// of the function cannot hold it so that the unlock may be deferred.

// keyFirst evaluates the keys of a statement before the lock is taken, so that
// it is not held if that panics:
//
//   - key := parts[1]
//   - c.mu.Lock()
//   - c.m[parts[1]]++
//   - c.m[key]++
//   - c.mu.Unlock()
//
// It is false unless keys are all that may panic, and nothing in the statement
// can tell when they are evaluated.
func (j *job) keyFirst(l []ast.Stmt, i int, sites []*site) (proposal, bool) {
	if !simpleStmt(l[i]) || len(callsIn(j.info, l[i])) > 0 || !alwaysEvaluated(sites[0], l[i]) {
		return proposal{}, false
	}
	key := keyOf(sites[0].node)
	if key == nil || !j.valueOnly(key) || len(outermost(sites)) != 1 {
		return proposal{}, false
	}
	p, ok := j.hold(l, i, nodes(l[i:i+1]), sites)
	if !ok {
		return p, false
	}
	p.doubts = append(p.doubts, j.nodeTroubles(l[i], sites, key)...)
	lock, unlock, at := j.lockCode(sites), j.unlock(sites), l[i]
	v := j.temp(l, i, "key", "k")
	p.ops = []op{
		{j.fn.file, func(t *edit.Tree) error {
			code := fmt.Sprintf("%s := %s\n%s", v, j.r.text(j.src, key), lock)
			if err := t.InsertBefore(at, code); err != nil {
				return err
			}
			return t.ReplaceExpr(key, v.String())
		}},
		j.insertAfter(at, unlock),
	}
	return p, true
}

// An earlyKey is a key that a hoist evaluates before the lock is taken.
type earlyKey struct {
	expr ast.Expr
	v    *temp
}

// keyEarly is keyFirst for a hoisted look-up, and for one whose key is a call
// that must not run under the lock:
//
//   - key := status.Code()
//   - c.mu.Lock()
//   - name, ok := c.m[key]
//   - c.mu.Unlock()
//   - if name, ok := c.m[status.Code()]; ok {
//   - if ok {
func (h *hoisting) keyEarly(s *site) {
	key := keyOf(s.node)
	if key == nil || !h.valueOnly(key) || !h.unconditional(s, h.stmt) || h.usesInit(key, s) {
		return
	}
	troubled := len(callsIn(h.info, key)) > 0 && len(h.nodeTroubles(key, nil)) > 0
	if !troubled && !(h.mayEnclose && h.panicky(key)) {
		return
	}
	for _, call := range callsIn(h.info, h.stmt) {
		if !inBody(h.stmt, call) && !(troubled && call.Pos() >= key.Pos()) {
			return
		}
	}
	v := h.temp(h.list, h.i, "key", "k")
	h.keys = append(h.keys, earlyKey{key, v})
	h.before = append(h.before, func() string { return fmt.Sprintf("%s := %s", v, h.r.text(h.src, key)) })
}

// usesInit reports whether a key uses a variable that the statement initialises
// under the lock.
func (h *hoisting) usesInit(key ast.Expr, s *site) bool {
	var init ast.Stmt
	switch stmt := h.stmt.(type) {
	case *ast.IfStmt:
		init = stmt.Init
	case *ast.SwitchStmt:
		init = stmt.Init
	case *ast.TypeSwitchStmt:
		init = stmt.Init
	}
	return init != nil && !contains(init, s.node) && h.uses(key, init)
}

// panicky reports whether e may panic.
func (j *job) panicky(e ast.Expr) bool {
	w := &troubleWalk{job: j}
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		found = found || n != nil && (likelyPanic(j.info, n) != "" || w.possiblePanic(n) != "")
		return !found
	})
	return found
}

// early returns the keys that are evaluated before the lock is taken.
func (h *hoisting) early() []ast.Expr {
	var out []ast.Expr
	for _, k := range h.keys {
		out = append(out, k.expr)
	}
	return out
}

// source returns the source from pos to end, with variables for early keys.
func (h *hoisting) source(pos, end token.Pos) string {
	text := ""
	for _, k := range h.keys { // in source order
		if pos <= k.expr.Pos() && k.expr.End() <= end {
			text += string(h.src[h.offset(pos):h.offset(k.expr.Pos())]) + k.v.String()
			pos = k.expr.End()
		}
	}
	return text + string(h.src[h.offset(pos):h.offset(end)])
}

// alwaysEvaluated reports whether a simple statement evaluates what s is once,
// whatever happens.
func alwaysEvaluated(s *site, stmt ast.Stmt) bool {
	for _, n := range s.path {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				return false
			}
		case ast.Stmt:
			return n == stmt
		}
	}
	return false
}

// keyOf returns the key of an access to one element.
func keyOf(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.IndexExpr:
		return n.Index
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "delete" && len(n.Args) == 2 {
			return n.Args[1]
		}
	}
	return nil
}

// valueOnly reports whether e has a value of its own type, so that a variable
// can hold it, does not look into the map, and receives nothing.
func (j *job) valueOnly(e ast.Expr) bool {
	for _, s := range append(slices.Clip(j.sites), j.others...) {
		if contains(e, s.node) {
			return false
		}
	}
	tv, ok := j.info.Types[e]
	if !ok || tv.Value != nil || !tv.IsValue() {
		return false
	}
	if b, ok := tv.Type.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return false
	}
	only := true
	ast.Inspect(e, func(n ast.Node) bool {
		u, ok := n.(*ast.UnaryExpr)
		only = only && !(ok && u.Op == token.ARROW)
		return only
	})
	return only
}

// enclosed puts a statement into a function literal that defers the unlock:
//
//	func() {
//		c.mu.Lock()
//		defer c.mu.Unlock()
//
//		c.m[k].n++
//	}()
func (j *job) enclosed(l []ast.Stmt, i int, sites []*site) (proposal, bool) {
	if !j.enclosable(l[i]) || len(j.exits(l[i:i+1])) > 0 || j.jumpedInto(l[i:i+1]) {
		return proposal{}, false
	}
	for _, o := range j.others {
		if contains(l[i], o.node) {
			return proposal{}, false // its own edits would be lost
		}
	}
	p, ok := j.hold(l, i, nodes(l[i:i+1]), sites)
	if !ok {
		return p, false
	}
	p.doubts = append(p.doubts, j.troubles(l[i:i+1], sites, true)...)
	at := l[i]
	code := "func() {\n" + j.lockCode(sites) + "\ndefer " + j.unlock(sites) + "\n\n" + j.r.text(j.src, at) + "\n}()"
	code = strings.ReplaceAll(code, "\r\n", "\n")
	p.ops = []op{{j.fn.file, func(t *edit.Tree) error { return t.ReplaceStmt(at, code) }}}
	return p, true
}

// enclosable reports whether s does the same in a function literal: it declares
// nothing for what follows, and defers and recovers nothing.
func (j *job) enclosable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return false
		}
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
	default:
		return false
	}
	ok := true
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt, *ast.LabeledStmt:
			ok = false
		case *ast.Ident:
			if b, is := j.info.Uses[n].(*types.Builtin); is && b.Name() == "recover" {
				ok = false
			}
		}
		return ok
	})
	return ok
}
