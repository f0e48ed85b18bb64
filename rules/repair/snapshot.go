package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// snapshot copies a map under the lock and ranges over the copy, whose body
// then runs without it:
//
//   - c.mu.Lock()
//   - snapshot := maps.Clone(c.m)
//   - c.mu.Unlock()
//   - for k, v := range c.m {
//   - for k, v := range snapshot {
func (j *job) snapshot(l []ast.Stmt, i int, header []*site, bodies [][]ast.Stmt, sites []*site) (proposal, bool) {
	rng, ok := unlabel(l[i]).(*ast.RangeStmt)
	if !ok || !isMap(j.info.TypeOf(rng.X)) || !j.hasClone() {
		return proposal{}, false
	}
	for _, s := range header {
		if s.node != rng && !contains(rng.X, s.node) {
			return proposal{}, false
		}
	}
	p, ok := j.hold(l, i, []ast.Node{rng.X}, header)
	if !ok {
		return p, false
	}
	p.doubts = append(p.doubts, j.nodeTroubles(rng.X, header)...)
	lock, unlock := j.lockCode(header), j.unlock(header)
	v := j.temp(l, i, "snapshot", "clone")
	at := l[i]
	p.ops = []op{{j.fn.file, func(t *edit.Tree) error {
		pkg, err := t.Import("maps", "maps")
		if err != nil {
			return err
		}
		code := fmt.Sprintf("%s\n%s := %s.Clone(%s)\n%s", lock, v, pkg, j.r.text(j.src, rng.X), unlock)
		if err := t.InsertBefore(at, code); err != nil {
			return err
		}
		return t.ReplaceExpr(rng.X, v.String())
	}}}
	q, ok := j.descend(bodies, sites)
	if !ok {
		return p, false
	}
	p.add(q)
	if pos, touched := j.touchedIn(rng.Body, sites); touched {
		p.doubts = append(p.doubts, j.doubt(edit.Unsafe, pos, "the loop goes over a copy of the map now, and does not see a change made here"))
	}
	return p, true
}

// touchedIn returns where the map may be changed inside n.
func (j *job) touchedIn(n ast.Node, sites []*site) (token.Pos, bool) {
	for _, s := range append(append([]*site{}, sites...), j.others...) {
		if s.Op.Writes() && contains(n, s.node) {
			return s.node.Pos(), true
		}
	}
	for _, call := range callsIn(j.info, n) {
		e := j.effect(call)
		if j.r.touches(e) || e.Unknown != "" || j.callsParameter(call) {
			return call.Pos(), true
		}
	}
	return token.NoPos, false
}

// callsParameter reports whether a call calls a function value: who passes it
// may have it change the map.
func (j *job) callsParameter(call *ast.CallExpr) bool {
	if _, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		return false
	}
	_, ok := typeutil.Callee(j.info, call).(*types.Func)
	return !ok
}

// hasClone reports whether the module's Go version has package maps.
func (j *job) hasClone() bool {
	v := j.fn.pkg.Types.GoVersion()
	if v == "" {
		return true
	}
	var major, minor int
	fmt.Sscanf(v, "go%d.%d", &major, &minor)
	return major > 1 || minor >= 21
}
