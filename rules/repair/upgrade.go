package repair

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
)

// This file deals with functions that write to the map under a read lock which
// their callers took:
//
//	-	c.mu.RLock()
//	-	defer c.mu.RUnlock()
//	+	c.mu.Lock()
//	+	defer c.mu.Unlock()
//		c.create(k) // writes c.m
//
// All of the callers take the write lock then.

// A heldCall is a call, made with the chosen lock held by the function that makes
// it.
type heldCall struct {
	job *job
	iv  interval
}

// findUpgrades notes for every function that writes under a read lock of its
// callers where those take it.
func (r *mapRepair) findUpgrades() {
	if r.lock == nil || r.lock.isNew {
		return
	}
	for _, fn := range r.funcs {
		j := &job{r: r, fn: fn, info: fn.pkg.Info}
		j.held = j.heldIntervals()
		if len(j.held) == 0 && slices.ContainsFunc(fn.sites, func(s *site) bool { return s.needy && r.holdsShared(s) }) {
			fn.heldBy, _ = r.heldBy(fn.pkg, fn.node, maxChain)
		}
	}
}

// heldBy returns the calls by which all ways to a function lead, and which are
// made with the lock held. It is false if there are others, or none at all.
func (r *mapRepair) heldBy(pkg *load.Package, node ast.Node, depth int) (calls []heldCall, ok bool) {
	decl, isDecl := node.(*ast.FuncDecl)
	if !isDecl || depth == 0 {
		return nil, false
	}
	fn, isFunc := pkg.Info.Defs[decl.Name].(*types.Func)
	if !isFunc {
		return nil, false
	}
	type caller struct {
		pkg  *load.Package
		file *ast.File
		call *ast.CallExpr
	}
	var callers []caller
	r.callsOf(fn, func(pkg *load.Package, file *ast.File, call *ast.CallExpr) {
		callers = append(callers, caller{pkg, file, call})
	})
	for _, c := range callers {
		if c.call == nil || pkg.Path != c.pkg.Path || ast.IsGenerated(c.file) {
			return nil, false // it may be called anywhere, or cannot be edited
		}
		path, _ := pathTo(c.file, c.call)
		up := runner(c.pkg.Info, path)
		if _, isDecl := up.(*ast.FuncDecl); !isDecl || isLater(path[1]) {
			return nil, false
		}
		j := newJob(r, newFunction(c.pkg, c.file, up), lockRef{})
		i := slices.IndexFunc(j.held, func(iv interval) bool { return iv.pos <= c.call.Pos() && c.call.End() <= iv.end })
		switch {
		case i >= 0 && j.held[i].from.call != nil && j.held[i].from.stmt != nil:
			j.ref.text = j.r.text(j.src, ast.Unparen(j.held[i].from.call.Fun).(*ast.SelectorExpr).X)
			calls = append(calls, heldCall{j, j.held[i]})
		case len(j.held) > 0:
			return nil, false
		default:
			further, ok := r.heldBy(c.pkg, up, depth-1)
			if !ok {
				return nil, false
			}
			calls = append(calls, further...)
		}
	}
	return calls, len(calls) > 0
}

// upgradeCallers replaces the read locks under which a function is called.
func (r *mapRepair) upgradeCallers(fn *function) proposal {
	var p proposal
	for _, c := range fn.heldBy {
		call := c.iv.from.call
		if c.iv.from.method == "Lock" || slices.ContainsFunc(r.upgraded, func(pos *ast.CallExpr) bool { return pos == call }) {
			continue
		}
		if c.iv.from.method != "RLock" {
			p.doubts = append(p.doubts, c.job.doubt(edit.Manual, call.Pos(), "the map is written under the read lock of %s that is tried here: it needs the write lock", c.job.ref.text))
			continue
		}
		r.upgraded = append(r.upgraded, call)
		if at := c.job.looseLock(); at != nil {
			p.doubts = append(p.doubts, c.job.doubt(edit.Manual, at.Pos(), "%s is used here other than by calling its methods, so it may be held already", r.lock.display))
		}
		p.add(c.job.upgradeInterval(c.iv))
	}
	p.spans = nil // of other functions
	return p
}
