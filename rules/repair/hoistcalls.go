package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// hoistCalls evaluates the calls of a statement that must not run under the
// lock before it is taken:
//
//   - v := fetch(k)
//   - c.mu.Lock()
//   - c.m[k] = fetch(k)
//   - c.m[k] = v
//   - c.mu.Unlock()
func (j *job) hoistCalls(l []ast.Stmt, i int, sites []*site) (proposal, bool) {
	s := l[i]
	if p, ok := j.hoistTuple(l, i, sites); ok {
		return p, true
	}
	exprs, ok := j.callsToHoist(s, sites)
	if !ok || len(exprs) == 0 {
		return proposal{}, false
	}
	p, ok := j.hold(l, i, []ast.Node{s}, sites)
	if !ok || !j.r.usable(j.fn, j.ref, s.End()) {
		return p, false
	}
	lock := j.lockCode(sites)
	p.closes, p.temps = j.closing(sites), len(exprs)
	vars := make([]*temp, len(exprs))
	for k, e := range exprs {
		vars[k] = j.temp(l, i, j.callName(s, e)...)
	}
	p.ops = []op{{j.fn.file, func(t *edit.Tree) error {
		var b strings.Builder
		for k, e := range exprs {
			fmt.Fprintf(&b, "%s := %s\n", vars[k], j.r.text(j.src, e))
		}
		return t.InsertBefore(s, b.String()+lock)
	}}}
	for k, e := range exprs {
		p.ops = append(p.ops, op{j.fn.file, func(t *edit.Tree) error { return t.ReplaceExpr(e, vars[k].String()) }})
	}
	p.ops = append(p.ops, j.closeAfter(s, p.closes))
	return p, true
}

// callName returns names for the result of a call in s.
func (j *job) callName(s ast.Stmt, e ast.Expr) []string {
	isKey := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IndexExpr:
			isKey = isKey || n.Index == e
		case *ast.CallExpr:
			isKey = isKey || calleeName(n) == "delete" && len(n.Args) == 2 && n.Args[1] == e
		}
		return true
	})
	if isKey {
		return []string{"key", "index"}
	}
	return tempNames(j.info, e)
}

// callsToHoist returns the expressions of s to evaluate beforehand, in order.
// It is false if one of them cannot be: it uses the map itself, is evaluated
// only sometimes, or has no single value. All calls up to the last that must
// not run under the lock go, so that their order stays.
func (j *job) callsToHoist(s ast.Stmt, sites []*site) ([]ast.Expr, bool) {
	if assign, ok := s.(*ast.AssignStmt); ok && len(assign.Rhs) == 1 && len(assign.Lhs) == 1 && assign.Tok == token.ASSIGN {
		rhs := assign.Rhs[0]
		if len(j.nodeTroubles(rhs, sites)) > 0 && len(within(sites, rhs)) == 0 && typedValue(j.info, rhs) && len(callsIn(j.info, assign.Lhs[0])) == 0 {
			return []ast.Expr{rhs}, true // the whole right side
		}
	}
	var calls []*ast.CallExpr // outermost ones without sites
	for _, call := range callsIn(j.info, s) {
		if len(within(sites, call)) > 0 {
			continue // holds a site: it stays, and may be in trouble itself
		}
		if n := len(calls); n > 0 && contains(calls[n-1], call) {
			continue
		}
		calls = append(calls, call)
	}
	last := -1
	for k, call := range calls {
		if len(j.nodeTroubles(call, sites)) > 0 {
			last = k
		}
	}
	if last < 0 {
		return nil, false
	}
	var out []ast.Expr
	for _, call := range calls[:last+1] {
		if !typedValue(j.info, call) || j.sometimes(call, s) {
			return nil, false
		}
		out = append(out, call)
	}
	for _, call := range callsIn(j.info, s) {
		if len(within(sites, call)) == 0 {
			continue
		}
		w := &troubleWalk{job: j, sites: sites}
		if w.call(call); len(w.doubts) > 0 {
			return nil, false
		}
	}
	return out, true
}

// typedValue reports whether e has one value, of a type that is its own and not
// that of what it is assigned to: calls, literals, what is received or computed
// from such.
func typedValue(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false
	}
	if _, tuple := t.(*types.Tuple); tuple || t == types.Typ[types.UntypedNil] {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return !info.Types[e].IsVoid() && !holdsLock(t, 0)
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, lit := ast.Unparen(e.X).(*ast.CompositeLit)
		return e.Op == token.AND && lit || e.Op == token.ARROW
	case *ast.BinaryExpr:
		switch e.Op {
		case token.ADD, token.SUB, token.MUL, token.QUO, token.REM, token.AND, token.OR, token.XOR:
			return typedValue(info, e.X) || typedValue(info, e.Y)
		}
	}
	return false
}

// sometimes reports whether e is evaluated only if a condition in s holds.
func (j *job) sometimes(e ast.Expr, s ast.Stmt) bool {
	path, _ := astutil.PathEnclosingInterval(j.fn.file, e.Pos(), e.End())
	for k, n := range path {
		if n == s {
			return false
		}
		if k == 0 {
			continue
		}
		if b, ok := n.(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR) && contains(b.Y, e) {
			return true
		}
	}
	return true
}

// returned gives names to the look-ups of a return statement that is inside a
// region: they happen before the unlock.
func (j *job) returned(l []ast.Stmt, i int, sites []*site) (*hoisting, bool) {
	ret := l[i].(*ast.ReturnStmt)
	if _, ok := hoistable(ret, sites); !ok {
		return nil, false
	}
	h := &hoisting{job: j, stmt: ret, list: l, i: i}
	if !h.values(sites) || lowest(h.doubts) != edit.Safe {
		return nil, false
	}
	return h, true
}

// tempsBefore returns the edits for a return statement: at a statement before it
// take the lock, if it is not held, look up, and let go, if that is not done.
func (j *job) tempsBefore(at ast.Stmt, h *hoisting, lock, unlock string) []op {
	insert := op{j.fn.file, func(t *edit.Tree) error {
		var lines []string
		if lock != "" {
			lines = append(lines, lock)
		}
		for _, f := range h.under {
			lines = append(lines, f())
		}
		if unlock != "" {
			lines = append(lines, unlock)
		}
		return t.InsertBefore(at, strings.Join(lines, "\n"))
	}}
	return append([]op{insert}, h.replace...)
}

// callsIn returns the calls in n that are neither conversions nor builtins,
// outside of function literals.
func callsIn(info *types.Info, n ast.Node) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if tv := info.Types[n.Fun]; !tv.IsType() && !tv.IsBuiltin() {
				calls = append(calls, n)
			}
		}
		return true
	})
	return calls
}
