package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// A statement that initialises an if often declares what is declared once more
// behind the if. When it moves to the list, the second declaration becomes an
// assignment:
//
//   - if v, ok := c.m[k]; ok {
//   - c.mu.Lock()
//   - v, ok := c.m[k]
//   - c.mu.Unlock()
//   - if ok {
//     return v
//     }
//   - v := load(k)
//   - v = load(k)

// redefined reports whether all names that clash are declared again behind the
// if by statements that can do with the variables of init, and notes those that
// have to be changed for it.
func (m *movedInit) redefined() bool {
	if captured(m.info, m.hoisting.stmt) || m.jumps() {
		return false
	}
	ours := make(map[types.Object]bool)
	var again []*ast.AssignStmt
	for _, id := range m.declares() {
		if m.meansOther(id.Name) {
			return false
		}
		obj := m.scope.Lookup(id.Name)
		if obj == nil {
			continue
		}
		s := m.definition(obj)
		if s == nil || !types.Identical(obj.Type(), m.info.Defs[id].Type()) {
			return false
		}
		ours[obj] = true
		again = append(again, s)
	}
	for _, s := range again {
		if !m.declaresMore(s, ours) && !m.canChange(s) {
			return false
		}
	}
	for _, s := range again {
		if !m.declaresMore(s, ours) {
			m.again = append(m.again, s)
		}
	}
	return true
}

// definition returns the statement of the list, behind the one that is hoisted,
// that declares obj; nil if it is none that assigns.
func (m *movedInit) definition(obj types.Object) *ast.AssignStmt {
	for _, s := range m.list[m.i+1:] {
		assign, ok := s.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			continue
		}
		for _, e := range assign.Lhs {
			if id, ok := e.(*ast.Ident); ok && m.info.Defs[id] == obj {
				return assign
			}
		}
	}
	return nil
}

// declaresMore reports whether a statement declares other variables than ours.
func (m *movedInit) declaresMore(s *ast.AssignStmt, ours map[types.Object]bool) bool {
	for _, e := range s.Lhs {
		if obj := m.info.Defs[e.(*ast.Ident)]; obj != nil && !ours[obj] {
			return true
		}
	}
	return false
}

// canChange reports whether a declaration can be written anew: no edit is inside
// it, and it is short.
func (m *movedInit) canChange(s *ast.AssignStmt) bool {
	if len(within(m.sites, s))+len(within(m.others, s)) > 0 || m.lines(s.Pos(), s.End()) > 1 {
		return false
	}
	plain := true
	ast.Inspect(s, func(n ast.Node) bool {
		_, lit := n.(*ast.FuncLit)
		plain = plain && !lit
		return plain
	})
	return plain
}

// jumps reports whether the function has a goto, which must not pass by a
// declaration.
func (m *movedInit) jumps() bool {
	found := false
	ast.Inspect(m.fn.body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		found = found || ok && b.Tok == token.GOTO
		return !found
	})
	return found
}

// redefine makes assignments of the declarations that redefined has noted.
func (m *movedInit) redefine(t *edit.Tree) error {
	for _, s := range m.again {
		if m.fn.assigns[s] {
			continue // for another if
		}
		if m.fn.assigns == nil {
			m.fn.assigns = make(map[*ast.AssignStmt]bool)
		}
		m.fn.assigns[s] = true
		text := m.r.text(m.src, s)
		if err := t.ReplaceStmt(s, strings.Replace(text, ":=", "=", 1)); err != nil {
			return err
		}
	}
	return nil
}
