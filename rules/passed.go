package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/resolve"
	"github.com/mapguard/mapguard/rules/summarise"
)

// atCalls returns the sites of a witnessed finding with those of functions
// that are passed the map replaced by the calls that pass it: there the object
// is known whose lock is to be held.
//
//	func total(m map[string]int) int { ... range m ... }
//
//	total(c.items)
//
// A site stays as it is unless every function that passes the map to it is
// found to do so directly, in calls that are alike.
func (a *analysis) atCalls(f *judge.Finding) []judge.Site {
	sites := a.link.Sites()[f.Map]
	var out []judge.Site
	for _, s := range f.Sites {
		i := slices.IndexFunc(sites, func(t *link.Site) bool { return t.Pos == s.Pos && t.Op == s.Op && t.Func == s.Func })
		if s.Exempt != "" || i < 0 {
			out = append(out, s)
			continue
		}
		calls, ok := a.callsPassing(f.Map, sites[i])
		if !ok {
			out = append(out, s)
			continue
		}
		for _, c := range calls {
			if !slices.ContainsFunc(out, func(o judge.Site) bool { return o.Pos == c.Pos && o.Op == c.Op }) {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y judge.Site) int {
		switch {
		case x.Pos.Less(y.Pos):
			return -1
		case y.Pos.Less(x.Pos):
			return 1
		}
		return int(x.Op) - int(y.Op)
	})
	return out
}

// callsPassing returns the calls by which a function gets a map that it uses at
// a site, as accesses of the same kind; false if not all of them are known.
func (a *analysis) callsPassing(loc access.Location, s *link.Site) ([]judge.Site, bool) {
	var out []judge.Site
	passers := s.KnownBy(loc)
	for i, p := range passers {
		if p.Owned {
			continue
		}
		if slices.ContainsFunc(passers[:i], func(q link.Passer) bool { return q.Pkg == p.Pkg && q.Name == p.Name }) {
			return nil, false // with a lock here, and without it there
		}
		calls := a.callsIn(p, s, loc)
		if len(calls) == 0 {
			return nil, false
		}
		for _, pos := range calls {
			out = append(out, judge.Site{Op: s.Op, Pkg: p.Pkg, Func: p.Name, Pos: pos, Locks: p.Locks})
		}
	}
	return out, len(out) > 0
}

// callsIn returns the positions of the calls in one function that pass the map
// to the function of a site.
func (a *analysis) callsIn(p link.Passer, s *link.Site, loc access.Location) []access.Pos {
	var out []access.Pos
	for _, pkg := range a.prog.All {
		if pkg.Path != p.Pkg || pkg.Info == nil || !pkg.Main {
			continue
		}
		for _, file := range pkg.Syntax {
			for _, d := range file.Decls {
				fd, ok := d.(*ast.FuncDecl)
				if !ok || fd.Body == nil || declName(pkg, fd) != p.Name {
					continue
				}
				ast.Inspect(fd.Body, func(n ast.Node) bool {
					if _, ok := n.(*ast.FuncLit); ok {
						return false // a function of its own
					}
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					fn, ok := typeutil.Callee(pkg.Info, call).(*types.Func)
					if ok && summarise.FuncID(summarise.FuncName(fn)) == s.FuncID && slices.ContainsFunc(call.Args, func(x ast.Expr) bool { return resolve.IsVariable(pkg.Info, x, loc) }) {
						q := a.prog.Fset.Position(call.Pos())
						out = append(out, access.Pos{File: q.Filename, Line: q.Line, Column: q.Column})
					}
					return true
				})
			}
		}
		break // a test variant has the same
	}
	return out
}

// declName returns the name of a function as a stack trace shows it, without
// its package.
func declName(pkg *load.Package, fd *ast.FuncDecl) string {
	fn, ok := pkg.Info.Defs[fd.Name].(*types.Func)
	if !ok {
		return ""
	}
	recv := fn.Signature().Recv()
	if recv == nil {
		return fn.Name()
	}
	t, star := recv.Type(), false
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t, star = p.Elem(), true
	}
	n, ok := types.Unalias(t).(*types.Named)
	switch {
	case !ok:
		return fn.Name()
	case star:
		return "(*" + n.Obj().Name() + ")." + fn.Name()
	}
	return n.Obj().Name() + "." + fn.Name()
}
