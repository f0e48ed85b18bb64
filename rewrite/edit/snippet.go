package edit

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/decorator"
)

// parse decorates a file that has one declaration, the last in src.
func parse(src string) (decl dst.Decl, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be decorated: %v", r)
		}
	}()
	d := decorator.NewDecorator(token.NewFileSet())
	f, err := d.ParseFile("code", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if len(f.Decls) != 1 {
		return nil, errors.New("unbalanced braces")
	}
	return f.Decls[0], nil
}

// parseStmts decorates statements. A blank line at the end of code is kept.
func parseStmts(code string) ([]dst.Stmt, error) {
	decl, err := parse("package p\n\nfunc _() {\n" + code + "\n}\n")
	if err != nil {
		return nil, fmt.Errorf("new statements: %w", err)
	}
	fn, ok := decl.(*dst.FuncDecl)
	if !ok || len(fn.Body.List) == 0 {
		return nil, errors.New("new statements: there are none")
	}
	list := fn.Body.List
	fn.Body.List = nil
	if c := fn.Body.Decs.Lbrace; len(c) > 0 {
		list[0].Decorations().Start.Prepend(afterNewline(c)...)
	}
	for i, s := range list {
		decs := s.Decorations()
		decs.After = dst.NewLine
		if i == 0 {
			decs.Before = dst.NewLine
		}
	}
	if strings.HasSuffix(code, "\n\n") {
		list[len(list)-1].Decorations().After = dst.EmptyLine
	}
	return list, nil
}

// parseExpr decorates an expression or a type.
func parseExpr(code string) (dst.Expr, error) {
	decl, err := parse("package p\n\nvar _ = " + strings.TrimSpace(code) + "\n")
	if err != nil {
		return nil, fmt.Errorf("new expression: %w", err)
	}
	if gen, ok := decl.(*dst.GenDecl); ok && len(gen.Specs) == 1 {
		if spec := gen.Specs[0].(*dst.ValueSpec); len(spec.Values) == 1 {
			e := spec.Values[0]
			e.Decorations().Before, e.Decorations().After = dst.None, dst.None
			return e, nil
		}
	}
	return nil, errors.New("new expression: is not one expression")
}

// parseElement decorates a key: value pair.
func parseElement(code string) (*dst.KeyValueExpr, error) {
	e, err := parseExpr("_{" + strings.TrimSpace(code) + "}")
	if err != nil {
		return nil, fmt.Errorf("new element: %w", err)
	}
	if lit, ok := e.(*dst.CompositeLit); ok && len(lit.Elts) == 1 {
		if kv, ok := lit.Elts[0].(*dst.KeyValueExpr); ok {
			return kv, nil
		}
	}
	return nil, errors.New("new element: is not one key: value pair")
}

// parseFields decorates the fields of a struct type.
func parseFields(code string) ([]*dst.Field, error) {
	decl, err := parse("package p\n\ntype _ struct {\n" + code + "\n}\n")
	if err != nil {
		return nil, fmt.Errorf("new field: %w", err)
	}
	if gen, ok := decl.(*dst.GenDecl); ok && len(gen.Specs) == 1 {
		if spec, ok := gen.Specs[0].(*dst.TypeSpec); ok {
			if st, ok := spec.Type.(*dst.StructType); ok && len(st.Fields.List) > 0 {
				return st.Fields.List, nil
			}
		}
	}
	return nil, errors.New("new field: there is none")
}

// parseSpecs decorates variable specifications.
func parseSpecs(code string) ([]dst.Spec, error) {
	decl, err := parse("package p\n\nvar (\n" + code + "\n)\n")
	if err != nil {
		return nil, fmt.Errorf("new variable: %w", err)
	}
	if gen, ok := decl.(*dst.GenDecl); ok && len(gen.Specs) > 0 {
		return gen.Specs, nil
	}
	return nil, errors.New("new variable: there is none")
}
