package edit

import (
	"go/ast"
	"slices"

	"github.com/dave/dst"
)

// SplitFunc makes two functions of fn: a new one below it by the name of rest,
// which has what fn did and the comment lines doc above it, and fn itself, which
// keeps its doc comment and does body instead.
//
//	 // get looks k up.
//	 func (c *C) get(k string) int {
//	+	return c.getLocked(k)
//	+}
//	+
//	+// getLocked is get.
//	+func (c *C) getLocked(k string) int {
//	 	return c.m[k]
//	 }
func (t *Tree) SplitFunc(fn *ast.FuncDecl, rest, doc, body string) error {
	n, err := t.node(fn)
	if err != nil {
		return err
	}
	decl := n.(*dst.FuncDecl)
	i := slices.Index(t.file.Decls, dst.Decl(decl))
	if i < 0 || decl.Body == nil || decl.Name.Name != fn.Name.Name {
		return t.errorf(fn, "the function is no longer in the file")
	}
	signature := []dst.Node{decl.Type}
	if decl.Recv != nil {
		signature = append(signature, decl.Recv)
	}
	inside := len(decl.Decs.Func) + len(decl.Decs.Recv) + len(decl.Decs.Name) + len(decl.Decs.Params) + len(decl.Decs.Results)
	if inside > 0 || slices.ContainsFunc(signature, func(n dst.Node) bool { return len(comments(n)) > 0 }) {
		return t.errorf(fn, "a comment inside the signature would be repeated")
	}
	list, err := parseStmts(body)
	if err != nil {
		return t.errorf(fn, "%w", err)
	}
	first := &dst.FuncDecl{Name: dst.NewIdent(fn.Name.Name), Type: dst.Clone(decl.Type).(*dst.FuncType), Body: &dst.BlockStmt{List: list}}
	if decl.Recv != nil {
		first.Recv = dst.Clone(decl.Recv).(*dst.FieldList)
	}
	first.Decs.Before, first.Decs.After = decl.Decs.Before, dst.EmptyLine
	first.Decs.Start = decl.Decs.Start
	decl.Name.Name = rest
	decl.Decs.Before, decl.Decs.Start = dst.EmptyLine, dst.Decorations{doc}
	t.file.Decls = slices.Insert(t.file.Decls, i, dst.Decl(first))
	t.inside[t.file], t.inside[decl] = true, true
	t.dirty = true
	return nil
}
