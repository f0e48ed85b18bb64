package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// moveStore makes one short region of a look-up and a store that have something
// between them which must not run under the lock, by moving the store up:
//
//   - c.mu.Lock()
//     previous, ok := c.m[k]
//   - c.m[k] = v
//   - c.mu.Unlock()
//     if !ok || previous != v {
//     log.Info("changed", "to", v)
//     }
//   - c.m[k] = v
//
// What is between must not see that the store is done already, must reach it
// for certain, and must not change its operands.
func (j *job) moveStore(l []ast.Stmt, c cluster) (proposal, bool) {
	lookup, store := l[c.i], l[c.j]
	if !simpleStmt(lookup) || len(within(c.sites, lookup))+len(within(c.sites, store)) != len(c.sites) {
		return proposal{}, false
	}
	between := l[c.i+1 : c.j]
	if len(between) == 0 || !j.movableStore(store, lookup) || len(j.exits(between)) > 0 || j.jumpedInto(l[c.i:c.j+1]) {
		return proposal{}, false
	}
	for _, s := range between {
		if ends(s) || labelled(s) || !j.independent(s, store) || !j.onlyLogs(s) {
			return proposal{}, false
		}
	}
	p, ok := j.hold(l, c.i, []ast.Node{lookup}, c.sites)
	if !ok || !j.r.usable(j.fn, j.ref, lookup.End()) || !j.stable(nodes(l[c.i:c.j+1])) {
		return p, false
	}
	p.doubts = append(p.doubts, j.troubles([]ast.Stmt{lookup, store}, c.sites, false)...)
	p.spans = []span{{lookup.Pos(), store.End(), j.ref.key}}
	p.ops = append(p.ops,
		op{j.fn.file, func(t *edit.Tree) error { return t.MoveAfter(store, lookup) }},
		j.insertAfter(store, j.unlock(c.sites)))
	return p, true
}

// onlyLogs reports whether s does nothing that others can see but write a log:
// what is stored after it may be stored before it.
func (j *job) onlyLogs(s ast.Stmt) bool {
	ok := true
	w := &troubleWalk{job: j}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.DeferStmt, *ast.SendStmt, *ast.SelectStmt:
			ok = false
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.CallExpr:
			if e := j.effect(n); (e.Blocks != "" || e.Unknown != "" || len(e.Locks) > 0) && !w.logs(n) && !j.ownLogger(n) {
				ok = false
			}
		}
		return ok
	})
	return ok
}

// ownLogger reports whether a call is one of a logger of the module's own, by its
// names: it gives no result, and its method and its type or package say so.
func (j *job) ownLogger(call *ast.CallExpr) bool {
	fn, ok := typeutil.Callee(j.info, call).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Signature().Results().Len() > 0 {
		return false
	}
	verb := strings.TrimRight(strings.TrimSuffix(fn.Name(), "S"), "fw")
	switch verb {
	case "Info", "Debug", "Warn", "Warning", "Error", "Trace", "Print", "Println":
	default:
		return false
	}
	owner := fn.Pkg().Name()
	if recv := fn.Signature().Recv(); recv != nil {
		owner += " " + types.TypeString(recv.Type(), func(*types.Package) string { return "" })
	}
	return strings.Contains(strings.ToLower(owner), "log")
}

// movableStore reports whether s assigns a plain value to an element of the map
// and can do so directly after lookup: its operands are variables and constants
// that are known there.
func (j *job) movableStore(s, lookup ast.Stmt) bool {
	assign, ok := s.(*ast.AssignStmt)
	if !ok || assign.Tok != token.ASSIGN || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
		return false
	}
	index, ok := ast.Unparen(assign.Lhs[0]).(*ast.IndexExpr)
	if !ok || !j.plain(index.Index) || !j.plain(assign.Rhs[0]) {
		return false
	}
	if !plainIndex(index.X) {
		return false
	}
	if _, nested := ast.Unparen(index.X).(*ast.IndexExpr); nested {
		return false // the inner map may be made in between
	}
	known := true
	ast.Inspect(assign, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := j.info.ObjectOf(id).(*types.Var); ok && !v.IsField() && v.Pos() > lookup.End() && v.Pos() < s.Pos() {
				known = false
			}
		}
		return known
	})
	return known
}

// plain reports whether evaluating e does nothing, cannot panic, and depends on
// local variables and constants alone.
func (j *job) plain(e ast.Expr) bool {
	if tv := j.info.Types[e]; tv.Value != nil || tv.IsNil() {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, ok := j.info.Uses[e].(*types.Var)
		return ok && v.Parent() != v.Pkg().Scope() && !types.IsInterface(v.Type())
	case *ast.SelectorExpr:
		// A field of a local struct value, not behind a pointer.
		sel := j.info.Selections[e]
		if sel == nil || sel.Kind() != types.FieldVal || sel.Indirect() {
			return false
		}
		return j.plain(e.X)
	case *ast.CompositeLit:
		if isMap(j.info.TypeOf(e)) {
			return false
		}
		for _, elt := range e.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			if !j.plain(elt) {
				return false
			}
		}
		return true
	}
	return false
}

// independent reports whether s, which is between a look-up and a store, is
// the same if the store has been made before it, and the store the same if it
// has been made before s.
func (j *job) independent(s, store ast.Stmt) bool {
	for _, call := range callsIn(j.info, s) {
		if j.r.touches(j.effect(call)) {
			return false
		}
	}
	for _, other := range j.fn.sites {
		if contains(s, other.node) {
			return false
		}
	}
	if len(j.r.mentions(j.info, s)) > 0 {
		return false
	}
	used := make(map[types.Object]bool)
	ast.Inspect(store, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := j.info.ObjectOf(id).(*types.Var); ok && !j.r.is(v) {
				used[v] = true
			}
		}
		return true
	})
	return !j.mayChange(s, used)
}

// mayChange reports whether s, or a closure in the function, may assign to one
// of vars.
func (j *job) mayChange(s ast.Stmt, vars map[types.Object]bool) bool {
	changed := false
	hit := func(e ast.Expr) {
		for e != nil {
			switch x := ast.Unparen(e).(type) {
			case *ast.SelectorExpr:
				changed = changed || vars[j.info.ObjectOf(x.Sel)]
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			case *ast.Ident:
				changed = changed || vars[j.info.ObjectOf(x)]
				return
			default:
				return
			}
		}
	}
	visit := func(n ast.Node) bool {
		targets(n, hit)
		return true
	}
	ast.Inspect(s, visit)
	// A variable whose address is taken, or that a closure assigns to, may
	// change at any call.
	ast.Inspect(j.fn.path[len(j.fn.path)-2], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			if n != j.fn.node {
				ast.Inspect(n, visit)
			}
		case *ast.UnaryExpr:
			visit(n)
		}
		return true
	})
	return changed
}

func labelled(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		_, ok := n.(*ast.LabeledStmt)
		found = found || ok
		return !found
	})
	return found
}
