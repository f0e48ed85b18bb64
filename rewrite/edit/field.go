package edit

import (
	"errors"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/dave/dst"
)

// InsertField puts fields above the field before, its doc comment included;
// nil means at the end. Of the ways to lay the new field out (its comment
// behind it or above it, a blank line on one side) it takes the one that makes
// gofmt realign the fewest other lines.
func (t *Tree) InsertField(st *ast.StructType, before *ast.Field, code string) error {
	n, err := t.node(st)
	if err != nil {
		return err
	}
	fields := n.(*dst.StructType).Fields
	i := len(fields.List)
	if before != nil {
		f, err := t.node(before)
		if err != nil {
			return err
		}
		if i = slices.Index(fields.List, f.(*dst.Field)); i < 0 {
			return t.errorf(before, "the field is not one of the struct")
		}
	}
	if !t.attached(n) {
		return t.errorf(st, "the struct is no longer in the file")
	}
	if _, err := parseFields(code); err != nil {
		return t.errorf(st, "%w", err)
	}
	putFields(fields, i, code, bestLayout(fields, i, code))
	t.inside[n], t.inside[fields] = true, true
	t.dirty = true
	return nil
}

// A layout is one way to write a new field or variable.
type layout struct {
	commentAbove bool
	blankAbove   bool
	blankBelow   bool
}

var layouts = []layout{
	{},
	{commentAbove: true},
	{blankAbove: true},
	{blankBelow: true},
	{commentAbove: true, blankAbove: true},
}

// bestLayout tries the layouts on a copy and returns the one that adds or
// realigns the fewest lines.
func bestLayout(fields *dst.FieldList, i int, code string) layout {
	show := func(fields *dst.FieldList) string {
		text, err := render(&dst.File{
			Name: dst.NewIdent("p"),
			Decls: []dst.Decl{&dst.GenDecl{Tok: token.TYPE, Specs: []dst.Spec{
				&dst.TypeSpec{Name: dst.NewIdent("_"), Type: &dst.StructType{Fields: fields}},
			}}},
		})
		if err != nil {
			return ""
		}
		return text
	}
	old := show(dst.Clone(fields).(*dst.FieldList))
	least, best := -1, layout{}
	for _, l := range layouts {
		trial := dst.Clone(fields).(*dst.FieldList)
		putFields(trial, i, code, l)
		cost := addedLines(old, show(trial))
		if l.blankBelow {
			cost += 2 // a mutex belongs directly above what it guards
		}
		if least < 0 || cost < least {
			least, best = cost, l
		}
	}
	return best
}

// addedLines counts the lines of new that are not those of old.
func addedLines(old, new string) int {
	n := 0
	for _, e := range lineEdits(old, new) {
		n += strings.Count(e.New, "\n")
	}
	return n
}

// putFields parses fields and puts them at index i.
func putFields(fields *dst.FieldList, i int, code string, l layout) {
	list, err := parseFields(code)
	if err != nil {
		panic("invariant: code was parsed before")
	}
	nodes := make([]dst.Node, len(list))
	for i, f := range list {
		nodes[i] = f
	}
	var prev, next dst.Node
	if i > 0 {
		prev = fields.List[i-1]
	}
	if i < len(fields.List) {
		next = fields.List[i]
	}
	layOut(nodes, prev, next, &fields.Decs.Opening, l)
	fields.List = slices.Insert(fields.List, i, list...)
	for _, f := range fields.List {
		f.Decs.Before = max(f.Decs.Before, dst.NewLine)
		f.Decs.After = max(f.Decs.After, dst.NewLine)
	}
}

// layOut arranges spaces and comments for new nodes between two others, either
// of which may be nil; opening are the comments behind the brace or parenthesis.
func layOut(list []dst.Node, prev, next dst.Node, opening *dst.Decorations, l layout) {
	first, last := list[0].Decorations(), list[len(list)-1].Decorations()
	if l.commentAbove {
		for _, n := range list {
			decs := n.Decorations()
			same, later := splitEnd(decs.End)
			if len(same) > 0 {
				decs.Start = append(decs.Start, afterNewline(append(dst.Decorations{newline}, same...))...)
				decs.End = later
			}
		}
	}
	first.Before, last.After = dst.NewLine, dst.NewLine
	if next != nil {
		old := next.Decorations()
		above, own := splitStart(old.Start)
		first.Start.Prepend(above...)
		first.Before = max(dst.NewLine, old.Before)
		old.Start, old.Before = own, dst.NewLine
	} else if prev != nil {
		old := prev.Decorations()
		same, later := splitEnd(old.End)
		old.End, last.End = same, appendLater(last.End, later)
		old.After = dst.NewLine
	} else {
		same, later := splitEnd(*opening)
		*opening = same
		last.End = appendLater(last.End, later)
	}
	if l.blankAbove && prev != nil {
		first.Before = dst.EmptyLine
	}
	if l.blankBelow && next != nil {
		last.After = dst.EmptyLine
	}
}

// AddKeyedElement adds a key: value pair at the end of a composite literal
// that is empty or keyed: on a line of its own if the last one is.
func (t *Tree) AddKeyedElement(lit *ast.CompositeLit, code string) error {
	n, err := t.node(lit)
	if err != nil {
		return err
	}
	old := n.(*dst.CompositeLit)
	kv, err := parseElement(code)
	if err == nil && !t.attached(n) {
		err = errors.New("the literal is no longer in the file")
	}
	if err != nil {
		return t.errorf(lit, "%w", err)
	}
	decs := kv.Decorations()
	decs.Before, decs.After = dst.None, dst.None
	if len(old.Elts) > 0 {
		prev := old.Elts[len(old.Elts)-1]
		if _, ok := prev.(*dst.KeyValueExpr); !ok {
			return t.errorf(lit, "the elements of the literal have no keys")
		}
		pd := prev.Decorations()
		same, later := splitEnd(pd.End)
		if pd.After != dst.None || len(later) > 0 {
			decs.Before, decs.After = dst.NewLine, dst.NewLine
			pd.After = dst.NewLine
			pd.End = same
			decs.End = appendLater(decs.End, later)
		}
	} else if same, later := splitEnd(old.Decs.Lbrace); len(later) > 0 || slices.ContainsFunc(same, ends) {
		old.Decs.Lbrace = same
		decs.Before, decs.After = dst.NewLine, dst.NewLine
		decs.End = appendLater(decs.End, later)
	}
	old.Elts = append(old.Elts, kv)
	t.inside[n] = true
	t.dirty = true
	return nil
}
