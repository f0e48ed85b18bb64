package edit

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/dave/dst"
)

// InsertSpec puts variables above before, its doc comment included; nil means
// at the end. A declaration without parentheses gets declarations of their own
// above it and above its doc comment.
func (t *Tree) InsertSpec(d *ast.GenDecl, before *ast.ValueSpec, code string) error {
	n, err := t.node(d)
	if err != nil {
		return err
	}
	decl := n.(*dst.GenDecl)
	if decl.Tok != token.VAR {
		return t.errorf(d, "the declaration is not of variables")
	}
	if !t.attached(decl) {
		return t.errorf(d, "the declaration is no longer in the file")
	}
	specs, err := parseSpecs(code)
	if err != nil {
		return t.errorf(d, "%w", err)
	}
	if !decl.Lparen {
		return t.insertDecl(d, decl, specs)
	}
	i := len(decl.Specs)
	if before != nil {
		s, err := t.node(before)
		if err != nil {
			return err
		}
		if i = slices.Index(decl.Specs, dst.Spec(s.(*dst.ValueSpec))); i < 0 {
			return t.errorf(before, "the variable is not one of the declaration")
		}
	}
	t.putSpecs(decl, i, specs)
	return nil
}

// putSpecs puts variables into a declaration with parentheses.
func (t *Tree) putSpecs(decl *dst.GenDecl, i int, specs []dst.Spec) {
	var prev, next dst.Node
	nodes := make([]dst.Node, len(specs))
	for i, s := range specs {
		nodes[i] = s
	}
	if i > 0 {
		prev = decl.Specs[i-1]
	}
	if i < len(decl.Specs) {
		next = decl.Specs[i]
	}
	layOut(nodes, prev, next, &decl.Decs.Lparen, layout{})
	decl.Specs = slices.Insert(decl.Specs, i, specs...)
	for _, s := range decl.Specs {
		decs := s.Decorations()
		decs.Before, decs.After = max(decs.Before, dst.NewLine), max(decs.After, dst.NewLine)
	}
	t.inside[decl] = true
	t.dirty = true
}

// insertDecl puts each variable in a declaration of its own above decl, at
// package level or among statements.
func (t *Tree) insertDecl(d *ast.GenDecl, decl *dst.GenDecl, specs []dst.Spec) error {
	var decls []*dst.GenDecl
	for _, s := range specs {
		g := &dst.GenDecl{Tok: token.VAR, Specs: []dst.Spec{s}}
		g.Decs.NodeDecs = *s.Decorations()
		*s.Decorations() = dst.NodeDecs{}
		g.Decs.Before, g.Decs.After = dst.NewLine, dst.NewLine
		decls = append(decls, g)
	}
	if i := slices.Index(t.file.Decls, dst.Decl(decl)); i >= 0 {
		t.putDecls(i, decl, decls)
		return nil
	}
	for s := range t.home {
		ds, ok := s.(*dst.DeclStmt)
		if !ok || ds.Decl != dst.Decl(decl) {
			continue
		}
		at, err := t.placeOf(ds)
		if err != nil {
			return t.errorf(d, "%w", err)
		}
		var list []dst.Stmt
		for _, g := range decls {
			s := &dst.DeclStmt{Decl: g}
			s.Decs.NodeDecs, g.Decs.NodeDecs = g.Decs.NodeDecs, dst.NodeDecs{}
			list = append(list, s)
		}
		t.putBefore(at, list)
		return nil
	}
	return t.errorf(d, "the declaration is not in the file")
}

// putDecls puts declarations above decl, the i-th of the file.
func (t *Tree) putDecls(i int, decl *dst.GenDecl, decls []*dst.GenDecl) {
	first, last := &decls[0].Decs, &decls[len(decls)-1].Decs
	above, own := splitStart(decl.Decs.Start)
	first.Start.Prepend(above...)
	first.Before = decl.Decs.Before
	if i == 0 {
		first.Before = dst.EmptyLine
	}
	decl.Decs.Start, decl.Decs.Before = own, dst.NewLine
	if slices.ContainsFunc(own, isComment) {
		last.After, decl.Decs.Before = dst.EmptyLine, dst.EmptyLine
	}
	for _, g := range slices.Backward(decls) {
		t.file.Decls = slices.Insert(t.file.Decls, i, dst.Decl(g))
	}
	t.inside[t.file] = true
	t.dirty = true
}
