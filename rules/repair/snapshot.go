package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
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
	if !ok || !isMap(j.info.TypeOf(rng.X)) {
		return proposal{}, false
	}
	typ, ok := j.typeText(j.info.TypeOf(rng.X), rng.X.Pos())
	if !ok && !j.hasClone() {
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
		code, err := j.cloneCode(t, v.String(), j.r.text(j.src, rng.X), typ)
		if err != nil {
			return err
		}
		if err := t.InsertBefore(at, lock+"\n"+code+"\n"+unlock); err != nil {
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

// cloneCode returns statements that declare v, a copy of the map of type typ
// that is the value of expr. They call maps.Clone if the module's Go version
// has it; a copy made without it is never nil.
func (j *job) cloneCode(t *edit.Tree, v, expr, typ string) (string, error) {
	if !j.hasClone() {
		return fmt.Sprintf("%s := make(%s, len(%s))\nfor k, v := range %s {\n%s[k] = v\n}", v, typ, expr, expr, v), nil
	}
	pkg, err := t.Import("maps", "maps")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s := %s.Clone(%s)", v, pkg, expr), nil
}

// typeText returns how the function's file writes a type. It is false if the
// type has a name in it that means something else at pos, or nothing.
func (j *job) typeText(t types.Type, pos token.Pos) (string, bool) {
	ok := true
	text := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == j.fn.pkg.Path {
			return ""
		}
		for _, spec := range j.fn.file.Imports {
			name := j.info.PkgNameOf(spec)
			if name != nil && name.Imported().Path() == p.Path() && lookup(j.fn.pkg, name.Name(), pos) == name {
				return name.Name()
			}
		}
		ok = false
		return ""
	})
	return text, ok
}

// hasClone reports whether the module's Go version has package maps.
func (j *job) hasClone() bool { return hasClone(j.fn.pkg) }

func hasClone(pkg *load.Package) bool {
	v := pkg.Types.GoVersion()
	if v == "" {
		return true
	}
	var major, minor int
	fmt.Sscanf(v, "go%d.%d", &major, &minor)
	return major > 1 || minor >= 21
}
