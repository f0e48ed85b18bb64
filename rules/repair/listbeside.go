package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rules/access"
)

// A list beside the map is a slice of the same object that changes with it:
//
//	p.free = append(p.free, p.m[k])
//	delete(p.m, k)
//
// Two goroutines that change it at once lose elements, or hand one out twice. Its
// uses are sites like those of a counter, if nobody uses it but who uses the map.

// listsBeside adds the uses of such slices to the functions that use the map.
func (r *mapRepair) listsBeside() {
	if r.lock == nil || !r.lock.isNew || r.f.Map.Kind != access.Field {
		return
	}
	for v := range r.decl.named.Underlying().(*types.Struct).Fields() {
		if _, ok := v.Type().Underlying().(*types.Slice); !ok || v.Exported() {
			continue
		}
		for _, u := range r.changingTogether(v) {
			if !slices.Contains(u.fn.counters, v) {
				r.countIn(u.fn, u, v)
			}
		}
	}
}

// changingTogether returns, for each function that uses the slice v, a site of the
// same object's map; none if somebody uses v without the map, gives its address
// away, or does not change both at two places or more.
func (r *mapRepair) changingTogether(v *types.Var) []*site {
	var out []*site
	ok, changed := true, make(map[*function]bool)
	for _, pkg := range r.users(false) {
		for _, file := range pkg.Syntax {
			r.once(file, func() {
				ast.Inspect(file, func(n ast.Node) bool {
					sel, is := n.(*ast.SelectorExpr)
					if !is || !ok {
						return ok
					}
					w, is := pkg.Info.Uses[sel.Sel].(*types.Var)
					if !is || !sameVar(r.p.Fset, w, v) {
						return true
					}
					path, _ := astutil.PathEnclosingInterval(file, sel.Pos(), sel.End())
					for path[0] != ast.Node(sel) {
						path = path[1:]
					}
					fn := r.functionAt(runner(pkg.Info, path))
					if fn == nil {
						ok = false
						return false
					}
					if !slices.ContainsFunc(fn.sites, func(s *site) bool { return s.Exempt == "" }) {
						return true // nobody else has the object
					}
					s := siteOf(fn, sel.X)
					up, addressed := path[1].(*ast.UnaryExpr)
					if s == nil || addressed && up.Op == token.AND ||
						slices.ContainsFunc(out, func(o *site) bool { return o != s && o.fn == fn }) { // two objects
						ok = false
						return false
					}
					changed[fn] = changed[fn] || s.Op.Writes() && isTarget(&site{node: sel, path: path})
					if !slices.Contains(out, s) {
						out = append(out, s)
					}
					return true
				})
			})
		}
	}
	n := 0
	for _, does := range changed {
		if does {
			n++
		}
	}
	if !ok || n < 2 {
		return nil
	}
	return out
}

// functionAt returns the function with sites whose syntax is node, nil if there is
// none.
func (r *mapRepair) functionAt(node ast.Node) *function {
	i := slices.IndexFunc(r.funcs, func(fn *function) bool { return fn.node == node })
	if i < 0 {
		return nil
	}
	return r.funcs[i]
}

// siteOf returns a site of fn that uses the map of the object x and needs the
// lock, one that changes it if there is any; nil if there is none, or it goes by
// another name.
func siteOf(fn *function, x ast.Expr) *site {
	var out *site
	for _, s := range fn.sites {
		if !s.needy || s.counter || s.obj.expr == nil || s.obj.alias || len(s.obj.implicit) > 0 || !sameExpr(fn.pkg.Info, ast.Unparen(x), s.obj.expr) {
			continue
		}
		if out == nil || s.Op.Writes() && !out.Op.Writes() {
			out = s
		}
	}
	return out
}
