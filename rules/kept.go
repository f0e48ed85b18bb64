package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/repair"
)

// This file says whether a package keeps a map to itself.

// keptInside reports whether every mention of the variable that holds a map is
// one after which nobody else has the map: it is indexed, ranged over, measured,
// compared with nil, or made anew.
func (a *analysis) keptInside(pkg *load.Package, loc access.Location) bool {
	kept := true
	for _, file := range pkg.Syntax {
		var stack []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return true
			}
			stack = append(stack, n)
			kept = kept && a.keeps(pkg, loc, stack)
			return kept
		})
	}
	return kept
}

// keeps reports whether the last node of a path keeps the map at loc to itself,
// if it has to do with that variable.
func (a *analysis) keeps(pkg *load.Package, loc access.Location, stack []ast.Node) bool {
	made := func(id *ast.Ident, i, n int, values []ast.Expr) bool {
		v, ok := pkg.Info.Defs[id].(*types.Var)
		return !ok || !a.isAt(v, loc) || len(values) == n && repair.IsNewMap(pkg.Info, values[i])
	}
	switch n := stack[len(stack)-1].(type) {
	case *ast.Ident:
		v, ok := pkg.Info.Uses[n].(*types.Var)
		return !ok || !a.isAt(v, loc) || harmlessUse(pkg.Info, stack)
	case *ast.ValueSpec:
		for i, id := range n.Names {
			if len(n.Values) > 0 && !made(id, i, len(n.Names), n.Values) {
				return false
			}
		}
	case *ast.AssignStmt:
		for i, lhs := range n.Lhs {
			if id, ok := lhs.(*ast.Ident); ok && !made(id, i, len(n.Lhs), n.Rhs) {
				return false
			}
		}
	case *ast.CompositeLit: // without keys no field is mentioned
		st, ok := deref(pkg.Info.TypeOf(n)).Underlying().(*types.Struct)
		if !ok {
			break
		}
		for i, e := range n.Elts {
			if _, keyed := e.(*ast.KeyValueExpr); !keyed && a.isAt(st.Field(i), loc) && !repair.IsNewMap(pkg.Info, e) {
				return false
			}
		}
	}
	return true
}

// isAt reports whether a variable is the one at loc. Of a field only the name is
// compared, and that of its package.
func (a *analysis) isAt(v *types.Var, loc access.Location) bool {
	if v.Pkg() == nil || v.Name() != loc.Name || v.Pkg().Path() != loc.Pkg {
		return false
	}
	switch loc.Kind {
	case access.Field:
		return v.IsField()
	case access.Global:
		return v.Parent() == v.Pkg().Scope()
	}
	at := a.prog.Fset.Position(v.Pos())
	return at.Line == loc.Pos.Line && at.Filename == loc.Pos.File
}

// harmlessUse reports whether the last node of a path, a use of a variable that
// holds a map, keeps the map to itself.
func harmlessUse(info *types.Info, stack []ast.Node) bool {
	use := ast.Expr(stack[len(stack)-1].(*ast.Ident))
	for i := len(stack) - 2; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.ParenExpr:
			use = n
			continue
		case *ast.SelectorExpr:
			if n.Sel != use {
				return false // a method of the map, or a field of what it is not
			}
			use = n
			continue
		case *ast.IndexExpr:
			// An element that is itself a map, or leads to one, is handed on
			// with it.
			return n.X == use && flat(info.TypeOf(n))
		case *ast.RangeStmt:
			return n.X == use && (n.Value == nil || flat(info.TypeOf(n.Value)))
		case *ast.CallExpr:
			id, ok := ast.Unparen(n.Fun).(*ast.Ident)
			if !ok {
				return false
			}
			_, builtin := info.Uses[id].(*types.Builtin)
			return builtin && id.Name != "append"
		case *ast.BinaryExpr:
			return true // a map can be compared with nil only
		case *ast.AssignStmt:
			i := slices.Index(n.Lhs, use)
			return i >= 0 && len(n.Lhs) == len(n.Rhs) && repair.IsNewMap(info, n.Rhs[i])
		case *ast.KeyValueExpr:
			return n.Key == use && repair.IsNewMap(info, n.Value) // the field of a literal
		}
		return false
	}
	return false
}

// flat reports whether a value of type t holds no map.
func flat(t types.Type) bool {
	if t == nil {
		return true // the blank identifier
	}
	switch t := t.Underlying().(type) {
	case *types.Map, *types.Slice, *types.Array:
		return false
	case *types.Struct:
		for f := range t.Fields() {
			if !flat(f.Type()) {
				return false
			}
		}
	}
	return true
}
