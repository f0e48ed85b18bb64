package resolve

import (
	"go/ast"
	"go/types"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
)

// This file names maps that the analysis cannot: one taken out of a
// context.Value, say, or given to a callback of another module.

// unnamed returns a location for the map of a site that is known by no
// variable that others could share: the expression itself, at this place. It
// is zero if there is no syntax for the site.
func (p *Program) unnamed(s *link.Site) access.Location {
	pkg, file := p.load.File(s.Pos.File)
	if pkg == nil || file == nil || s.Op == access.Format {
		return access.Location{}
	}
	name := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || name != "" {
			return false
		}
		posn := p.load.Fset.Position(n.Pos())
		if posn.Line != s.Pos.Line || posn.Column != s.Pos.Column {
			return true
		}
		if x := mapIn(n); x != nil && isMap(pkg.Info.TypeOf(x)) {
			name = types.ExprString(x)
		}
		return true
	})
	if name == "" {
		return access.Location{}
	}
	return access.Location{Kind: access.Local, Pkg: s.Pkg, Owner: s.Func, Name: name, Pos: s.Pos}
}

// mapIn returns the operand of a node that may access a map.
func mapIn(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.IndexExpr:
		return n.X
	case *ast.RangeStmt:
		return n.X
	case *ast.CallExpr:
		if len(n.Args) > 0 {
			return n.Args[0]
		}
	}
	return nil
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}
