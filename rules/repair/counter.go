package repair

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A counter is an integer beside the map that the keys come from:
//
//	r.next++
//	r.m[r.next] = name
//
// Counting and storing belong together, or two goroutines store under one key.
// Its uses in a function that counts are sites like those of the map: they get
// the lock, in one region with what depends on them.

// counters adds the uses of counters to the functions that count. They are left
// alone in functions that hold the lock somewhere already.
func (r *mapRepair) counters() {
	for _, fn := range r.funcs {
		var stores []*site
		held := false
		for _, s := range fn.sites {
			held = held || s.Exempt == "" && !s.needy
			if s.needy && keyOf(s.node) != nil {
				stores = append(stores, s)
			}
		}
		if held {
			continue
		}
		for _, s := range stores {
			for _, v := range fn.keySources(s) {
				if r.beside(fn, s, v) && !slices.Contains(fn.counters, v) {
					r.countIn(fn, s, v)
				}
			}
		}
	}
}

// keySources returns the variables that the key of a site is, or was set from.
func (fn *function) keySources(s *site) []*types.Var {
	info := fn.pkg.Info
	var out []*types.Var
	collect := func(e ast.Node) {
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := info.Uses[id].(*types.Var); ok {
					out = append(out, v)
				}
			}
			return true
		})
	}
	collect(keyOf(s.node))
	for _, v := range out {
		if v.IsField() || isGlobal(v) {
			continue
		}
		ast.Inspect(fn.body, func(n ast.Node) bool {
			for _, rhs := range assignedTo(info, n, v) {
				collect(rhs)
			}
			return true
		})
	}
	return out
}

// beside reports whether v is an integer declared where the map is, which fn
// counts with.
func (r *mapRepair) beside(fn *function, s *site, v *types.Var) bool {
	b, ok := v.Type().Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsInteger == 0 {
		return false
	}
	switch r.f.Map.Kind {
	case access.Field:
		strct := r.decl.named.Underlying().(*types.Struct)
		if !v.IsField() || s.obj.expr == nil || s.obj.alias || len(s.obj.implicit) > 0 ||
			!slices.ContainsFunc(slices.Collect(strct.Fields()), func(f *types.Var) bool { return sameVar(r.p.Fset, f, v) }) {
			return false
		}
	case access.Global:
		if v.IsField() || !isGlobal(v) || v.Pkg().Path() != r.decl.pkg.Path {
			return false
		}
	default:
		return false
	}
	counts, shared := false, false
	for _, u := range r.usesOf(fn, s, v) {
		counts = counts || u.Op.Writes()
		if up, ok := u.path[1].(*ast.UnaryExpr); ok && up.Op == token.AND {
			shared = true // by atomic operations, say
		}
	}
	return counts && !shared
}

// countIn makes sites of the uses of v in fn.
func (r *mapRepair) countIn(fn *function, s *site, v *types.Var) {
	fn.counters = append(fn.counters, v)
	for _, u := range r.usesOf(fn, s, v) {
		if !slices.ContainsFunc(fn.sites, func(t *site) bool { return t.needy && contains(t.node, u.node) }) {
			fn.sites = append(fn.sites, u)
		}
	}
	slices.SortStableFunc(fn.sites, func(a, b *site) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	if name := v.Name(); !slices.Contains(r.counted, name) {
		r.counted = append(r.counted, name)
	}
}

// usesOf returns the uses of v in fn, of the object whose map s uses.
func (r *mapRepair) usesOf(fn *function, s *site, v *types.Var) []*site {
	info := fn.pkg.Info
	var out []*site
	ast.Inspect(fn.body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			path, _ := pathTo(fn.file, lit)
			return len(path) > 0 && runner(info, path) == fn.node
		}
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		switch e := e.(type) {
		case *ast.SelectorExpr:
			if s.obj.expr == nil || info.Uses[e.Sel] != v || !sameExpr(info, ast.Unparen(e.X), s.obj.expr) {
				return true
			}
		case *ast.Ident:
			if s.obj.expr != nil || info.Uses[e] != v {
				return true
			}
		default:
			return true
		}
		out = append(out, r.counterSite(fn, s, e))
		return false
	})
	return out
}

// counterSite returns a use of a counter as a site beside s.
func (r *mapRepair) counterSite(fn *function, s *site, e ast.Expr) *site {
	path, _ := astutil.PathEnclosingInterval(fn.file, e.Pos(), e.End())
	for path[0] != ast.Node(e) {
		path = path[1:]
	}
	posn := r.p.Fset.Position(e.Pos())
	u := &site{
		Site: judge.Site{
			Op: access.Read, Pkg: s.Pkg, Func: s.Func, Base: s.Base,
			Pos: access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column},
		},
		file: fn.file, node: e, path: path, fn: fn, obj: s.obj, needy: true, counter: true,
	}
	if isTarget(u) {
		u.Op = access.Write
	}
	return u
}
