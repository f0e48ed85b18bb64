package edit

import (
	"go/ast"
	goformat "go/format"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// A script is a file under edit, with short ways to name its nodes.
type script struct {
	t    testing.TB
	fset *token.FileSet
	file *ast.File
	src  string
	*Tree
}

func open(t testing.TB, src string, opts ...Option) *script {
	t.Helper()
	fset := token.NewFileSet()
	// Another file first, so that positions are not offsets.
	fset.AddFile("other.go", -1, 1000)
	file, err := parser.ParseFile(fset, "/x/a.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Open(fset, file, []byte(src), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &script{t, fset, file, src, tree}
}

// find returns the outermost node of type N whose source starts with text.
func find[N ast.Node](s *script, text string) N {
	s.t.Helper()
	var found N
	done := false
	ast.Inspect(s.file, func(n ast.Node) bool {
		if m, ok := n.(N); ok && !done {
			at := s.fset.File(s.file.Package).Offset(n.Pos())
			if strings.HasPrefix(s.src[at:], text) {
				found, done = m, true
			}
		}
		return !done
	})
	if !done {
		s.t.Fatalf("no %T starts with %q", found, text)
	}
	return found
}

func (s *script) stmt(text string) ast.Stmt { s.t.Helper(); return find[ast.Stmt](s, text) }
func (s *script) expr(text string) ast.Expr { s.t.Helper(); return find[ast.Expr](s, text) }
func (s *script) block(text string) *ast.BlockStmt {
	s.t.Helper()
	return find[*ast.BlockStmt](s, text)
}

// result applies the edits. They must not touch more than they say.
func (s *script) result() string {
	s.t.Helper()
	edits, err := s.Edits()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range edits {
		if e.File != "/x/a.go" {
			s.t.Errorf("edit of %s", e.File)
		}
		if s.src[e.Start:e.End] == e.New {
			s.t.Errorf("edit without effect: %v", e)
		}
	}
	out, err := Apply([]byte(s.src), edits)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

// body makes a file of statements.
func body(stmts string) string {
	return "package p\n\nfunc f() {\n" + indent(stmts) + "}\n"
}

// indent indents the lines of a case by a tab, and drops the first, empty one.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\n")) {
		if line != "\n" {
			b.WriteByte('\t')
		}
		b.WriteString(line)
	}
	return b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check compares, and demands that what was gofmt'd still is.
func check(t *testing.T, s *script, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s\ndiff:\n%s", got, want, Unified("a.go", []byte(want), []byte(got)))
		return
	}
	if old, err := goformat.Source([]byte(s.src)); err == nil && string(old) == s.src {
		if now, err := goformat.Source([]byte(got)); err != nil || string(now) != got {
			t.Errorf("result is not gofmt'd: %v\n%s", err, Unified("a.go", []byte(got), now))
		}
	}
}

// A bodyCase is a list of statements, what is done to them, and the outcome.
type bodyCase struct {
	name string
	in   string
	do   func(s *script) []error
	want string
}

func runBody(t *testing.T, cases []bodyCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, form := range []string{"lf", "crlf", "bom", "endless"} {
				conv := func(text string) string {
					switch form {
					case "crlf":
						return strings.ReplaceAll(text, "\n", "\r\n")
					case "bom":
						return "\uFEFF" + text
					case "endless":
						return strings.TrimSuffix(text, "\n")
					}
					return text
				}
				s := open(t, conv(body(c.in)))
				for _, err := range c.do(s) {
					must(t, err)
				}
				check(t, s, s.result(), conv(body(c.want)))
			}
		})
	}
}
