package repair

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// A holding is a function that holds a lock by its own doing, in intervals.
type holding struct {
	*job // whose lock is this one
	lock *types.Var
	name string // as the function writes it
	ends bool   // the function lets go again
}

// varKey identifies a variable across several checks of its package.
func (s *Session) varKey(v *types.Var) string { return s.p.Fset.Position(v.Pos()).String() }

// holdings returns what holds locks in the module.
func (s *Session) holdings() []*holding {
	if s.held != nil {
		return s.held
	}
	s.held = []*holding{}
	seen := make(map[string]bool) // files: a test variant shares those of its package
	for pkg, file := range s.p.OwnFiles() {
		name := s.p.Fset.File(file.FileStart).Name()
		if seen[name] {
			continue
		}
		seen[name] = true
		ast.Inspect(file, func(n ast.Node) bool {
			if funcBody(n) != nil {
				s.held = append(s.held, s.holdingsIn(newFunction(pkg, file, n))...)
			}
			return true
		})
	}
	return s.held
}

func (s *Session) holdingsIn(fn *function) []*holding {
	var out []*holding
	byKey := make(map[string]*holding)
	ast.Inspect(fn.body, func(n ast.Node) bool {
		if _, lit := n.(*ast.FuncLit); lit {
			return false
		}
		v, method, name := mutexCall(fn.pkg.Info, n)
		if v == nil {
			return true
		}
		h := byKey[s.varKey(v)]
		if h == nil {
			r := &mapRepair{Session: s, lock: &lock{obj: v}}
			h = &holding{job: &job{r: r, fn: fn, info: fn.pkg.Info}, lock: v, name: name}
			byKey[s.varKey(v)] = h
			out = append(out, h)
		}
		h.ends = h.ends || method == "Unlock" || method == "RUnlock"
		return true
	})
	for _, h := range out {
		h.held = h.heldIntervals()
		for _, c := range h.lockCalls() {
			h.ends = h.ends || unlockOf(c.method) != "" && c.deferred
		}
	}
	return out
}

// mutexCall returns the mutex that n locks or unlocks, the method, and how the
// mutex is written; nil if n does nothing of the kind.
func mutexCall(info *types.Info, n ast.Node) (v *types.Var, method, name string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil, "", ""
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, "", ""
	}
	fn, ok := info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "sync" {
		return nil, "", ""
	}
	switch fn.Name() {
	case "Lock", "Unlock", "RLock", "RUnlock", "TryLock", "TryRLock":
	default:
		return nil, "", ""
	}
	if selection := info.Selections[sel]; selection != nil {
		if way := through(selection); len(way) > 0 {
			return way[len(way)-1], fn.Name(), types.ExprString(sel.X)
		}
	}
	v, ok = variableOf(info, sel.X)
	if !ok {
		return nil, "", ""
	}
	return v, fn.Name(), types.ExprString(sel.X)
}

// taken calls f for every lock that a node takes: by a call of Lock, or a call
// of what does.
func (j *job) taken(n ast.Node, f func(key, name string, pos token.Pos)) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return
	}
	if v, method, name := mutexCall(j.info, call); v != nil {
		if method == "Lock" || method == "RLock" {
			f(j.r.varKey(v), name, call.Pos())
		}
		return
	}
	if tv := j.info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() {
		return
	}
	for _, id := range j.effect(call).Locks {
		if v := j.r.lockVar(id.Location); v != nil {
			f(j.r.varKey(v), place(id.Location), call.Pos())
		}
	}
}

// inHeld calls f for the nodes of the function that run while it holds the lock.
func (h *holding) inHeld(f func(n ast.Node)) {
	ast.Inspect(h.fn.body, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.GoStmt:
			return false
		}
		if !h.ends || h.overlapsHeld(n.Pos(), n.Pos()+1) {
			f(n)
		}
		return true
	})
}

// order returns, for every lock, those that are taken somewhere while it is
// held. May-information: objects are not told apart.
func (s *Session) order() map[string][]string {
	if s.edges != nil {
		return s.edges
	}
	s.edges = make(map[string][]string)
	for _, h := range s.holdings() {
		from := s.varKey(h.lock)
		h.inHeld(func(n ast.Node) {
			h.taken(n, func(key, _ string, _ token.Pos) {
				if key != from {
					s.edges[from] = append(s.edges[from], key)
				}
			})
		})
	}
	return s.edges
}

// after returns the locks that may be taken, in steps, while that of key is held,
// itself included.
func (s *Session) after(key string) map[string]bool {
	seen := map[string]bool{key: true}
	todo := []string{key}
	for len(todo) > 0 {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, next := range s.order()[k] {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return seen
}

// An outer is a lock that is held where the fix takes its own.
type outer struct {
	name string
	pos  token.Pos
}

// outers returns the locks that are held where the fix makes the chosen lock be
// taken.
func (r *mapRepair) outers() map[string]outer {
	if r.outside != nil {
		return r.outside
	}
	r.outside = make(map[string]outer)
	needy := make(map[token.Pos]bool)
	for _, s := range r.sites {
		if s.needy {
			needy[s.node.Pos()] = true
			for _, l := range s.Locks { // held for certain
				if v := r.lockVar(l.ID.Location); v != nil {
					r.outside[r.varKey(v)] = outer{place(l.ID.Location), s.node.Pos()}
				}
			}
		}
	}
	for _, h := range r.holdings() {
		key := r.varKey(h.lock)
		if _, ok := r.outside[key]; ok {
			continue
		}
		j := &job{r: r, fn: h.fn, info: h.info}
		h.inHeld(func(n ast.Node) {
			call, ok := n.(*ast.CallExpr)
			if needy[n.Pos()] || ok && j.leadsToNeedy(call) {
				if _, ok := r.outside[key]; !ok {
					r.outside[key] = outer{h.name, n.Pos()}
				}
			}
		})
	}
	if !r.lock.isNew {
		delete(r.outside, r.varKey(r.lock.obj))
	}
	return r.outside
}

// inverted returns a doubt if n, which is to run under the chosen lock, takes
// another one that leads back to the chosen lock: there the chosen lock is taken
// while that one is held.
func (w *troubleWalk) inverted(n ast.Node) {
	w.taken(n, func(key, name string, pos token.Pos) {
		if !w.r.lock.isNew && key == w.r.varKey(w.r.lock.obj) {
			return
		}
		reached := w.r.after(key)
		if !w.r.lock.isNew && reached[w.r.varKey(w.r.lock.obj)] {
			w.add(edit.Unsafe, pos, "%s would be taken under %s here, and elsewhere the other way round", name, w.ref.text)
			return
		}
		for k, o := range w.r.outers() {
			if reached[k] {
				w.add(edit.Unsafe, pos, "%s would be taken under %s here, but on line %d %s is taken while %s is held: two goroutines may wait for each other",
					name, w.ref.text, w.r.p.Fset.Position(o.pos).Line, w.r.lock.display, o.name)
				return
			}
		}
	})
}

// orders doubts a fix that takes the lock while another one is held, if that one
// is taken elsewhere while the lock is.
func (r *mapRepair) orders() {
	if r.lock.isNew || r.level() == edit.Manual {
		return
	}
	reached := r.after(r.varKey(r.lock.obj))
	for key, o := range r.outers() {
		if reached[key] {
			r.doubt(edit.Unsafe, o.pos, "%s would be taken here while %s is held, and elsewhere the other way round: two goroutines may wait for each other", r.lock.display, o.name)
		}
	}
}

// pointerLock doubts a lock that is reached through a pointer, which may be nil
// for some objects: those that a literal makes without it.
func (r *mapRepair) pointerLock() {
	v := r.lock.obj
	if isGlobal(v) && !v.IsField() {
		if choosesObject(v.Type()) {
			r.doubt(edit.Unsafe, v.Pos(), "the lock is a pointer, which may not be set yet where the map is used")
		}
		return
	}
	for _, s := range r.f.Guard.Fields {
		if s.Type == "" {
			continue
		}
		f := r.lockVar(access.Location{Kind: access.Field, Pkg: s.Pkg, Owner: s.Type, Name: s.Name})
		if f == nil || !choosesObject(f.Type()) {
			continue
		}
		if at := r.setLater(f); at != nil {
			r.doubt(edit.Manual, at.Pos(), "%s.%s is a pointer that is set here, and may not be set yet where the map is used", s.Type, s.Name)
		}
		if at := r.unset(f, s); at != nil {
			r.doubt(edit.Unsafe, at.Pos(), "a %s is made here without its %s, which would be a nil pointer where the lock is taken", s.Type, s.Name)
		}
	}
}

// setLater returns where field f is assigned in an object that is there
// already, or nil.
func (r *mapRepair) setLater(f *types.Var) ast.Node {
	var at ast.Node
	for pkg, file := range r.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			if as, ok := n.(*ast.AssignStmt); ok && at == nil {
				for _, lhs := range as.Lhs {
					if sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr); ok && pkg.Info.Uses[sel.Sel] == f {
						at = sel
					}
				}
			}
			return at == nil
		})
	}
	return at
}

// unset returns where a value of the type that s names is made without field f,
// or nil.
func (r *mapRepair) unset(f *types.Var, s access.Step) ast.Node {
	is := func(t types.Type) bool {
		n, ok := types.Unalias(t).(*types.Named)
		return ok && n.Obj().Name() == s.Type && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == s.Pkg
	}
	var at ast.Node
	for pkg, file := range r.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				t := pkg.Info.TypeOf(n)
				if t == nil {
					return true
				}
				if ptr, ok := t.Underlying().(*types.Pointer); ok {
					t = ptr.Elem() // elided in a list of pointers
				}
				if is(t) && !setsField(n, f.Name()) {
					at = n
				}
			case *ast.CallExpr:
				if calleeName(n) == "new" && len(n.Args) == 1 && is(pkg.Info.TypeOf(n.Args[0])) {
					at = n
				}
			case *ast.ValueSpec:
				if n.Type != nil && len(n.Values) == 0 && is(pkg.Info.TypeOf(n.Type)) {
					at = n
				}
			case *ast.Field: // of a struct, by value; results and parameters are set by others
				if t := pkg.Info.TypeOf(n.Type); t != nil && is(t) {
					at = n
				}
			}
			return at == nil
		})
	}
	return at
}

func setsField(lit *ast.CompositeLit, name string) bool {
	if len(lit.Elts) == 0 {
		return false
	}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return true // all of them
		}
		if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
			return true
		}
	}
	return false
}
