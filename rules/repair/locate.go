package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A site is an access to the map with its syntax.
type site struct {
	judge.Site
	file *ast.File
	node ast.Node   // what does the access: an index expression, a call, a range statement, a selector
	path []ast.Node // node first, the file last
	fn   *function
	obj  object // the object that holds the map

	needy   bool // it needs the chosen lock and does not hold it
	counter bool // see counters
	lent    bool // the map is handed on here, see lendTo
}

// A function is a function body that has sites, those of function literals
// inside it excluded: they are functions of their own.
type function struct {
	pkg   *load.Package
	file  *ast.File
	node  ast.Node   // *ast.FuncDecl or *ast.FuncLit
	path  []ast.Node // node first, the file last
	body  *ast.BlockStmt
	sites []*site
	temps map[string][]extent // new variables
	moved map[movedName]movedVar

	assigns map[*ast.AssignStmt]bool // see redefine

	counters []*types.Var // see counters
	planned  bool         // see planGetter
	heldBy   []heldCall   // see findUpgrades
}

// An object is the expression whose field the map is, as a site names it. For
// package variables and locals it is zero.
type object struct {
	expr     ast.Expr     // c, s.sub; nil if there is none
	implicit []*types.Var // embedded fields that the selector passes through on its way to the map
	alias    bool         // the site names a local variable that was taken from the map before
}

// locate finds the syntax of every site.
func (r *mapRepair) locate() {
	byNode := make(map[ast.Node]*function)
	all := r.judged()
	for i, js := range all {
		if i > 0 && js.Pos == all[i-1].Pos && js.Op == all[i-1].Op {
			continue // the same file in a test variant
		}
		doubt := func(level edit.Applicability, format string, args ...any) {
			if js.Exempt == "" {
				r.doubtAt(level, js.Pos, format, args...)
			}
		}
		pkg, file := r.p.File(js.Pos.File)
		switch {
		case js.Op == access.Format && r.guardHeld(&site{Site: js}):
			continue
		case js.Op == access.Format:
			doubt(edit.Unsafe, "the call here prints the whole map, which a lock cannot guard: apply the deepformat fix too")
			continue
		case pkg == nil || !pkg.Main:
			doubt(edit.Manual, "the %s here is in code outside of this module", js.Op)
			continue
		case r.p.Fset.PositionFor(file.Package, false) != r.p.Fset.PositionFor(file.Package, true):
			doubt(edit.Manual, "the %s here is in a file that cgo or a generator has rewritten, which cannot be edited", js.Op)
			continue
		}
		s := &site{Site: js, file: file}
		if !s.find(r, pkg.Info) || js.Exempt == "" && s.inLiteralOf(r, pkg.Info) {
			doubt(edit.Manual, "%s", s.unfound(r, pkg.Info))
			continue
		}
		if why := s.consume(pkg.Info); why != "" {
			doubt(edit.Manual, "%s", why)
		}
		r.sites = append(r.sites, s)
		node := runner(pkg.Info, s.path)
		if node == nil {
			doubt(edit.Manual, "the %s here is outside of any function", js.Op)
			continue
		}
		if byNode[node] == nil {
			byNode[node] = newFunction(pkg, file, node)
			r.funcs = append(r.funcs, byNode[node])
		}
		s.fn = byNode[node]
		s.fn.sites = append(s.fn.sites, s)
		if js.Exempt == "" {
			r.holder(s)
		}
		if ast.IsGenerated(file) {
			doubt(edit.Manual, "the %s here is in a generated file: change the generator", js.Op)
		}
	}
}

func newFunction(pkg *load.Package, file *ast.File, node ast.Node) *function {
	fn := &function{pkg: pkg, file: file, node: node, body: funcBody(node)}
	fn.path, _ = pathTo(file, node)
	return fn
}

// pathTo returns the nodes from node to the file.
func pathTo(file *ast.File, node ast.Node) ([]ast.Node, bool) {
	path, _ := astutil.PathEnclosingInterval(file, node.Pos(), node.End())
	for i, n := range path {
		if n == node {
			return path[i:], true
		}
	}
	return nil, false
}

// runner returns the innermost function on a path, but for literals that are
// passed to a function which does nothing with them but call them before it
// returns: what they do, the function around them does.
//
//	sort.Slice(ks, func(i, j int) bool { return c.m[ks[i]] < c.m[ks[j]] })
func runner(info *types.Info, path []ast.Node) ast.Node {
	for k, n := range path {
		switch n := n.(type) {
		case *ast.FuncLit:
			if k+1 == len(path) || !callsAtOnce(info, n, path[k+1]) || k+2 < len(path) && isLater(path[k+2]) {
				return n
			}
		case *ast.FuncDecl:
			if n.Body != nil {
				return n
			}
		}
	}
	return nil
}

// callsAtOnce reports whether up is a call that runs its argument lit, not
// after it has returned, and in this goroutine.
func callsAtOnce(info *types.Info, lit *ast.FuncLit, up ast.Node) bool {
	call, ok := up.(*ast.CallExpr)
	if !ok || call.Fun == lit {
		return false
	}
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Signature().Recv() != nil || givesFunc(fn) {
		return false
	}
	switch fn.Pkg().Path() {
	case "sort", "slices", "strings", "bytes":
		return true
	case "maps":
		return fn.Name() == "DeleteFunc" || fn.Name() == "EqualFunc"
	}
	return false
}

// isLater reports whether n makes the call in it happen elsewhere or later.
func isLater(n ast.Node) bool {
	switch n.(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return true
	}
	return false
}

// givesFunc reports whether fn returns a function, an iterator say: what fn is
// given may run when that is called.
func givesFunc(fn *types.Func) bool {
	results := fn.Signature().Results()
	for i := range results.Len() {
		if isFunc(results.At(i).Type()) {
			return true
		}
	}
	return false
}

func isFunc(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

func funcBody(fn ast.Node) *ast.BlockStmt {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return fn.Body
	case *ast.FuncLit:
		return fn.Body
	}
	return nil
}

// find sets the node and path of s from its position, and reports whether
// there is syntax of the right sort.
func (s *site) find(r *mapRepair, info *types.Info) bool {
	pos := tokenPos(r.p.Fset, s.file, s.Pos)
	if !pos.IsValid() {
		return false
	}
	path, _ := astutil.PathEnclosingInterval(s.file, pos, pos+1)
	best, rank := -1, 0
	for i, n := range path {
		if _, ok := n.(ast.Stmt); ok && !startsAt(n, pos) {
			break // outside of the statement
		}
		if !startsAt(n, pos) {
			continue
		}
		// Outer nodes win over inner ones of the same rank.
		if k := r.fitness(info, n, s.Op); k > 0 && k >= rank {
			best, rank = i, k
		}
	}
	if best < 0 {
		return false
	}
	s.node, s.path = path[best], path[best:]
	return true
}

// consume makes a site that makes an iterator over the map what goes through it:
// that is when the map is read. It says why it cannot.
//
//	slices.Sorted(maps.Keys(c.m))    for k := range maps.Keys(c.m)
func (s *site) consume(info *types.Info) string {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || !isFunc(info.TypeOf(call)) {
		return ""
	}
	switch up := s.path[1].(type) {
	case *ast.RangeStmt:
		if up.X == call {
			s.node, s.path = up, s.path[1:]
			return ""
		}
	case *ast.CallExpr:
		fn, ok := typeutil.Callee(info, up).(*types.Func)
		if ok && fn.Pkg() != nil && (fn.Pkg().Path() == "slices" || fn.Pkg().Path() == "maps") && !givesFunc(fn) && up.Fun != call {
			s.node, s.path = up, s.path[1:]
			return ""
		}
	}
	return "an iterator over the map is made here, and goes through it later: collect it at once"
}

// unfound says why the syntax of s was not found.
func (s *site) unfound(r *mapRepair, info *types.Info) string {
	if s.inLiteralOf(r, info) {
		return fmt.Sprintf("the literal here sets the map of a %s that others may use already: make a new one, or set its fields under the lock", r.f.Map.Owner)
	}
	return fmt.Sprintf("cannot find the %s of the map here", s.Op)
}

// inLiteralOf reports whether s replaces the map by being in a literal of the
// struct that holds it, or being one: &T{m: make(map[string]int)}.
func (s *site) inLiteralOf(r *mapRepair, info *types.Info) bool {
	pos := tokenPos(r.p.Fset, s.file, s.Pos)
	if !pos.IsValid() || s.Op != access.Replace || r.f.Map.Kind != access.Field {
		return false
	}
	path, _ := astutil.PathEnclosingInterval(s.file, pos, pos+1)
	for _, n := range path {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if r.isOwner(info.TypeOf(n)) {
				return true
			}
		case *ast.UnaryExpr:
			if lit, ok := ast.Unparen(n.X).(*ast.CompositeLit); ok && r.isOwner(info.TypeOf(lit)) {
				return true
			}
		case ast.Stmt:
			return false
		}
	}
	return false
}

// startsAt reports whether an analysis may give pos as the position of n.
func startsAt(n ast.Node, pos token.Pos) bool {
	if n.Pos() == pos {
		return true
	}
	switch n := n.(type) {
	case *ast.IndexExpr:
		return n.Lbrack == pos
	case *ast.CallExpr:
		return n.Lparen == pos
	case *ast.SelectorExpr:
		return n.Sel.Pos() == pos
	case *ast.BinaryExpr:
		return n.OpPos == pos
	case *ast.RangeStmt:
		return n.X.Pos() == pos || n.Range == pos
	}
	return false
}

// fitness ranks n as the syntax of an access: 0 is none at all.
func (r *mapRepair) fitness(info *types.Info, n ast.Node, op access.Op) int {
	switch n := n.(type) {
	case *ast.IndexExpr:
		if !isMap(info.TypeOf(n.X)) || !plainIndex(n.X) {
			return 0
		}
		switch op {
		case access.Read, access.Write:
			if r.names(info, root(n)) {
				return 9
			}
			return 7
		}
		return 1
	case *ast.CallExpr:
		if op == access.Iterate || op == access.Read || op == access.Write || op == access.Replace {
			return 6
		}
	case *ast.RangeStmt:
		if op == access.Iterate {
			return 8
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return 3
		}
	case *ast.SelectorExpr, *ast.Ident:
		if r.names(info, n.(ast.Expr)) {
			if op == access.Replace {
				return 9
			}
			return 5
		}
		if op == access.Read {
			return 1
		}
	case *ast.UnaryExpr, *ast.StarExpr:
		if op == access.Replace {
			return 4
		}
	}
	return 0
}

// plainIndex reports whether e is a variable, or an element of one.
func plainIndex(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.IndexExpr:
		return plainIndex(e.X)
	case *ast.ParenExpr:
		return plainIndex(e.X)
	case *ast.StarExpr:
		return plainIndex(e.X)
	case *ast.Ident, *ast.SelectorExpr:
		return true
	}
	return false
}

// root returns the variable of which e is an element.
func root(e ast.Expr) ast.Expr {
	for {
		switch x := e.(type) {
		case *ast.IndexExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.TypeAssertExpr:
			e = x.X
		default:
			return e
		}
	}
}

// underlying returns the underlying type of an expression. In packages that do
// not type-check, which use the map and the lock like others, some have none.
func underlying(info *types.Info, e ast.Expr) types.Type {
	t := info.TypeOf(e)
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t.Underlying()
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Interface:
		_, ok := types.Unalias(t).(*types.TypeParam)
		return ok
	}
	return false
}
