package repair

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// reenters reports whether a call would take the lock: it does so already, or
// this fix makes it.
func (r *mapRepair) reenters(info *types.Info, call *ast.CallExpr, e Effect) bool {
	if !r.lock.isNew && e.locks(r.lock.id) {
		return true
	}
	if r.callsBackNeedy(info, call) {
		return true
	}
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !r.touches(e) {
		return r.compares && ok && fn.Pkg() != nil && r.reaches(info, call) // comparisons are not in e
	}
	if !ok || fn.Pkg() == nil {
		return true // a function value that uses the map
	}
	if pkg := r.checkedPackage(fn.Pkg().Path()); !isInterfaceMethod(fn) && (pkg == nil || !pkg.Main) {
		return true // code from elsewhere that calls back
	}
	return r.reaches(info, call)
}

// reaches reports whether a call may come to a function that this fix makes take
// the lock. Naming a function counts as calling it; see dispatch.go for methods
// of interfaces and function values. What is left are the functions that use the
// map with the lock held by their callers, or use a map of an object of their
// own.
func (r *mapRepair) reaches(info *types.Info, call *ast.CallExpr) bool {
	return anyOf(r.reached().all, called(info, call))
}

// reached returns the functions that may come to a needy site.
func (r *mapRepair) reached() *reach {
	if r.reach == nil {
		r.reach = make(map[bool]*reach)
	}
	if r.reach[r.exclusive] == nil {
		r.reach[r.exclusive] = r.findReach()
	}
	return r.reach[r.exclusive]
}

// A reach is a set of functions that may come to a needy site, by name.
type reach struct {
	all  map[string]bool
	back map[string]bool   // those that may only by what code from elsewhere calls back
	next map[string]string // what each mentions on its way there, "" at the end
}

// findReach walks the callers backwards from the needy sites.
func (r *mapRepair) findReach() *reach {
	callers := r.mentioners()
	direct, back := make(map[string]bool), make(map[string]bool)
	into := direct
	var todo []string
	towards := make(map[string]string)
	push := func(name, next string) {
		if !into[name] {
			into[name] = true
			todo = append(todo, name)
			if _, ok := towards[name]; !ok {
				towards[name] = next
			}
		}
	}
	for _, fn := range r.funcs {
		if startedInside(fn) || !anyNeedy(fn.sites) || r.takesAnyway(fn) {
			continue
		}
		if len(fn.heldBy) > 0 {
			for _, c := range fn.heldBy { // they are made to take the write lock
				if obj := c.job.fn.declared(); obj != nil && !r.exclusive {
					push(obj.FullName(), "")
				}
			}
			continue
		}
		for _, n := range fn.path {
			if lit, ok := n.(*ast.FuncLit); ok {
				for _, name := range usedAs(fn.pkg.Info.TypeOf(lit)) {
					push(name, "")
				}
			}
		}
		if obj := fn.declared(); obj != nil {
			push(obj.FullName(), "")
		}
	}
	for _, s := range r.splits {
		if !s.whole {
			push(s.obj.FullName(), "")
		}
	}
	spread := func() {
		for len(todo) > 0 {
			name := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if name[0] == '(' { // a method
				base := anyMethod(name[strings.LastIndexByte(name, '.')+1:])
				push(base, name)
				if text := r.texts[name]; text != "" {
					push("."+text, name)
				} else {
					push(base+" "+genericUse, name)
				}
			}
			for _, caller := range callers[name] {
				push(caller, name)
			}
		}
	}
	spread()
	// What gets there only by being called back, to a fixed point.
	into = back
	for more := true; more; {
		more = false
		for _, from := range slices.Sorted(maps.Keys(r.backs)) {
			i := slices.IndexFunc(r.backs[from], func(m string) bool { return direct[m] || back[m] })
			if !back[from] && i >= 0 {
				push(from, r.backs[from][i])
				more = true
			}
		}
		spread()
	}
	all := direct
	maps.Copy(all, back)
	return &reach{all, back, towards}
}

// takesAnyway reports whether fn takes the chosen lock at its top level already,
// in the mode that its sites need: whoever calls it with the lock held hangs
// without the fix too. Who holds it for writing hangs whatever mode fn takes it
// in, which alone counts if r.exclusive is set.
func (r *mapRepair) takesAnyway(fn *function) bool {
	if r.lock.isNew {
		return false
	}
	for _, s := range fn.sites {
		if r.lock.rw && s.needy && s.Op.Writes() && !r.exclusive {
			return false
		}
	}
	j := &job{r: r, info: fn.pkg.Info, fn: fn}
	for _, iv := range j.heldIntervals() {
		if iv.from.call == nil || j.returnsBefore(iv.from.call) {
			continue
		}
		for _, stmt := range fn.body.List {
			if es, ok := stmt.(*ast.ExprStmt); ok && ast.Unparen(es.X) == iv.from.call {
				return true
			}
		}
	}
	return false
}

// returnsBefore reports whether the function may return before a call is made,
// but after a site: who calls it with the lock held may rely on that.
func (j *job) returnsBefore(call *ast.CallExpr) bool {
	if !slices.ContainsFunc(j.fn.sites, func(s *site) bool { return s.needy && s.node.Pos() < call.Pos() }) {
		return false
	}
	found := false
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		ret, ok := n.(*ast.ReturnStmt)
		found = found || ok && ret.Pos() < call.Pos()
		return !found
	})
	return found
}

// declared returns the function whose declaration fn is, or is inside of; nil if
// there is none.
func (fn *function) declared() *types.Func {
	decl, ok := fn.path[len(fn.path)-2].(*ast.FuncDecl)
	if !ok {
		return nil
	}
	obj, _ := fn.pkg.Info.Defs[decl.Name].(*types.Func)
	return obj
}

func anyNeedy(sites []*site) bool {
	for _, s := range sites {
		if s.needy {
			return true
		}
	}
	return false
}

func isInterfaceMethod(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && types.IsInterface(recv.Type())
}

// startedInside reports whether fn is, or is inside, a function literal that
// runs in a goroutine of its own.
func startedInside(fn *function) bool {
	for k, n := range fn.path {
		if _, ok := n.(*ast.FuncLit); ok && started(fn.path[k:]) {
			return true
		}
	}
	return false
}

// heldCalls doubts the fix if somebody calls, with the lock held already, a
// function that the fix makes take it.
func (r *mapRepair) heldCalls() {
	if r.lock.isNew || r.level() == edit.Manual {
		return
	}
	for pkg, file := range r.p.OwnFiles() {
		if !ast.IsExported(r.lock.id.Name) && pkg.Path != r.lock.id.Pkg {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if funcBody(n) == nil {
				return true
			}
			j := &job{r: r, info: pkg.Info, fn: newFunction(pkg, file, n)}
			j.held = j.heldIntervals()
			if body, ok := r.splitBody(j.fn); ok {
				j.held = append(j.held, body)
			}
			if len(j.held) > 0 {
				j.callsWhileHeld()
				j.handshakes()
			}
			return true
		})
	}
}

// callsWhileHeld doubts the calls in the intervals where a function holds the
// lock that lead to a needy site, and goroutines that do if the function may
// wait for them.
func (j *job) callsWhileHeld() {
	args := make(map[*ast.FuncLit]bool) // that a call gets, or is made of
	visit := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return args[n]
		case *ast.RangeStmt: // over an iterator
			if t := j.info.TypeOf(n.X); j.valueNeedy(n.X, t) {
				j.mayTakeAgain(n.X)
			}
		case *ast.DeferStmt: // runs before a deferred unlock does
			if _, ok := typeutil.Callee(j.info, n.Call).(*types.Func); !ok {
				if _, lit := ast.Unparen(n.Call.Fun).(*ast.FuncLit); !lit && j.valueNeedy(n.Call, j.info.TypeOf(n.Call.Fun)) {
					j.mayTakeAgain(n.Call)
					return false
				}
			}
		case *ast.GoStmt:
			if !j.overlapsHeld(n.Pos(), n.End()) || !j.leadsToNeedy(n.Call) {
				return false
			}
			for _, iv := range j.held {
				if at := j.blocksAfter(n.End(), iv.end); iv.pos <= n.Pos() && n.Pos() < iv.end && at != nil {
					j.r.doubts = append(j.r.doubts, j.doubt(edit.Manual, n.Pos(),
						"the goroutine started here needs %s, which is held around it, and may be waited for on line %d", j.r.lock.display, j.r.p.Fset.Position(at.Pos()).Line))
				}
			}
			return false
		case *ast.CallExpr:
			if !j.overlapsHeld(n.Lparen, n.Lparen+1) {
				return true
			}
			j.r.exclusive = j.heldExclusively(n.Lparen)
			defer func() { j.r.exclusive = false }()
			for _, arg := range append([]ast.Expr{n.Fun}, n.Args...) {
				if lit, ok := ast.Unparen(arg).(*ast.FuncLit); ok {
					args[lit] = true
				}
			}
			if j.leadsToNeedy(n) {
				j.r.doubts = append(j.r.doubts, j.doubt(edit.Manual, n.Pos(), "%s", j.wouldTakeAgain(n)))
			}
		}
		return true
	}
	ast.Inspect(j.fn.body, visit)
}

// valueNeedy reports whether a function value of type t, which is called at n with
// the lock held, may come to a needy site.
func (j *job) valueNeedy(n ast.Node, t types.Type) bool {
	if t == nil || !j.overlapsHeld(n.Pos(), n.Pos()+1) {
		return false
	}
	if _, ok := t.Underlying().(*types.Signature); !ok {
		return false
	}
	return anyOf(j.r.reached().all, valueOf(t))
}

// mayTakeAgain doubts the fix for a function value that is called at n.
func (j *job) mayTakeAgain(n ast.Node) {
	j.r.doubts = append(j.r.doubts, j.doubt(edit.Manual, n.Pos(),
		"a function value is called here with %s held, and nothing rules out that it takes that, which would wait for it forever", j.r.lock.display))
}

// leadsToNeedy reports whether a call may come to a needy site.
func (j *job) leadsToNeedy(call *ast.CallExpr) bool {
	if tv := j.info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() || j.r.redirected[call] != nil {
		return false
	}
	if j.r.callsBackNeedy(j.info, call) {
		return true
	}
	e := j.effect(call)
	fn, ok := typeutil.Callee(j.info, call).(*types.Func)
	if !ok {
		if _, lit := ast.Unparen(call.Fun).(*ast.FuncLit); lit {
			return false // it is looked into
		}
		return j.r.reaches(j.info, call) && (j.r.touches(e) || e.Unknown != "")
	}
	// Behind an interface, or where the effects end, there may be code from elsewhere
	// that has been handed a function of the module.
	return j.r.reaches(j.info, call) && (j.r.touches(e) || j.r.compares || e.Unknown != "" || e.Blocks != "" || isInterfaceMethod(fn) && !j.r.declares(fn))
}

// declares reports whether a function is declared in the module.
func (r *mapRepair) declares(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	pkg := r.p.Package(fn.Pkg().Path())
	return pkg != nil && pkg.Main
}
