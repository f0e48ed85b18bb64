package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/emit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A view shows parts of a program as the user would write them: file names
// relative to the working directory, source lines, locks by their local names.
type view struct {
	program *load.Program
	edited  map[string][]byte // files that findings are in as they are after fixes
}

func newView(p *load.Program, changes []emit.Change) *view {
	v := &view{program: p, edited: make(map[string][]byte)}
	for _, c := range changes {
		v.edited[c.File] = c.New
	}
	return v
}

// rel returns a file name relative to the working directory, with forward
// slashes; "" stays.
func (v *view) rel(file string) string {
	if rel, err := filepath.Rel(v.program.Dir, file); err == nil && file != "" {
		file = rel
	}
	return filepath.ToSlash(file)
}

// shorten makes the file names in the message of another program relative.
func (v *view) shorten(message string) string {
	return strings.ReplaceAll(message, v.program.Dir+string(filepath.Separator), "")
}

func (v *view) pos(p access.Pos) string {
	return fmt.Sprintf("%s:%d:%d", v.rel(p.File), p.Line, p.Column)
}

// change returns the diff that a fix makes in one file.
func (v *view) change(fix *edit.Fix, file string) string {
	src, ok := v.edited[file]
	if !ok {
		var err error
		if src, err = v.program.Source(file); err != nil {
			return ""
		}
	}
	var edits []edit.TextEdit
	for _, e := range fix.Edits {
		if e.File == file {
			edits = append(edits, e)
		}
	}
	changed, err := edit.Apply(src, edits)
	if err != nil {
		return ""
	}
	return edit.Unified(v.rel(file), src, changed)
}

// line returns the source line at p without its indentation, "" if it cannot
// be read.
func (v *view) line(p access.Pos) string {
	return string(bytes.TrimSpace(v.rawLine(p)))
}

// column returns how far into that line a position is, in bytes.
func (v *view) column(p access.Pos) int {
	raw := v.rawLine(p)
	return p.Column - 1 - (len(raw) - len(bytes.TrimLeft(raw, " \t")))
}

func (v *view) rawLine(p access.Pos) []byte {
	src, ok := v.edited[p.File]
	if !ok {
		src, _ = v.program.Source(p.File)
	}
	for range p.Line - 1 {
		_, rest, ok := bytes.Cut(src, []byte("\n"))
		if !ok {
			return nil
		}
		src = rest
	}
	src, _, _ = bytes.Cut(src, []byte("\n"))
	return src
}

// lock returns the name of a lock held at a site as the function there would
// write it: "c.mu". If the function has no name for it, the lock is named by
// its declaration: "Cache.mu".
func (v *view) lock(s judge.Site, l access.Lock) string {
	root := l.Path.Root
	name := root.Name
	switch root.Kind {
	case access.Param:
		if params := v.params(s.Pos); root.Index < len(params) {
			name = params[root.Index]
		}
	case access.GlobalVar:
		if root.Pkg != s.Pkg {
			name = path.Base(root.Pkg) + "." + name
		}
	}
	if name == "" || name == "_" {
		short := l.ID.Short()
		if l.ID.Pkg == s.Pkg {
			_, short, _ = strings.Cut(short, ".")
		}
		return short
	}
	for _, step := range l.Path.Steps[:l.Path.N] {
		if step != access.Elem {
			name += "."
		}
		name += step.Name
	}
	return name
}

// params returns the names of the parameters, receiver first, of the innermost
// function around a position; none if its syntax is not at hand.
func (v *view) params(p access.Pos) []string {
	fset := v.program.Fset
	_, file := v.program.File(p.File)
	if src, ok := v.edited[p.File]; ok {
		fset = token.NewFileSet()
		file, _ = parser.ParseFile(fset, p.File, src, parser.SkipObjectResolution)
	}
	if file == nil {
		return nil
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || !around(fset, n, p) {
			return false
		}
		switch fn := n.(type) {
		case *ast.FuncDecl:
			names = fieldNames(fn.Recv, fn.Type.Params)
		case *ast.FuncLit:
			names = fieldNames(fn.Type.Params)
		}
		return true
	})
	return names
}

// around reports whether p is within n.
func around(fset *token.FileSet, n ast.Node, p access.Pos) bool {
	start, end := fset.Position(n.Pos()), fset.Position(n.End())
	before := start.Line < p.Line || start.Line == p.Line && start.Column <= p.Column
	after := end.Line > p.Line || end.Line == p.Line && end.Column > p.Column
	return before && after
}

// fieldNames returns the name of each parameter of the lists, "" for one that
// has none.
func fieldNames(lists ...*ast.FieldList) []string {
	var names []string
	for _, list := range lists {
		if list == nil {
			continue
		}
		for _, f := range list.List {
			for _, id := range f.Names {
				names = append(names, id.Name)
			}
			if len(f.Names) == 0 {
				names = append(names, "")
			}
		}
	}
	return names
}
