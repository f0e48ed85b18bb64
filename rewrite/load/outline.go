package load

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"strings"
)

// sameDeclarations reports whether two versions of a file differ at most in
// their imports, comments, layout and the bodies of functions.
func sameDeclarations(fset *token.FileSet, x, y *source) bool {
	if x.syntax == nil || y.syntax == nil || x.parseErr != nil || y.parseErr != nil {
		return false
	}
	return outline(fset, x) == outline(fset, y)
}

// outline returns the tokens of a file's declarations, without its imports and
// the bodies of functions.
func outline(fset *token.FileSet, s *source) string {
	var out strings.Builder
	out.WriteString(s.syntax.Name.Name)
	offset := func(pos token.Pos) int { return fset.File(s.syntax.FileStart).Offset(pos) }
	for _, decl := range s.syntax.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			continue
		}
		start := offset(decl.Pos())
		ast.Inspect(decl, func(n ast.Node) bool {
			body := bodyOf(n)
			if body == nil || !body.Rbrace.IsValid() {
				return true
			}
			tokens(&out, s.src[start:offset(body.Lbrace)+1])
			start = offset(body.Rbrace)
			return false // skips the signature too, which is written already
		})
		tokens(&out, s.src[start:offset(decl.End())])
		out.WriteByte('\n')
	}
	return out.String()
}

// bodyOf returns the body of a function declaration or literal.
func bodyOf(n ast.Node) *ast.BlockStmt {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Body
	case *ast.FuncLit:
		return n.Body
	}
	return nil
}

// tokens writes the tokens of some source text, one blank between two.
func tokens(out *strings.Builder, src []byte) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	s.Init(file, src, nil, 0)
	for {
		_, tok, lit := s.Scan()
		if tok == token.EOF {
			return
		}
		if lit == "" || tok.IsOperator() {
			lit = tok.String()
		}
		out.WriteByte(' ')
		out.WriteString(lit)
	}
}
