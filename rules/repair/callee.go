package repair

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file locks around calls of functions that are handed the map and use it
// while they run, such as the methods of a map type:
//
//	type set map[string]bool
//	func (s set) add(k string) { s[k] = true }
//
//	+	c.mu.Lock()
//		c.seen.add(k)
//	+	c.mu.Unlock()

// fromCaller reports whether s uses a map that its function was handed, and does
// nothing else with. The calls are sites then, and s is none.
func (r *mapRepair) fromCaller(s *site) bool {
	decl, ok := s.fn.node.(*ast.FuncDecl)
	v := aliasVar(s.fn.pkg.Info, s.node)
	if !ok || v == nil || !r.usedHereOnly(s.fn, v) {
		return false
	}
	fn, ok := s.fn.pkg.Info.Defs[decl.Name].(*types.Func)
	if !ok {
		return false
	}
	param := paramIndex(fn.Signature(), v)
	if param < -1 {
		return false
	}
	calls, ok := r.callsWith(fn, param)
	if !ok || len(calls) == 0 || slices.ContainsFunc(calls, r.blocks) && r.readsOnly(s.fn, v) {
		return false // the last is for lendTo
	}
	for _, c := range calls {
		i := slices.IndexFunc(r.handed, func(d *site) bool { return d.node == c.node })
		if i < 0 {
			c.Op = s.Op
			r.handed = append(r.handed, c)
		} else if s.Op.Writes() {
			r.handed[i].Op = access.Write
		}
	}
	return true
}

// blocks reports whether the call that is s may block.
func (r *mapRepair) blocks(s *site) bool {
	return (&job{r: r}).effect(s.node.(*ast.CallExpr)).Blocks != ""
}

// paramIndex returns which parameter v is, -1 for the receiver, -2 for none.
func paramIndex(sig *types.Signature, v *types.Var) int {
	if sig.Recv() == v {
		return -1
	}
	for i := range sig.Params().Len() {
		if sig.Params().At(i) == v && !(sig.Variadic() && i == sig.Params().Len()-1) {
			return i
		}
	}
	return -2
}

// usedHereOnly reports whether a function does nothing with its parameter v but
// look into it and change it before it returns.
func (r *mapRepair) usedHereOnly(fn *function, v *types.Var) bool {
	info, only := fn.pkg.Info, true
	ast.Inspect(fn.body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || info.Uses[id] != v {
			return only
		}
		path, ok := pathTo(fn.file, id)
		if !ok || len(path) < 2 || runner(info, path) != fn.node {
			only = false
			return false
		}
		call, ok := path[1].(*ast.CallExpr)
		if ok && isBuiltin(info, call, "delete", "clear") && call.Args[0] == ast.Expr(id) {
			return only
		}
		index, ok := path[1].(*ast.IndexExpr)
		only = only && (onlyReads(info, path) || ok && index.X == ast.Expr(id))
		return only
	})
	m, ok := v.Type().Underlying().(*types.Map)
	return only && ok && !holdsMap(m.Elem(), 0)
}

func isBuiltin(info *types.Info, call *ast.CallExpr, names ...string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || len(call.Args) == 0 {
		return false
	}
	b, ok := info.Uses[id].(*types.Builtin)
	return ok && slices.Contains(names, b.Name())
}

// callsWith returns the calls of fn that get the map as a parameter. It is false
// if fn is used other than by calling it.
func (r *mapRepair) callsWith(fn *types.Func, param int) (calls []*site, ok bool) {
	ok = true
	r.callsOf(fn, func(pkg *load.Package, file *ast.File, call *ast.CallExpr) {
		var arg ast.Expr
		if call != nil {
			arg = argument(call, param)
		}
		switch {
		case arg == nil:
			ok = false
		case r.names(pkg.Info, arg):
			c := r.handedSite(pkg, file, call)
			ok = ok && c != nil
			calls = append(calls, c)
		default:
			ok = ok && !r.aliasOf(pkg.Info, file, arg)
		}
	})
	return calls, ok
}

// callsOf calls f for every call of fn in the module, and with a nil call for
// every other use.
func (r *mapRepair) callsOf(fn *types.Func, f func(*load.Package, *ast.File, *ast.CallExpr)) {
	for _, pkg := range r.users(fn.Exported() || r.exported()) {
		for _, in := range r.usesIn(pkg)[fn.Name()] {
			r.once(in.file, func() {
				for _, use := range in.uses {
					if comesTo(use.fn, fn) {
						f(pkg, in.file, use.call)
					}
				}
			})
		}
	}
}

// A funcUse is a use of a function or method.
type funcUse struct {
	fn   *types.Func
	call *ast.CallExpr // nil if it is not called there
}

type fileUses struct {
	file *ast.File
	uses []funcUse // in the order of the source
}

// usesIn returns the uses of functions in a package, by name. Large modules are
// searched for callers hundreds of times.
func (s *Session) usesIn(pkg *load.Package) map[string][]*fileUses {
	if out, ok := s.funcUses[pkg]; ok {
		return out
	}
	out := make(map[string][]*fileUses)
	for _, file := range pkg.Syntax {
		here := make(map[string]*fileUses)
		note := func(fn *types.Func, call *ast.CallExpr) {
			in := here[fn.Name()]
			if in == nil {
				in = &fileUses{file: file}
				here[fn.Name()] = in
				out[fn.Name()] = append(out[fn.Name()], in)
			}
			in.uses = append(in.uses, funcUse{fn, call})
		}
		called := make(map[*ast.Ident]bool)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if fn, ok := typeutil.Callee(pkg.Info, n).(*types.Func); ok {
					called[calleeIdent(n)] = true
					note(fn, n)
				}
			case *ast.Ident:
				if fn, ok := pkg.Info.Uses[n].(*types.Func); ok && !called[n] {
					note(fn, nil)
				}
			}
			return true
		})
	}
	if s.funcUses == nil {
		s.funcUses = make(map[*load.Package]map[string][]*fileUses)
	}
	s.funcUses[pkg] = out
	return out
}

// comesTo reports whether a use of f may be one of fn: f is fn, or a method of an
// interface that fn's receiver implements.
func comesTo(f, fn *types.Func) bool {
	if f.Origin().FullName() == fn.FullName() {
		return true
	}
	if f.Name() != fn.Name() || !isInterfaceMethod(f) || fn.Signature().Recv() == nil {
		return false
	}
	iface, ok := f.Signature().Recv().Type().Underlying().(*types.Interface)
	return ok && types.Implements(fn.Signature().Recv().Type(), iface)
}

// aliasOf reports whether e is a local variable that the map was assigned to.
func (r *mapRepair) aliasOf(info *types.Info, file *ast.File, e ast.Expr) bool {
	v := aliasVar(info, e)
	found := false
	if v != nil {
		ast.Inspect(file, func(n ast.Node) bool {
			for _, rhs := range assignedTo(info, n, v) {
				found = found || r.names(info, root(rhs))
			}
			return !found
		})
	}
	return found
}

func calleeIdent(call *ast.CallExpr) *ast.Ident {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return f
	case *ast.SelectorExpr:
		return f.Sel
	}
	return nil
}

// argument returns what a call hands to a parameter, the receiver for -1.
func argument(call *ast.CallExpr, param int) ast.Expr {
	if param >= 0 {
		if param >= len(call.Args) {
			return nil
		}
		return ast.Unparen(call.Args[param])
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return ast.Unparen(sel.X)
	}
	return nil
}

// handedSite makes a site of a call, nil if it is not in a function or in a file
// that cannot be edited.
func (r *mapRepair) handedSite(pkg *load.Package, file *ast.File, call *ast.CallExpr) *site {
	path, ok := pathTo(file, call)
	if !ok || ast.IsGenerated(file) || runner(pkg.Info, path) == nil || isLater(path[1]) {
		return nil
	}
	posn := r.p.Fset.Position(call.Pos())
	return &site{
		Site: judge.Site{Pkg: pkg.Path, Pos: access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column}},
		file: file, node: call, path: path,
	}
}

// addHanded adds the calls that fromCaller found to the sites.
func (r *mapRepair) addHanded() {
	for _, s := range r.handed {
		r.enter(s)
		r.holder(s)
	}
}

// enter adds a site that the analysis does not give to its function, and to the
// others.
func (r *mapRepair) enter(s *site) {
	pkg, _ := r.p.File(s.Pos.File)
	node := runner(pkg.Info, s.path)
	i := slices.IndexFunc(r.funcs, func(fn *function) bool { return fn.node == node })
	if i < 0 {
		i = len(r.funcs)
		r.funcs = append(r.funcs, newFunction(pkg, s.file, node))
	}
	s.fn = r.funcs[i]
	s.fn.sites = append(s.fn.sites, s)
	slices.SortStableFunc(s.fn.sites, func(a, b *site) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	r.sites = append(r.sites, s)
}

// handedHeld settles which of the calls that fromCaller found hold the chosen
// lock. The analysis says nothing of them, so it is asked of the function around
// the call: one that takes the lock itself cannot be called with it held. One that
// never does is made to take it, and heldCalls looks at who calls it.
func (r *mapRepair) handedHeld() {
	if r.lock.isNew {
		return
	}
	for _, s := range r.handed {
		j := &job{r: r, fn: s.fn, info: s.fn.pkg.Info}
		j.held = j.heldIntervals()
		iv, inside := j.intervalOf(s)
		switch {
		case inside:
			mode := access.Exclusive
			if iv.from.method != "Lock" {
				mode = access.Shared
			}
			s.Locks = append(s.Locks, access.Lock{ID: r.lock.id, Mode: mode})
		case len(j.held) == 0:
			r.compares = true // the analysis sees no access in the function
		case slices.ContainsFunc(j.held, func(iv interval) bool { return iv.from.call == nil }):
			r.doubt(edit.Manual, s.node.Pos(), "%s uses the map that it is handed here, and callers of this function may hold %s already", calleeName(s.node.(*ast.CallExpr)), r.lock.display)
		}
	}
}
