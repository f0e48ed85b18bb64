package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
)

// A lockRef is the lock of one object, as one function names it: the text that
// .Lock() is appended to. Two refs are one lock if their keys are equal.
type lockRef struct {
	text string   // c.mu
	expr ast.Expr // c: what the text starts with; nil for variables
	name string   // of a variable, for which expr is nil
	obj  *types.Var
	key  string // of the object
	recv string // of the lock, as lockCall.recv has it
}

// lockName returns how messages name the lock: one that is embedded goes by the
// name of its object, which is no lock.
func (j *job) lockName() string {
	if obj := j.r.lock.obj; obj != nil && obj.Embedded() && !strings.HasSuffix("."+j.ref.text, "."+obj.Name()) {
		return "the lock of " + j.ref.text
	}
	return j.ref.text
}

// ref returns how s's function names the lock that s needs. It is false, with
// the doubt recorded, if it cannot.
func (r *mapRepair) ref(s *site) (lockRef, bool) {
	l := r.lock
	if !l.field {
		return r.variableRef(s)
	}
	if s.obj.expr == nil {
		if r.f.Map.Kind != access.Field {
			r.doubt(edit.Manual, s.node.Pos(), "cannot tell which %s guards the map here", l.display)
		}
		return lockRef{}, false // a doubt is recorded already
	}
	info := s.fn.pkg.Info
	if s.fn.pkg.Path != l.pkgPath(r) && !ast.IsExported(l.steps[len(l.steps)-1]) {
		r.doubt(edit.Manual, s.node.Pos(), "the map is used in package %s, which cannot see the lock %s", s.fn.pkg.Path, l.display)
		return lockRef{}, false
	}
	expr, embedded := s.obj.expr, s.obj.implicit
	for range l.up {
		switch {
		case len(embedded) > 0:
			embedded = embedded[:len(embedded)-1]
		default:
			expr, embedded = parent(info, expr)
		}
		if expr == nil {
			r.doubt(edit.Manual, s.node.Pos(), "cannot name the lock %s here", l.display)
			return lockRef{}, false
		}
	}
	base, tail, ok := r.selectLock(s.fn, expr, embedded)
	if !ok {
		r.doubt(edit.Manual, s.node.Pos(), "cannot name the lock %s here", l.display)
		return lockRef{}, false
	}
	key := exprKey(info, expr)
	return lockRef{text: base + tail, expr: expr, key: key, recv: key + tail}, true
}

// pkgPath returns the import path of the package that declares the lock.
func (l *lock) pkgPath(r *mapRepair) string {
	if l.isNew {
		return r.decl.pkg.Path
	}
	return l.id.Pkg
}

// variableRef is ref for locks that are package variables or locals.
func (r *mapRepair) variableRef(s *site) (lockRef, bool) {
	l := r.lock
	name, kind := l.name, r.f.Map.Kind
	if !l.isNew {
		name, kind = l.obj.Name(), l.id.Kind
	}
	if kind == access.Global && s.fn.pkg.Path != l.pkgPath(r) {
		r.doubt(edit.Manual, s.node.Pos(), "the map is used in package %s, which cannot see the lock %s", s.fn.pkg.Path, l.display)
		return lockRef{}, false
	}
	if kind == access.Local && l.isNew && !inside(r.decl.obj.Parent(), s.node.Pos()) {
		r.doubt(edit.Manual, s.node.Pos(), "the map is used here, out of reach of a local mutex beside %s: pass the lock along", r.f.Map.Name)
		return lockRef{}, false
	}
	ref := lockRef{text: name, name: name, obj: l.obj, key: name}
	if l.obj != nil {
		ref.recv = fmt.Sprintf("%s@%d", name, l.obj.Pos())
	}
	return ref, true
}

// inside reports whether pos is in a scope.
func inside(scope *types.Scope, pos token.Pos) bool {
	return scope != nil && scope.Pos() <= pos && pos < scope.End()
}

// parent returns the object that e is a field or element of, and the embedded
// fields on the way; nil if e is neither.
func parent(info *types.Info, e ast.Expr) (ast.Expr, []*types.Var) {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return selected(info, e)
	case *ast.IndexExpr:
		return ast.Unparen(e.X), nil
	case *ast.StarExpr:
		return parent(info, e.X)
	}
	return nil, nil
}

// selectLock returns the text of the lock of an object, the object's own text
// first: the shortest that there is, as a person would write it.
func (r *mapRepair) selectLock(fn *function, expr ast.Expr, embedded []*types.Var) (base, tail string, ok bool) {
	src, err := r.p.Source(r.fileName(fn.file))
	if err != nil {
		return "", "", false
	}
	base = r.text(src, expr)
	if _, ok := expr.(*ast.StarExpr); ok {
		base = "(" + base + ")"
	}
	t, pkg, fset := fn.pkg.Info.TypeOf(expr), fn.pkg.Types, r.p.Fset
	steps := r.lock.steps
	short := "." + strings.Join(steps, ".")
	full := short
	for i := len(embedded) - 1; i >= 0; i-- {
		full = "." + embedded[i].Name() + full
	}
	if r.lock.isNew {
		if obj, index, _ := types.LookupFieldOrMethod(t, true, pkg, r.lock.name); obj != nil || index != nil {
			return base, full, true // something else has the name
		}
		return base, short, true
	}
	if len(steps) > 1 {
		return base, full, true
	}
	if r.lock.obj.Embedded() && promotes(pkg, fset, t, r.lock.obj) {
		return base, "", true // c.Lock()
	}
	// Beware: a field of the same name may be promoted from elsewhere.
	if obj, _, _ := types.LookupFieldOrMethod(t, true, pkg, steps[0]); obj != nil {
		if v, ok := obj.(*types.Var); ok && sameVar(fset, v, r.lock.obj) {
			return base, short, true
		}
	}
	return base, full, true
}

// promotes reports whether Lock, called on a t, is the method of the embedded
// field mu.
func promotes(pkg *types.Package, fset *token.FileSet, t types.Type, mu *types.Var) bool {
	obj, index, _ := types.LookupFieldOrMethod(t, true, pkg, "Lock")
	if _, ok := obj.(*types.Func); !ok || len(index) < 2 {
		return false
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	strct, ok := t.Underlying().(*types.Struct)
	return ok && len(index) == 2 && sameVar(fset, strct.Field(index[0]), mu)
}

// text returns the source of a node.
func (r *mapRepair) text(src []byte, n ast.Node) string {
	tf := r.p.Fset.File(n.Pos())
	return string(src[tf.Offset(n.Pos()):tf.Offset(n.End())])
}

// exprKey returns a string that is the same for simple expressions that name
// the same variables.
func exprKey(info *types.Info, e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if obj := info.ObjectOf(e); obj != nil {
			return fmt.Sprintf("%s@%d", e.Name, obj.Pos())
		}
		return e.Name
	case *ast.StarExpr:
		return exprKey(info, e.X)
	case *ast.SelectorExpr:
		return exprKey(info, e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return exprKey(info, e.X) + "[" + exprKey(info, e.Index) + "]"
	case *ast.BasicLit:
		return e.Value
	}
	return "?"
}

// usable reports whether the text of ref means at pos what it means at the
// sites: every name in it is declared there, and nothing hides it.
func (r *mapRepair) usable(fn *function, ref lockRef, pos token.Pos) bool {
	if ref.expr == nil {
		obj := lookup(fn.pkg, ref.name, pos)
		if ref.obj == nil {
			return obj == nil // a new lock
		}
		v, ok := obj.(*types.Var)
		return ok && sameVar(r.p.Fset, v, ref.obj)
	}
	info, ok := fn.pkg.Info, true
	ast.Inspect(ref.expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if info.Selections[n] == nil { // pkg.Var
				id := n.X.(*ast.Ident)
				ok = ok && lookup(fn.pkg, id.Name, pos) == info.Uses[id]
				return false
			}
		case *ast.Ident:
			if v, is := info.ObjectOf(n).(*types.Var); is && v.IsField() {
				return true
			}
			ok = ok && lookup(fn.pkg, n.Name, pos) == info.ObjectOf(n)
		}
		return true
	})
	return ok
}

// lookup returns what name means at pos, or nil.
func lookup(pkg *load.Package, name string, pos token.Pos) types.Object {
	scope := pkg.Types.Scope().Innermost(pos)
	if scope == nil {
		return nil
	}
	_, obj := scope.LookupParent(name, pos)
	return obj
}
