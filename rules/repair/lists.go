package repair

import (
	"go/ast"
	"go/token"

	"github.com/mapguard/mapguard/rules/access"
)

// within returns the sites inside n.
func within(sites []*site, n ast.Node) []*site {
	var in []*site
	for _, s := range sites {
		if n.Pos() <= s.node.Pos() && s.node.End() <= n.End() {
			in = append(in, s)
		}
	}
	return in
}

func writes(sites []*site) bool {
	for _, s := range sites {
		if s.Op.Writes() {
			return true
		}
	}
	return false
}

// anyDepends reports whether one of sites depends on one of the look-ups before.
func (j *job) anyDepends(sites, before []*site) bool {
	for _, b := range sites {
		for _, a := range before {
			if j.depends(b, a) {
				return true
			}
		}
	}
	return false
}

// depends reports whether b, which may follow the look-up a, relies on what a
// found: it writes, it looks up the key that a tested or counted up, or it goes
// through the map whose size a took.
func (j *job) depends(b, a *site) bool {
	if b.Op.Writes() {
		return true
	}
	if call, ok := a.node.(*ast.CallExpr); ok && b.Op == access.Iterate {
		return calleeName(call) == "len"
	}
	return lookUp(a) && lookUp(b) && (isTest(a) || readsToo(a)) && j.r.text(j.src, a.node) == j.r.text(j.src, b.node)
}

// readsBack reports whether one of sites looks up a key that is written before.
//
//	c.m[k] = v
//	return f(c.m[k])
func (j *job) readsBack(before, sites []*site) bool {
	for _, a := range before {
		for _, b := range sites {
			if lookUp(a) && lookUp(b) && a.Op.Writes() && !b.Op.Writes() && j.r.text(j.src, a.node) == j.r.text(j.src, b.node) {
				return true
			}
		}
	}
	return false
}

// lookUp reports whether a site is about one element, or a counter.
func lookUp(s *site) bool {
	_, ok := s.node.(*ast.IndexExpr)
	return ok || s.counter
}

// isTest reports whether a look-up is made to find out if the key is there: with
// a comma and ok, or in the header of an if, for or switch.
func isTest(s *site) bool {
	for k, n := range s.path[1:] {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if len(n.Lhs) == 2 && len(n.Rhs) == 1 {
				return true
			}
			return k+2 < len(s.path) && !isList(s.path[k+2])
		case *ast.IfStmt, *ast.ForStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
			return true
		case ast.Stmt:
			return false
		}
	}
	return false
}

// flowing returns the sites in stmts that look at the map and are not followed
// by the end of the function: a look-up in a branch that returns is.
func (j *job) flowing(stmts []ast.Stmt, sites []*site) []*site {
	var out []*site
	for _, s := range sites {
		if s.Op.Writes() && !readsToo(s) {
			continue
		}
		leaves := false
		for _, n := range s.path {
			if _, lit := n.(*ast.FuncLit); lit {
				leaves = false // it returns to the statement
			}
			if n.Pos() <= stmts[0].Pos() && stmts[len(stmts)-1].End() <= n.End() {
				break
			}
			if l := listOf(n); len(l) > 0 && returns(l[len(l)-1]) {
				leaves = true
			}
		}
		if !leaves {
			out = append(out, s)
		}
	}
	return out
}

// readsToo reports whether a write is also a look-up: m[k]++, m[k] += v.
func readsToo(s *site) bool {
	if len(s.path) < 2 {
		return false
	}
	switch n := s.path[1].(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return n.Tok != token.ASSIGN && n.Tok != token.DEFINE
	}
	return false
}

// returns reports whether s leaves the function for certain.
func returns(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.ExprStmt:
		return isPanic(s.X)
	}
	return false
}

// listOf returns the statements of a node that holds a list of them.
func listOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// simpleStmt reports whether s has no statements inside it and control falls
// out of its end.
func simpleStmt(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt, *ast.IncDecStmt, *ast.DeclStmt:
		return true
	case *ast.ExprStmt:
		return !isPanic(s.X)
	}
	return false
}

// divide returns the sites that are in the header of s, and the lists inside s
// that have the others. The header of an else-if belongs to that of the if.
func divide(s ast.Stmt, sites []*site) (header []*site, bodies [][]ast.Stmt) {
	in := make(map[*site]bool)
	for _, l := range innerLists(s) {
		found := false
		for _, t := range l {
			for _, site := range within(sites, t) {
				in[site] = true
				found = true
			}
		}
		if found {
			bodies = append(bodies, l)
		}
	}
	for _, site := range sites {
		if !in[site] {
			header = append(header, site)
		}
	}
	return header, bodies
}

// innerLists returns the lists of statements inside s, not those inside them.
func innerLists(s ast.Stmt) [][]ast.Stmt {
	var lists [][]ast.Stmt
	clauses := func(body *ast.BlockStmt) {
		for _, c := range body.List {
			lists = append(lists, listOf(c))
		}
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
		lists = append(lists, s.List)
	case *ast.IfStmt:
		lists = append(lists, s.Body.List)
		if s.Else != nil {
			lists = append(lists, innerLists(s.Else)...)
		}
	case *ast.ForStmt:
		lists = append(lists, s.Body.List)
	case *ast.RangeStmt:
		lists = append(lists, s.Body.List)
	case *ast.SwitchStmt:
		clauses(s.Body)
	case *ast.TypeSwitchStmt:
		clauses(s.Body)
	case *ast.SelectStmt:
		clauses(s.Body)
	case *ast.LabeledStmt:
		return innerLists(s.Stmt)
	}
	return lists
}

func unlabel(s ast.Stmt) ast.Stmt {
	for {
		l, ok := s.(*ast.LabeledStmt)
		if !ok {
			return s
		}
		s = l.Stmt
	}
}

// minus returns the sites that are not in others.
func minus(sites, others []*site) []*site {
	var out []*site
next:
	for _, s := range sites {
		for _, o := range others {
			if s == o {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

func (j *job) offset(pos token.Pos) int { return j.r.p.Fset.File(pos).Offset(pos) }

// shortLines is how long the rest of a function may be to hold the lock for all
// of it; longLines is for functions that return from many places.
const (
	shortLines = 15
	longLines  = 40
)

// short reports whether s has few lines.
func (j *job) short(s ast.Stmt) bool { return j.lines(s.Pos(), s.End()) <= 6 }

func (j *job) lines(pos, end token.Pos) int {
	f := j.r.p.Fset
	return f.Position(end).Line - f.Position(pos).Line + 1
}
