package edit

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// fresh returns the i-th name to try for a package whose own is taken.
func fresh(path, name string, i int) string {
	if isStd(path) {
		name = "std" + name
	}
	if i > 0 || !isStd(path) {
		name += strconv.Itoa(i + 2)
	}
	return name
}

// pkgName returns the package name that an import without a name declares.
func (t *Tree) pkgName(spec *ast.ImportSpec) *types.PkgName {
	if t.info == nil {
		return nil
	}
	pn, _ := t.info.Implicits[spec].(*types.PkgName)
	return pn
}

// shadowed reports whether the import's name means something else where it is
// to be used.
func (t *Tree) shadowed(local string, spec *ast.ImportSpec, uses []token.Pos) bool {
	if scope := t.fileScope(); scope != nil && len(uses) > 0 {
		return slices.ContainsFunc(uses, func(pos token.Pos) bool {
			obj := lookup(scope, local, pos)
			pn, ok := obj.(*types.PkgName)
			return obj != nil && !(ok && pn.Pos() <= spec.End() && spec.Pos() <= pn.Pos())
		})
	}
	return declares(t.given, local)
}

// taken reports whether an identifier means something already.
func (t *Tree) taken(local string, uses []token.Pos) bool {
	for _, n := range t.adds {
		if n.local == local {
			return true
		}
	}
	for _, spec := range t.given.Imports {
		have := ""
		if spec.Name != nil {
			have = spec.Name.Name
		} else if pn := t.pkgName(spec); pn != nil {
			have = pn.Name()
		} else {
			path, _ := strconv.Unquote(spec.Path.Value)
			have = path[strings.LastIndexByte(path, '/')+1:]
		}
		if have == local {
			return true
		}
	}
	if t.pkg != nil && t.pkg.Scope().Lookup(local) != nil {
		return true
	}
	if t.pkg == nil && used(t.given, local) {
		return true // perhaps another file of the package declares it
	}
	scope := t.fileScope()
	if scope == nil || len(uses) == 0 {
		return declares(t.given, local)
	}
	return scope.Lookup(local) != nil || slices.ContainsFunc(uses, func(pos token.Pos) bool {
		obj := lookup(scope, local, pos)
		return obj != nil && obj.Parent() != types.Universe
	})
}

// fileScope returns the scope of the file, nil if unknown.
func (t *Tree) fileScope() *types.Scope {
	if t.info == nil {
		return nil
	}
	return t.info.Scopes[t.given]
}

// lookup finds what an identifier means at a position of a file.
func lookup(file *types.Scope, name string, pos token.Pos) types.Object {
	scope := file.Innermost(pos)
	if scope == nil {
		scope = file
	}
	_, obj := scope.LookupParent(name, pos)
	return obj
}

// declares reports whether a name is declared anywhere in a file, other than
// as a field, a method or an import.
func declares(file *ast.File, name string) bool {
	found := false
	is := func(ids ...ast.Node) {
		for _, n := range ids {
			id, ok := n.(*ast.Ident)
			found = found || ok && id.Name == name
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil {
				is(n.Name)
			}
		case *ast.TypeSpec:
			is(n.Name)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				is(id)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					is(e)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				is(n.Key, n.Value)
			}
		case *ast.FieldList:
			for _, f := range n.List {
				for _, id := range f.Names {
					is(id)
				}
			}
		case *ast.StructType, *ast.InterfaceType:
			return false // members do not shadow
		}
		return !found
	})
	return found
}

// used reports whether a name stands in a file as an identifier of its own,
// so that importing a package under it would change what it means.
func used(file *ast.File, name string) bool {
	members := make(map[ast.Node]bool)
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			members[n.Sel] = true
		case *ast.KeyValueExpr:
			members[n.Key] = true
		case *ast.Field:
			for _, id := range n.Names {
				members[id] = true
			}
		case *ast.Ident:
			found = found || n.Name == name && !members[n]
		}
		return !found
	})
	return found
}
