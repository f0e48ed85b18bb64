package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rules/sinks"
)

// A textFlow follows a formatted text through the function that makes it, to
// tell a message from data. It is a may-analysis: a use that it does not
// understand is data.
type textFlow struct {
	info    *types.Info
	table   *sinks.Table
	file    *ast.File
	parents map[ast.Node]ast.Node
	seen    map[types.Object]bool
}

// unless returns use, which is harmless for an error and what it says.
func (as carrier) unless(use string) string {
	if as == asText {
		return use
	}
	return ""
}

func newTextFlow(info *types.Info, table *sinks.Table, file *ast.File) *textFlow {
	f := &textFlow{info: info, table: table, file: file, parents: make(map[ast.Node]ast.Node), seen: make(map[types.Object]bool)}
	var stack []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if len(stack) > 0 {
			f.parents[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
		return true
	})
	return f
}

// A carrier says what a value that the text is in looks like.
type carrier uint8

const (
	asText    carrier = iota // the text itself, as string or bytes
	asError                  // an error with the text: passed around freely, it is still a message
	asMessage                // what an error says: a message until somebody looks inside
)

// fate returns "" if the text that a sink makes is a message, else what is
// done with it: "returned", "compared", "stored in s.key".
func (f *textFlow) fate(call *ast.CallExpr) string {
	switch f.table.Fate(f.info, call) {
	case sinks.Text:
		return f.use(call, asText)
	case sinks.Error:
		return f.use(call, asError)
	case sinks.Written:
		if !f.isTerminal(call.Args[0]) {
			return "written to an io.Writer"
		}
	case sinks.Data:
		return "for other programs to read"
	}
	return ""
}

// isTerminal reports whether e is os.Stdout or os.Stderr.
func (f *textFlow) isTerminal(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	v, ok := f.info.Uses[sel.Sel].(*types.Var)
	return ok && v.Pkg() != nil && v.Pkg().Path() == "os" && (v.Name() == "Stdout" || v.Name() == "Stderr")
}

// use returns how e, which carries the text, is used; "" as fate does.
func (f *textFlow) use(e ast.Expr, as carrier) string {
	switch p := f.parents[e].(type) {
	case *ast.ExprStmt:
		return ""
	case *ast.ParenExpr:
		return f.use(p, as)
	case *ast.CallExpr:
		if p.Fun == e {
			return "called"
		}
		return f.passed(e, p, as)
	case *ast.BinaryExpr:
		return f.operand(e, p, as)
	case *ast.SelectorExpr:
		if call, ok := f.parents[p].(*ast.CallExpr); ok && as == asError && p.Sel.Name == "Error" && call.Fun == p {
			return f.use(call, asMessage)
		}
		return "used by " + p.Sel.Name
	case *ast.AssignStmt:
		return f.assigned(e, p, as)
	case *ast.ValueSpec:
		for i, v := range p.Values {
			if v == e && i < len(p.Names) {
				return f.variable(p.Names[i], as)
			}
		}
		return as.unless("stored")
	}
	switch p := f.parents[e].(type) {
	case *ast.IndexExpr:
		return "used as a key"
	case *ast.SwitchStmt, *ast.CaseClause:
		return "compared"
	case *ast.ReturnStmt:
		if f.inErrorMethod(p) {
			return "" // what an error says
		}
		return as.unless("returned")
	case *ast.KeyValueExpr, *ast.CompositeLit:
		return as.unless("stored")
	case *ast.SendStmt:
		return as.unless("sent")
	default:
		if as == asError {
			return ""
		}
		return fmt.Sprintf("used in a way that is not understood (%T)", p)
	}
}

// inErrorMethod reports whether n is in the body of a method Error() string.
func (f *textFlow) inErrorMethod(n ast.Node) bool {
	for ; n != nil; n = f.parents[n] {
		switch fn := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.FuncDecl:
			return fn.Recv != nil && fn.Name.Name == "Error" && fn.Type.Params.NumFields() == 0 && fn.Type.Results.NumFields() == 1
		}
	}
	return false
}

// operand is use for an operand of a binary expression.
func (f *textFlow) operand(e ast.Expr, p *ast.BinaryExpr, as carrier) string {
	if p.Op == token.ADD {
		return f.use(p, as)
	}
	other := p.X
	if other == e {
		other = p.Y
	}
	if as == asError && f.info.Types[other].IsNil() {
		return ""
	}
	return "compared"
}

// logLike are names of functions that print what they are given, in the many
// loggers that no table has.
var logLike = regexp.MustCompile(`^(?i:log|trace|debug|info|notice|warn|warning|error|err|fatal|panic|critical|print|skip)(?i:f|ln|w|s|context)?$`)

// passed is use for an argument.
func (f *textFlow) passed(e ast.Expr, call *ast.CallExpr, as carrier) string {
	if f.info.Types[call.Fun].IsType() {
		return f.use(call, as)
	}
	switch f.table.Fate(f.info, call) {
	case sinks.NoSink:
	case sinks.Written:
		if e == call.Args[0] {
			return "written to"
		}
		return f.fate(call)
	default:
		return f.fate(call)
	}
	if as == asError {
		return ""
	}
	callee := typeutil.Callee(f.info, call)
	if callee == nil {
		return as.unless("passed to a function value")
	}
	if as == asMessage && !looksInside(callee) {
		return ""
	}
	if _, ok := callee.(*types.Builtin); ok {
		switch callee.Name() {
		case "panic", "print", "println":
			return ""
		}
	} else if fn, ok := callee.(*types.Func); ok && logLike.MatchString(fn.Name()) && fn.Signature().Results().Len() == 0 {
		return "" // with a result, it may look something up
	}
	return "passed to " + callee.Name()
}

// looksInside reports whether a function may decide by a text: those that take
// texts apart, and len.
func looksInside(fn types.Object) bool {
	if fn.Pkg() == nil {
		return true // a builtin
	}
	switch fn.Pkg().Path() {
	case "strings", "bytes", "regexp", "strconv", "slices", "cmp":
		return true
	}
	return false
}

// assigned is use for a value on the right of an assignment.
func (f *textFlow) assigned(e ast.Expr, p *ast.AssignStmt, as carrier) string {
	for i, v := range p.Rhs {
		if v != e || len(p.Lhs) != len(p.Rhs) {
			continue
		}
		if id, ok := ast.Unparen(p.Lhs[i]).(*ast.Ident); ok {
			return f.variable(id, as)
		}
		return as.unless("stored in " + types.ExprString(p.Lhs[i]))
	}
	return "used in an assignment" // an operand of the left side: m[text] = v
}

// variable is use for what a variable is assigned: every reading of it counts.
func (f *textFlow) variable(id *ast.Ident, as carrier) string {
	if id.Name == "_" {
		return ""
	}
	v, ok := f.info.ObjectOf(id).(*types.Var)
	switch {
	case !ok:
		return as.unless("stored")
	case f.seen[v]:
		return ""
	case v.Pkg() != nil && v.Parent() == v.Pkg().Scope():
		return as.unless("stored in " + v.Name())
	}
	f.seen[v] = true
	if f.isResult(v) && as == asText {
		return "returned"
	}
	use := ""
	ast.Inspect(f.file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.info.Uses[id] == v && use == "" && !f.isTarget(id) {
			use = f.use(id, as)
		}
		return use == ""
	})
	return use
}

// isTarget reports whether id stands on the left of an assignment.
func (f *textFlow) isTarget(id *ast.Ident) bool {
	p, ok := f.parents[id].(*ast.AssignStmt)
	if !ok {
		return false
	}
	for _, lhs := range p.Lhs {
		if lhs == id {
			return true
		}
	}
	return false
}

// isResult reports whether v is a named result.
func (f *textFlow) isResult(v *types.Var) bool {
	found := false
	ast.Inspect(f.file, func(n ast.Node) bool {
		ft, ok := n.(*ast.FuncType)
		if !ok || ft.Results == nil {
			return !found
		}
		for _, field := range ft.Results.List {
			for _, name := range field.Names {
				found = found || f.info.Defs[name] == v
			}
		}
		return !found
	})
	return found
}
