package repair

import (
	"go/ast"
	"go/token"
)

// exits returns the statements that leave stmts other than by falling off the
// end: returns, panics, and branches to somewhere else. Function literals are
// not looked into.
func (j *job) exits(stmts []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range stmts {
		out = append(out, j.leaving(s, stmts)...)
	}
	return out
}

// leaving returns the statements in s that leave region.
func (j *job) leaving(s ast.Stmt, region []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	var visit func(n ast.Node, breaks, continues bool)
	visit = func(n ast.Node, breaks, continues bool) {
		ast.Inspect(n, func(c ast.Node) bool {
			if c == n {
				return true
			}
			switch c := c.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ForStmt, *ast.RangeStmt:
				visit(c, true, true)
				return false
			case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				visit(c, true, continues)
				return false
			case ast.Stmt:
				if j.leaves(c, region, breaks, continues) {
					out = append(out, c)
				}
			}
			return true
		})
	}
	switch s := unlabel(s).(type) {
	case *ast.ForStmt, *ast.RangeStmt:
		visit(s, true, true)
	case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		visit(s, true, false)
	default:
		if j.leaves(s, region, false, false) {
			out = append(out, s)
		}
		visit(s, false, false)
	}
	return out
}

// leaves reports whether s itself leaves region; breaks and continues say
// whether an unlabelled break or continue stays inside.
func (j *job) leaves(s ast.Stmt, region []ast.Stmt, breaks, continues bool) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.ExprStmt:
		return isPanic(s.X)
	case *ast.BranchStmt:
		if s.Label != nil {
			return !labelIn(region, s.Label.Name)
		}
		switch s.Tok {
		case token.BREAK:
			return !breaks
		case token.CONTINUE:
			return !continues
		case token.FALLTHROUGH:
			return !inSwitchOf(region, s)
		}
	}
	return false
}

// labelIn reports whether a label is declared in region.
func labelIn(region []ast.Stmt, name string) bool {
	found := false
	for _, s := range region {
		ast.Inspect(s, func(n ast.Node) bool {
			if l, ok := n.(*ast.LabeledStmt); ok && l.Label.Name == name {
				found = true
			}
			_, lit := n.(*ast.FuncLit)
			return !found && !lit
		})
	}
	return found
}

// inSwitchOf reports whether the switch that a fallthrough is in is in region.
func inSwitchOf(region []ast.Stmt, s *ast.BranchStmt) bool {
	for _, t := range region {
		if _, ok := t.(*ast.BranchStmt); !ok && t.Pos() <= s.Pos() && s.End() <= t.End() {
			return true
		}
	}
	return false
}

// jumpedInto reports whether a goto outside of region has its label inside.
func (j *job) jumpedInto(region []ast.Stmt) bool {
	first, last := region[0].Pos(), region[len(region)-1].End()
	found := false
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO && (b.Pos() < first || b.Pos() >= last) {
			found = found || labelIn(region, b.Label.Name)
		}
		return !found
	})
	return found
}

func isPanic(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "panic"
}

// ends reports whether control never falls off the end of s: what the
// specification calls a terminating statement, or a branch.
func ends(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		return isPanic(s.X)
	case *ast.BlockStmt:
		return listEnds(s.List)
	case *ast.IfStmt:
		return s.Else != nil && listEnds(s.Body.List) && ends(s.Else)
	case *ast.ForStmt:
		return s.Cond == nil && !breaksOut(s.Body, "")
	case *ast.LabeledStmt:
		return ends(s.Stmt) && !breaksOut(s.Stmt, s.Label.Name)
	case *ast.SwitchStmt:
		return clausesEnd(s.Body)
	case *ast.TypeSwitchStmt:
		return clausesEnd(s.Body)
	case *ast.SelectStmt:
		for _, c := range s.Body.List {
			if !listEnds(c.(*ast.CommClause).Body) {
				return false
			}
		}
		return !breaksOut(s.Body, "")
	}
	return false
}

func listEnds(l []ast.Stmt) bool { return len(l) > 0 && ends(l[len(l)-1]) }

func clausesEnd(body *ast.BlockStmt) bool {
	hasDefault := false
	for _, c := range body.List {
		c := c.(*ast.CaseClause)
		hasDefault = hasDefault || c.List == nil
		if !listEnds(c.Body) {
			return false
		}
	}
	return hasDefault && !breaksOut(body, "")
}

// breaksOut reports whether a break in n leaves the statement that n is (the
// body of): one without a label that belongs to it, or one with its label.
func breaksOut(n ast.Node, label string) bool {
	found := false
	ast.Inspect(n, func(c ast.Node) bool {
		switch c := c.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			if label == "" && c != n {
				return false // its breaks are its own
			}
		case *ast.BranchStmt:
			if c.Tok == token.BREAK {
				found = found || c.Label == nil && label == "" || c.Label != nil && c.Label.Name == label
			}
		}
		return !found
	})
	return found
}
