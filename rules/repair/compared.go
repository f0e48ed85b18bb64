package repair

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// compared makes sites of the comparisons with nil of a map that is replaced:
//
//	if c.m == nil {
//		c.m = make(map[string]int)
//	}
//
// They never crash, so that the analysis does not see them; but what is done
// next depends on them. Where it cannot be told whether the lock is held
// already they are left as they are, and otherUses has a doubt about them.
func (r *mapRepair) compared() {
	if r.lock == nil || !r.replaced() {
		return
	}
	covered := r.covered()
	for _, pkg := range r.users(r.exported()) {
		for _, file := range pkg.Syntax {
			if pkg.Path != r.decl.pkg.Path || ast.IsGenerated(file) ||
				r.p.Fset.PositionFor(file.Package, false) != r.p.Fset.PositionFor(file.Package, true) {
				continue
			}
			r.once(file, func() {
				ast.Inspect(file, func(n ast.Node) bool {
					if b, ok := n.(*ast.BinaryExpr); ok {
						if e := r.nilTested(pkg.Info, b); e != nil && !covered[e.Pos()] {
							r.compare(pkg, file, e)
						}
					}
					return true
				})
			})
		}
	}
	slices.SortStableFunc(r.sites, func(a, b *site) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.node.Pos(), b.node.Pos()))
	})
}

// nilTested returns the map's variable if b compares it with nil.
func (r *mapRepair) nilTested(info *types.Info, b *ast.BinaryExpr) ast.Expr {
	if b.Op != token.EQL && b.Op != token.NEQ {
		return nil
	}
	for _, pair := range [][2]ast.Expr{{b.X, b.Y}, {b.Y, b.X}} {
		if e := ast.Unparen(pair[0]); info.Types[pair[1]].IsNil() && r.names(info, e) {
			return e
		}
	}
	return nil
}

// compare makes a site of e, which is compared with nil or given another name. It
// is false if it cannot be told whether e needs the lock.
func (r *mapRepair) compare(pkg *load.Package, file *ast.File, e ast.Expr) bool {
	path, _ := astutil.PathEnclosingInterval(file, e.Pos(), e.End())
	for path[0] != ast.Node(e) {
		path = path[1:]
	}
	node := runner(pkg.Info, path)
	if node == nil {
		return false
	}
	i := slices.IndexFunc(r.funcs, func(fn *function) bool { return fn.node == node })
	var fn *function
	switch {
	case i >= 0:
		fn = r.funcs[i]
	case !r.lock.isNew:
		return false // a caller may hold it
	default:
		fn = newFunction(pkg, file, node)
	}
	posn := r.p.Fset.Position(e.Pos())
	s := &site{
		Site: judge.Site{Op: access.Read, Pkg: pkg.Path, Pos: access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column}},
		file: file, node: e, path: path, fn: fn,
	}
	if r.f.Map.Kind == access.Field {
		s.obj.expr, s.obj.implicit = selected(pkg.Info, e)
		if s.obj.expr == nil || !simple(pkg.Info, s.obj.expr) {
			return false
		}
	}
	needy, known := r.comparedUnlocked(fn, s)
	if !known {
		return false
	}
	s.needy = needy
	if !needy {
		s.Exempt = "as the accesses beside it"
	}
	if i < 0 {
		r.funcs = append(r.funcs, fn)
		r.compares = true
	}
	r.sites = append(r.sites, s)
	fn.sites = append(fn.sites, s)
	slices.SortStableFunc(fn.sites, func(a, b *site) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	return true
}

// comparedUnlocked reports whether a comparison needs the lock, going by the
// accesses of its function, and whether that can be told.
func (r *mapRepair) comparedUnlocked(fn *function, s *site) (needy, known bool) {
	if len(fn.sites) == 0 {
		return true, true
	}
	exempt, held := true, false
	for _, t := range fn.sites {
		exempt = exempt && t.Exempt != ""
		held = held || t.Exempt == "" && !t.needy
	}
	if exempt {
		return false, true
	}
	if !held {
		return true, true
	}
	j := &job{r: r, fn: fn, info: fn.pkg.Info}
	intervals := j.heldIntervals()
	for _, iv := range intervals {
		if iv.pos <= s.node.Pos() && s.node.Pos() < iv.end {
			return false, true
		}
	}
	return len(intervals) > 0, true // without any the caller holds it
}
