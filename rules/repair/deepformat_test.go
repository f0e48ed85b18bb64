package repair

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// deepWant is what a comment in the archive asks for.
var deepWant = regexp.MustCompile(`^(.*?)\s*// want (\d+) (safe|unsafe|manual): (.*)$`)

func TestDeepFormat(t *testing.T) {
	p, dir := loadArchive(t, "testdata/deepformat.txtar")
	var fixes [][]edit.TextEdit
	for _, name := range []string{"a.go", "noimport.go"} {
		file := filepath.Join(dir, name)
		src, err := p.Source(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(src), "\n") {
			m := deepWant.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			arg, _ := strconv.Atoi(m[2])
			call := callOn(p, file, i+1, arg)
			if !call.IsValid() {
				t.Errorf("%s:%d: no call", name, i+1)
				continue
			}
			fix := DeepFormat(p, &judge.Finding{
				Rule: "deepformat",
				Map:  access.Location{Kind: access.Field, Pkg: "example.com/deep", Owner: "Cache", Name: "data"},
				Sink: &judge.Sink{Callee: "the callee", Call: call, Arg: arg},
			})
			checkDeep(t, fix, src, i, m[3], m[4])
			fixes = append(fixes, fix.Edits)
		}
	}
	checkVet(t, dir, fixes)
}

// checkVet applies all fixes and runs vet's printf check, which also builds.
func checkVet(t *testing.T, dir string, fixes [][]edit.TextEdit) {
	t.Helper()
	merged, err := edit.Merge(fixes...)
	if err != nil {
		t.Fatal(err)
	}
	byFile := make(map[string][]edit.TextEdit)
	for _, e := range merged {
		byFile[e.File] = append(byFile[e.File], e)
	}
	lines := make(map[string][]string)
	for name, edits := range byFile {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := edit.Apply(src, edits)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, out, 0o666); err != nil {
			t.Fatal(err)
		}
		lines[filepath.Base(name)] = strings.Split(string(out), "\n")
	}
	cmd := exec.Command("go", "vet", "-printf", ".")
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	reports := vetReport.FindAllStringSubmatch(string(out), -1)
	if len(reports) == 0 {
		t.Errorf("vet found nothing, not even what is wrong in the archive: %s", out)
	}
	for _, m := range reports {
		n, _ := strconv.Atoi(m[2])
		if line := lines[m[1]][n-1]; !strings.Contains(line, " manual: ") {
			t.Errorf("vet: %s in %s", m[0], line)
		}
	}
}

var vetReport = regexp.MustCompile(`(?m)^(?:vet: )?(?:\./)?(\w+\.go):(\d+):\d+: .*$`)

// checkDeep compares a fix with what a comment on line i (from zero) of src asks for.
func checkDeep(t *testing.T, fix *edit.Fix, src []byte, i int, applicability, want string) {
	t.Helper()
	if fix.Applicability.String() != applicability {
		t.Errorf("line %d: %s (%s), want %s", i+1, fix.Applicability, fix.Reason, applicability)
		return
	}
	if fix.Applicability == edit.Manual {
		if !strings.Contains(fix.Reason, want) || len(fix.Edits) > 0 {
			t.Errorf("line %d: reason %q does not have %q", i+1, fix.Reason, want)
		}
		return
	}
	out, err := edit.Apply(src, fix.Edits)
	if err != nil {
		t.Errorf("line %d: %v", i+1, err)
		return
	}
	// An added import shifts the lines.
	lines := strings.Split(string(out), "\n")
	shift := len(lines) - strings.Count(string(src), "\n") - 1
	got, _, _ := strings.Cut(lines[i+shift], "// want")
	if strings.TrimSpace(got) != want {
		t.Errorf("line %d: got %s, want %s (%s)", i+1, strings.TrimSpace(got), want, fix.Title)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", out, 0); err != nil {
		t.Errorf("line %d: %v", i+1, err)
	}
}

// callOn returns the opening parenthesis of the first innermost call on a line that
// has an argument arg and formats: the one furthest right.
func callOn(p *load.Program, name string, line, arg int) (pos access.Pos) {
	_, file := p.File(name)
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) <= arg {
			return true
		}
		at := p.Fset.Position(call.Lparen)
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if at.Line == line && (!ok || sel.Sel.Name != "ToLower") {
			pos = access.Pos{File: name, Line: at.Line, Column: at.Column}
		}
		return true
	})
	return pos
}

// loadArchive lays out an archive as a module and loads it.
func loadArchive(t *testing.T, name string) (*load.Program, string) {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range p.Roots {
		for _, e := range pkg.Errors {
			t.Error(e)
		}
	}
	return p, dir
}
