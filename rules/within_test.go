package rules_test

import (
	"context"
	"go/ast"
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
)

const guardedType = `
type T struct {
	mu sync.Mutex
	m  map[string]int
}

func (t *T) Add(k string) { t.mu.Lock(); t.m[k]++; t.mu.Unlock() }

func (t *T) Del(k string) { t.mu.Lock(); delete(t.m, k); t.mu.Unlock() }

func (t *T) Peek(k string) int { return t.m[k] }
`

// A fix that is safe in the whole program is suggested for one package if no
// importer can spoil it.
func TestSuggestedFixes(t *testing.T) {
	for _, tt := range []struct {
		name, pkg, imports, code string
		want                     bool
	}{
		{"a variable", "lib", "", "var m = make(map[string]int)\n\nfunc put(k string) { m[k]++ }\n\nfunc Run() { go put(\"a\"); go put(\"b\") }\n", true},
		{"an exported variable", "lib", "", "var M = make(map[string]int)\n\nfunc put(k string) { M[k]++ }\n\nfunc Run() { go put(\"a\"); go put(\"b\") }\n", false},
		{"a local variable", "lib", "", "func Run() {\n\tm := make(map[string]int)\n\tgo func() { m[\"a\"]++ }()\n\tgo func() { m[\"b\"]++ }()\n}\n", true},
		{"a variable with a map from elsewhere", "lib", "example.com/m/other", "var m = other.Map()\n\nfunc put(k string) { m[k]++ }\n\nfunc Run() { go put(\"a\"); go put(\"b\") }\n", false},
		{"a lock that is there", "lib", "sync", guardedType + "\nfunc New() *T { return &T{m: make(map[string]int)} }\n", true},
		{"a map that callers have too", "lib", "sync", guardedType + "\nfunc New(m map[string]int) *T { return &T{m: m} }\n", false},
		{"the same without keys", "lib", "sync", guardedType + "\nfunc New(m map[string]int) *T { return &T{sync.Mutex{}, m} }\n", false},
		{"a callback under the lock", "lib", "sync", guardedType + "\nfunc New() *T { return &T{m: make(map[string]int)} }\n\nfunc (t *T) Do(f func()) { t.mu.Lock(); defer t.mu.Unlock(); f() }\n", false},
		{"a lock that importers can hold", "lib", "sync", guardedType + "\nfunc New() *T { return &T{m: make(map[string]int)} }\n\nfunc (t *T) Lock() { t.mu.Lock() }\n\nfunc (t *T) Unlock() { t.mu.Unlock() }\n", false},
		{"a new field", "lib", "", "type T struct{ m map[string]int }\n\nfunc (t *T) put(k string) { t.m[k]++ }\n\nfunc Run() {\n\tt := &T{m: make(map[string]int)}\n\tgo t.put(\"a\")\n\tgo t.put(\"b\")\n}\n", false},
		{"a new field of a command", "main", "", "type T struct{ m map[string]int }\n\nfunc (t *T) put(k string) { t.m[k]++ }\n\nfunc main() {\n\tt := &T{m: make(map[string]int)}\n\tgo t.put(\"a\")\n\tgo t.put(\"b\")\n}\n", true},
		{"a pointer that is printed", "lib", "log", "import \"sync\"\n" + guardedType[:len(guardedType)-len("func (t *T) Peek(k string) int { return t.m[k] }\n")] + "\nfunc Log(t *T) { log.Printf(\"have %v\", t) }\n", true},
		{"an interface that is printed", "lib", "log", "import \"sync\"\n" + guardedType[:len(guardedType)-len("func (t *T) Peek(k string) int { return t.m[k] }\n")] + "\ntype Adder interface{ Add(string) }\n\nfunc Log(t Adder) { log.Printf(\"have %v\", t) }\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src := "package " + tt.pkg + "\n\n"
			if tt.imports != "" {
				src += "import \"" + tt.imports + "\"\n\n"
			}
			dir := writeArchive(t, txtar.Parse([]byte("-- go.mod --\nmodule example.com/m\n\ngo 1.26\n"+
				"-- other/other.go --\npackage other\n\nfunc Map() map[string]int { return make(map[string]int) }\n"+
				"-- p/p.go --\n"+src+tt.code)))
			if n := safeFixes(t, dir); n != 1 {
				t.Errorf("the whole program has %d safe fixes, not one", n)
			}
			if got := suggested(t, dir); got != tt.want {
				t.Errorf("suggested for the package: %t, want %t", got, tt.want)
			}
		})
	}
}

// safeFixes returns how many safe fixes the whole program has.
func safeFixes(t *testing.T, dir string) (n int) {
	t.Helper()
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}, Env: env()})
	if err != nil {
		t.Fatal(err)
	}
	res, err := rules.Analyze(context.Background(), p, rules.Config{Evidence: judge.Inferred})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		t.Logf("%s: %s: %v", f.Pos, f.Message, f.Fix)
		if f.Fix != nil && f.Fix.Applicability == edit.Safe {
			n++
		}
	}
	return n
}

// suggested reports whether any fix is suggested to a driver, and checks that
// none is outside of the package.
func suggested(t *testing.T, dir string) (found bool) {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax | packages.NeedModule, Dir: dir, Env: env()}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := checker.Analyze(rules.Analyzers, pkgs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for act := range graph.All() {
		if act.Err != nil {
			t.Fatal(act.Err)
		}
		for _, d := range act.Diagnostics {
			for _, fix := range d.SuggestedFixes {
				for _, e := range fix.TextEdits {
					found = true
					if name := act.Package.Fset.Position(e.Pos).Filename; filepath.Dir(name) != filepath.Join(dir, "p") || ast.IsGenerated(act.Package.Syntax[0]) {
						t.Errorf("a fix edits %s", name)
					}
				}
			}
		}
	}
	return found
}
