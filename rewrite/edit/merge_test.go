package edit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	at := func(start, end int, text string) TextEdit {
		return TextEdit{File: "a", Start: start, End: end, New: text}
	}
	for _, c := range []struct {
		edits []TextEdit
		want  string // or what the error says
	}{
		{nil, "abcdef"},
		{[]TextEdit{at(4, 5, "E"), at(0, 1, "A")}, "AbcdEf"},
		{[]TextEdit{at(1, 1, "x"), at(1, 1, "y"), at(1, 2, "B")}, "axyBcdef"},
		{[]TextEdit{at(1, 2, "B"), at(2, 2, "x")}, "aBxcdef"},
		{[]TextEdit{at(6, 6, "!")}, "abcdef!"},
		{[]TextEdit{at(0, 2, "x"), at(1, 3, "y")}, "overlap"},
		{[]TextEdit{at(5, 7, "x")}, "outside"},
		{[]TextEdit{at(3, 2, "x")}, "outside"},
		{[]TextEdit{at(0, 1, "x"), {File: "b", Start: 2, End: 3}}, "several files"},
	} {
		got, err := Apply([]byte("abcdef"), c.edits)
		if err != nil && !strings.Contains(err.Error(), c.want) || err == nil && string(got) != c.want {
			t.Errorf("%v: got %q, %v; want %q", c.edits, got, err, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	at := func(start, end int, text string) TextEdit {
		return TextEdit{File: "a.go", Start: start, End: end, New: text, Line: 7}
	}
	fix := func(edits ...TextEdit) []TextEdit { return edits }
	imp := func(path string) TextEdit { return at(3, 3, "\t\""+path+"\"\n") }
	for _, c := range []struct {
		name  string
		fixes [][]TextEdit
		want  []TextEdit // nil: a conflict
	}{
		{"apart", [][]TextEdit{fix(at(5, 6, "x")), fix(at(1, 2, "y"))}, fix(at(1, 2, "y"), at(5, 6, "x"))},
		{
			"identical",
			[][]TextEdit{fix(at(5, 6, "x"), at(1, 1, "m")), fix(at(1, 1, "m"), at(8, 9, "z"))},
			fix(at(1, 1, "m"), at(5, 6, "x"), at(8, 9, "z")),
		},
		{"overlap", [][]TextEdit{fix(at(5, 8, "x")), fix(at(7, 9, "y"))}, nil},
		{"inside", [][]TextEdit{fix(at(5, 8, "x")), fix(at(6, 6, "y"))}, nil},
		{"same bytes", [][]TextEdit{fix(at(5, 8, "x")), fix(at(5, 8, "y"))}, nil},
		{"touching", [][]TextEdit{fix(at(5, 8, "x")), fix(at(8, 9, "y"))}, fix(at(5, 8, "x"), at(8, 9, "y"))},
		{"insertions", [][]TextEdit{fix(at(5, 5, "x")), fix(at(5, 5, "y"))}, nil},
		{
			"insertions of one fix",
			[][]TextEdit{fix(at(5, 5, "x"), at(5, 5, "y")), fix(at(5, 5, "x"), at(5, 5, "y"))},
			fix(at(5, 5, "x"), at(5, 5, "y")),
		},
		{
			"imports",
			[][]TextEdit{fix(imp("sync")), fix(imp("fmt"), imp("sync")), fix(imp("os"))},
			fix(imp("fmt"), imp("os"), imp("sync")),
		},
		{"import and other", [][]TextEdit{fix(imp("sync")), fix(at(3, 3, "x"))}, nil},
		{
			"files",
			[][]TextEdit{fix(at(5, 5, "x")), fix(TextEdit{File: "b.go", Start: 5, End: 5, New: "y"})},
			fix(at(5, 5, "x"), TextEdit{File: "b.go", Start: 5, End: 5, New: "y"}),
		},
		{"a fix against itself", [][]TextEdit{fix(at(5, 8, "x"), at(6, 7, "y"))}, nil},
	} {
		got, err := Merge(c.fixes...)
		if c.want == nil {
			if err == nil || !strings.HasPrefix(err.Error(), "a.go:7: ") {
				t.Errorf("%s: got %v, %v; want a conflict", c.name, got, err)
			}
			continue
		}
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: got %v, %v", c.name, got, err)
			continue
		}
		for i := range got {
			if !same(got[i], c.want[i]) {
				t.Errorf("%s: got %v", c.name, got)
				break
			}
		}
	}
}

// Two fixes made apart, on one baseline, go together.
func TestMergeTrees(t *testing.T) {
	const src = `package p

import (
	"errors"
	"testing"
)

type T struct {
	m map[string]int
	n map[string]int
}

func f(t *T) {
	t.m["a"] = 1
	x()
	t.n["a"] = 1
}
`
	const want = `package p

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

type T struct {
	mu sync.Mutex
	m  map[string]int
	n  map[string]int
}

func f(t *T) {
	t.mu.Lock()
	t.m["a"] = 1
	t.mu.Unlock()
	x()
	t.mu.Lock()
	fmt.Println()
	t.n["a"] = 1
	t.mu.Unlock()
}
`
	var fixes [][]TextEdit
	for _, at := range []string{"t.m[", "t.n["} {
		s := open(t, src)
		must(t, addField("m map", "mu sync.Mutex")(s))
		must(t, add("sync")(s))
		code := "t.mu.Lock()"
		if at == "t.n[" {
			must(t, add("fmt")(s))
			code += "\nfmt.Println()"
		}
		must(t, s.InsertBefore(s.stmt(at), code))
		must(t, s.InsertAfter(s.stmt(at), "t.mu.Unlock()"))
		edits, err := s.Edits()
		must(t, err)
		fixes = append(fixes, edits)
	}
	edits, err := Merge(fixes...)
	must(t, err)
	got, err := Apply([]byte(src), edits)
	must(t, err)
	if string(got) != want {
		t.Error(Unified("a.go", []byte(want), got))
	}
}

func TestUnified(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		patch = ""
	}
	for _, c := range []struct{ old, new, want string }{
		{"a\n", "a\n", ""},
		{"a\nb\n", "a\nc\n", "--- a/x.go\n+++ b/x.go\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		{"", "a\n", "--- a/x.go\n+++ b/x.go\n@@ -0,0 +1 @@\n+a\n"},
		{"a\n", "", "--- a/x.go\n+++ b/x.go\n@@ -1 +0,0 @@\n-a\n"},
		{"a", "a\n", "--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"a\nb", "x\nb", "--- a/x.go\n+++ b/x.go\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n"},
		{
			"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
			"--- a/x.go\n+++ b/x.go\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n",
		},
	} {
		got := Unified("x.go", []byte(c.old), []byte(c.new))
		if got != c.want {
			t.Errorf("%q to %q: got\n%s\nwant\n%s", c.old, c.new, got, c.want)
		}
		if patch == "" || got == "" || c.new == "" {
			continue
		}
		file := filepath.Join(t.TempDir(), "x.go")
		must(t, os.WriteFile(file, []byte(c.old), 0o600))
		cmd := exec.Command(patch, "-s", file)
		cmd.Stdin = strings.NewReader(got)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("patch: %v\n%s", err, out)
		}
		if now, _ := os.ReadFile(file); string(now) != c.new {
			t.Errorf("patch made %q of %q", now, c.old)
		}
	}
}

func TestLineEnds(t *testing.T) {
	// Raw strings and comments with CRLF inside, and lines that end otherwise.
	const in = "package p\r\n\r\n/* a\r\n   b */\r\nfunc f() {\r\n\tx := `1\r\n\t2`\n\tg(x)\n\th(`3\r\n4`)\r\n}\r\n"
	const want = "package p\r\n\r\n/* a\r\n   b */\r\nfunc f() {\r\n\ta()\r\n\tx := `1\r\n\t2`\n\tb()\n\tg(x)\n\th(`3\r\n4`)\r\n\tc()\r\n}\r\n"
	s := open(t, in)
	must(t, s.InsertBefore(s.stmt("x :="), "a()"))
	must(t, s.InsertBefore(s.stmt("g("), "b()"))
	must(t, s.InsertAfter(s.stmt("h("), "c()"))
	check(t, s, s.result(), want)
}

func TestNothingDone(t *testing.T) {
	edits, err := open(t, "package   p").Edits()
	if err != nil || len(edits) != 0 {
		t.Errorf("got %v, %v", edits, err)
	}
}
