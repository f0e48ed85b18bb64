package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// hoistTuple is hoistCalls for assignments of several results:
//
//   - v, err2 := fetch(k)
//   - c.mu.Lock()
//   - c.m[k], err = fetch(k)
//   - c.m[k], err = v, err2
//   - c.mu.Unlock()
func (j *job) hoistTuple(l []ast.Stmt, i int, sites []*site) (proposal, bool) {
	assign, ok := l[i].(*ast.AssignStmt)
	if !ok || assign.Tok != token.ASSIGN || len(assign.Rhs) != 1 || len(assign.Lhs) < 2 {
		return proposal{}, false
	}
	call, ok := ast.Unparen(assign.Rhs[0]).(*ast.CallExpr)
	if !ok || len(within(sites, call)) > 0 {
		return proposal{}, false
	}
	tuple, ok := j.info.TypeOf(call).(*types.Tuple)
	if !ok {
		return proposal{}, false
	}
	for _, e := range assign.Lhs {
		if len(callsIn(j.info, e)) > 0 {
			return proposal{}, false
		}
	}
	p, ok := j.hold(l, i, []ast.Node{assign}, sites)
	if !ok || !j.r.usable(j.fn, j.ref, assign.End()) {
		return p, false
	}
	vars := make([]*temp, tuple.Len())
	for k := range vars {
		switch t := tuple.At(k).Type(); {
		case holdsLock(t, 0):
			return p, false
		case types.Identical(t, types.Universe.Lookup("error").Type()):
			vars[k] = j.temp(l, i, "err", "e")
		default:
			vars[k] = j.temp(l, i, "v", "val", "value")
		}
	}
	lock := j.lockCode(sites)
	p.closes = j.closing(sites)
	p.ops = []op{{j.fn.file, func(t *edit.Tree) error {
		var names []string
		for _, v := range vars {
			names = append(names, v.String())
		}
		values := strings.Join(names, ", ")
		if err := t.InsertBefore(assign, fmt.Sprintf("%s := %s\n%s", values, j.r.text(j.src, call), lock)); err != nil {
			return err
		}
		lhs := string(j.src[j.offset(assign.Pos()):j.offset(assign.TokPos)])
		return t.ReplaceStmt(assign, lhs+"= "+values)
	}}}
	p.ops = append(p.ops, j.closeAfter(assign, p.closes))
	return p, true
}
