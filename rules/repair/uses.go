package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// otherUses looks through the module for uses of the map's variable that are
// not sites: the map is handed on, or compared with nil. Whoever gets it may
// use it without the lock.
func (r *mapRepair) otherUses() {
	covered := r.covered()
	r.sharedFrom()
	for _, pkg := range r.users(r.exported()) {
		for _, file := range pkg.Syntax {
			r.once(file, func() { r.otherUsesIn(pkg, file, covered) })
		}
	}
}

// covered returns where sites name the map's variable.
func (r *mapRepair) covered() map[token.Pos]bool {
	covered := make(map[token.Pos]bool)
	for _, s := range r.sites {
		info := s.info(r)
		for _, e := range r.mentions(info, operand(s.node)) {
			covered[e.Pos()] = true
		}
	}
	return covered
}

// exported reports whether other packages can use a map by its name.
func (r *mapRepair) exported() bool {
	return slices.ContainsFunc(r.findings(), func(f *judge.Finding) bool { return ast.IsExported(f.Map.Name) })
}

func (r *mapRepair) otherUsesIn(pkg *load.Package, file *ast.File, covered map[token.Pos]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok || !r.names(pkg.Info, e) {
			return true
		}
		if !covered[e.Pos()] {
			path, _ := astutil.PathEnclosingInterval(file, e.Pos(), e.End())
			r.otherUse(pkg, file, e, path)
		}
		return false
	})
}

// info returns the type information of the package that s is in.
func (s *site) info(r *mapRepair) *types.Info {
	if s.fn != nil {
		return s.fn.pkg.Info
	}
	pkg, _ := r.p.File(r.fileName(s.file))
	return pkg.Info
}

// replaced reports whether the variable itself is assigned while it is shared.
func (r *mapRepair) replaced() bool {
	for _, s := range r.sites {
		if s.Exempt == "" && s.Op == access.Replace {
			return true
		}
	}
	return false
}

// otherUse judges one use of the variable that is no site.
func (r *mapRepair) otherUse(pkg *load.Package, file *ast.File, e ast.Expr, path []ast.Node) {
	name := place(r.f.Map)
	for len(path) > 1 {
		if _, ok := path[1].(*ast.ParenExpr); !ok {
			break
		}
		path = path[1:]
	}
	if len(path) < 2 {
		return
	}
	switch n := path[1].(type) {
	case *ast.BinaryExpr:
		if r.replaced() {
			r.doubt(edit.Unsafe, e.Pos(), "%s is compared here without the lock, and assigned elsewhere", name)
		}
		return
	case *ast.ReturnStmt:
		if r.f.Map.Kind == access.Local {
			return // the function hands over what it has made
		}
		r.doubt(edit.Unsafe, e.Pos(), "the map itself is returned here: what callers do with it is not under the lock")
		return
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			r.doubt(edit.Manual, e.Pos(), "the address of %s is taken here", name)
		}
		return
	case *ast.CallExpr:
		r.handedOn(pkg, e, n)
		return
	case *ast.AssignStmt:
		r.assignedOn(pkg, file, e, n)
		return
	case *ast.ValueSpec:
		for i, v := range n.Values {
			if ast.Unparen(v) == e && i < len(n.Names) {
				r.storedOn(pkg, n.Names[i])
			}
		}
		return
	case *ast.IndexExpr, *ast.RangeStmt, *ast.SelectorExpr:
		return
	}
	if r.lendIn(pkg, file, e, path) {
		return
	}
	r.doubt(edit.Manual, e.Pos(), "the map itself is handed on here: what is done with it is not under the lock, so hand on a copy")
}

// assignedOn judges an assignment of the map itself to another variable.
func (r *mapRepair) assignedOn(pkg *load.Package, file *ast.File, e ast.Expr, n *ast.AssignStmt) {
	for i, rhs := range n.Rhs {
		if ast.Unparen(rhs) != e || len(n.Lhs) != len(n.Rhs) {
			continue
		}
		id, ok := n.Lhs[i].(*ast.Ident)
		switch {
		case ok && id.Name == "_":
		case !ok || isGlobal(pkg.Info.ObjectOf(id)):
			r.doubt(edit.Manual, e.Pos(), "the same map is stored in another variable here, which the lock does not guard")
		case r.replaced() && (pkg.Path != r.decl.pkg.Path || ast.IsGenerated(file) || !r.compare(pkg, file, e)):
			r.doubt(edit.Unsafe, e.Pos(), "%s is read here without the lock, and assigned elsewhere", place(r.f.Map))
		}
		// What is done with a local variable are sites, but for storing it.
		if ok && !isGlobal(pkg.Info.ObjectOf(id)) {
			r.storedOn(pkg, id)
		}
	}
}

func isGlobal(obj types.Object) bool {
	return obj == nil || obj.Pkg() != nil && obj.Parent() == obj.Pkg().Scope()
}

// sitesIn reports whether the body of a function has sites.
func (r *mapRepair) sitesIn(fn *types.Func) bool {
	decl, _ := r.bodyOf(fn.Origin())
	return decl != nil && slices.ContainsFunc(r.sites, func(s *site) bool {
		return decl.Pos() <= s.node.Pos() && s.node.Pos() < decl.End()
	})
}

// handedOn judges a call that gets the map as an argument. A function of this
// module has been followed by the analysis: its accesses are sites. What a
// function literal hands on of the variables around it has not.
func (r *mapRepair) handedOn(pkg *load.Package, e ast.Expr, call *ast.CallExpr) {
	tv := pkg.Info.Types[call.Fun]
	if tv.IsBuiltin() {
		return
	}
	if r.replaced() {
		r.doubt(edit.Unsafe, e.Pos(), "%s is read here without the lock, and assigned elsewhere", place(r.f.Map))
	}
	if fn, ok := typeutil.Callee(pkg.Info, call).(*types.Func); ok && fn.Pkg() != nil && !isInterfaceMethod(fn) {
		if callee := r.checkedPackage(fn.Pkg().Path()); callee != nil && callee.Main && (r.f.Map.Kind != access.Local || r.sitesIn(fn)) {
			return
		}
	}
	r.doubt(edit.Unsafe, e.Pos(), "the map itself is handed to %s here: what is done with it is not under the lock", calleeName(call))
}

// sharedFrom doubts the fix where the variable gets a map that another field or
// global variable holds too, by which the module changes it: not under this lock.
//
//	v := &view{m: c.m}
func (r *mapRepair) sharedFrom() {
	for _, pkg := range r.users(r.exported()) {
		for _, file := range pkg.Syntax {
			r.once(file, func() {
				ast.Inspect(file, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.KeyValueExpr:
						if key, ok := n.Key.(*ast.Ident); ok && r.is(pkg.Info.Uses[key]) {
							r.sharedWith(pkg.Info, n.Value)
						}
					case *ast.AssignStmt:
						for i, lhs := range n.Lhs {
							if len(n.Lhs) == len(n.Rhs) && r.names(pkg.Info, ast.Unparen(lhs)) {
								r.sharedWith(pkg.Info, n.Rhs[i])
							}
						}
					}
					return true
				})
			})
		}
	}
}

// sharedWith doubts the fix if e is another variable by which the module
// changes its map.
func (r *mapRepair) sharedWith(info *types.Info, e ast.Expr) {
	v := sharedVar(info, e)
	if v == nil || r.is(v) || !isMap(v.Type()) {
		return
	}
	for pkg, file := range r.p.OwnFiles() {
		if at := writtenBy(pkg.Info, file, func(x ast.Expr) bool {
			w := sharedVar(pkg.Info, x)
			return w != nil && sameVar(r.p.Fset, v, w)
		}); at != nil {
			r.doubt(edit.Unsafe, e.Pos(), "the map here is that of %s too, which is changed without this lock", types.ExprString(e))
			return
		}
	}
}

// writtenBy returns what in a file writes to elements of a map that names
// accepts, or nil.
func writtenBy(info *types.Info, file *ast.File, names func(ast.Expr) bool) ast.Node {
	var at ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		targets(n, func(e ast.Expr) {
			if index, ok := ast.Unparen(e).(*ast.IndexExpr); ok && names(index.X) {
				at = e
			}
		})
		if call, ok := n.(*ast.CallExpr); ok && isBuiltin(info, call, "delete", "clear") && names(call.Args[0]) {
			at = call
		}
		return at == nil
	})
	return at
}
