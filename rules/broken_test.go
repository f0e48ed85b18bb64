package rules

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/repair"
)

// A rule that panics over one map costs that map: the error names rule and
// package, and the findings of the other packages are there, with their fixes.
func TestPanickingRule(t *testing.T) {
	p := loadRacy(t)
	res, err := Analyze(context.Background(), p, Config{judge: panicsAt("example.com/m/b")})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Findings[0].Map.Pkg != "example.com/m/a" || res.Findings[0].Fix.Applicability != edit.Safe {
		t.Errorf("want one finding with a safe fix, in package a, have %v", res.Findings)
	}
	if len(res.Skipped) != 1 || res.Skipped[0].Path != "example.com/m/b" {
		t.Fatalf("want package b to have an error, have %v", res.Skipped)
	}
	if e := res.Skipped[0].Errors[0]; !strings.Contains(e, "rule sharedmap in package example.com/m/b, map b.hits: oops") {
		t.Errorf("the error does not say what happened where: %s", e)
	}
}

// A fix is not safe if a rule panics over the edited program.
func TestPanicWhileProving(t *testing.T) {
	p := loadRacy(t)
	runs := 0
	res, err := Analyze(context.Background(), p, Config{judge: func(prog *link.Program, main func(string) bool, text func(access.Pos) string) ([]*judge.Finding, []judge.Broken) {
		if runs++; runs == 1 {
			return judge.Findings(prog, main, text)
		}
		return panicsAt("example.com/m/b")(prog, main, text)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 2 {
		t.Fatalf("want two findings, have %v", res.Findings)
	}
	for _, f := range res.Findings {
		if f.Fix.Applicability != edit.Manual || len(f.Fix.Edits) > 0 || !strings.Contains(f.Fix.Reason, "oops") {
			t.Errorf("%s: %v fix, though it was not proved: %s", f.Pos, f.Fix.Applicability, f.Fix.Reason)
		}
	}
}

// panicsAt judges, but for the maps of one package.
func panicsAt(path string) judgement {
	return func(prog *link.Program, main func(string) bool, text func(access.Pos) string) ([]*judge.Finding, []judge.Broken) {
		return judge.Findings(prog, func(pkg string) bool {
			if pkg == path {
				panic("oops")
			}
			return main(pkg)
		}, text)
	}
}

// loadRacy loads two packages with the same bug.
func loadRacy(t *testing.T) *load.Program {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	for _, pkg := range []string{"a", "b"} {
		write(pkg+"/x.go", "package "+pkg+"\n\nvar hits = make(map[string]int)\n\nfunc hit(k string) { hits[k]++ }\n\nfunc Run() {\n\tgo hit(\"a\")\n\tgo hit(\"b\")\n}\n")
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A panic while a fix is made leaves the finding without one, and nothing half
// found out for the next.
func TestPanicWhileRepairing(t *testing.T) {
	p := loadRacy(t)
	a := newAnalysis(p, Config{}, nil)
	fs, err := a.find(context.Background())
	if err != nil || len(fs) != 2 {
		t.Fatalf("want two findings, have %v, %v", fs, err)
	}
	eff := effects{a.link.Effects()}
	session, fresh := repair.NewSession(p, eff), repair.NewSession(p, eff)
	fix := recovering(session, func() *edit.Fix {
		session.SharedMap(fs[0])
		if reflect.DeepEqual(session, fresh) {
			t.Error("nothing was found out: the test shows nothing")
		}
		panic("oops")
	})
	if fix.Applicability != edit.Manual || len(fix.Edits) > 0 || !strings.Contains(fix.Reason, "oops") {
		t.Errorf("want no fix, and why, have %+v", fix)
	}
	if !reflect.DeepEqual(session, fresh) {
		t.Error("what was found out before the panic is kept")
	}
}
