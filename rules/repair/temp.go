package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// A temp is a new local variable. It gets its name when the edits are made, so
// that proposals which are not taken use up no names.
type temp struct {
	fn    *function
	scope extent
	names []string
	name  string
}

// An extent is where a new variable is visible: from its statement to the end
// of the list.
type extent struct{ pos, end token.Pos }

// temp returns a variable to be declared before l[i], with names to choose from.
func (j *job) temp(l []ast.Stmt, i int, names ...string) *temp {
	return &temp{fn: j.fn, scope: extent{l[i].Pos(), l[len(l)-1].End()}, names: names}
}

// String returns the variable's name: the first of its names that the whole
// declaration around the function does not use, or one of them with a number.
func (t *temp) String() string {
	for i := 1; t.name == ""; i++ {
		for _, n := range t.names {
			if i > 1 {
				n = fmt.Sprintf("%s%d", n, i)
			}
			if t.name == "" && !t.fn.uses(n, t.scope) {
				t.name = n
				t.fn.temps[n] = append(t.fn.temps[n], t.scope)
			}
		}
	}
	return t.name
}

// uses reports whether a name means something in the declaration around fn, or
// is that of a new variable which is visible in scope.
func (fn *function) uses(name string, scope extent) bool {
	if fn.temps == nil {
		fn.temps = make(map[string][]extent)
	}
	for _, e := range fn.temps[name] {
		if e.pos < scope.end && scope.pos < e.end {
			return true
		}
	}
	if fn.pkg.Types.Scope().Lookup(name) != nil || types.Universe.Lookup(name) != nil {
		return true
	}
	found := false
	ast.Inspect(fn.path[len(fn.path)-2], func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// tempNames returns names for the value of e.
func tempNames(info *types.Info, e ast.Expr) []string {
	if call, ok := e.(*ast.CallExpr); ok {
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "len" {
			return []string{"n", "size", "count"}
		}
	}
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.EQL {
		return []string{"isNil", "unset"}
	} else if ok && b.Op == token.NEQ {
		return []string{"isSet", "notNil"}
	}
	switch t := underlying(info, e).(type) {
	case *types.Basic:
		if t.Info()&types.IsBoolean != 0 {
			return []string{"found", "present"}
		}
	}
	return []string{"v", "val", "value"}
}
