package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// plan makes the copy that suits the variable, and says why it cannot.
func (o *owning) plan() string {
	first, ok := o.firstChange()
	switch {
	case !ok || slices.ContainsFunc(o.uses, func(u use) bool { return u.lit && o.changes(u) }):
		return "the map is changed in a function of its own here"
	case !o.usedAfterwards(first):
		return "nothing is done with " + o.v.Name() + " after the change, so that it is meant for who else has the map"
	}
	ptr, isPtr := o.v.Type().Underlying().(*types.Pointer)
	switch {
	case isMap(o.v.Type()):
		return o.planMap(first)
	case isPtr && o.f.Cached && deepCopies(ptr.Elem()):
		return o.planObject(first)
	case isStruct(o.v.Type()) && o.inside():
		return o.planStruct()
	}
	return o.v.Name() + " refers to an object that others have: change a copy of that"
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// inside reports whether the map is in a field of v itself, and not of
// something that v refers to.
func (o *owning) inside() bool {
	e := o.m
	for {
		sel, ok := e.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if s := o.pkg.Info.Selections[sel]; s == nil || s.Indirect() {
			return false
		}
		e = ast.Unparen(sel.X)
	}
}

// planMap has a variable that is set to the map hold a copy:
//
//   - options := n.Options
//   - options := maps.Clone(n.Options)
//     delete(options, "internal")
func (o *owning) planMap(first use) string {
	list, i, why := o.before(first)
	if why != "" {
		return why
	}
	from := outermostLoop(o.file, list[i])
	var sources []ast.Expr
	for _, u := range o.uses {
		rhs, by := o.set(u)
		switch {
		case rhs == nil || IsNewMap(o.pkg.Info, rhs):
			continue
		case u.pos() >= list[i].Pos():
			return "the variable is set again after the change"
		}
		if _, ok := by.(*ast.RangeStmt); ok {
			return "the map is one of several here: what has them all may be meant to see the change"
		}
		if why := o.source(rhs, from); why != "" {
			return why
		}
		sources = append(sources, rhs)
	}
	if len(sources) == 0 {
		return "it cannot be told where " + o.v.Name() + " has the map from"
	}
	o.note(list[i].Pos())
	if len(sources) == 1 && o.setIn(list, sources[0]) && o.cloneable(o.v.Type()) {
		e := sources[0]
		o.op(o.file, func(t *edit.Tree) error {
			code, err := o.cloneExpr(t, o.text(o.source0(), e), o.pkg.Info.TypeOf(e), e.Pos())
			if err != nil {
				return err
			}
			return t.ReplaceExpr(e, code)
		})
		return ""
	}
	return o.insert(list, i, o.v.Name(), func(t *edit.Tree, code string) error { return t.InsertBefore(list[i], code) })
}

// note says what a person has to judge about a copy made before pos.
func (o *owning) note(pos token.Pos) {
	o.doubt(edit.Unsafe, pos, "%s is a copy from here on, and who else has %s does not see what changes in it", o.v.Name(), place(o.f.Map))
}

// source judges an expression that the map comes from, which is used after from.
func (o *owning) source(e ast.Expr, from token.Pos) string {
	inContext := o.f.Map.Kind == access.Context
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		if !inContext {
			return o.seenBy(e, from)
		}
	case *ast.CallExpr, *ast.TypeAssertExpr:
		if inContext {
			return o.newContext()
		}
	}
	return "it cannot be told who else is meant to see the change"
}

// setIn reports whether a statement of list, which does nothing else, sets v to
// e, and v is set nowhere else.
func (o *owning) setIn(list []ast.Stmt, e ast.Expr) bool {
	n := 0
	for _, u := range o.uses {
		if rhs, by := o.set(u); rhs != nil {
			if s, ok := by.(*ast.AssignStmt); !ok || len(s.Lhs) != 1 || !slices.Contains(list, ast.Stmt(s)) || rhs != ast.Unparen(e) {
				return false
			}
			n++
		}
	}
	return n == 1
}

// planObject has a variable that refers to an object out of a cache refer to a
// copy:
//
//   - pod = pod.DeepCopy()
//     pod.Labels["synced"] = "true"
//     return c.client.Update(pod)
func (o *owning) planObject(first use) string {
	for _, u := range o.uses { // of fields that are no maps too
		if o.changes(u) {
			first = u
			break
		}
	}
	list, i, why := o.before(first)
	if why != "" {
		return why
	}
	from := outermostLoop(o.file, list[i])
	for _, u := range o.uses {
		rhs, by := o.set(u)
		if rhs == nil {
			continue
		}
		if u.pos() >= list[i].Pos() {
			return "the variable is set again after the change"
		}
		if _, ok := by.(*ast.RangeStmt); ok {
			from = by.End()
		}
		if ta, ok := rhs.(*ast.TypeAssertExpr); ok {
			rhs = ast.Unparen(ta.X)
		}
		switch rhs.(type) {
		case *ast.CallExpr:
		case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
			if why := o.seenBy(rhs, from); why != "" {
				return why
			}
		default:
			return "it cannot be told who else is meant to see the change"
		}
	}
	o.note(list[i].Pos())
	name := o.v.Name()
	o.op(o.file, func(t *edit.Tree) error {
		return t.InsertBefore(list[i], fmt.Sprintf("%s = %s.DeepCopy()", name, name))
	})
	return ""
}

// planStruct gives the copy of a struct a map of its own, where the copy is
// made:
//
//	  claim := set.Templates[i]
//	+ claim.Labels = maps.Clone(claim.Labels)
//
// or copies what the type says how to copy:
//
//   - claim := set.Templates[i]
//   - claim := *set.Templates[i].DeepCopy()
func (o *owning) planStruct() string {
	var made ast.Node
	var from ast.Expr
	for _, u := range o.uses {
		if rhs, by := o.set(u); rhs != nil {
			if made != nil {
				return o.v.Name() + " is set more than once"
			}
			made, from = by, rhs
		}
	}
	text := o.text(o.source0(), o.m)
	switch s := made.(type) {
	case *ast.RangeStmt:
		if s.Tok != token.DEFINE || s.Value == nil || !contains(s.Value, o.vIdent()) {
			break
		}
		o.note(s.Body.Lbrace)
		return o.insert(nil, 0, text, func(t *edit.Tree, code string) error { return t.InsertFirst(s.Body, code) })
	case *ast.AssignStmt:
		path, _ := pathTo(o.file, s)
		if len(s.Lhs) != 1 || len(path) < 2 || !isList(path[1]) || !slices.Contains(listOf(path[1]), ast.Stmt(s)) {
			break
		}
		o.note(s.Pos())
		if code, ok := o.deepCopy(from); ok {
			o.op(o.file, func(t *edit.Tree) error { return t.ReplaceExpr(from, code) })
			return ""
		}
		list := listOf(path[1])
		return o.insert(list, slices.Index(list, ast.Stmt(s)), text, func(t *edit.Tree, code string) error { return t.InsertAfter(s, code) })
	}
	return "it cannot be told where " + o.v.Name() + " was copied"
}

// vIdent returns the identifier that declares v.
func (o *owning) vIdent() ast.Node { return o.uses[0].path[0] }

// deepCopy returns how a struct that e is a copy of is copied with all that it
// refers to, if its type says so.
func (o *owning) deepCopy(e ast.Expr) (string, bool) {
	if !deepCopies(o.v.Type()) {
		return "", false
	}
	src := o.source0()
	switch x := e.(type) {
	case *ast.StarExpr:
		return "*" + o.text(src, x.X) + ".DeepCopy()", true
	case *ast.IndexExpr:
		if _, ok := o.pkg.Info.TypeOf(x.X).Underlying().(*types.Slice); ok {
			return "*" + o.text(src, x) + ".DeepCopy()", true
		}
	}
	return "", false
}

// deepCopies reports whether *t has the method DeepCopy() *t that Kubernetes'
// types have.
func deepCopies(t types.Type) bool {
	ptr := types.NewPointer(t)
	obj, _, _ := types.LookupFieldOrMethod(ptr, false, nil, "DeepCopy")
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := fn.Signature()
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), ptr)
}

// before returns the statement that a copy is to be made before: the innermost
// list that has all changes, outside of the loops that v is declared outside of.
func (o *owning) before(first use) (list []ast.Stmt, i int, why string) {
	all := func(n ast.Node) bool {
		return !slices.ContainsFunc(o.uses, func(u use) bool { return o.changes(u) && !contains(n, u.path[0]) })
	}
	for k := 1; k < len(first.path) && first.path[k-1] != o.fn; k++ {
		stmt, ok := first.path[k-1].(ast.Stmt)
		if !ok || !isList(first.path[k]) || !all(first.path[k]) || o.repeated(first.path[k:]) {
			continue
		}
		list = listOf(first.path[k])
		if i = slices.Index(list, stmt); i < 0 || isList(stmt) && !isBlock(stmt) {
			continue
		}
		if o.v.Pos() >= stmt.Pos() {
			break
		}
		return list, i, ""
	}
	return nil, 0, "there is no one place before all changes for a copy"
}

func isBlock(s ast.Stmt) bool {
	_, ok := s.(*ast.BlockStmt)
	return ok
}

// repeated reports whether what stands in path[0] may run again for one v.
func (o *owning) repeated(path []ast.Node) bool {
	for _, n := range path {
		if contains(n, o.vIdent()) {
			return false
		}
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		}
	}
	return false
}

// outermostLoop returns where the outermost loop around a statement begins, or
// the statement: what stands behind that may run after it.
func outermostLoop(file *ast.File, s ast.Stmt) token.Pos {
	at := s.Pos()
	path, _ := pathTo(file, s)
	for _, n := range path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			at = n.Pos()
		case *ast.FuncLit:
			return at
		}
	}
	return at
}

// seenBy says that the function uses the thing that v's map or object was taken
// from after from, and may want to see the change there; "" if it does not.
func (o *owning) seenBy(e ast.Expr, from token.Pos) string {
	info := o.pkg.Info
	id, ok := rootIdent(e)
	if !ok {
		return "it cannot be told who else is meant to see the change"
	}
	key, why := exprKey(info, e), ""
	ast.Inspect(funcBody(o.fn), func(n ast.Node) bool {
		x, ok := n.(*ast.Ident)
		if !ok || why != "" || x.Pos() < from || contains(e, x) || info.ObjectOf(x) != info.ObjectOf(id) {
			return why == ""
		}
		path, _ := pathTo(o.file, x)
		if k := exprKey(info, chain(info, path)); strings.HasPrefix(key+".", k+".") || strings.HasPrefix(k+".", key+".") {
			why = fmt.Sprintf("%s is used after the change, on line %d, and may be meant to show it", x.Name, o.p.Fset.Position(x.Pos()).Line)
		}
		return true
	})
	return why
}

// rootIdent returns the variable that a chain of fields and elements starts at.
func rootIdent(e ast.Expr) (*ast.Ident, bool) {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			return x, true
		default:
			return nil, false
		}
	}
}

// chain returns the longest chain of fields that begins at path[0].
func chain(info *types.Info, path []ast.Node) ast.Expr {
	e := path[0].(ast.Expr)
	for _, up := range path[1:] {
		switch n := up.(type) {
		case *ast.SelectorExpr:
			if s := info.Selections[n]; s == nil || s.Kind() != types.FieldVal {
				return e
			}
			e = n
		case *ast.ParenExpr, *ast.StarExpr:
			e = n.(ast.Expr)
		default:
			return e
		}
	}
	return e
}

// newContext says why the change of a map of a context is not there for a new
// context alone.
func (o *owning) newContext() string {
	decl, ok := o.fn.(*ast.FuncDecl)
	if !ok {
		return "it cannot be told who else is meant to see the change"
	}
	fn, ok := o.pkg.Info.Defs[decl.Name].(*types.Func)
	if !ok || !slices.ContainsFunc(slices.Collect(fn.Signature().Results().Variables()), func(v *types.Var) bool {
		return types.TypeString(v.Type(), nil) == "context.Context"
	}) {
		return "no new context is made, so that who has this one is meant to see the change"
	}
	if at := o.dropped(fn); at != nil {
		return fmt.Sprintf("the new context is not used at %s, so that who has the old one is meant to see the change", o.where(o.p.Fset.Position(at.Pos())))
	}
	return ""
}

// dropped returns a call of fn in the module whose results are not used.
func (o *owning) dropped(fn *types.Func) (at ast.Node) {
	for pkg, file := range o.p.OwnFiles() {
		ast.Inspect(file, func(n ast.Node) bool {
			var e ast.Expr
			switch n := n.(type) {
			case *ast.ExprStmt:
				e = n.X
			case *ast.GoStmt:
				e = n.Call
			case *ast.DeferStmt:
				e = n.Call
			case *ast.AssignStmt:
				if id, ok := n.Lhs[0].(*ast.Ident); ok && id.Name == "_" {
					e = n.Rhs[0]
				}
			}
			if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && e != nil {
				if id := calleeIdent(call); id != nil {
					if f, ok := pkg.Info.Uses[id].(*types.Func); ok && f.FullName() == fn.FullName() {
						at = n
					}
				}
			}
			return at == nil
		})
	}
	return at
}
