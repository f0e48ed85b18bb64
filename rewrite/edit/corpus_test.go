package edit

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCorpus inserts a statement before one statement of every so many files of
// the standard library, and of its test data, which is not all gofmt'd: nothing
// but the line that was inserted may change.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("reads GOROOT")
	}
	root := build.Default.GOROOT
	if dir := os.Getenv("MAPGUARD_CORPUS"); dir != "" {
		root = dir
	}
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	must(t, err)
	const sample = 400
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	if os.Getenv("MAPGUARD_CORPUS") == "" {
		files = files[:min(sample, len(files))]
	}
	done, unformatted := 0, 0
	for _, path := range files {
		src, err := os.ReadFile(path)
		must(t, err)
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			continue // test data with errors in it
		}
		tree, err := Open(fset, file, src, AllowGenerated())
		if err != nil {
			if !strings.Contains(err.Error(), "//line") {
				t.Error(err)
			}
			continue
		}
		list := insertable(fset, file)
		if len(list) == 0 {
			continue
		}
		s := list[r.IntN(len(list))]
		must(t, tree.InsertBefore(s, "mapguard()"))
		edits, err := tree.Edits()
		if err != nil {
			t.Errorf("%s: %v", fset.Position(s.Pos()), err)
			continue
		}
		out, err := Apply(src, edits)
		must(t, err)
		if !addsOnly(string(src), string(out), "mapguard()") {
			t.Errorf("%s: changed more:\n%s", fset.Position(s.Pos()), Unified(filepath.Base(path), src, out))
		}
		done++
		if tree.base != tree.src.text {
			unformatted++
		}
	}
	t.Logf("%d files, %d of them not gofmt'd", done, unformatted)
	if done < sample/3 {
		t.Errorf("only %d files could be edited", done)
	}
}

// insertable returns the statements in lists that stand on lines of their own.
func insertable(fset *token.FileSet, file *ast.File) []ast.Stmt {
	var out []ast.Stmt
	ast.Inspect(file, func(n ast.Node) bool {
		var list []ast.Stmt
		var open token.Pos
		switch n := n.(type) {
		case *ast.BlockStmt:
			list, open = n.List, n.Lbrace
		case *ast.CaseClause:
			list, open = n.Body, n.Colon
		case *ast.CommClause:
			list, open = n.Body, n.Colon
		}
		line := func(pos token.Pos) int { return fset.PositionFor(pos, false).Line }
		for _, s := range list {
			switch s.(type) {
			case *ast.CaseClause, *ast.CommClause:
				continue
			}
			if line(s.Pos()) > line(open) && s.Pos() < s.End() {
				out = append(out, s)
			}
			open = s.End()
		}
		return true
	})
	return out
}

// addsOnly reports whether new is old with lines added, all of which say text.
// Comments beside statements may have been realigned.
func addsOnly(old, new, text string) bool {
	lines := slices.Collect(strings.Lines(old))
	for line := range strings.Lines(new) {
		if len(lines) > 0 && slices.Equal(strings.Fields(line), strings.Fields(lines[0])) {
			lines = lines[1:]
		} else if strings.TrimSpace(line) != text {
			return false
		}
	}
	return len(lines) == 0
}
