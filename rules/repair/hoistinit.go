package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// A movedInit is the statement that initialises an if or switch, on its way to
// the list that the if or switch is in. Its variables get a wider scope there,
// where their names may be taken:
//
//   - if v, ok := c.m[k]; ok {
//   - v2, ok2 := c.m[k]
//   - if v, ok := v2, ok2; ok {
//
// How it is written is settled when the edits are made, since other statements
// may have moved to the same list by then.
type movedInit struct {
	*hoisting
	stmt   ast.Stmt
	assign *ast.AssignStmt // stmt, if it declares variables
	scope  *types.Scope    // of the list
	clash  bool            // with what is in the list already

	vars  []*temp           // new names, nil for those that keep theirs; set by code
	again []*ast.AssignStmt // declarations that become assignments, see redefined
}

// A movedName is a variable that was moved to a scope.
type movedName struct {
	scope *types.Scope
	name  string
}

// A movedVar says whether a moved variable can be assigned to again by the next
// statement that moves to the list.
type movedVar struct {
	typ      types.Type
	captured bool
}

// moveInit hoists the statement that initialises an if or switch, if it has
// sites or declares what the other sites use.
func (h *hoisting) moveInit(init ast.Stmt, header []*site) bool {
	if init == nil {
		return true
	}
	needed := len(h.initSites) > 0 || len(callsIn(h.info, init)) > 0
	for _, site := range header {
		needed = needed || h.uses(site.node, init)
	}
	if !needed {
		return true // it stays; there is nothing in it that has to come first
	}
	m := &movedInit{hoisting: h, stmt: init}
	if assign, ok := init.(*ast.AssignStmt); ok && assign.Tok == token.DEFINE {
		scope := h.info.Scopes[h.stmt]
		if scope == nil || scope.Parent() == nil {
			return false
		}
		m.assign, m.scope = assign, scope.Parent()
		m.clash = m.clashes() && !m.redefined()
		if m.clash && !m.renames() {
			return false
		}
	}
	if len(h.initSites) > 0 {
		h.under = append(h.under, m.code)
		for _, site := range h.initSites {
			h.keyEarly(site)
		}
		h.doubts = append(h.doubts, h.nodeTroubles(init, header, h.early()...)...)
	} else {
		h.before = append(h.before, m.code)
	}
	h.replace = append(h.replace, op{h.fn.file, m.rest})
	return true
}

// uses reports whether n uses a variable that init declares or assigns.
func (h *hoisting) uses(n ast.Node, init ast.Stmt) bool {
	assign, ok := init.(*ast.AssignStmt)
	if !ok {
		return true
	}
	objs := make(map[types.Object]bool)
	for _, e := range assign.Lhs {
		id, ok := e.(*ast.Ident)
		if !ok {
			return true
		}
		objs[h.info.ObjectOf(id)] = true
	}
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && h.info.Uses[id] != nil && objs[h.info.Uses[id]]
		return !found
	})
	return found
}

// declares returns the identifiers that the statement declares, "_" excluded.
func (m *movedInit) declares() []*ast.Ident {
	var ids []*ast.Ident
	for _, e := range m.assign.Lhs {
		if id := e.(*ast.Ident); id.Name != "_" {
			ids = append(ids, id)
		}
	}
	return ids
}

// clashes reports whether a variable cannot be declared in the list under its
// name: it exists there, or a later statement means another by the name.
func (m *movedInit) clashes() bool {
	for _, id := range m.declares() {
		if m.scope.Lookup(id.Name) != nil || m.meansOther(id.Name) {
			return true
		}
	}
	return false
}

// meansOther reports whether a statement after the hoisted one uses name for a
// variable that is not declared after it.
func (h *hoisting) meansOther(name string) bool {
	found := false
	for _, s := range h.list[h.i+1:] {
		ast.Inspect(s, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || id.Name != name {
				return true
			}
			switch obj := h.info.Uses[id].(type) {
			case nil:
			case *types.Var:
				found = found || !obj.IsField() && !h.after(obj)
			case *types.Func:
				found = found || obj.Signature().Recv() == nil
			default:
				found = found || !h.after(obj)
			}
			return true
		})
	}
	return found
}

// after reports whether obj is declared in a statement after the hoisted one.
func (h *hoisting) after(obj types.Object) bool {
	return h.stmt.End() <= obj.Pos() && obj.Pos() < h.list[len(h.list)-1].End()
}

// renames reports whether the statement can be written with other names.
func (m *movedInit) renames() bool {
	return len(m.assign.Rhs) == 1 || len(m.assign.Rhs) == len(m.assign.Lhs)
}

// code returns the statement as it stands before the if or switch.
func (m *movedInit) code() string {
	text := m.source(m.stmt.Pos(), m.stmt.End())
	if m.assign == nil {
		return text
	}
	fresh, again := false, true
	for _, id := range m.declares() {
		old, ok := m.fn.moved[movedName{m.scope, id.Name}]
		fresh = fresh || !ok
		again = again && (!ok || !old.captured && types.Identical(old.typ, m.info.Defs[id].Type()))
	}
	rhs := m.source(m.assign.Rhs[0].Pos(), m.assign.End())
	switch {
	case m.clash || !again:
		var names []string
		for _, e := range m.assign.Lhs {
			id := e.(*ast.Ident)
			if id.Name == "_" {
				names, m.vars = append(names, "_"), append(m.vars, nil)
				continue
			}
			v := m.temp(m.list, m.i, id.Name+"2", id.Name+"3", id.Name+"4")
			names, m.vars = append(names, v.String()), append(m.vars, v)
		}
		return strings.Join(names, ", ") + " := " + rhs
	case !fresh:
		text = strings.Replace(text, ":=", "=", 1)
	}
	if m.fn.moved == nil {
		m.fn.moved = make(map[movedName]movedVar)
	}
	for _, id := range m.declares() {
		m.fn.moved[movedName{m.scope, id.Name}] = movedVar{m.info.Defs[id].Type(), captured(m.info, m.hoisting.stmt)}
	}
	return text
}

// rest removes the statement from the if or switch, or leaves there what gives
// its variables their names.
func (m *movedInit) rest(t *edit.Tree) error {
	if m.vars == nil {
		if err := m.redefine(t); err != nil {
			return err
		}
		return t.ReplaceInit(m.hoisting.stmt, "")
	}
	var names, values []string
	for i, e := range m.assign.Lhs {
		if m.vars[i] != nil {
			names = append(names, e.(*ast.Ident).Name)
			values = append(values, m.vars[i].String())
		}
	}
	if len(names) == 0 {
		return t.ReplaceInit(m.hoisting.stmt, "")
	}
	return t.ReplaceInit(m.hoisting.stmt, fmt.Sprintf("%s := %s", strings.Join(names, ", "), strings.Join(values, ", ")))
}

// captured reports whether a variable declared in s may be in use after s.
func captured(info *types.Info, s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok || addressed(info, n) != nil {
			found = true
		}
		return !found
	})
	return found
}
