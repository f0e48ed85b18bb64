package rules_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// fake returns an engine that finds the word BUG, and fixes it by putting
// another word there.
func fake(fixed string) engine {
	analyze := func(_ context.Context, p *load.Program, _ rules.Config) (*rules.Result, error) {
		res := &rules.Result{}
		for _, pkg := range p.Roots {
			for _, file := range pkg.Files {
				src, err := p.Source(file)
				if err != nil {
					return nil, err
				}
				if i := bytes.Index(src, []byte("BUG")); i >= 0 {
					line := 1 + bytes.Count(src[:i], []byte("\n"))
					f := &judge.Finding{
						ID: file, Rule: "fake", Evidence: judge.Shown, Message: "a bug", Pos: access.Pos{File: file, Line: line, Column: 1},
						Fix: &edit.Fix{Title: "Mend it", Applicability: edit.Unsafe, Reason: "nobody knows"},
					}
					if bytes.Contains(src, []byte("manual")) {
						f.Fix.Applicability = edit.Manual
					}
					res.Findings = append(res.Findings, f)
				}
			}
		}
		return res, nil
	}
	fix := func(ctx context.Context, p *load.Program, cfg rules.Config, take func(*judge.Finding) bool) (*rules.Fixed, error) {
		res, err := analyze(ctx, p, cfg)
		out := &rules.Fixed{Files: make(map[string][]byte)}
		for _, f := range res.Findings {
			if !take(f) {
				out.Left = append(out.Left, f)
				continue
			}
			src, _ := p.Source(f.Pos.File)
			out.Files[f.Pos.File] = bytes.Replace(src, []byte("BUG"), []byte(fixed), 1)
		}
		return out, err
	}
	return engine{analyze, fix}
}

const module = "-- go.mod --\nmodule example.com/a\n\ngo 1.26\n"

// The harness accepts what is right, and says what is wrong with the rest.
func TestHarness(t *testing.T) {
	for _, tt := range []struct {
		name    string
		comment string // options
		files   string
		fixed   string // what the engine puts in the place of BUG; OK if empty
		want    string // the problem; none if empty
	}{
		{
			name:  "a finding, fixed",
			files: "-- a.go --\npackage a // BUG // want `a bug` fix `unsafe: Mend it: nobody knows`\n-- a.go.golden --\npackage a // OK // want `a bug` fix `unsafe: Mend it: nobody knows`\n",
		},
		{
			name:  "a finding, not fixed",
			files: "-- a.go --\npackage a // BUG manual // want \"^a bug$\"\n",
		},
		{
			name: "unsafe fixes left out", comment: "fixes: safe\n",
			files: "-- a.go --\npackage a // BUG // want `a bug`\n",
		},
		{
			name: "no fixes", comment: "fixes: none\n",
			files: "-- a.go --\npackage a // BUG // want `a bug`\n",
		},
		{
			name: "weak findings left out", comment: "evidence: witnessed\n",
			files: "-- a.go --\npackage a // BUG\n",
		},
		{name: "nothing to find", files: "-- a.go --\npackage a\n"},
		{
			name: "a program that runs", comment: "run: go run .\n",
			files: "-- a.go --\npackage main\n\nfunc main() {}\n",
		},

		{name: "unexpected", files: "-- a.go --\npackage a // BUG manual\n", want: "a.go:1: unexpected finding: a bug; fix manual: Mend it"},
		{name: "unmatched", files: "-- a.go --\npackage a // want `a bug`\n", want: "a.go:1: no finding matches `a bug`"},
		{name: "other message", files: "-- a.go --\npackage a // BUG manual // want `insect`\n", want: "no finding matches `insect`"},
		{name: "other fix", files: "-- a.go --\npackage a // BUG manual // want `a bug` fix `safe`\n", want: "no finding matches `a bug` fix `safe`"},
		{name: "twice wanted", files: "-- a.go --\npackage a // BUG manual // want `a bug` `a bug`\n", want: "no finding matches"},
		{name: "unreadable want", files: "-- a.go --\npackage a // want a bug\n", want: "cannot read a bug"},
		{name: "no golden", files: "-- a.go --\npackage a // BUG // want `a bug`\n", want: "a fix edits a.go, which has no golden"},
		{name: "no edit", files: "-- a.go --\npackage a\n-- a.go.golden --\npackage a\n", want: "no fix edits a.go, which has a golden"},
		{
			name:  "golden of no file",
			files: "-- a.go --\npackage a\n-- b.go.golden --\npackage a\n", want: "no fix edits b.go",
		},
		{
			name:  "other bytes",
			files: "-- a.go --\npackage a // BUG // want `a bug`\n-- a.go.golden --\npackage a // OK  // want `a bug`\n", want: "a.go.golden differs",
		},
		{
			name:  "golden does not type-check",
			files: "-- a.go --\npackage a\n\nvar x = 1 // BUG // want `a bug`\n-- a.go.golden --\npackage a\n\nvar x = 1 // OK\n\nvar y = z // want `a bug`\n",
			fixed: "OK\n\nvar y = z", want: "the golden program does not type-check",
		},
		{
			name:  "golden breaks the tests",
			files: "-- a_test.go --\npackage a\n\nvar OK = 1\n-- a.go --\npackage a\n\nvar BUG = 1 // want `a bug`\n-- a.go.golden --\npackage a\n\nvar OK = 1 // want `a bug`\n",
			want:  "the golden program does not type-check",
		},
		{
			name: "fixed again", fixed: "BUGS",
			files: "-- a.go --\npackage a // BUG // want `a bug`\n-- a.go.golden --\npackage a // BUGS // want `a bug`\n", want: "a second run changes a.go again",
		},
		{
			name: "still found", fixed: "BUG manual",
			files: "-- a.go --\npackage a // BUG // want `a bug`\n-- a.go.golden --\npackage a // BUG manual // want `a bug`\n", want: "a second run still finds: a bug",
		},
		{name: "does not type-check", files: "-- a.go --\npackage a\n\nvar x = y\n", want: "the archive does not type-check"},
		{name: "unknown option", comment: "evidnce: possible\n", files: "-- a.go --\npackage a\n", want: `no option "evidnce"`},
		{name: "unknown level", comment: "evidence: certain\n", files: "-- a.go --\npackage a\n", want: "no such level"},
		{
			name: "a program that fails", comment: "run: go run .\n",
			files: "-- a.go --\npackage main\n\nfunc main() { panic(1) }\n", want: "exit status",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.fixed == "" {
				tt.fixed = "OK"
			}
			ar := txtar.Parse([]byte("A case of the harness.\n" + tt.comment + module + tt.files))
			got := strings.Join(play(ar, "fake", tempDir(t), fake(tt.fixed)).problems, "\n")
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got problems %q, want %q", got, tt.want)
			}
		})
	}
	if got := play(txtar.Parse([]byte(module)), "fake", tempDir(t), fake("OK")).problems; len(got) != 1 || !strings.Contains(got[0], "what it shows") {
		t.Errorf("an archive without a first line: got problems %q", got)
	}
}

// Goldens that -update writes are those that the harness accepts.
func TestSetGoldens(t *testing.T) {
	ar := txtar.Parse([]byte("A case of the harness.\n" + module +
		"-- a.go --\npackage a // BUG // want `a bug`\n-- b.go --\npackage a\n-- b.go.golden --\nstale\n"))
	setGoldens(ar, play(ar, "fake", tempDir(t), fake("OK")).files)
	if got := play(ar, "fake", tempDir(t), fake("OK")).problems; len(got) > 0 {
		t.Errorf("problems after the update: %q", got)
	}
}

func TestStyleProblems(t *testing.T) {
	for _, tt := range []struct {
		message string
		want    int
	}{
		{"map c.m is written without c.mu", 0},
		{"Cache.m is written", 0},
		{"RPC handlers share it", 0},
		{"The map is written", 1},
		{"map c.m is written.", 1},
		{"two\nlines", 1},
		{"", 1},
	} {
		if got := styleProblems(&judge.Finding{Message: tt.message}); len(got) != tt.want {
			t.Errorf("%q: %q", tt.message, got)
		}
	}
	fix := &edit.Fix{Title: "guard it", Applicability: edit.Unsafe}
	if got := styleProblems(&judge.Finding{Message: "m", Fix: fix}); len(got) != 2 { // no capital, no reason
		t.Errorf("fix: %q", got)
	}
}
