package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"slices"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// edited returns an error if an operation changed something inside n, which a
// replacement of n would undo.
func (t *Tree) edited(n dst.Node) error {
	var err error
	dst.Inspect(n, func(m dst.Node) bool {
		if m != nil && t.inside[m] {
			err = errors.New("a part of it was edited already")
		}
		return err == nil
	})
	return err
}

// ReplaceExpr replaces an expression. Comments around it stay; comments inside
// it that code does not repeat move above the statement.
func (t *Tree) ReplaceExpr(e ast.Expr, code string) error {
	n, err := t.node(e)
	if err != nil {
		return err
	}
	old := n.(dst.Expr)
	expr, err := parseExpr(code)
	if err == nil {
		err = t.edited(old)
	}
	if err != nil {
		return t.errorf(e, "%w", err)
	}
	stmt, found := t.statementOf(old)
	if !found {
		return t.errorf(e, "the expression is no longer in the file")
	}
	decs := *old.Decorations()
	kept := slices.Concat(decs.Start, decs.End, comments(expr))
	rest := missing(comments(old), kept)
	if len(rest) > 0 && stmt == nil {
		return t.errorf(e, "a comment inside the expression would be lost")
	}
	if err := t.swap(old, expr); err != nil {
		return t.errorf(e, "%w", err)
	}
	now := expr.Decorations()
	now.Before, now.After = decs.Before, decs.After
	now.Start.Prepend(decs.Start...)
	now.End.Append(decs.End...)
	if len(rest) > 0 {
		stmt.Decorations().Start.Append(rest...)
	}
	t.dec.Dst.Nodes[t.own[e]] = expr
	t.inside[expr] = true
	t.dirty = true
	return nil
}

// statementOf returns the innermost statement of a list that holds n, nil if
// none does, and whether n is in the file.
func (t *Tree) statementOf(n dst.Node) (stmt dst.Stmt, found bool) {
	var path []dst.Node
	dst.Inspect(t.file, func(m dst.Node) bool {
		if found {
			return false
		}
		if m == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, m)
		found = m == n
		return !found
	})
	for _, m := range slices.Backward(path) {
		if s, ok := m.(dst.Stmt); ok && t.home[s] != nil && listOf(s) == nil {
			return s, found
		}
	}
	return nil, found
}

// swap puts a node where another is.
func (t *Tree) swap(old, new dst.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%T cannot stand here", new)
		}
	}()
	done := false
	dstutil.Apply(t.file, func(c *dstutil.Cursor) bool {
		if !done && c.Node() == old {
			c.Replace(new)
			done = true
		}
		return !done
	}, nil)
	if !done {
		return errors.New("is no longer in the file")
	}
	return nil
}

// ReplaceStmt replaces a statement by one or more. Comments around it stay;
// comments inside it that code does not repeat move above the first.
func (t *Tree) ReplaceStmt(s ast.Stmt, code string) error {
	at, err := t.place(s)
	if err != nil {
		return err
	}
	n, err := t.node(s)
	if err != nil {
		return err
	}
	old := n.(dst.Stmt)
	list, err := parseStmts(code)
	label := t.label[old]
	_, again := t.span[old]
	switch {
	case err != nil:
	case again:
		err = errors.New("the statement was replaced already")
	case label != nil && len(list) > 1:
		err = errors.New("a label cannot name several statements")
	default:
		err = t.edited(old)
	}
	if err != nil {
		return t.errorf(s, "%w", err)
	}
	inherit(old, list)
	if label != nil {
		label.(*dst.LabeledStmt).Stmt = list[0]
		delete(t.label, old)
		t.label[list[0]] = label
		t.dec.Dst.Nodes[t.own[s]] = list[0]
		t.inside[label], t.inside[list[0]] = true, true
	} else {
		*at.list = slices.Delete(*at.list, at.i, at.j)
		t.insert(at.owner, at.i, list)
		t.span[old] = [2]dst.Stmt{list[0], list[len(list)-1]}
	}
	t.inside[at.owner] = true
	t.dirty = true
	return nil
}

// inherit gives the statements that replace old its comments and spaces.
func inherit(old dst.Stmt, list []dst.Stmt) {
	decs := *old.Decorations()
	kept := slices.Concat(decs.Start, decs.End, comments(&dst.BlockStmt{List: list}))
	rest := missing(comments(old), kept)
	first, last := list[0].Decorations(), list[len(list)-1].Decorations()
	first.Before, last.After = decs.Before, decs.After
	first.Start = slices.Concat(decs.Start, dst.Decorations(rest), first.Start)
	last.End = slices.Concat(last.End, decs.End)
}

// initOf returns the init slot of an if or switch, and the comments beside it.
func initOf(s dst.Stmt) (init *dst.Stmt, decs []*dst.Decorations) {
	switch s := s.(type) {
	case *dst.IfStmt:
		return &s.Init, []*dst.Decorations{&s.Decs.If, &s.Decs.Init}
	case *dst.SwitchStmt:
		return &s.Init, []*dst.Decorations{&s.Decs.Switch, &s.Decs.Init}
	case *dst.TypeSwitchStmt:
		return &s.Init, []*dst.Decorations{&s.Decs.Switch, &s.Decs.Init}
	}
	return nil, nil
}

// HoistInit makes the init statement of an if or switch the statement before
// it, under its comments. The caller answers for the wider scope.
func (t *Tree) HoistInit(s ast.Stmt) error {
	n, err := t.node(s)
	if err != nil {
		return err
	}
	init, beside := initOf(n.(dst.Stmt))
	if init == nil || *init == nil {
		return t.errorf(s, "the statement has no init")
	}
	at, err := t.place(s)
	if err != nil {
		return err
	}
	hoisted := *init
	*init = nil
	decs, old := hoisted.Decorations(), at.first().Decorations()
	for _, d := range beside {
		decs.End = append(decs.End, *d...)
		*d = nil
	}
	decs.Start = slices.Concat(old.Start, decs.Start)
	old.Start = nil
	decs.Before, decs.After = old.Before, dst.NewLine
	old.Before = dst.NewLine
	t.insert(at.owner, at.i, []dst.Stmt{hoisted})
	return nil
}

// ReplaceInit replaces the init statement of an if or switch; "" removes it.
// Comments in the old one that code does not repeat move above the statement.
func (t *Tree) ReplaceInit(s ast.Stmt, code string) error {
	n, err := t.node(s)
	if err != nil {
		return err
	}
	slot, beside := initOf(n.(dst.Stmt))
	if slot == nil {
		return t.errorf(s, "the statement cannot have an init")
	}
	init, err := parseInit(code)
	if err == nil && *slot != nil {
		err = t.edited(*slot)
	}
	if err == nil && !t.attached(n) {
		err = errors.New("the statement is no longer in the file")
	}
	if err != nil {
		return t.errorf(s, "%w", err)
	}
	rest := lostWithInit(*slot, init, beside)
	if len(rest) > 0 {
		at, err := t.place(s)
		if err != nil {
			return t.errorf(s, "a comment in the init would be lost")
		}
		at.first().Decorations().Start.Append(rest...)
	}
	*slot = init
	if init != nil {
		t.inside[init] = true
	} else {
		for _, d := range beside {
			*d = nil
		}
	}
	t.inside[n] = true
	t.dirty = true
	return nil
}

// parseInit decorates an init statement, nil for "".
func parseInit(code string) (dst.Stmt, error) {
	if code == "" {
		return nil, nil
	}
	list, err := parseStmts(code)
	if err != nil {
		return nil, err
	}
	if len(list) > 1 || !simple(list[0]) {
		return nil, errors.New("new init: is not one simple statement")
	}
	decs := list[0].Decorations()
	decs.Before, decs.After = dst.None, dst.None
	return list[0], nil
}

// lostWithInit returns the comments that have no place when init replaces old.
func lostWithInit(old, init dst.Stmt, beside []*dst.Decorations) []string {
	var gone, kept []string
	if old != nil {
		gone = comments(old)
	}
	if init != nil {
		return missing(gone, comments(init))
	}
	for _, d := range beside {
		gone = append(gone, *d...)
	}
	return missing(gone, kept)
}

// simple reports whether a statement may be an init.
func simple(s dst.Stmt) bool {
	switch s.(type) {
	case *dst.AssignStmt, *dst.ExprStmt, *dst.IncDecStmt, *dst.SendStmt:
		return true
	}
	return false
}
