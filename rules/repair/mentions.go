package repair

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// mentioners returns, for every function of the program, the functions whose
// bodies name it, and how it is called besides; see dispatch.go for the names of
// what is called without being named.
func (s *Session) mentioners() map[string][]string {
	if s.callers != nil {
		return s.callers
	}
	s.callers, s.backs = make(map[string][]string), make(map[string][]string)
	d := newDispatch()
	for pkg, file := range s.p.OwnFiles() {
		d.file(pkg.Info, file)
		for _, decl := range file.Decls {
			m := &mentionWalk{s: s, info: pkg.Info, decl: decl, sels: make(map[*ast.Ident]*ast.SelectorExpr), called: make(map[*ast.Ident]bool), given: make(map[*ast.FuncLit][]string)}
			if decl, ok := decl.(*ast.FuncDecl); ok {
				if obj, ok := pkg.Info.Defs[decl.Name].(*types.Func); ok {
					m.fn = []string{obj.FullName()}
				}
			}
			ast.Inspect(decl, m.visit)
		}
	}
	s.texts = d.texts
	d.edges(func(method, by string) { s.callers[method] = append(s.callers[method], by) })
	return s.callers
}

// A mentionWalk records what one declaration mentions. What it starts in
// another goroutine it does not wait for.
type mentionWalk struct {
	s      *Session
	info   *types.Info
	decl   ast.Decl
	fn     []string                         // the function, none if it does not run the code that is looked at
	lits   []string                         // how the literals around that code are called
	called map[*ast.Ident]bool              // not used as values
	sels   map[*ast.Ident]*ast.SelectorExpr // by what they select
	given  map[*ast.FuncLit][]string        // to libraries, see givenTo
}

func (m *mentionWalk) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		m.started(n)
		return false
	case *ast.FuncLit:
		inner := *m
		inner.lits = append(append(slices.Clip(m.lits), usedAs(m.info.TypeOf(n))...), m.given[n]...)
		ast.Inspect(n.Body, inner.visit)
		return false
	case *ast.RangeStmt:
		if _, ok := underlying(m.info, n.X).(*types.Signature); ok { // an iterator
			m.byValue(m.info.TypeOf(n.X), m.fn, m.lits)
		}
	case *ast.CallExpr:
		m.call(n)
	case *ast.SelectorExpr:
		m.sels[n.Sel] = n
	case *ast.Ident:
		fn, ok := m.info.Uses[n].(*types.Func)
		if !ok {
			return true
		}
		name, t, sel := fn.Origin().FullName(), fn.Type(), m.sels[n]
		if isInterfaceMethod(fn) {
			name = methodBy(interfaceOf(m.info, sel, fn), fn.Name())
		}
		m.record(name, m.fn, m.lits)
		if !m.called[n] {
			if sel != nil {
				t = m.info.TypeOf(sel)
			}
			m.record(name, usedAs(t))
		}
	}
	return true
}

// record notes that the function of that name may be called by others.
func (m *mentionWalk) record(name string, callers ...[]string) {
	for _, from := range callers {
		m.s.callers[name] = append(m.s.callers[name], from...)
	}
}

// started looks at a go statement. The arguments are evaluated here; the
// functions among them, and those made by the new goroutine, somebody may call.
func (m *mentionWalk) started(n *ast.GoStmt) {
	other := *m
	other.fn, other.lits = nil, nil
	if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
		ast.Inspect(lit.Body, other.visit)
	}
	for _, arg := range n.Call.Args {
		if lit, ok := ast.Unparen(arg).(*ast.FuncLit); ok {
			other.visit(lit)
		} else {
			ast.Inspect(arg, m.visit)
		}
	}
}

// call notes what a call calls: a function by its name, or a value.
func (m *mentionWalk) call(call *ast.CallExpr) {
	if tv := m.info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() {
		return
	}
	if _, ok := typeutil.Callee(m.info, call).(*types.Func); !ok {
		t := m.info.TypeOf(call.Fun)
		m.byValue(t, m.lits)
		if !m.isLiteral(call.Fun) { // what that calls is recorded where it stands
			m.byValue(t, m.fn)
		}
		return
	}
	m.give(call)
	if methods := m.s.callsBack(m.info, call); len(methods) > 0 {
		for _, from := range slices.Concat(m.fn, m.lits) {
			m.s.backs[from] = append(m.s.backs[from], methods...)
		}
	}
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) { // instantiation
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch x := fun.(type) {
	case *ast.Ident:
		m.called[x] = true
	case *ast.SelectorExpr:
		m.called[x.Sel] = true
	}
}

// give notes that a library may keep the functions that a call gives it.
func (m *mentionWalk) give(call *ast.CallExpr) {
	fn := typeutil.Callee(m.info, call).(*types.Func)
	if pkg := fn.Pkg(); pkg == nil || m.s.own(pkg.Path()) {
		return
	}
	for _, arg := range call.Args {
		arg = ast.Unparen(arg)
		if _, ok := underlying(m.info, arg).(*types.Signature); !ok {
			continue
		}
		if lit, ok := arg.(*ast.FuncLit); ok {
			m.given[lit] = givenTo(fn)
		} else if named, ok := mentioned(m.info, arg).(*types.Func); ok && !isInterfaceMethod(named) {
			m.record(named.Origin().FullName(), givenTo(fn))
		}
	}
}

// byValue notes that others may call a value of type t.
func (m *mentionWalk) byValue(t types.Type, callers ...[]string) {
	for _, name := range valueOf(t) {
		m.record(name, callers...)
	}
}

// isLiteral reports whether e is a function literal, or a local variable that
// never holds anything but literals of the declaration.
func (m *mentionWalk) isLiteral(e ast.Expr) bool {
	if _, ok := ast.Unparen(e).(*ast.FuncLit); ok {
		return true
	}
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := m.info.Uses[id].(*types.Var)
	if !ok || isGlobal(v) {
		return false
	}
	literals, only := 0, true
	ast.Inspect(m.decl, func(n ast.Node) bool {
		if rng, ok := n.(*ast.RangeStmt); ok && rng.Key != nil {
			key, ok := rng.Key.(*ast.Ident)
			only = only && !(ok && m.info.ObjectOf(key) == v)
		}
		for _, rhs := range assignedTo(m.info, n, v) {
			_, ok := ast.Unparen(rhs).(*ast.FuncLit)
			literals++
			only = only && ok
		}
		return only
	})
	return only && literals > 0
}
