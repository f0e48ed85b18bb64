package sinks

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A Wrapper says that a function of the user's formats what it is given: it
// hands a parameter on to a sink, or to another helper.
//
//	func (s *Server) logf(format string, args ...any) {
//		log.Printf(s.name+": "+format, args...)
//	}
//
// It holds nothing but plain values, so that it can be kept in a summary.
type Wrapper struct {
	Func   string // the function, as the user of this package names it
	Kind   Kind
	At     int    // of the parameter: the format, the first value or key, the one value
	Elem   string // Pairs: the type of an argument that needs no key
	How    Traversal
	Nested bool   // List: the values are formatted inside the slice that they come in
	Text   bool   // a result may be the text
	Fails  bool   // a result may be an error with the text
	Data   bool   // the text is for another program, or used in a way that is not looked into
	Other  bool   // the function does more with the values than to format them
	Sink   string // for people: what formats in the end
}

// A Kind says how a wrapper takes the values that it formats.
type Kind uint8

const (
	Format Kind = iota + 1 // a format, then values
	List                   // values
	Pairs                  // keys and values in turn
	Single                 // one value
)

var kinds = map[Kind]kind{Format: printf, List: list, Pairs: pairs, Single: single}

func (w *Wrapper) row() *row {
	return &row{kind: kinds[w.Kind], at: w.At, elem: w.Elem, nested: w.Nested, text: w.Text, fails: w.Fails, wraps: w.Fails, data: w.Data, helper: w}
}

// maxWrappers bounds what is kept for one function.
const maxWrappers = 4

// Wrappers returns the helpers among the functions declared in files, and among
// the function literals that their variables are made with. To see through
// helpers of helpers it looks again until nothing new turns up, a few times at
// most.
func (t *Table) Wrappers(info *types.Info, files []*ast.File) map[types.Object][]Wrapper {
	found := make(map[types.Object][]Wrapper)
	seeing := t.With(func(obj types.Object) []Wrapper {
		if ws := found[obj]; len(ws) > 0 {
			return ws
		}
		if t.wrappers != nil {
			return t.wrappers(obj)
		}
		return nil
	})
	cands := candidates(info, files)
	for range 5 {
		changed := false
		for _, c := range cands {
			for _, call := range c.calls {
				for _, w := range seeing.passes(c, call) {
					if len(found[c.obj]) < maxWrappers && !slices.ContainsFunc(found[c.obj], w.covers) {
						found[c.obj] = append(found[c.obj], w)
						changed = true
					}
				}
			}
		}
		if !changed {
			break
		}
	}
	return found
}

// covers reports whether v says the same as w.
func (w Wrapper) covers(v Wrapper) bool {
	return w.Kind == v.Kind && w.At == v.At && w.How.Family == v.How.Family && w.How.Verb == v.How.Verb
}

// A candidate is a function with parameters that could hold anything.
type candidate struct {
	info   *types.Info
	obj    types.Object
	sig    *types.Signature
	params map[types.Object]int
	body   *ast.BlockStmt
	calls  []*ast.CallExpr
	around map[ast.Expr]ast.Node // what a call stands in
	sets   map[types.Object][]ast.Expr
}

// candidates returns the functions of files that may be helpers.
func candidates(info *types.Info, files []*ast.File) []*candidate {
	var out []*candidate
	add := func(obj types.Object, typ *ast.FuncType, body *ast.BlockStmt) {
		if c := newCandidate(info, obj, typ, body); c != nil {
			out = append(out, c)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if obj, ok := info.Defs[n.Name].(*types.Func); ok && n.Body != nil {
					add(obj, n.Type, n.Body)
				}
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE || len(n.Lhs) != len(n.Rhs) {
					return true
				}
				for i, rhs := range n.Rhs {
					id, ok := n.Lhs[i].(*ast.Ident)
					if lit, isLit := rhs.(*ast.FuncLit); ok && isLit && info.Defs[id] != nil {
						add(info.Defs[id], lit.Type, lit.Body)
					}
				}
			}
			return true
		})
	}
	return out
}

// newCandidate returns nil if no parameter of the function could hold anything,
// or none is handed on.
func newCandidate(info *types.Info, obj types.Object, typ *ast.FuncType, body *ast.BlockStmt) *candidate {
	c := &candidate{info: info, obj: obj, params: make(map[types.Object]int), body: body, sets: make(map[types.Object][]ast.Expr), around: make(map[ast.Expr]ast.Node)}
	c.sig, _ = obj.Type().Underlying().(*types.Signature)
	if c.sig == nil {
		return nil
	}
	i, open := 0, false
	for _, field := range typ.Params.List {
		for _, name := range field.Names {
			if v := info.Defs[name]; v != nil {
				c.params[v] = i
				open = open || holdsAnything(v.Type())
			}
			i++
		}
	}
	if !open {
		return nil
	}
	var stack []ast.Node
	ast.Inspect(body, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.CallExpr:
			if len(n.Args) > 0 {
				c.calls = append(c.calls, n)
				if len(stack) > 1 {
					c.around[n] = stack[len(stack)-2]
				}
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) {
					if v := info.ObjectOf(id); v != nil {
						c.sets[v] = append(c.sets[v], n.Rhs[i])
					}
				}
			}
		}
		return true
	})
	return c
}

// holdsAnything reports whether t says nothing about the values that it holds:
// any, a type parameter, a slice of them.
func holdsAnything(t types.Type) bool {
	if s, ok := t.Underlying().(*types.Slice); ok {
		t = s.Elem()
	}
	return isAny(t) || isTypeParam(t)
}

// MayHelp reports whether a function has a parameter that could hold anything,
// as the helpers that [Table.Wrappers] finds all have.
func MayHelp(sig *types.Signature) bool {
	for v := range sig.Params().Variables() {
		if holdsAnything(v.Type()) {
			return true
		}
	}
	return false
}

// passes returns how call, in c, formats what c is given.
func (t *Table) passes(c *candidate, call *ast.CallExpr) []Wrapper {
	_, r := t.lookup(c.info, call)
	if r == nil || r.kind == plain {
		return nil
	}
	var out []Wrapper
	for _, a := range t.Classify(c.info, call) {
		if a.How.Verb == 'p' || a.How.Verb == 'T' {
			continue
		}
		w := Wrapper{How: a.How, Sink: sinkName(c.info, call, r)}
		w.Text, w.Fails = c.returns()
		w.Data = t.usesText(c, call, r)
		if a.Spread {
			if !c.spreads(&w, call, a, r, t) {
				continue
			}
		} else if v := c.ranged(a.Expr); v != nil && a.Expr == call.Args[a.Index] {
			w.Kind, w.At, w.Other = List, c.sig.Params().Len()-1, t.usesOtherwise(c, v)
		} else if i, ok := c.param(a.Expr); ok && a.Expr == call.Args[a.Index] {
			v := c.paramVar(i)
			w.Kind, w.At = Single, i
			if s, ok := v.Type().Underlying().(*types.Slice); ok && c.sig.Variadic() && i == c.sig.Params().Len()-1 && holdsAnything(s) {
				w.Kind, w.Nested = List, true
			} else if !isAny(v.Type()) && !isTypeParam(v.Type()) {
				continue // its type says what is walked
			}
		} else {
			continue
		}
		if i, ok := c.param(a.Expr); ok {
			w.Other = t.usesOtherwise(c, c.paramVar(i))
		}
		if w.Kind == Single && w.Other {
			continue
		}
		out = append(out, w)
	}
	return out
}

// ranged returns the variable e if it takes the variadic arguments one by one:
//
//	for _, arg := range args {
//		log.Print(arg)
//	}
func (c *candidate) ranged(e ast.Expr) types.Object {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok || !c.sig.Variadic() {
		return nil
	}
	v, last := c.info.Uses[id], c.paramVar(c.sig.Params().Len()-1)
	if !holdsAnything(last.Type()) {
		return nil
	}
	found := false
	ast.Inspect(c.body, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok && r.Value != nil {
			over, isName := ast.Unparen(r.X).(*ast.Ident)
			val, _ := r.Value.(*ast.Ident)
			found = found || isName && c.info.Uses[over] == last && val != nil && c.info.Defs[val] == v
		}
		return !found
	})
	if !found {
		return nil
	}
	return v
}

// usesOtherwise reports whether c uses parameter v, or an element of it, for
// anything but to format it: whoever formats what it was given when something
// else about it has failed is no log helper.
func (t *Table) usesOtherwise(c *candidate, v types.Object) bool {
	formatted, used := 0, 0
	ast.Inspect(c.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if obj, _ := t.lookup(c.info, n); obj == nil && !c.isAppendOrLen(n) {
				break
			}
			for _, arg := range n.Args {
				if id, ok := ast.Unparen(arg).(*ast.Ident); ok && c.info.Uses[id] == v {
					formatted++
				}
			}
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && c.info.Uses[id] == v {
					formatted++
				}
			}
		case *ast.Ident:
			if c.info.Uses[n] == v {
				used++
			}
		}
		return true
	})
	return used > formatted
}

func (c *candidate) isAppendOrLen(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	b, isBuiltin := c.info.Uses[id].(*types.Builtin)
	return ok && isBuiltin && (b.Name() == "append" || b.Name() == "len")
}

// usesText reports whether the text that call makes in c is more than a message
// that is printed or returned. It is a may-analysis: a use that it does not
// understand counts.
func (t *Table) usesText(c *candidate, call *ast.CallExpr, r *row) bool {
	switch {
	case r.data:
		return true
	case r.writer:
		return !isTerminal(c.info, call.Args[0])
	case r.fails || !r.text:
		return false
	}
	switch p := c.around[call].(type) {
	case *ast.ReturnStmt, *ast.ExprStmt:
		return false
	case *ast.CallExpr:
		if fn, inner := t.lookup(c.info, p); fn != nil {
			return t.usesText(c, p, inner)
		}
	}
	return true
}

// isTerminal reports whether e is os.Stdout or os.Stderr.
func isTerminal(info *types.Info, e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	v, ok := info.Uses[sel.Sel].(*types.Var)
	return ok && v.Pkg() != nil && v.Pkg().Path() == "os" && (v.Name() == "Stdout" || v.Name() == "Stderr")
}

// sinkName names for people what formats in the end.
func sinkName(info *types.Info, call *ast.CallExpr, r *row) string {
	if r.helper != nil {
		return r.helper.Sink
	}
	return types.ExprString(call.Fun)
}

// spreads completes the wrapper of a call that passes c's variadic arguments on
// as a whole; false if it does not.
func (c *candidate) spreads(w *Wrapper, call *ast.CallExpr, a Arg, r *row, t *Table) bool {
	last := c.sig.Params().Len() - 1
	i, ok := c.param(a.Expr)
	if !ok || i != last || !c.sig.Variadic() {
		return false
	}
	w.At = last
	switch r.kind {
	case printf, tail:
		at := len(call.Args) - 2
		if f, ok := c.formatParam(call.Args[at]); ok && f == last-1 {
			w.Kind, w.At = Format, f
			return true
		}
		w.Kind = List // a format of its own: what it asks for is not looked at
	case pairs:
		w.Kind, w.Elem = Pairs, r.elem
	default:
		w.Kind = List
	}
	return true
}

// param returns the parameter that e is, or holds the arguments of: itself, or
// something appended to.
func (c *candidate) param(e ast.Expr) (int, bool) { return c.paramIn(e, 0) }

func (c *candidate) paramIn(e ast.Expr, depth int) (int, bool) {
	if depth > 4 {
		return 0, false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v := c.info.ObjectOf(e)
		if i, ok := c.params[v]; ok {
			return i, true
		}
		for _, rhs := range c.sets[v] {
			if i, ok := c.paramIn(rhs, depth+1); ok {
				return i, true
			}
		}
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		if !ok || c.info.Uses[id] != types.Universe.Lookup("append") {
			return 0, false
		}
		for _, arg := range e.Args {
			if i, ok := c.paramIn(arg, depth+1); ok {
				return i, true
			}
		}
	}
	return 0, false
}

func (c *candidate) paramVar(i int) *types.Var { return c.sig.Params().At(i) }

// formatParam returns the parameter that a format is, or ends in.
func (c *candidate) formatParam(e ast.Expr) (int, bool) {
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && b.Op == token.ADD {
		if i, ok := c.formatParam(b.Y); ok {
			return i, true
		}
		return c.formatParam(b.X)
	}
	i, ok := c.param(e)
	if ok {
		b, isBasic := c.paramVar(i).Type().Underlying().(*types.Basic)
		ok = isBasic && b.Kind() == types.String
	}
	return i, ok
}

// returns reports whether c may return the text, or an error with it.
func (c *candidate) returns() (text, fails bool) {
	for v := range c.sig.Results().Variables() {
		switch {
		case types.Identical(v.Type(), types.Universe.Lookup("error").Type()):
			fails = true
		case isText(v.Type()):
			text = true
		}
	}
	return text, fails
}

func isText(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0
	case *types.Slice:
		b, ok := u.Elem().Underlying().(*types.Basic)
		return ok && b.Kind() == types.Byte
	}
	return false
}
