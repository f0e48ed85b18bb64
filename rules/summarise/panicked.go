package summarise

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/load"
)

// PanicTypes returns the types of the values that packages panic with, as far
// as their static types say: what recover returns is one of them, or an error
// or text, whose printing calls no more than a method.
func PanicTypes(pkgs []*load.Package) []types.Type {
	var out []types.Type
	var seen typeutil.Map
	for _, pkg := range pkgs {
		for _, file := range pkg.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 1 {
					return true
				}
				id, ok := call.Fun.(*ast.Ident)
				if !ok || pkg.Info.Uses[id] != types.Universe.Lookup("panic") {
					return true
				}
				t := pkg.Info.TypeOf(call.Args[0])
				if _, basic := t.Underlying().(*types.Basic); basic || types.IsInterface(t) || seen.At(t) != nil {
					return true
				}
				seen.Set(t, true)
				out = append(out, t)
				return true
			})
		}
	}
	return out
}
