package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// panics doubts what may panic under a lock that nothing lets go of then: if
// somebody recovers, or a deferred function needs the lock, the next one to take
// it waits forever. What is likely (the element of a map that may be missing, a
// key that cannot be hashed) counts unless a panic surely ends the program; an
// index out of range, or a call of what may panic, only if somebody recovers.
func (w *troubleWalk) panics(n ast.Node) {
	if w.deferred {
		return
	}
	if what := likelyPanic(w.info, n); what != "" && w.r.outlived() {
		w.add(edit.Unsafe, n.Pos(), "%s here may panic while %s is held, which nothing lets go of then: defer the unlock, or look first", what, w.ref.text)
		return
	}
	if at := w.r.recovers(); at != "" {
		if what := w.possiblePanic(n); what != "" {
			w.add(edit.Unsafe, n.Pos(), "%s here may panic while %s is held, and a panic is recovered in %s: defer the unlock", what, w.ref.text, at)
		}
	} else if at := w.defersLock(); at != nil {
		if what := w.possiblePanic(n); what != "" {
			w.add(edit.Unsafe, n.Pos(), "%s here may panic while %s is held, and what line %d defers would wait for it forever: defer the unlock",
				what, w.ref.text, w.r.p.Fset.Position(at.Pos()).Line)
		}
	}
}

// defersLock returns a statement of the function that defers what takes the
// lock, nil if there is none.
func (j *job) defersLock() ast.Node {
	var at ast.Node
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		if d, ok := n.(*ast.DeferStmt); ok && at == nil && j.r.takenBy(j, d) {
			at = d
		}
		_, lit := n.(*ast.FuncLit)
		return at == nil && !lit
	})
	return at
}

// takenBy reports whether what a function defers takes the lock, or will once it
// is repaired.
func (r *mapRepair) takenBy(j *job, d *ast.DeferStmt) bool {
	takesLock := func(n ast.Node) bool {
		if r.lock.isNew {
			return false
		}
		c, ok := j.lockCall(n)
		return ok && !strings.HasSuffix(c.method, "Unlock")
	}
	if takesLock(d.Call) {
		return true
	}
	if _, ok := typeutil.Callee(j.info, d.Call).(*types.Func); ok {
		return r.reaches(j.info, d.Call) || !r.lock.isNew && j.effect(d.Call).locks(r.lock.id)
	}
	lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit)
	if !ok {
		return false
	}
	takes := slices.ContainsFunc(r.sites, func(s *site) bool { return s.needy && s.file == j.fn.file && contains(lit, s.node) })
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !r.lock.isNew {
			takes = takes || takesLock(call) || j.effect(call).locks(r.lock.id)
		}
		return !takes
	})
	return takes
}

// likelyPanic says what of n, not counting nodes inside it, may well panic.
func likelyPanic(info *types.Info, n ast.Node) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		sel := info.Selections[n]
		if sel == nil || !isElement(info, n.X) {
			return ""
		}
		t := underlying(info, n.X)
		if _, ptr := t.(*types.Pointer); ptr && sel.Kind() == types.FieldVal {
			return "the missing element"
		}
		if types.IsInterface(t) {
			return "the missing element"
		}
	case *ast.StarExpr:
		if isElement(info, n.X) {
			return "the missing element"
		}
	case *ast.CallExpr:
		if isElement(info, n.Fun) {
			return "the missing element"
		}
	case *ast.IndexExpr:
		t := info.TypeOf(n.X)
		if t == nil {
			return ""
		}
		switch u := t.Underlying().(type) {
		case *types.Map:
			if unhashable(info, u.Key(), n.Index) {
				return "the key"
			}
		case *types.Slice:
			if isElement(info, n.X) {
				return "the index"
			}
		}
	case *ast.BinaryExpr:
		if n.Op == token.QUO || n.Op == token.REM {
			t, ok := underlying(info, n).(*types.Basic)
			if ok && t.Info()&types.IsInteger != 0 && info.Types[n.Y].Value == nil {
				return "the division"
			}
		}
	}
	return ""
}

// isElement reports whether e is an element of a map.
func isElement(info *types.Info, e ast.Expr) bool {
	index, ok := ast.Unparen(e).(*ast.IndexExpr)
	if !ok {
		return false
	}
	t := info.TypeOf(index.X)
	if t == nil {
		return false
	}
	_, ok = t.Underlying().(*types.Map)
	return ok
}

// unhashable reports whether a key may be of a type that cannot be hashed: it is
// an any, or holds one. Interfaces with methods are hardly ever implemented by
// slices, maps or functions.
func unhashable(info *types.Info, key types.Type, index ast.Expr) bool {
	t := info.TypeOf(index)
	if t == nil || info.Types[index].Value != nil {
		return false
	}
	if types.IsInterface(key) && !types.IsInterface(t) {
		return !types.Comparable(t) || holdsAny(t, 0)
	}
	return holdsAny(key, 0)
}

func holdsAny(t types.Type, depth int) bool {
	if depth > 8 || isTypeParam(t) {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return u.NumMethods() == 0
	case *types.Struct:
		for f := range u.Fields() {
			if holdsAny(f.Type(), depth+1) {
				return true
			}
		}
	case *types.Array:
		return holdsAny(u.Elem(), depth+1)
	}
	return false
}

// possiblePanic says what of n may panic if things are not as its author
// thought.
func (w *troubleWalk) possiblePanic(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IndexExpr:
		t := w.info.TypeOf(n.X)
		if t == nil || w.info.Types[n].IsType() || w.rangeKey(n.Index) {
			return ""
		}
		if w.ref.expr != nil {
			for _, x := range indexed(w.ref.expr) {
				if sameExpr(w.info, x, n) {
					return "" // it would panic before the lock is taken
				}
			}
		}
		if ptr, ok := t.Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		switch t.Underlying().(type) {
		case *types.Slice, *types.Basic:
			return "the index"
		case *types.Array:
			if w.info.Types[n.Index].Value == nil {
				return "the index"
			}
		}
	case *ast.SliceExpr:
		if n.Low != nil || n.High != nil {
			return "the slicing"
		}
	case *ast.TypeAssertExpr:
		if _, ok := w.info.TypeOf(n).(*types.Tuple); !ok && n.Type != nil {
			return "the type assertion"
		}
	case *ast.CallExpr:
		fn, ok := typeutil.Callee(w.info, n).(*types.Func)
		if ok && w.r.mayPanic(fn, 3) {
			return calleeName(n)
		}
	}
	return ""
}

// rangeKey reports whether e is the index variable of a range loop.
func (w *troubleWalk) rangeKey(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	obj := w.info.ObjectOf(id)
	found := false
	ast.Inspect(w.fn.path[len(w.fn.path)-2], func(n ast.Node) bool {
		if rng, ok := n.(*ast.RangeStmt); ok {
			key, ok := rng.Key.(*ast.Ident)
			found = found || ok && w.info.Defs[key] != nil && w.info.Defs[key] == obj
		}
		return !found
	})
	return found
}

// mayPanic reports whether the body of a function of the module, or of one that
// it calls, has something in it that panics or may.
func (s *Session) mayPanic(fn *types.Func, depth int) bool {
	fn = fn.Origin()
	if fn.Pkg() == nil || depth == 0 {
		return false
	}
	if fn.Pkg().Path() == "regexp" && strings.HasPrefix(fn.Name(), "Must") || fn.Pkg().Path() == "reflect" {
		return true
	}
	decl, info := s.bodyOf(fn)
	if decl == nil {
		return false
	}
	found := false
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if found || n == nil {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			if isPanic(n) {
				found = true
			} else if callee, ok := typeutil.Callee(info, n).(*types.Func); ok && callee.Origin() != fn {
				found = found || s.mayPanic(callee, depth-1)
			}
		}
		found = found || likelyPanic(info, n) != ""
		return true
	})
	return found
}

// bodyOf returns the declaration of a function of the module.
func (s *Session) bodyOf(fn *types.Func) (*ast.FuncDecl, *types.Info) {
	if s.decls == nil {
		s.decls = make(map[string]declaredFunc)
		for pkg, file := range s.p.OwnFiles() {
			for _, d := range file.Decls {
				d, ok := d.(*ast.FuncDecl)
				if !ok || d.Body == nil {
					continue
				}
				if obj, ok := pkg.Info.Defs[d.Name].(*types.Func); ok {
					s.decls[obj.FullName()] = declaredFunc{d, pkg.Info}
				}
			}
		}
	}
	d := s.decls[fn.FullName()]
	return d.decl, d.info
}

type declaredFunc struct {
	decl *ast.FuncDecl
	info *types.Info
}

// recoverers are packages that call into the module and go on when it panics.
var recoverers = map[string]bool{
	"net/http": true, "net/rpc": true, "text/template": true, "html/template": true,
}

// recovers says where the module, or who calls it, recovers from panics, "" if
// that is not to be seen.
func (s *Session) recovers() string {
	if s.recovered != nil {
		return *s.recovered
	}
	at := ""
	for _, pkg := range s.p.All {
		if !pkg.Main || pkg.Info == nil || at != "" {
			continue
		}
		for path := range pkg.Imports {
			if recoverers[path] {
				at = path
			}
		}
		for id, obj := range pkg.Info.Uses {
			if b, ok := obj.(*types.Builtin); ok && b.Name() == "recover" {
				posn := s.p.Fset.Position(id.Pos())
				at = fmt.Sprintf("%s:%d", filepath.Base(posn.Filename), posn.Line)
				break
			}
		}
	}
	s.recovered = &at
	return at
}

// outlived reports whether the program, or one that the module is a library of,
// may go on after a panic, or run deferred functions that need the lock.
func (r *mapRepair) outlived() bool {
	if r.recovers() != "" {
		return true
	}
	for _, pkg := range r.p.All {
		if pkg.Main && pkg.Name != "main" && pkg.ForTest == "" {
			return true
		}
	}
	if r.deferred == nil {
		found := r.deferredNeedy()
		r.deferred = &found
	}
	return *r.deferred
}

// deferredNeedy reports whether some function defers what may need the lock.
func (r *mapRepair) deferredNeedy() bool {
	found := false
	for pkg, file := range r.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			d, ok := n.(*ast.DeferStmt)
			found = found || ok && r.takenBy(&job{r: r, info: pkg.Info, fn: &function{file: file}}, d)
			return !found
		})
	}
	return found
}
