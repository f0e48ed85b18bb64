package repair

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file looks for goroutines that are waited for by whoever holds the lock,
// over a channel or a group that both know as a field or a global variable:
//
//	c.mu.Lock()
//	c.jobs <- k
//	<-c.done // the worker, which would have to take the lock, sends this
//	c.mu.Unlock()

// signals returns the channels and groups by which the functions that lead to a
// needy site make others go on. Fields of different objects count as one.
func (r *mapRepair) signals() map[string]bool {
	out := make(map[string]bool)
	for pkg, file := range r.p.OwnFiles() {
		for _, decl := range file.Decls {
			fd, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			fn, ok := pkg.Info.Defs[fd.Name].(*types.Func)
			if !ok || !r.reached().all[fn.FullName()] && !r.needyIn(fd) {
				continue
			}
			ast.Inspect(fd, func(n ast.Node) bool {
				if v := signalled(pkg.Info, n); v != nil {
					out[r.varKey(v)] = true
				}
				return true
			})
		}
	}
	return out
}

// needyIn reports whether a needy site is in a function, or in what it starts.
func (r *mapRepair) needyIn(decl *ast.FuncDecl) bool {
	for _, fn := range r.funcs {
		if anyNeedy(fn.sites) && fn.path[len(fn.path)-2] == ast.Node(decl) {
			return true
		}
	}
	return false
}

// signalled returns the variable whose channel or group n makes others go on by.
func signalled(info *types.Info, n ast.Node) *types.Var {
	switch n := n.(type) {
	case *ast.CallExpr:
		if isBuiltin(info, n, "close") {
			return sharedVar(info, n.Args[0])
		}
		if fn, ok := typeutil.Callee(info, n).(*types.Func); ok {
			switch fn.FullName() {
			case "(*sync.WaitGroup).Done", "(*sync.Cond).Signal", "(*sync.Cond).Broadcast":
				return sharedVar(info, ast.Unparen(n.Fun).(*ast.SelectorExpr).X)
			}
		}
	default:
		return channelOf(info, n)
	}
	return nil
}

// waitedOn returns the variable whose channel or group n waits on.
func waitedOn(info *types.Info, n ast.Node) *types.Var {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return channelOf(info, n)
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && sel.Sel.Name == "Wait" {
		if fn, ok := info.Uses[sel.Sel].(*types.Func); ok && fn.FullName() == "(*sync.WaitGroup).Wait" { // a Cond lets go of its lock
			return sharedVar(info, sel.X)
		}
	}
	return nil
}

// channelOf returns the variable whose channel n sends to or receives from.
// Both sides of a channel wait for the other.
func channelOf(info *types.Info, n ast.Node) *types.Var {
	switch n := n.(type) {
	case *ast.SendStmt:
		return sharedVar(info, n.Chan)
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return sharedVar(info, n.X)
		}
	case *ast.RangeStmt:
		if t := info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Chan); ok {
				return sharedVar(info, n.X)
			}
		}
	}
	return nil
}

// sharedVar returns the field or global variable that e names, nil if none.
func sharedVar(info *types.Info, e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return sharedVar(info, e.X)
		}
	case *ast.SelectorExpr:
		v, _ := info.Uses[e.Sel].(*types.Var)
		return v
	case *ast.Ident:
		if v, ok := info.Uses[e].(*types.Var); ok && isGlobal(v) {
			return v
		}
	}
	return nil
}

// handshakes doubts the fix where a function that holds the lock already waits
// on what leads to a needy site. A function that leads there itself is called
// with the lock held, which callsWhileHeld looks for.
func (j *job) handshakes() {
	tried := make(map[ast.Node]bool) // by a select that does not wait
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SelectStmt:
			for _, comm := range commsTried(n) {
				tried[comm] = true
			}
		}
		if tried[n] {
			return false
		}
		if n == nil || !j.overlapsHeld(n.Pos(), n.Pos()+1) {
			return true
		}
		v := waitedOn(j.info, n)
		if v == nil {
			return true
		}
		if j.r.signalled == nil {
			j.r.signalled = j.r.signals()
		}
		if j.r.signalled[j.r.varKey(v)] {
			j.r.doubts = append(j.r.doubts, j.doubt(edit.Manual, n.Pos(),
				"%s is held here while %s is waited on, which functions serve that would have to take it", j.r.lock.display, v.Name()))
		}
		return true
	})
}

// commsTried returns the operations of a select that has a default.
func commsTried(s *ast.SelectStmt) []ast.Stmt {
	var comms []ast.Stmt
	hasDefault := false
	for _, c := range s.Body.List {
		if comm := c.(*ast.CommClause).Comm; comm != nil {
			comms = append(comms, comm)
		} else {
			hasDefault = true
		}
	}
	if !hasDefault {
		return nil
	}
	return comms
}
