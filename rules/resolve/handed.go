package resolve

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/witness"
)

// This file tells by the lines of the callers which of several maps a function
// was passed: of put(hits) and put(misses) in one function, the one that the
// stack stands at.

// handed returns those of the maps that the innermost call of the stack names
// among its arguments that names any of them.
func (p *Program) handed(maps []access.Location, s *witness.Stack) []access.Location {
	frames := slices.Concat(s.Frames, s.Created)
	for i := 1; i < len(frames); i++ {
		f := frames[i]
		for _, pkg := range p.packages(witness.Split(f.Func), f) {
			args := p.argsAt(pkg, f, frames[i-1].Func)
			var out []access.Location
			for _, loc := range maps {
				if slices.ContainsFunc(args, func(x ast.Expr) bool { return IsVariable(pkg.Info, x, loc) }) {
					out = append(out, loc)
				}
			}
			if len(out) > 0 {
				return out
			}
		}
	}
	return nil
}

// argsAt returns the arguments of the calls of a function on the line of a
// frame.
func (p *Program) argsAt(pkg *load.Package, f witness.Frame, callee string) []ast.Expr {
	var out []ast.Expr
	for _, file := range pkg.Syntax {
		if !sameFile(p.load.Fset.Position(file.Package).Filename, f.File) {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && isCallOf(call, callee) && (p.load.Fset.Position(call.Pos()).Line == f.Line || p.load.Fset.Position(call.Lparen).Line == f.Line) {
				out = append(out, call.Args...)
			}
			return true
		})
	}
	return out
}

// IsVariable reports whether an expression is the field or package variable at
// a location.
func IsVariable(info *types.Info, x ast.Expr, loc access.Location) bool {
	var obj types.Object
	switch x := ast.Unparen(x).(type) {
	case *ast.SelectorExpr:
		obj = info.Uses[x.Sel]
		if s := info.Selections[x]; s != nil && loc.Kind == access.Field {
			if owner := owner(s); owner != nil && owner.Obj().Name() != loc.Owner {
				return false
			}
		}
	case *ast.Ident:
		obj = info.Uses[x]
	}
	v, ok := obj.(*types.Var)
	if !ok || v.Name() != loc.Name || v.Pkg() == nil || v.Pkg().Path() != loc.Pkg {
		return false
	}
	return v.IsField() && loc.Kind == access.Field || loc.Kind == access.Global && v.Parent() == v.Pkg().Scope()
}

// owner returns the named struct type that a selected field is declared in, nil
// if that has no name.
func owner(s *types.Selection) *types.Named {
	t := s.Recv()
	for _, i := range s.Index()[:len(s.Index())-1] { // embedded
		t = deref(t).Underlying().(*types.Struct).Field(i).Type()
	}
	named, _ := types.Unalias(deref(t)).(*types.Named)
	return named
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}
