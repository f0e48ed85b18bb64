package repair

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file finds who calls a function that is divided with the lock held, and
// makes the edits.

// redirect finds the calls that are made with the lock of the same object held.
func (p *splitting) redirect() {
	for _, h := range p.r.holdings() {
		if p.r.varKey(h.lock) != p.r.varKey(p.r.lock.obj) {
			continue
		}
		directCalls(h.fn.body, func(call *ast.CallExpr) {
			s := p.called(h.info, call)
			if s == nil || h.fn.pkg.Path != s.fn.pkg.Path {
				return
			}
			for _, iv := range h.held {
				strong := iv.from.method == "Lock" || iv.from.method == "RLock" && !s.writes
				if strong && iv.from.recv == s.lockOf(h.info, call) && h.certain(iv, call) {
					p.r.redirected[call] = s
				}
			}
		})
	}
	for _, outer := range p.order {
		directCalls(outer.fn.body, func(call *ast.CallExpr) {
			if s := p.called(outer.info, call); s != nil && s.lockOf(outer.info, call) == outer.ref.recv {
				p.r.redirected[call] = s
			}
		})
	}
}

// certain reports whether a call in an interval is made with the lock held,
// however control gets there: the Lock stands before it in a list of statements
// around it, and whoever lets go in between returns.
func (j *job) certain(iv interval, call *ast.CallExpr) bool {
	if iv.from.stmt == nil || iv.from.deferred || iv.pos >= call.Pos() || call.End() > iv.end {
		return false
	}
	later := iv.from.list[iv.from.index+1:]
	if !slices.ContainsFunc(later, func(s ast.Stmt) bool { return contains(s, call) }) {
		return false
	}
	for _, u := range j.lockCalls() {
		if !strings.HasSuffix(u.method, "Unlock") || u.deferred || u.recv != iv.from.recv || u.call == iv.to.call {
			continue
		}
		if u.stmt == nil || len(u.list) == 0 || !returns(u.list[len(u.list)-1]) {
			return false
		}
		if slices.ContainsFunc(u.list, func(s ast.Stmt) bool { return contains(s, call) }) {
			return false
		}
	}
	jumps := false
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		jumps = jumps || ok && b.Tok == token.GOTO
		return !jumps
	})
	return !jumps
}

// called returns the split that a call calls, nil if it calls something else.
func (p *splitting) called(info *types.Info, call *ast.CallExpr) *split {
	if fn := staticCallee(info, call); fn != nil {
		return p.splits[fn.FullName()]
	}
	return nil
}

// lockOf returns the lock that a call of the function would take, as
// lockRef.recv has it, "?" if it cannot be told.
func (s *split) lockOf(info *types.Info, call *ast.CallExpr) string {
	if s.ref.expr == nil {
		return s.ref.recv
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || info.Selections[sel] == nil || len(info.Selections[sel].Index()) != 1 {
		return "?"
	}
	return exprKey(info, sel.X) + s.keyTail
}

// leaveWhole finds the functions that nobody uses but to call them with the lock
// held: nothing would be left to call the part that takes it.
func (p *splitting) leaveWhole() {
	r := p.r
	uses := make(map[string]int)
	seen := make(map[string]bool) // files: a test variant shares those of its package
	for pkg, file := range r.p.OwnFiles() {
		if name := r.fileName(file); seen[name] {
			continue
		} else {
			seen[name] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if fn, ok := pkg.Info.Uses[id].(*types.Func); ok && p.splits[fn.Origin().FullName()] != nil {
					uses[fn.Origin().FullName()]++
				}
			}
			return true
		})
	}
	for _, s := range r.redirected {
		uses[s.obj.FullName()]--
	}
	for _, s := range p.order {
		s.whole = !s.obj.Exported() && uses[s.obj.FullName()] == 0
	}
}

// commit adds what the splits change to the plan.
func (p *splitting) commit() {
	r := p.r
	for _, s := range p.order {
		for _, site := range s.sites {
			site.needy = false // whoever gets there holds the lock
		}
	}
	r.reach = nil
	for _, s := range p.order {
		if !s.whole {
			r.doubts = append(r.doubts, s.troubles(s.fn.body.List, s.sites, true)...)
			r.op(s.fn.file, s.divide)
		}
	}
	calls := slices.SortedFunc(maps.Keys(r.redirected), func(a, b *ast.CallExpr) int { return cmp.Compare(a.Pos(), b.Pos()) })
	for _, call := range calls {
		s := r.redirected[call]
		if s.whole {
			continue
		}
		r.op(p.fileOf(call), func(t *edit.Tree) error { return t.ReplaceExpr(calleeIdent(call), s.rest) })
	}
}

func (p *splitting) fileOf(call *ast.CallExpr) *ast.File {
	_, file := p.r.p.File(p.r.p.Fset.Position(call.Pos()).Filename)
	return file
}

// divide makes the edit of the function itself.
func (s *split) divide(t *edit.Tree) error {
	decl := s.fn.node.(*ast.FuncDecl)
	var args []string
	for _, f := range decl.Type.Params.List {
		for _, id := range f.Names {
			args = append(args, id.Name)
		}
	}
	call := s.rest + "(" + strings.Join(args, ", ")
	if s.obj.Signature().Variadic() {
		call += "..."
	}
	call += ")"
	if s.recv != nil {
		call = s.recv.Name() + "." + call
	}
	if decl.Type.Results != nil && len(decl.Type.Results.List) > 0 {
		call = "return " + call
	}
	lock, unlock := s.ref.text+".Lock()", s.ref.text+".Unlock()"
	if s.r.lock.rw && !s.writes {
		lock, unlock = s.ref.text+".RLock()", s.ref.text+".RUnlock()"
	}
	held := s.ref.text
	if s.textTail == "" && s.recv != nil && s.ref.expr != nil {
		held = "the lock of " + held
	}
	doc := fmt.Sprintf("// %s is %s; the caller must hold %s.", s.rest, decl.Name.Name, held)
	return t.SplitFunc(decl, s.rest, doc, lock+"\ndefer "+unlock+"\n\n"+call)
}

// splitTitle says which functions are divided, behind what else the fix does.
func (r *mapRepair) splitTitle() string {
	var names []string
	for _, s := range r.splits {
		if !s.whole {
			names = append(names, s.rest)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ", and make " + strings.Join(names, " and ") + " for callers that hold it"
}

// splitBody returns the body of a function that is divided, as a stretch where
// its callers hold the lock.
func (r *mapRepair) splitBody(fn *function) (interval, bool) {
	for _, s := range r.splits {
		if s.fn.node == fn.node {
			return interval{pos: fn.body.Pos(), end: fn.body.End()}, true
		}
	}
	return interval{}, false
}
