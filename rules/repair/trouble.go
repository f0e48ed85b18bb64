package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// troubles returns what speaks against holding the lock while stmts run: what
// may block or do I/O, code that we cannot see, and calls that would take the
// lock again. What a go statement starts does not run under the lock; what a
// defer statement defers does only if the unlock is deferred before it.
func (j *job) troubles(stmts []ast.Stmt, sites []*site, deferred bool) []doubt {
	w := &troubleWalk{job: j, sites: sites, deferred: deferred}
	for _, s := range stmts {
		ast.Inspect(s, w.visit)
	}
	return w.doubts
}

// nodeTroubles is troubles for expressions and headers, but for what is
// evaluated before the lock is taken.
func (j *job) nodeTroubles(n ast.Node, sites []*site, before ...ast.Expr) []doubt {
	w := &troubleWalk{job: j, sites: sites, skip: before}
	ast.Inspect(n, w.visit)
	return w.doubts
}

type troubleWalk struct {
	*job
	sites    []*site
	deferred bool
	skip     []ast.Expr // evaluated before the lock is taken
	doubts   []doubt
	atOnce   map[*ast.FuncLit]bool // run where they stand
}

func (w *troubleWalk) add(level edit.Applicability, pos token.Pos, format string, args ...any) {
	w.doubts = append(w.doubts, w.job.doubt(level, pos, format, args...))
}

func (w *troubleWalk) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && slices.Contains(w.skip, e) {
		return false
	}
	if n != nil {
		w.panics(n)
	}
	switch n := n.(type) {
	case *ast.FuncLit:
		return w.atOnce[n]
	case *ast.GoStmt:
		w.arguments(n.Call)
		return false
	case *ast.DeferStmt:
		if !w.deferred {
			w.arguments(n.Call)
			return false
		}
	case *ast.SendStmt:
		w.add(edit.Manual, n.Arrow, "a channel operation would run under %s", w.lockName())
	case *ast.SelectStmt:
		w.add(edit.Manual, n.Select, "a select would run under %s", w.lockName())
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			w.add(edit.Manual, n.OpPos, "a channel operation would run under %s", w.lockName())
		}
	case *ast.RangeStmt:
		w.ranges(n)
	case *ast.CallExpr:
		w.call(n)
	}
	return true
}

// arguments looks at what a go or defer statement evaluates at once.
func (w *troubleWalk) arguments(call *ast.CallExpr) {
	if _, lit := ast.Unparen(call.Fun).(*ast.FuncLit); !lit {
		ast.Inspect(call.Fun, w.visit)
	}
	for _, arg := range call.Args {
		ast.Inspect(arg, w.visit)
	}
}

func (w *troubleWalk) ranges(n *ast.RangeStmt) {
	t := w.info.TypeOf(n.X)
	if t == nil {
		return
	}
	switch t.Underlying().(type) {
	case *types.Chan:
		w.add(edit.Manual, n.For, "a channel operation would run under %s", w.lockName())
	case *types.Signature:
		w.add(edit.Unsafe, n.For, "the iterator function would run under %s", w.lockName())
	}
}

func (w *troubleWalk) call(call *ast.CallExpr) {
	if tv := w.info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() || w.r.redirected[call] != nil {
		return
	}
	w.inverted(call)
	if fn, ok := typeutil.Callee(w.info, call).(*types.Func); ok && fn.Name() == "Wait" && fn.Pkg() != nil {
		if pkg := w.r.p.Package(fn.Pkg().Path()); pkg == nil || !pkg.Main {
			w.add(edit.Manual, call.Pos(), "%s would wait under %s, maybe for who needs it", calleeName(call), w.lockName())
			return
		}
	}
	atOnce := false
	for _, arg := range append([]ast.Expr{call.Fun}, call.Args...) {
		lit, ok := ast.Unparen(arg).(*ast.FuncLit)
		if ok && callsAtOnce(w.info, lit, call) {
			if w.atOnce == nil {
				w.atOnce = make(map[*ast.FuncLit]bool)
			}
			w.atOnce[lit] = true
			atOnce = true
			continue
		}
		if ok && w.needyIn(lit) {
			w.add(edit.Manual, lit.Pos(), "the function here uses the map too, so it would take %s while that is held", w.lockName())
			return
		}
	}
	if w.callsNeedy(call) {
		w.add(edit.Manual, call.Pos(), "%s uses the map too, so it would take %s while that is held", calleeName(call), w.lockName())
		return
	}
	if atOnce {
		return // what it does is what the literal does, which is looked at
	}
	e := w.effect(call)
	name := calleeName(call)
	if !w.isSite(call) && w.r.reenters(w.info, call, e) {
		w.add(edit.Manual, call.Pos(), "%s takes %s itself, and would wait for itself forever if it is called while that is held", name, w.r.lock.display)
		return
	}
	switch {
	case e.Blocks != "" && w.logs(call):
		w.add(edit.Unsafe, call.Pos(), "%s would write its output under %s", name, w.lockName())
	case e.Blocks != "":
		w.add(edit.Manual, call.Pos(), "%s may block under %s: %s", name, w.lockName(), e.Blocks)
	case e.Unknown != "":
		w.add(edit.Unsafe, call.Pos(), "%s would run under %s: %s", name, w.lockName(), e.Unknown)
	}
}

// effect returns what a call may do.
func (j *job) effect(call *ast.CallExpr) Effect {
	posn := j.r.p.Fset.Position(call.Lparen)
	return j.r.eff.Call(access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column})
}

// isSite reports whether a call is itself an access to the map, as the
// analysis then says that it touches it.
func (w *troubleWalk) isSite(call *ast.CallExpr) bool {
	for _, s := range w.sites {
		if s.node == call {
			return true
		}
	}
	return false
}

// needyIn reports whether a function literal has sites that get the lock.
func (w *troubleWalk) needyIn(lit *ast.FuncLit) bool {
	for _, s := range w.r.sites {
		if s.needy && lit.Pos() <= s.node.Pos() && s.node.Pos() < lit.End() && s.file == w.fn.file {
			return true
		}
	}
	return false
}

// callsNeedy reports whether call calls a local variable that holds a function
// literal with sites that get the lock.
func (w *troubleWalk) callsNeedy(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := w.info.Uses[id].(*types.Var)
	if !ok {
		return false
	}
	found := false
	ast.Inspect(w.fn.path[len(w.fn.path)-2], func(n ast.Node) bool {
		for _, rhs := range assignedTo(w.info, n, v) {
			if lit, ok := ast.Unparen(rhs).(*ast.FuncLit); ok && w.needyIn(lit) {
				found = true
			}
		}
		return !found
	})
	return found
}

// logs reports whether a call writes a log or to standard output: a lock held
// for that long is bad taste, not a deadlock.
func (w *troubleWalk) logs(call *ast.CallExpr) bool {
	obj := typeutil.Callee(w.info, call)
	if obj == nil || obj.Pkg() == nil {
		return false
	}
	path := obj.Pkg().Path()
	if path == "fmt" {
		return strings.HasPrefix(obj.Name(), "Print")
	}
	for _, log := range logPackages {
		if path == log {
			return true
		}
	}
	return false
}

// logPackages are packages whose functions write a log.
var logPackages = []string{
	"log", "log/slog", "testing",
	"k8s.io/klog", "k8s.io/klog/v2", "github.com/go-logr/logr",
	"github.com/sirupsen/logrus", "go.uber.org/zap", "github.com/rs/zerolog",
	"github.com/golang/glog", "github.com/hashicorp/go-hclog",
}

// calleeName returns what a call calls, as it is written.
func calleeName(call *ast.CallExpr) string {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := ast.Unparen(f.X).(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return "the call"
}
