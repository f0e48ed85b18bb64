package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A getter is a function that returns the map and does nothing else with it.
// Where all callers only read, it may return a copy instead, made under the lock:
//
//   - return c.m
//   - c.mu.Lock()
//   - defer c.mu.Unlock()
//     +
//   - return maps.Clone(c.m)
type getter struct {
	pkg  *load.Package
	file *ast.File
	decl *ast.FuncDecl
	fn   *types.Func
	ret  *ast.ReturnStmt
	expr ast.Expr // what it returns
}

// fromGetter reports whether s reads a map that a getter returns, and notes the
// getter.
func (r *mapRepair) fromGetter(s *site) bool {
	if s.Op.Writes() {
		return false
	}
	info := s.fn.pkg.Info
	var calls []*ast.CallExpr
	ast.Inspect(operand(s.node), func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && r.getterOf(info, call) != nil {
			calls = append(calls, call)
		}
		return true
	})
	if v := aliasVar(info, s.node); v != nil && len(calls) == 0 {
		other := false
		ast.Inspect(s.fn.path[len(s.fn.path)-2], func(n ast.Node) bool {
			for _, rhs := range assignedTo(info, n, v) {
				call, ok := ast.Unparen(rhs).(*ast.CallExpr)
				if ok && r.getterOf(info, call) != nil {
					calls = append(calls, call)
				} else {
					other = true
				}
			}
			return true
		})
		if other {
			return false
		}
	}
	for _, call := range calls {
		g := r.getterOf(info, call)
		if !slices.ContainsFunc(r.getters, func(h *getter) bool { return h.decl == g.decl }) {
			r.getters = append(r.getters, g)
		}
	}
	return len(calls) > 0
}

// getterOf returns the getter that a call calls, nil if it is none.
func (r *mapRepair) getterOf(info *types.Info, call *ast.CallExpr) *getter {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != r.decl.pkg.Path {
		return nil
	}
	decl, in := r.bodyOf(fn.Origin())
	if decl == nil || len(decl.Body.List) == 0 || fn.Signature().Results().Len() != 1 {
		return nil
	}
	ret, ok := decl.Body.List[len(decl.Body.List)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 || !r.names(in, ast.Unparen(ret.Results[0])) || !flat(in.TypeOf(ret.Results[0])) {
		return nil
	}
	pkg, file := r.p.File(r.p.Fset.Position(decl.Pos()).Filename)
	if pkg == nil || file.Pos() > decl.Pos() || decl.End() > file.End() {
		return nil
	}
	return &getter{pkg, file, decl, fn.Origin(), ret, ast.Unparen(ret.Results[0])}
}

// flat reports whether t is a map without maps in it, which a clone would share.
func flat(t types.Type) bool {
	m, ok := t.Underlying().(*types.Map)
	return ok && !holdsMap(m.Elem(), 0)
}

func holdsMap(t types.Type, depth int) bool {
	if depth > 8 {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Struct:
		for f := range u.Fields() {
			if holdsMap(f.Type(), depth+1) {
				return true
			}
		}
	case *types.Array:
		return holdsMap(u.Elem(), depth+1)
	case *types.Slice:
		return holdsMap(u.Elem(), depth+1)
	}
	return false
}

// cloneGetters plans the getters that r needs, or has a doubt about them.
func (r *mapRepair) cloneGetters() {
	for _, g := range r.getters {
		switch level, at := r.misused(g); level {
		case edit.Manual:
			r.doubt(level, at.Pos(), "%s returns the map itself, and what is done with it here may be more than reading: lock around it, or copy the map", g.decl.Name.Name)
			continue
		case edit.Unsafe:
			r.doubt(level, at.Pos(), "%s returns a copy now, which does not show here what changes in the map while it is looked at", g.decl.Name.Name)
		}
		if !r.planGetter(g) {
			r.doubt(edit.Manual, g.ret.Pos(), "the map itself is returned here, and read by callers without the lock: return a copy, made under the lock")
		}
	}
}

// planGetter has g return a copy.
func (r *mapRepair) planGetter(g *getter) bool {
	path, ok := pathTo(g.file, g.expr)
	if !ok || ast.IsGenerated(g.file) {
		return false
	}
	fn := newFunction(g.pkg, g.file, g.decl)
	posn := r.p.Fset.Position(g.expr.Pos())
	s := &site{
		Site: judge.Site{Op: access.Iterate, Pkg: g.pkg.Path, Pos: access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column}},
		file: g.file, node: g.expr, path: path, fn: fn,
	}
	if r.f.Map.Kind == access.Field {
		s.obj.expr, s.obj.implicit = selected(g.pkg.Info, g.expr)
		if s.obj.expr == nil || !simple(g.pkg.Info, s.obj.expr) {
			return false
		}
	}
	ref, ok := r.ref(s)
	if !ok {
		return false
	}
	j := newJob(r, fn, ref)
	held := j.overlapsHeld(g.expr.Pos(), g.expr.End())
	if !held && len(g.decl.Body.List) > 1 || !r.usable(fn, ref, g.ret.Pos()) {
		return false
	}
	s.needy = !held
	if !r.returnClone(g, j, s) {
		return false
	}
	if g.fn.Exported() && !r.closed(g.pkg) {
		r.doubt(edit.Unsafe, g.ret.Pos(), "%s returns a copy now: callers outside of this module see no later changes, and make none", g.decl.Name.Name)
	}
	fn.sites, fn.planned = []*site{s}, true
	r.funcs = append(r.funcs, fn)
	r.sites = append(r.sites, s)
	r.compares = true // the analysis sees no access in g
	return true
}

// returnClone plans to return a copy of what s, which is all that j guards, is in
// g: under the lock that g holds, or takes if s is needy.
func (r *mapRepair) returnClone(g *getter, j *job, s *site) bool {
	text := r.text(j.src, g.expr)
	lock := ""
	if s.needy {
		lock = j.lockCode([]*site{s}) + "\ndefer " + j.unlock([]*site{s}) + "\n\n"
	}
	if !j.hasClone() {
		typ, ok := j.typeText(g.pkg.Info.TypeOf(g.expr), g.expr.Pos())
		v := j.temp(g.decl.Body.List, len(g.decl.Body.List)-1, "snapshot", "clone")
		r.op(g.file, func(t *edit.Tree) error {
			code, err := j.cloneCode(t, v.String(), text, typ, true)
			if err != nil {
				return err
			}
			if err := t.InsertBefore(g.ret, lock+code); err != nil {
				return err
			}
			return t.ReplaceExpr(g.expr, v.String())
		})
		return ok
	}
	r.op(g.file, func(t *edit.Tree) error {
		if lock != "" {
			if err := t.InsertBefore(g.ret, lock); err != nil {
				return err
			}
		}
		pkg, err := t.Import("maps", "maps")
		if err != nil {
			return err
		}
		return t.ReplaceExpr(g.expr, fmt.Sprintf("%s.Clone(%s)", pkg, text))
	})
	return true
}

// closed reports whether all callers of a package are in the module.
func (r *mapRepair) closed(pkg *load.Package) bool {
	return pkg.Name == "main" || strings.Contains("/"+pkg.Path+"/", "/internal/")
}

// misused returns the most that a copy may be, for what is done with what g
// returns, and where that is. It is Unsafe if it is only read, but the map may
// change meanwhile, and Manual if that is waited for, or there is more than
// reading, or it cannot be followed.
func (r *mapRepair) misused(g *getter) (level edit.Applicability, at ast.Node) {
	level = edit.Safe
	for _, pkg := range r.users(g.fn.Exported()) {
		for _, file := range pkg.Syntax {
			r.once(file, func() {
				ast.Inspect(file, func(n ast.Node) bool {
					id, ok := n.(*ast.Ident)
					if !ok || level == edit.Manual || id.Name != g.fn.Name() {
						return level != edit.Manual
					}
					fn, ok := pkg.Info.Uses[id].(*types.Func)
					if ok && (isInterfaceMethod(fn) || fn.Origin().FullName() == g.fn.FullName()) {
						if l := r.readsResult(pkg, file, id); l < level {
							level, at = l, id
						}
					}
					return true
				})
			})
		}
	}
	return level, at
}

// readsResult judges, as misused does, one place where id names a getter: safe
// is a call whose result is only read, at once or through a local variable,
// while nothing changes the map.
func (r *mapRepair) readsResult(pkg *load.Package, file *ast.File, id *ast.Ident) edit.Applicability {
	path, _ := astutil.PathEnclosingInterval(file, id.Pos(), id.End())
	for len(path) > 0 {
		if call, ok := path[0].(*ast.CallExpr); ok {
			fun := ast.Unparen(call.Fun)
			if sel, ok := fun.(*ast.SelectorExpr); ok && sel.Sel != id || !ok && fun != ast.Expr(id) {
				return edit.Manual
			}
			break
		}
		path = path[1:]
	}
	if len(path) < 2 {
		return edit.Manual
	}
	if rng := goneThrough(path); rng != nil {
		switch { // it would not see the change
		case !r.changes(pkg.Info, rng.Body, token.NoPos, rng.End()):
			return edit.Safe
		case r.surelyChanges(pkg.Info, rng.Body, token.NoPos, rng.End()):
			return edit.Manual
		}
		return edit.Unsafe
	}
	if _, compared := path[1].(*ast.BinaryExpr); compared && !hasClone(r.decl.pkg) {
		return edit.Manual // with nil, and a copy made by hand is never nil
	}
	if onlyReads(pkg.Info, path) {
		return edit.Safe
	}
	assign, ok := path[1].(*ast.AssignStmt)
	if !ok || assign.Tok != token.DEFINE || len(assign.Lhs) != 1 {
		return edit.Manual
	}
	v, ok := pkg.Info.Defs[assign.Lhs[0].(*ast.Ident)].(*types.Var)
	if !ok {
		return edit.Manual
	}
	return r.readsVar(pkg, file, v, path)
}

// goneThrough returns the loop that goes through the map that starts path, or
// through an iterator over it; nil if there is none.
func goneThrough(path []ast.Node) *ast.RangeStmt {
	for i, up := range path[1:] {
		switch up := up.(type) {
		case *ast.RangeStmt:
			if up.X == path[i] {
				return up
			}
			return nil
		case *ast.CallExpr, *ast.ParenExpr:
		default:
			return nil
		}
	}
	return nil
}

// readsVar is readsResult for a local variable with the map.
func (r *mapRepair) readsVar(pkg *load.Package, file *ast.File, v *types.Var, path []ast.Node) edit.Applicability {
	body := path[len(path)-2]
	last, reads, again := v.Pos(), true, false
	home := runner(pkg.Info, path)
	ast.Inspect(body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO {
			reads = false // what is below may come first
		}
		if id, ok := n.(*ast.Ident); ok && pkg.Info.Uses[id] == v {
			up, _ := pathTo(file, id)
			// A function that is called later may look at any time.
			reads = reads && len(up) > 1 && onlyReads(pkg.Info, up) && runner(pkg.Info, up) == home
			if _, compared := up[min(1, len(up)-1)].(*ast.BinaryExpr); compared && !hasClone(r.decl.pkg) {
				reads = false
			}
			last = max(last, lookedAtUntil(up, v))
			again = again || lookedAtAgain(up, v)
		}
		return reads
	})
	switch from := path[0].End(); {
	case !reads:
		return edit.Manual
	case !r.changes(pkg.Info, body, from, last) && !r.waits(pkg.Info, body, from, last):
		return edit.Safe
	case again || r.surelyChanges(pkg.Info, body, from, last):
		return edit.Manual // a loop may go on until the map has changed
	}
	return edit.Unsafe
}

// surelyChanges reports whether what stands in n between two positions is
// there to change the map, or to wait for who does: it is no mere possibility.
func (r *mapRepair) surelyChanges(info *types.Info, n ast.Node, from, to token.Pos) bool {
	return waitsBetween(info, n, from, to, func(_ *ast.CallExpr, fn *types.Func) bool {
		return fn != nil && (fn.FullName() == "time.Sleep" || r.writer(fn))
	}) || slices.ContainsFunc(r.sites, func(s *site) bool {
		return s.Op.Writes() && contains(n, s.node) && from <= s.node.Pos() && s.node.Pos() < to
	})
}

// lookedAtAgain reports whether a use of v is in a loop that may look again
// until it sees a change: any but one over the elements of something.
func lookedAtAgain(path []ast.Node, v *types.Var) bool {
	return slices.ContainsFunc(path, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		return ok && loop.Pos() > v.Pos()
	})
}

// lookedAtUntil returns where the last look of a use of v is over. A loop comes
// back to it.
func lookedAtUntil(path []ast.Node, v *types.Var) token.Pos {
	end := path[0].End()
	for _, n := range path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			if n.Pos() > v.Pos() {
				end = n.End()
			}
		}
	}
	return end
}

// changes reports whether what stands in n between two positions may change the
// map.
func (r *mapRepair) changes(info *types.Info, n ast.Node, from, to token.Pos) bool {
	within := func(m ast.Node) bool { return from <= m.Pos() && m.Pos() < to }
	for _, s := range r.sites {
		if s.Op.Writes() && contains(n, s.node) && within(s.node) {
			return true
		}
	}
	j := &job{r: r, info: info}
	return slices.ContainsFunc(callsIn(info, n), func(call *ast.CallExpr) bool {
		return within(call) && (r.touches(j.effect(call)) || j.callsParameter(call))
	})
}

// waits reports whether what stands in n between two positions may wait for a
// goroutine, which may change the map meanwhile.
func (r *mapRepair) waits(info *types.Info, n ast.Node, from, to token.Pos) bool {
	j := &job{r: r, info: info}
	return waitsBetween(info, n, from, to, func(call *ast.CallExpr, _ *types.Func) bool {
		return waitsForAnother(j.effect(call).Blocks)
	})
}

// waitsBetween reports whether what stands in n between two positions waits for
// a goroutine by its looks, or makes a call for which calls is true. What a
// goroutine does that is started there is left out. Calls of what is no
// declared function or method have a nil *types.Func.
func waitsBetween(info *types.Info, n ast.Node, from, to token.Pos, calls func(*ast.CallExpr, *types.Func) bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil || found || n.Pos() >= to {
			return false
		}
		within := from <= n.Pos()
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.SendStmt, *ast.SelectStmt:
			found = within
		case *ast.UnaryExpr:
			found = within && n.Op == token.ARROW
		case *ast.RangeStmt:
			_, ch := underlying(info, n.X).(*types.Chan)
			found = within && ch
		case *ast.CallExpr:
			fn, _ := typeutil.Callee(info, n).(*types.Func)
			found = within && (fn != nil && (fn.Name() == "Wait" || fn.FullName() == "runtime.Gosched") || calls(n, fn))
		}
		return !found
	})
	return found
}

// waitsForAnother reports whether a reason why a call may block, as an Effect
// gives it, is another goroutine, and not the world outside.
func waitsForAnother(why string) bool {
	switch why[strings.LastIndex(why, ": ")+1:] {
	case "", " network", " file I/O", " I/O", " runs a process", " database", " system call", " writes a log", " output", " input":
		return false
	}
	return true
}

// onlyReads reports whether the expression that starts path is read where it
// stands, and not handed on.
func onlyReads(info *types.Info, path []ast.Node) bool {
	switch up := path[1].(type) {
	case *ast.RangeStmt:
		return up.X == path[0]
	case *ast.BinaryExpr:
		return true
	case *ast.IndexExpr:
		return up.X == path[0] && !isTarget(&site{node: up, path: path[1:]}) && !inTarget(&site{node: up, path: path[1:]})
	case *ast.CallExpr:
		if id, ok := up.Fun.(*ast.Ident); ok {
			b, ok := info.Uses[id].(*types.Builtin)
			return ok && b.Name() == "len"
		}
		fn, ok := typeutil.Callee(info, up).(*types.Func)
		if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "maps" {
			return false
		}
		switch fn.Name() {
		case "Keys", "Values", "All", "Clone", "Equal":
			return true
		case "Copy":
			return len(up.Args) == 2 && up.Args[1] == path[0]
		}
	}
	return false
}
