package ignore

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
)

const prefix = "//mapguard:ignore"

// A directive is one ignore comment.
type directive struct {
	pos          access.Pos
	pkg          string // import path of the package it is in
	rule, reason string
	from, to     int  // the lines that it covers
	checked      bool // it is in a package that this run was asked about and could analyse
	used         bool
}

// covers reports whether a position is on the lines of d.
func (d *directive) covers(p access.Pos) bool {
	return p.File == d.pos.File && d.from <= p.Line && p.Line <= d.to
}

// directives returns those in the user's own packages. A file that several
// variants of a package compile is read once.
func directives(p *load.Program) []*directive {
	var all []*directive
	checked := make(map[string]bool) // files
	for _, pkg := range p.Roots {
		for _, name := range pkg.Files {
			checked[name] = len(pkg.Errors) == 0
		}
	}
	seen := make(map[string]bool)
	for _, pkg := range p.All {
		if !pkg.Main {
			continue
		}
		for _, name := range pkg.Files {
			src, err := p.Source(name)
			if seen[name] || err != nil || !bytes.Contains(src, []byte(prefix)) {
				continue
			}
			seen[name] = true
			for _, d := range inFile(p, name, src) {
				d.pkg, d.checked = pkg.Path, checked[name]
				all = append(all, d)
			}
		}
	}
	return all
}

// inFile returns the directives of a file, none if it does not parse.
func inFile(p *load.Program, name string, src []byte) []*directive {
	fset := p.Fset
	_, file := p.File(name)
	if file == nil { // in a test variant that nobody has checked
		fset = token.NewFileSet()
		var err error
		file, err = parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil
		}
	}
	var out []*directive
	for _, group := range file.Comments {
		for _, c := range group.List {
			rest, ok := strings.CutPrefix(c.Text, prefix)
			if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
				continue
			}
			at := fset.Position(c.Pos())
			d := &directive{pos: access.Pos{File: at.Filename, Line: at.Line, Column: at.Column}}
			rest, _, _ = strings.Cut(rest, " //") // a comment on the comment
			if words := strings.Fields(rest); len(words) > 0 {
				d.rule, d.reason = words[0], strings.Join(words[1:], " ")
			}
			trailing := len(bytes.TrimSpace(lineBefore(src, fset, c.Pos()))) > 0
			line := at.Line
			if !trailing {
				line = fset.Position(group.End()).Line + 1
			}
			d.from, d.to = extent(fset, file, line, trailing)
			out = append(out, d)
		}
	}
	return out
}

// lineBefore returns what is on the line of pos before it.
func lineBefore(src []byte, fset *token.FileSet, pos token.Pos) []byte {
	at := fset.PositionFor(pos, false)
	if at.Offset > len(src) {
		return nil // the syntax is not that of src: cgo has processed it
	}
	return src[at.Offset-(at.Column-1) : at.Offset]
}

// extent returns the lines that a directive at or above a line covers: the
// line itself, the whole of a declaration that starts there, and the whole of
// a plain statement that starts there or, if the directive trails, ends there.
func extent(fset *token.FileSet, file *ast.File, line int, trailing bool) (from, to int) {
	from, to = line, line
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || n == file {
			return true
		}
		start, end := fset.Position(n.Pos()).Line, fset.Position(n.End()).Line
		switch {
		case end < line || start > line:
			return false
		case start == line && declares(n):
			to = max(to, end)
		case (start == line || trailing && end == line) && plain(n):
			from, to = min(from, start), max(to, end)
		}
		return true
	})
	return from, to
}

// declares reports whether n declares something that a directive may stand on.
func declares(n ast.Node) bool {
	switch n.(type) {
	case *ast.FuncDecl, *ast.GenDecl, *ast.TypeSpec, *ast.ValueSpec, *ast.Field:
		return true
	}
	return false
}

// plain reports whether n is a statement without statements inside: an ignore
// of `go func() {` is not meant for all that the goroutine does.
func plain(n ast.Node) bool {
	switch n.(type) {
	case *ast.AssignStmt, *ast.DeclStmt, *ast.DeferStmt, *ast.ExprStmt, *ast.GoStmt, *ast.IncDecStmt, *ast.ReturnStmt, *ast.SendStmt:
	default:
		return false
	}
	flat := true
	ast.Inspect(n, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			flat = false
		}
		return flat
	})
	return flat
}
