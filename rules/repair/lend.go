package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file hands on a copy of the map, made under the lock, where the map itself
// is handed to what only reads it: a function, or another object in a literal.
//
//	+	c.mu.Lock()
//	+	snapshot := maps.Clone(c.m)
//	+	c.mu.Unlock()
//	-	param := params{keys: c.m}
//	+	param := params{keys: snapshot}
//
// It is never safe: who gets a copy does not see what changes later.

// lendTo makes a copy of what s reads where its function gets the map from, if it
// only reads it while it runs. The hand-overs are sites then, and s is none.
func (r *mapRepair) lendTo(s *site) bool {
	decl, ok := s.fn.node.(*ast.FuncDecl)
	v := aliasVar(s.fn.pkg.Info, s.node)
	if !ok || v == nil || s.Op.Writes() || !r.readsOnly(s.fn, v) {
		return false
	}
	fn, ok := s.fn.pkg.Info.Defs[decl.Name].(*types.Func)
	if !ok {
		return false
	}
	param := paramIndex(fn.Signature(), v)
	if param < 0 {
		return false
	}
	calls, ok := r.callsWith(fn, param)
	if !ok || len(calls) == 0 {
		return false
	}
	var lent []*site
	for _, c := range calls {
		info := c.info(r)
		l := r.lentSite(c.Pkg, c.file, info, argument(c.node.(*ast.CallExpr), param))
		if l == nil {
			return false
		}
		lent = append(lent, l)
	}
	for _, l := range lent {
		r.addLent(l, fmt.Sprintf("%s gets a copy of the map here, and does not see what changes meanwhile", fn.Name()))
	}
	return true
}

// readsOnly reports whether a function does nothing with its parameter v but
// look into it before it returns.
func (r *mapRepair) readsOnly(fn *function, v *types.Var) bool {
	if !r.usedHereOnly(fn, v) {
		return false
	}
	info, only := fn.pkg.Info, true
	ast.Inspect(fn.body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && info.Uses[id] == v {
			path, ok := pathTo(fn.file, id)
			only = only && ok && onlyReads(info, path)
		}
		return only
	})
	return only
}

// lendIn makes a copy of the map where e, a use of it that is no access, puts it
// into a literal of another type, if nothing in the module changes what it is
// there. An object behind a pointer may live as long as the map and is there to
// share it.
func (r *mapRepair) lendIn(pkg *load.Package, file *ast.File, e ast.Expr, path []ast.Node) bool {
	kv, ok := path[1].(*ast.KeyValueExpr)
	if !ok || ast.Unparen(kv.Value) != e || len(path) < 3 || !flat(pkg.Info.TypeOf(e)) {
		return false
	}
	key, ok := kv.Key.(*ast.Ident)
	if !ok || len(path) < 4 {
		return false
	}
	if addr, ok := path[3].(*ast.UnaryExpr); ok && addr.Op == token.AND {
		return false
	}
	field, ok := pkg.Info.Uses[key].(*types.Var)
	if !ok || !field.IsField() || r.is(field) || r.changed(field) != nil {
		return false
	}
	if call := r.lentUnderLock(pkg, file, path); call != nil {
		r.doubt(edit.Unsafe, e.Pos(), "%s is the map itself here, and %s gets it under %s: it must not keep it", field.Name(), calleeName(call), r.lock.display)
		return true
	}
	l := r.lentSite(pkg.Path, file, pkg.Info, e)
	if l == nil {
		return false
	}
	r.addLent(l, fmt.Sprintf("%s gets a copy of the map here, and does not see what changes later", field.Name()))
	return true
}

// lentUnderLock returns the call that gets a local variable which is made by the
// literal that path leads through, if the chosen lock is held until the function
// returns, and nothing is done with the variable but giving it to code from
// outside of the module; nil otherwise. There is no need for a copy then.
//
//	c.mu.Lock()
//	defer c.mu.Unlock()
//	file := contents{Keys: c.m}
//	data, err := json.Marshal(file)
func (r *mapRepair) lentUnderLock(pkg *load.Package, file *ast.File, path []ast.Node) *ast.CallExpr {
	node := runner(pkg.Info, path)
	as, ok := path[3].(*ast.AssignStmt)
	if r.lock == nil || node == nil || !ok || as.Tok != token.DEFINE || len(as.Lhs) != 1 || as.Rhs[0] != path[2] {
		return nil
	}
	j := &job{r: r, info: pkg.Info, fn: newFunction(pkg, file, node)}
	if !slices.ContainsFunc(j.heldIntervals(), func(iv interval) bool {
		return iv.from.call != nil && iv.pos <= as.Pos() && iv.end >= j.fn.body.End()
	}) {
		return nil
	}
	v := pkg.Info.ObjectOf(as.Lhs[0].(*ast.Ident))
	var out *ast.CallExpr
	only := true
	ast.Inspect(node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || !only || pkg.Info.Uses[id] != v {
			return only
		}
		up, _ := pathTo(file, id)
		call, ok := up[1].(*ast.CallExpr)
		only = ok && runner(pkg.Info, up) == node && !isLater(up[2]) && r.foreign(pkg.Info, call)
		out = call
		return only
	})
	if !only {
		return nil
	}
	return out
}

// foreign reports whether a call is one of a function from outside of the module.
func (r *mapRepair) foreign(info *types.Info, call *ast.CallExpr) bool {
	fn := staticCallee(info, call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	pkg := r.p.Package(fn.Pkg().Path())
	return pkg == nil || !pkg.Main
}

// changed returns where the module changes the map in a field, takes its address
// or hands it on, so that somebody may; nil if it only reads it.
func (r *mapRepair) changed(field *types.Var) ast.Node {
	var at ast.Node
	for pkg, file := range r.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || at != nil || sel.Sel.Name != field.Name() {
				return at == nil
			}
			if w, ok := pkg.Info.Uses[sel.Sel].(*types.Var); ok && sameVar(r.p.Fset, w, field) {
				if path, ok := pathTo(file, sel); !ok || !onlyReads(pkg.Info, path) {
					at = sel
				}
			}
			return true
		})
	}
	return at
}

// lentSite makes a site of an expression that hands the map on, nil if it is not
// in a function, in a file that cannot be edited, or has no object of its own.
func (r *mapRepair) lentSite(pkg string, file *ast.File, info *types.Info, e ast.Expr) *site {
	path, ok := pathTo(file, e)
	if !ok || ast.IsGenerated(file) || runner(info, path) == nil || !r.names(info, e) ||
		r.p.Fset.PositionFor(file.Package, false) != r.p.Fset.PositionFor(file.Package, true) {
		return nil
	}
	posn := r.p.Fset.Position(e.Pos())
	s := &site{
		Site: judge.Site{Op: access.Iterate, Pkg: pkg, Pos: access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column}},
		file: file, node: e, path: path, lent: true,
	}
	if r.f.Map.Kind == access.Field {
		s.obj.expr, s.obj.implicit = selected(info, e)
		if s.obj.expr == nil || !simple(info, s.obj.expr) {
			return nil
		}
	}
	return s
}

// addLent adds a site that lentSite has made, unless it is there.
func (r *mapRepair) addLent(s *site, why string) {
	if slices.ContainsFunc(r.lent, func(l *site) bool { return l.node == s.node }) {
		return
	}
	r.doubt(edit.Unsafe, s.node.Pos(), "%s", why)
	r.lent = append(r.lent, s)
	r.enter(s)
	s.needy = true
	r.compares = true // the analysis sees no access there
}

// lend plans the copies of a function.
func (j *job) lend(lent []*site) proposal {
	var p proposal
	for _, s := range lent {
		q, ok := j.lendOne(s)
		if !ok {
			q.doubts = append(q.doubts, j.doubt(edit.Manual, s.node.Pos(), "the map itself is handed on here: what is done with it is not under the lock, so hand on a copy"))
		}
		p.add(q)
	}
	return p
}

// copied hoists a copy of the map e, which s hands on.
func (h *hoisting) copied(s *site, e ast.Expr) bool {
	typ, ok := h.typeText(h.info.TypeOf(e), e.Pos())
	if !ok && !h.hasClone() || !h.unconditional(s, h.stmt) {
		return false
	}
	h.doubts = append(h.doubts, h.reordered(s)...)
	v, text := h.temp(h.list, h.i, "snapshot", "clone"), h.r.text(h.src, e)
	h.copies = append(h.copies, func(t *edit.Tree) (string, error) { return h.cloneCode(t, v.String(), text, typ, true) })
	h.replace = append(h.replace, op{h.fn.file, func(t *edit.Tree) error { return t.ReplaceExpr(e, v.String()) }})
	return true
}

func (j *job) lendOne(s *site) (proposal, bool) {
	for k, n := range s.path {
		stmt, ok := n.(ast.Stmt)
		if !ok || k+1 == len(s.path) || !isList(s.path[k+1]) {
			continue
		}
		l := listOf(s.path[k+1])
		i := slices.Index(l, stmt)
		if init, ok := hoistable(unlabel(stmt), []*site{s}); i < 0 || !ok || init != nil && contains(init, s.node) {
			break
		}
		return j.hoist(l, i, []*site{s})
	}
	return proposal{}, false
}
