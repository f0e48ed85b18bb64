package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

func TestRepaired(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "p"), 0o755); err != nil {
		t.Fatal(err)
	}
	const src = "a\nb\nc\n"
	if err := os.WriteFile(filepath.Join(dir, "p", "a.go"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	fix := func(start, end int, text string) *report.Fix {
		return &report.Fix{Edits: []report.Edit{{File: "p/a.go", Start: start, End: end, New: text}}}
	}
	elsewhere := fix(0, 0, "x")
	elsewhere.Edits[0].File = "p/b.go"
	for _, test := range []struct {
		name          string
		before, after *report.Fix
		want          []string // lines as they are printed, after the finding
	}{
		{
			"another text", fix(2, 3, "\tB"), fix(2, 3, "X"),
			[]string{"!     repaired p/a.go", "!       @@ -1,3 +1,3 @@", "        a", "-           B", "+       X", "        c"},
		},
		{
			"a fix where none was", nil, fix(0, 2, ""),
			[]string{"!     repaired p/a.go", "!       @@ -1,3 +1,2 @@", "-       a", "        b", "        c"},
		},
		{
			"a fix no more", fix(4, 4, "\n"), nil,
			[]string{"!     repaired p/a.go", "!       @@ -1,4 +1,3 @@", "        a", "        b", "-", "        c"},
		},
		{"other edits of the same effect", fix(2, 3, "X"), fix(2, 4, "X\n"), nil},
		{"not the file that it was", nil, fix(100, 101, ""), nil},
		{"no such file", nil, elsewhere, nil},
		{"no fix at all", nil, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ch := change{Diff: repaired(dir, test.before, test.after)}
			if got := ch.lines()[1:]; !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// The edits of a finding are shown as offsets where the files do not tell.
func TestEditsWithoutFiles(t *testing.T) {
	ch := change{Aspects: []aspect{{edits, []string{}, []string{`a.go bytes 1-2: "x"`}}}}
	want := []string{"!     edits:", `+       a.go bytes 1-2: "x"`}
	if got := ch.lines()[1:]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	ch.Diff = "--- a/a.go\n+++ b/a.go\n@@ -1 +1 @@\n-a\n+b\n"
	want = []string{"!     repaired a.go", "!       @@ -1 +1 @@", "-       a", "+       b"}
	if got := ch.lines()[1:]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
