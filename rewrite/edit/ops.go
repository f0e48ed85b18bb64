package edit

import (
	"errors"
	"go/ast"
	"slices"

	"github.com/dave/dst"
)

// A place is where a statement stands: list[i:j] of a block or clause.
type place struct {
	owner dst.Node
	list  *[]dst.Stmt
	i, j  int
}

func (p place) first() dst.Stmt { return (*p.list)[p.i] }
func (p place) last() dst.Stmt  { return (*p.list)[p.j-1] }

// place finds a statement, its label included, or the statements that replaced it.
func (t *Tree) place(s ast.Stmt) (place, error) {
	n, err := t.node(s)
	if err != nil {
		return place{}, err
	}
	p, err := t.placeOf(n.(dst.Stmt))
	if err != nil {
		return place{}, t.errorf(s, "%w", err)
	}
	return p, nil
}

func (t *Tree) placeOf(n dst.Stmt) (place, error) {
	switch n.(type) {
	case *dst.CaseClause, *dst.CommClause:
		return place{}, errors.New("a clause is not a statement of a block")
	}
	for t.label[n] != nil {
		n = t.label[n]
	}
	ends := [2]dst.Stmt{n, n}
	if span, ok := t.span[n]; ok {
		ends = span
	}
	owner := t.home[ends[0]]
	if owner == nil || !t.attached(owner) {
		return place{}, errors.New("the statement is not in a statement list")
	}
	list := listOf(owner)
	i, j := slices.Index(*list, ends[0]), slices.Index(*list, ends[1])
	if i < 0 || j < i {
		return place{}, errors.New("the statement is no longer in the file")
	}
	return place{owner, list, i, j + 1}, nil
}

// attached reports whether a node is still part of the file.
func (t *Tree) attached(n dst.Node) bool {
	found := false
	dst.Inspect(t.file, func(m dst.Node) bool {
		found = found || m == n
		return !found
	})
	return found
}

// InsertBefore puts statements before s, its label and the comments directly
// above it. The blank line above s is then above them. Several insertions
// before one statement stay in the order of the calls.
func (t *Tree) InsertBefore(s ast.Stmt, code string) error {
	at, err := t.place(s)
	if err != nil {
		return err
	}
	list, err := parseStmts(code)
	if err != nil {
		return t.errorf(s, "%w", err)
	}
	t.putBefore(at, list)
	return nil
}

func (t *Tree) putBefore(at place, list []dst.Stmt) {
	old, first, last := at.first().Decorations(), list[0].Decorations(), list[len(list)-1].Decorations()
	above, own := splitStart(old.Start)
	first.Start.Prepend(above...)
	first.Before, old.Before = old.Before, max(dst.NewLine, last.After)
	old.Start = own
	t.insert(at.owner, at.i, list)
}

// InsertAfter puts statements after s. A comment on the last line of s stays
// there, comments below it end up below the new statements, and so does the
// blank line. Several insertions after one statement stay in the order of the
// calls.
func (t *Tree) InsertAfter(s ast.Stmt, code string) error {
	at, err := t.place(s)
	if err != nil {
		return err
	}
	list, err := parseStmts(code)
	if err != nil {
		return t.errorf(s, "%w", err)
	}
	t.putAfter(at, list)
	return nil
}

// putAfter puts statements behind those at a place and what was put behind
// them before.
func (t *Tree) putAfter(at place, list []dst.Stmt) {
	j := at.j
	for j < len(*at.list) && t.follows((*at.list)[j], at) {
		j++
	}
	for _, s := range list {
		t.follow[s] = at.last()
	}
	prev, first, last := (*at.list)[j-1].Decorations(), list[0].Decorations(), list[len(list)-1].Decorations()
	t.claimEnd(at.owner, j)
	same, later := splitEnd(prev.End)
	prev.End = same
	last.End = appendLater(last.End, later)
	last.After, prev.After = max(prev.After, last.After), dst.NewLine
	first.Before = dst.NewLine
	t.insert(at.owner, j, list)
}

// follows reports whether s was put behind the statements at a place, or
// behind something that was.
func (t *Tree) follows(s dst.Stmt, at place) bool {
	for n := t.follow[s]; n != nil; {
		stmt, ok := n.(dst.Stmt)
		if !ok {
			return false
		}
		if slices.Contains((*at.list)[at.i:at.j], stmt) {
			return true
		}
		n = t.follow[stmt]
	}
	return false
}

// claimEnd gives the j-th statement of a clause, if it is the last, the
// comment on its line, which dst hands to the clause.
func (t *Tree) claimEnd(owner dst.Node, j int) {
	if _, ok := owner.(*dst.BlockStmt); ok || j < len(*listOf(owner)) {
		return
	}
	decs := owner.Decorations()
	same, later := splitEnd(decs.End)
	last := (*listOf(owner))[j-1].Decorations()
	last.End = append(slices.Clone(last.End), same...)
	decs.End = later
}

// InsertFirst puts statements at the start of a block. Several insertions stay
// in the order of the calls.
func (t *Tree) InsertFirst(b *ast.BlockStmt, code string) error {
	n, err := t.node(b)
	if err != nil {
		return err
	}
	block := n.(*dst.BlockStmt)
	if !t.attached(block) {
		return t.errorf(b, "the block is no longer in the file")
	}
	if len(block.List) > 0 {
		switch block.List[0].(type) {
		case *dst.CaseClause, *dst.CommClause:
			return t.errorf(b, "the block has clauses, not statements")
		}
	}
	list, err := parseStmts(code)
	if err != nil {
		return t.errorf(b, "%w", err)
	}
	i := 0
	for i < len(block.List) && t.follow[block.List[i]] == block {
		i++
	}
	for _, s := range list {
		t.follow[s] = block
	}
	if i > 0 {
		t.putBehindFirst(block, i, list)
	} else {
		t.putFirst(block, list)
	}
	return nil
}

// putFirst puts statements at the start of a block, above the comments that
// stand there on lines of their own.
func (t *Tree) putFirst(block *dst.BlockStmt, list []dst.Stmt) {
	same, later := splitEnd(block.Decs.Lbrace)
	block.Decs.Lbrace = same
	last := list[len(list)-1].Decorations()
	list[0].Decorations().Before = dst.NewLine
	if len(block.List) == 0 {
		last.End = appendLater(last.End, later)
		t.insert(block, 0, list)
		return
	}
	next := block.List[0].Decorations()
	if above := afterNewline(later); len(above) > 0 {
		if next.Before == dst.EmptyLine {
			above = append(above, newline)
		}
		next.Start.Prepend(above...)
	}
	next.Before = max(dst.NewLine, last.After)
	t.insert(block, 0, list)
}

// putBehindFirst puts statements behind the i that were put first before.
func (t *Tree) putBehindFirst(block *dst.BlockStmt, i int, list []dst.Stmt) {
	prev, last := block.List[i-1].Decorations(), list[len(list)-1].Decorations()
	same, later := splitEnd(prev.End)
	prev.End = same
	last.End = appendLater(last.End, later)
	last.After, prev.After = max(prev.After, last.After), dst.NewLine
	t.insert(block, i, list)
}

// insert puts statements into a list and every statement on its own lines.
func (t *Tree) insert(owner dst.Node, i int, list []dst.Stmt) {
	all := listOf(owner)
	*all = slices.Insert(*all, i, list...)
	for _, s := range list {
		t.home[s] = owner
	}
	_, block := owner.(*dst.BlockStmt)
	for i, s := range *all {
		decs := s.Decorations()
		decs.Before = max(decs.Before, dst.NewLine)
		if block || i+1 < len(*all) {
			decs.After = max(decs.After, dst.NewLine)
		} else {
			decs.After = dst.None // the clause has it
		}
	}
	t.inside[owner] = true
	t.dirty = true
}

// MoveAfter takes s and its comments out of its list and puts them behind
// after, which may stand in another list.
func (t *Tree) MoveAfter(s, after ast.Stmt) error {
	from, err := t.place(s)
	if err != nil {
		return err
	}
	to, err := t.place(after)
	if err != nil {
		return err
	}
	moved := slices.Clone((*from.list)[from.i:from.j])
	for _, m := range moved {
		if contains(m, to.first()) {
			return t.errorf(s, "a statement cannot follow itself")
		}
	}
	for x, n := range t.follow {
		if m, ok := n.(dst.Stmt); ok && slices.Contains(moved, m) && !slices.Contains(moved, x) {
			delete(t.follow, x)
		}
	}
	t.take(from)
	if to, err = t.place(after); err != nil { // it may have shifted
		panic("invariant: what was not moved is still there")
	}
	t.putAfter(to, moved)
	return nil
}

// contains reports whether n is, or is inside, root.
func contains(root, n dst.Node) bool {
	found := false
	dst.Inspect(root, func(m dst.Node) bool {
		found = found || m == n
		return !found
	})
	return found
}

// take removes the statements at a place from their list. Comments set off by
// a blank line above them, or on lines below them, stay.
func (t *Tree) take(at place) {
	first, last := at.first().Decorations(), at.last().Decorations()
	t.claimEnd(at.owner, at.j)
	above, own := splitStart(first.Start)
	same, later := splitEnd(last.End)
	rest := append(above, afterNewline(later)...)
	space := first.Before
	switch {
	case at.j < len(*at.list):
		next := (*at.list)[at.j].Decorations()
		next.Start.Prepend(rest...)
		next.Before = max(next.Before, space)
		if at.i == 0 {
			next.Before = space
		}
		first.Start, last.End = own, same
	case at.i > 0 && len(rest) > 0:
		prev := (*at.list)[at.i-1].Decorations()
		below := dst.Decorations{newline}
		if space == dst.EmptyLine && len(above) > 0 {
			below = append(below, newline)
		}
		prev.End = appendLater(prev.End, append(below, rest...))
		first.Start, last.End = own, same
	case len(rest) > 0:
		t.leave(at.owner, rest)
		first.Start, last.End = own, same
	}
	if at.i > 0 && at.j == len(*at.list) {
		(*at.list)[at.i-1].Decorations().After = last.After
	}
	*at.list = slices.Delete(*at.list, at.i, at.j)
	first.Before, last.After = dst.NewLine, dst.NewLine
	t.inside[at.owner] = true
	t.dirty = true
}

// leave puts comments in a list that has no statement left.
func (t *Tree) leave(owner dst.Node, rest dst.Decorations) {
	rest = append(dst.Decorations{newline}, rest...)
	switch n := owner.(type) {
	case *dst.BlockStmt:
		n.Decs.Lbrace = appendLater(n.Decs.Lbrace, rest)
	case *dst.CaseClause:
		n.Decs.End = append(rest, n.Decs.End...)
	case *dst.CommClause:
		n.Decs.End = append(rest, n.Decs.End...)
	}
}
