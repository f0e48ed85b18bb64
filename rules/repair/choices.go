package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/sinks"
)

const klogPath = "k8s.io/klog/v2"

// DeepChoices returns what else the call could print, best first: other forms
// of the same text that do not walk the map either. They are for a person to
// pick from, so none is more than unsafe. It returns nil where DeepFormat has
// no edits for want of knowing what the text is for.
func DeepChoices(p *load.Program, f *judge.Finding) []*edit.Fix {
	r := &deepRepair{prog: p, finding: f}
	if f.Fix == nil || len(f.Fix.Edits) == 0 || r.locate() != nil {
		return nil
	}
	var out []*edit.Fix
	offer := func(title string, form form, reason string) {
		edits, err := r.print(form)
		if err != nil || sameEdits(edits, f.Fix.Edits) {
			return
		}
		out = append(out, &edit.Fix{Title: title, Applicability: edit.Unsafe, Reason: reason, Edits: edits})
	}
	if r.isObject() {
		offer("Print the name of "+r.subject()+" with klog.KObj", form{by: "KObj"}, "a choice: name and namespace are printed, which KObj reads without a lock")
	}
	if first, err := r.form(); err == nil && first.verb != "p" || holdsMapItself(r.pkg.Info.TypeOf(r.expr)) {
		if sinks.PointerLike(r.pkg.Info.TypeOf(r.expr)) {
			offer("Print the address of "+r.subject(), form{verb: "p"}, "a choice: the contents are no longer printed")
		}
	}
	offer("Print the type of "+r.subject(), form{verb: "T"}, "a choice: which object it is can no longer be told")
	return out
}

func sameEdits(a, b []edit.TextEdit) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// isObject reports whether klog.KObj can name the value: it has a name and a
// namespace, the program is built with klog, and the call is one of a logger
// that knows what KObj returns.
func (r *deepRepair) isObject() bool {
	t := r.pkg.Info.TypeOf(r.expr)
	for _, name := range []string{"GetName", "GetNamespace"} {
		obj, _, _ := types.LookupFieldOrMethod(t, false, nil, name)
		fn, ok := obj.(*types.Func)
		if !ok || fn.Signature().Params().Len() != 0 || fn.Signature().Results().Len() != 1 {
			return false
		}
	}
	callee := r.finding.Sink.Callee
	if !strings.Contains(callee, klogPath) && !strings.Contains(callee, "github.com/go-logr/logr") || r.args[0].Directive.Verb == 'w' {
		return false
	}
	for _, pkg := range r.prog.All {
		if pkg.Path == klogPath {
			return true
		}
	}
	return false
}

// cloned returns a fix that prints a copy of the map, made under the lock that
// guards it; nil if the value is no map of that sort, or the place does not
// allow it. What is printed stays the same:
//
//	log.Printf("%d left: %v", n, c.streams)
//
//	c.mu.Lock()
//	streams := maps.Clone(c.streams)
//	c.mu.Unlock()
//	log.Printf("%d left: %v", n, streams)
func (r *deepRepair) cloned() *edit.Fix {
	m, ok := underlying(r.pkg.Info, r.expr).(*types.Map)
	if !ok || r.finding.Guard == nil || len(r.args) > 1 {
		return nil
	}
	if walks, _ := r.footprints().Of(m.Elem(), sinks.Traversal{Family: sinks.Fmt, Verb: 'v'}); len(walks) > 0 {
		return nil // maps inside would still be shared
	}
	stmt, alone := r.statement()
	lock, name := r.lockBeside(), r.copyName()
	if stmt == nil || lock == "" || name == "" {
		return nil
	}
	tree, err := edit.Open(r.prog.Fset, r.file, r.src, edit.WithScope(r.pkg.Types, r.pkg.Info))
	if err != nil {
		return nil
	}
	pkg, err := tree.Import("maps", "maps", r.expr.Pos())
	if err != nil {
		return nil
	}
	take, release := "Lock", "Unlock"
	if r.finding.Guard.Lock.RW {
		take, release = "RLock", "RUnlock"
	}
	code := fmt.Sprintf("%s.%s()\n%s := %s.Clone(%s)\n%s.%s()", lock, take, name, pkg, r.text(r.expr), lock, release)
	if tree.InsertBefore(stmt, code) != nil || tree.ReplaceExpr(r.expr, name) != nil {
		return nil
	}
	edits, err := tree.Edits()
	if err != nil {
		return nil
	}
	fix := &edit.Fix{Title: "Print a copy of " + r.subject() + " made under " + lock, Applicability: edit.Safe, Edits: edits}
	if !alone {
		fix.Applicability, fix.Reason = edit.Unsafe, "the copy is made before the other calls of the statement"
	}
	if why := r.calledHeld(); why != "" {
		fix.Applicability, fix.Reason = edit.Manual, why
	}
	return fix
}

// calledHeld says where somebody calls, with the lock held, what may lead to
// the call; "" if nobody does.
func (r *deepRepair) calledHeld() string {
	m := &mapRepair{Session: r.session, f: r.finding, lock: &lock{id: r.finding.Guard.Lock, display: place(r.finding.Guard.Lock.Location)}}
	m.lock.obj = m.lockVar(m.lock.id.Location)
	path, ok := pathTo(r.file, r.call)
	node := runner(r.pkg.Info, path)
	if m.lock.obj == nil || !ok || node == nil {
		return "it cannot be told who holds " + m.lock.display
	}
	fn := newFunction(r.pkg, r.file, node)
	fn.sites = []*site{{Site: judge.Site{Op: access.Iterate}, file: r.file, node: r.call, path: path, fn: fn, needy: true}}
	m.funcs = []*function{fn}
	m.heldCalls()
	if len(m.doubts) == 0 {
		return ""
	}
	return m.reason()
}

// statement returns the statement of a block that the call is, or returns from,
// so that the copy can be made before it; nil if it is no such statement. alone
// says that nothing else in it is called.
func (r *deepRepair) statement() (found ast.Stmt, alone bool) {
	ast.Inspect(r.file, func(n ast.Node) bool {
		var list []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			list = n.List
		case *ast.CaseClause:
			list = n.Body
		case *ast.CommClause:
			list = n.Body
		}
		for _, s := range list {
			switch s.(type) {
			case *ast.ExprStmt, *ast.ReturnStmt:
				if s.Pos() <= r.call.Pos() && r.call.End() <= s.End() {
					found = s
				}
			}
		}
		return true
	})
	if found == nil {
		return nil, false
	}
	alone, simple := true, true
	ast.Inspect(found, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			alone = alone && (n == r.call || r.pkg.Info.Types[n.Fun].IsType() || r.pkg.Info.Types[n.Fun].IsBuiltin())
		case *ast.FuncLit:
			simple = false
		case *ast.UnaryExpr:
			simple = simple && n.Op != token.ARROW
		case *ast.BinaryExpr: // what is on the left may ask whether the map is there
			simple = simple && !((n.Op == token.LAND || n.Op == token.LOR) && n.Y.Pos() <= r.call.Pos() && r.call.End() <= n.Y.End())
		}
		return true
	})
	if !simple {
		return nil, false
	}
	return found, alone
}

// lockBeside returns how the call's function names the lock beside the map, ""
// if the lock is somewhere else or the map's object is not simply named.
func (r *deepRepair) lockBeside() string {
	g, m := r.finding.Guard, r.finding.Map
	if g.Lock.Kind != m.Kind || g.Lock.Pkg != m.Pkg || g.Lock.Owner != m.Owner || m.Pkg != r.pkg.Path {
		return ""
	}
	switch e := ast.Unparen(r.expr).(type) {
	case *ast.Ident:
		if v, ok := r.pkg.Info.Uses[e].(*types.Var); m.Kind == access.Global && ok && v.Name() == m.Name && v.Parent() == r.pkg.Types.Scope() {
			if _, obj := r.pkg.Types.Scope().Innermost(e.Pos()).LookupParent(g.Lock.Name, e.Pos()); obj != nil && obj.Parent() == r.pkg.Types.Scope() {
				return g.Lock.Name
			}
		}
	case *ast.SelectorExpr:
		sel := r.pkg.Info.Selections[e]
		if m.Kind == access.Field && sel != nil && len(sel.Index()) == 1 && e.Sel.Name == m.Name && namedOnly(e.X) {
			return r.text(e.X) + "." + g.Lock.Name
		}
	}
	return ""
}

// namedOnly reports whether e is a chain of names: x, x.y, x.y.z.
func namedOnly(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return namedOnly(e.X)
	}
	return false
}

// copyName returns a name for the copy of the map that is free at the call, ""
// if there is none.
func (r *deepRepair) copyName() string {
	name := r.finding.Map.Name
	scope := r.pkg.Types.Scope().Innermost(r.call.Pos())
	if scope == nil {
		return ""
	}
	for _, name := range []string{name, name + "Copy", "copyOf" + strings.ToUpper(name[:1]) + name[1:]} {
		if _, obj := scope.LookupParent(name, token.NoPos); obj == nil && !token.IsKeyword(name) {
			return name
		}
	}
	return ""
}

// PrintedAsPointer returns where else the package prints a value of the type
// with %p, in position order: those who wrote it knew.
func PrintedAsPointer(p *load.Program, f *judge.Finding) []access.Pos {
	r := &deepRepair{prog: p, finding: f}
	if r.locate() != nil {
		return nil
	}
	t := r.pkg.Info.TypeOf(r.expr)
	var out []access.Pos
	for _, file := range r.pkg.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || call == r.call {
				return true
			}
			for _, a := range r.table.Classify(r.pkg.Info, call) {
				if a.Directive.Verb == 'p' && a.Type != nil && types.Identical(a.Type, t) {
					at := p.Fset.Position(call.Pos())
					out = append(out, access.Pos{File: at.Filename, Line: at.Line, Column: at.Column})
				}
			}
			return true
		})
	}
	return out
}

// shortCallee returns a function's name without the directories of its package.
func shortCallee(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
