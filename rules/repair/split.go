package repair

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file divides functions that some call with the lock held, and others
// without it:
//
//	 func (c *C) put(k string) {
//	+	c.mu.Lock()
//	+	defer c.mu.Unlock()
//	+
//	+	c.putLocked(k)
//	+}
//	+
//	+// putLocked is put; the caller must hold c.mu.
//	+func (c *C) putLocked(k string) {
//	 	c.m[k] = 1
//	 }
//
// Those who hold the lock then call putLocked. Whether they do for certain, the
// analysis of the edited program says.

// A split is a function to divide.
type split struct {
	*job     // of the function; its ref starts with the receiver, or is a variable
	obj      *types.Func
	recv     *types.Var // nil for a function, and for a lock that is a variable
	rest     string     // the name of the part that is called with the lock held
	writes   bool
	textTail string // of the lock, behind the receiver
	keyTail  string // the same of lockRef.recv
	whole    bool   // all who call it hold the lock: it stays as it is
}

// A splitting is the attempt to divide what has to be.
type splitting struct {
	r      *mapRepair
	needs  map[string]bool // memo, see need
	splits map[string]*split
	order  []*split
	failed bool
}

// splitFuncs divides the functions that need the lock and that somebody calls
// with it held. If one of them cannot be, none is: heldCalls says why then.
func (r *mapRepair) splitFuncs() {
	if r.lock.isNew || r.level() == edit.Manual {
		return
	}
	p := &splitting{r: r, needs: make(map[string]bool), splits: make(map[string]*split)}
	for _, h := range r.holdings() {
		if r.varKey(h.lock) == r.varKey(r.lock.obj) {
			directCalls(h.fn.body, func(call *ast.CallExpr) {
				if fn := staticCallee(h.info, call); fn != nil && h.overlapsHeld(call.Lparen, call.Lparen+1) && p.need(fn, maxChain) {
					p.demand(fn)
				}
			})
		}
	}
	if p.failed || len(p.order) == 0 {
		return
	}
	r.splits, r.redirected = p.splits, make(map[*ast.CallExpr]*split)
	p.redirect()
	if p.leaveWhole(); !slices.ContainsFunc(p.order, func(s *split) bool { return !s.whole }) {
		r.splits, r.redirected = nil, nil
		return
	}
	p.commit()
}

// maxChain bounds how many calls lead from who holds the lock to who needs it.
const maxChain = 3

// directCalls calls f for the calls that a function makes itself, at once.
func directCalls(body *ast.BlockStmt, f func(*ast.CallExpr)) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.DeferStmt:
			return false
		case *ast.CallExpr:
			f(n)
		}
		return true
	})
}

// staticCallee returns the function that a call calls, nil if that is only known
// when it runs.
func staticCallee(info *types.Info, call *ast.CallExpr) *types.Func {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || isInterfaceMethod(fn) {
		return nil
	}
	return fn.Origin()
}

// need reports whether a function of the module has a site that needs the lock,
// or calls one that has, in a few steps.
func (p *splitting) need(fn *types.Func, depth int) bool {
	name := fn.FullName()
	if needs, ok := p.needs[name]; ok || depth == 0 {
		return needs
	}
	decl, info := p.r.bodyOf(fn)
	if decl == nil {
		return false
	}
	p.needs[name] = false // for the recursive
	found := slices.ContainsFunc(p.r.funcs, func(f *function) bool { return f.node == ast.Node(decl) && anyNeedy(f.sites) })
	directCalls(decl.Body, func(call *ast.CallExpr) {
		if callee := staticCallee(info, call); callee != nil && !found {
			found = p.need(callee, depth-1)
		}
	})
	p.needs[name] = found
	return found
}

// demand plans to divide a function, and those that it calls and that need the
// lock themselves.
func (p *splitting) demand(fn *types.Func) *split {
	if s := p.splits[fn.FullName()]; s != nil || p.failed {
		return s
	}
	s := p.newSplit(fn)
	if s == nil {
		p.failed = true
		return nil
	}
	p.splits[fn.FullName()] = s
	p.order = append(p.order, s)
	directCalls(s.fn.body, func(call *ast.CallExpr) {
		callee := staticCallee(s.info, call)
		if callee == nil || !p.need(callee, maxChain) {
			return
		}
		inner := p.demand(callee)
		switch {
		case p.failed:
		case s.ref.text == "": // it has no site itself
			p.failed = !s.lockAs(inner, call)
		}
		if !p.failed {
			s.writes = s.writes || inner.writes
		}
	})
	if !p.failed {
		p.failed = s.ref.text == "" || !s.divisible()
	}
	return s
}

// newSplit looks at a function by itself, and returns nil if it cannot be
// divided.
func (p *splitting) newSplit(fn *types.Func) *split {
	r := p.r
	decl, _ := r.bodyOf(fn)
	pkg, file := r.p.File(r.p.Fset.Position(decl.Pos()).Filename)
	if pkg == nil || file == nil || ast.IsGenerated(file) || fn.Signature().TypeParams().Len() > 0 || pkg.Path != r.lock.id.Pkg {
		return nil
	}
	i := slices.IndexFunc(r.funcs, func(f *function) bool { return f.node == ast.Node(decl) })
	var f *function
	if i >= 0 {
		f = r.funcs[i]
	} else {
		f = newFunction(pkg, file, decl)
	}
	if len(f.path) == 0 {
		return nil
	}
	s := &split{obj: fn}
	for _, site := range f.sites {
		if !site.needy {
			continue
		}
		ref, ok := r.ref(site)
		if !ok || s.job != nil && s.ref.key != ref.key || r.holdsShared(site) {
			return nil
		}
		if s.job == nil {
			s.job = newJob(r, f, ref)
		}
		s.sites = append(s.sites, site)
	}
	if s.job == nil {
		s.job = newJob(r, f, lockRef{})
	}
	s.writes = len(s.sites) > 0 && !s.reads(s.sites)
	return s.named(decl)
}

// named sets the receiver and the name of the new part; it returns nil if the
// lock does not start with the receiver, or there is no name.
func (s *split) named(decl *ast.FuncDecl) *split {
	if decl.Recv != nil {
		if len(decl.Recv.List) != 1 || len(decl.Recv.List[0].Names) != 1 {
			return nil
		}
		s.recv, _ = s.info.Defs[decl.Recv.List[0].Names[0]].(*types.Var)
		if s.recv == nil || s.recv.Name() == "_" {
			return nil
		}
	}
	if s.ref.expr != nil {
		id, ok := ast.Unparen(s.ref.expr).(*ast.Ident)
		if !ok || s.recv == nil || s.info.Uses[id] != s.recv {
			return nil
		}
		s.textTail = strings.TrimPrefix(s.ref.text, id.Name)
		s.keyTail = strings.TrimPrefix(s.ref.recv, s.ref.key)
	}
	s.rest = lowerFirst(decl.Name.Name) + "Locked"
	if strings.HasSuffix(strings.ToLower(decl.Name.Name), "locked") || !s.free(s.rest) {
		return nil
	}
	return s
}

// free reports whether the new part may have a name: no other method or field
// has it, or whatever else may hide a function.
func (s *split) free(name string) bool {
	pkg := s.fn.pkg
	for id, obj := range pkg.Info.Defs {
		if id.Name != name {
			continue
		}
		fn, ok := obj.(*types.Func)
		if s.recv == nil && !(ok && fn.Signature().Recv() != nil) || ok && isInterfaceMethod(fn) {
			return false // an interface would have one more implementer
		}
	}
	for _, other := range s.r.leftOut() {
		found := false
		ast.Inspect(other.syntax, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && (id.Name == name || id.Name == s.obj.Name())
			return !found
		})
		if found {
			return false // nobody can tell who holds the lock there
		}
	}
	if s.recv == nil {
		return true
	}
	named, ok := types.Unalias(s.recv.Type()).(*types.Named)
	if ptr, is := types.Unalias(s.recv.Type()).(*types.Pointer); is {
		named, ok = types.Unalias(ptr.Elem()).(*types.Named)
	}
	obj, index, _ := types.LookupFieldOrMethod(s.recv.Type(), true, pkg.Types, name)
	if !ok || obj != nil || index != nil {
		return false
	}
	for sel, selection := range pkg.Info.Selections {
		if sel.Sel.Name == name && len(selection.Index()) > 1 && embeds(selection.Recv(), named, 4) {
			return false // it would be hidden
		}
	}
	return true
}

// lockAs names the lock of s, which has no site, as the function does that it
// calls on its own receiver.
func (s *split) lockAs(inner *split, call *ast.CallExpr) bool {
	s.textTail, s.keyTail = inner.textTail, inner.keyTail
	if inner.ref.expr == nil {
		s.ref = inner.ref
		return true
	}
	id, ok := receiverOf(s.info, call)
	if !ok || s.recv == nil || s.info.Uses[id] != s.recv {
		return false
	}
	key := exprKey(s.info, id)
	s.ref = lockRef{text: id.Name + s.textTail, expr: id, key: key, recv: key + s.keyTail}
	s.held = s.heldIntervals()
	return true
}

// receiverOf returns the variable that a method of its own type is called on.
func receiverOf(info *types.Info, call *ast.CallExpr) (*ast.Ident, bool) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || info.Selections[sel] == nil || len(info.Selections[sel].Index()) != 1 {
		return nil, false
	}
	id, ok := ast.Unparen(sel.X).(*ast.Ident)
	return id, ok
}

// divisible reports whether all of the function may run under the lock, by
// itself and on behalf of those that hold it already.
func (s *split) divisible() bool {
	decl := s.fn.node.(*ast.FuncDecl)
	if s.longRunning() || len(s.held) > 0 || !s.stable([]ast.Node{s.fn.body}) || directive(decl.Doc) || promised(decl.Doc) {
		return false
	}
	if s.ref.expr == nil && !s.r.usable(s.fn, s.ref, s.fn.body.Lbrace+1) {
		return false
	}
	for _, f := range decl.Type.Params.List {
		if len(f.Names) == 0 || slices.ContainsFunc(f.Names, func(id *ast.Ident) bool { return id.Name == "_" }) {
			return false // it cannot be handed on
		}
	}
	if s.ref.expr != nil && len(s.sites) > 0 && s.nilTest(s.fn.body.List, s.sites) != nil {
		return false // it may be called for no object
	}
	ok := true
	ast.Inspect(s.fn.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			ok = ok && !(&troubleWalk{job: s.job}).needyIn(n)
		case *ast.SelectorExpr:
			if fn, is := s.info.Uses[n.Sel].(*types.Func); is && fn.Pkg() != nil && fn.Pkg().Path() == "runtime" {
				ok = false // it may count its callers
			}
		case *ast.Ident:
			if b, is := s.info.Uses[n].(*types.Builtin); is && b.Name() == "recover" && s.directly(n) {
				ok = false // of who defers the function
			}
		}
		return ok
	})
	return ok
}

// directly reports whether a node of the function is in none of its literals.
func (s *split) directly(n ast.Node) bool {
	path, _ := pathTo(s.fn.file, n)
	for _, up := range path {
		if _, lit := up.(*ast.FuncLit); lit {
			return false
		}
	}
	return true
}

// directive reports whether a comment tells tools about the function by name.
func directive(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:") || strings.HasPrefix(c.Text, "//export ")
	})
}

// promised reports whether a doc comment speaks of a lock that callers hold: it
// would no longer be true.
func promised(doc *ast.CommentGroup) bool {
	text := strings.ToLower(doc.Text())
	return strings.Contains(text, "lock") || strings.Contains(text, "held") || strings.Contains(text, "mutex")
}
