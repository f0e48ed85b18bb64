package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
)

// tool returns the name of the command: this program under its name, which
// TestMain has put on the PATH.
func tool(t interface{ Fatal(...any) }) string {
	name, err := exec.LookPath("mapguard")
	if err == nil {
		name, err = filepath.Abs(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// extract writes the files of an archive, but for goldens, to a new folder.
func extract(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range ar.Files {
		if strings.HasSuffix(f.Name, ".golden") {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goCommand runs the go command in a folder and returns what it prints.
func goCommand(t *testing.T, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(goEnv(t), "PWD="+dir)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), err
}

// vetFindings returns what "go vet" prints with the command as its tool, as
// "file:line:column: message", sorted.
func vetFindings(t *testing.T, dir string) []string {
	t.Helper()
	stdout, stderr, _ := goCommand(t, dir, "vet", "-json", "-vettool="+tool(t), "./...")
	var found []string
	dec := json.NewDecoder(strings.NewReader(stdout))
	for dec.More() {
		var tree map[string]map[string]json.RawMessage
		if err := dec.Decode(&tree); err != nil {
			t.Fatalf("%v in\n%s%s", err, stdout, stderr)
		}
		for _, byRule := range tree {
			for rule, data := range byRule {
				var diagnostics []struct{ Posn, Message string }
				if err := json.Unmarshal(data, &diagnostics); err != nil {
					t.Fatalf("%s: %s", rule, data)
				}
				for _, d := range diagnostics {
					name, err := filepath.Rel(dir, d.Posn)
					if err != nil {
						t.Fatal(err)
					}
					found = append(found, fmt.Sprintf("%s: %s: %s", filepath.ToSlash(name), rule, d.Message))
				}
			}
		}
	}
	if stdout == "" && stderr != "" {
		t.Fatalf("go vet says\n%s", stderr)
	}
	slices.Sort(found)
	return found
}

// wholeFindings returns what the analysis of the whole program finds, in the
// same form.
func wholeFindings(t *testing.T, dir string) []string {
	t.Helper()
	ctx := context.Background()
	p, err := load.Load(ctx, load.Config{Dir: dir, Patterns: []string{"./..."}, Env: append(os.Environ(), goEnv(t)...)})
	if err != nil {
		t.Fatal(err)
	}
	res, err := rules.Analyze(ctx, p, rules.Config{Evidence: judge.Inferred})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range res.Findings {
		name, err := filepath.Rel(dir, f.Pos.File)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%s:%d:%d: %s: %s", filepath.ToSlash(name), f.Pos.Line, f.Pos.Column, f.Rule, f.Message))
	}
	slices.Sort(found)
	return found
}

const (
	sharedObject = "that goroutines share an object of a library's type takes all importers to infer"
	noCommand    = "in a module without a command anybody may call what is exported; go vet cannot see that there is none"
)

// differs says what only one of the two runs can show, and why.
var differs = map[string]map[string]string{
	"sharedmap/oldgo.txtar": {
		"whole internal/marks/marks.go:15:33": "both goroutines are started by an importer, which shows it",
		"whole internal/marks/marks.go:7:33":  "both goroutines are started by an importer, which shows it",
		"whole roots/roots.go:21:2":           "the goroutine is started by an importer, which shows it",
		"vet main.go:21:2":                    "the same, at the go statement",
		"vet main.go:82:3":                    "the same, at the go statement",
	},
	"sharedmap/made.txtar": {
		"whole source.go:11:0": "the file that the package was made of is none of the package's own",
	},
	"sharedmap/goeson.txtar": {
		"whole hook.go:33:3": sharedObject,
		"whole hook.go:52:3": sharedObject,
		"whole hook.go:79:3": sharedObject,
	},
	"sharedmap/oldcopy.txtar": {"whole hook.go:13:2": sharedObject},
	"sharedmap/closed.txtar":  {"whole internal/index/index.go:22:2": "the goroutine and the other caller are both in an importer"},
	"sharedmap/sent.txtar": {
		"whole retry.go:16:3":   sharedObject,
		"whole send.go:26:2":    sharedObject,
		"whole kept.go:20:3":    sharedObject,
		"whole wrapped.go:55:3": sharedObject,
		"whole wrapped.go:69:3": sharedObject,
	},
	"sharedmap/reentry.txtar": {"whole cache.go:51:2": noCommand},
	"deepformat/keyed.txtar":  {"whole locks/locks.go:27:44": noCommand},
	"sharedmap/colour.txtar": {
		"whole filter/filter.go:33:4": "that the goroutines of an importer share one object takes all importers to infer",
	},
	"sharedmap/packages.txtar": {
		"whole both/both.go:35:2":   "both does not import the package that has the type behind the interface",
		"whole store/store.go:34:2": "the two goroutines are started by packages that do not import one another",
		"whole store/store.go:41:2": "both goroutines are started by an importer, which shows it",
		"vet both/both.go:10:2":     "the same, at the go statement",
	},
}

// "go vet" with the command as its tool finds in every golden archive what the
// command itself finds.
func TestVetFindsTheSame(t *testing.T) {
	archives, err := filepath.Glob("../../testdata/*map/*.txtar")
	more, err2 := filepath.Glob("../../testdata/deepformat/*.txtar")
	if err != nil || err2 != nil || len(archives) == 0 || len(more) == 0 {
		t.Fatal(archives, more, err, err2)
	}
	var total atomic.Int32
	t.Cleanup(func() {
		if total.Load() == 0 {
			t.Error("nothing was compared")
		}
	})
	for _, name := range append(archives, more...) {
		t.Run(filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(ar.Files, func(f txtar.File) bool {
				return strings.HasSuffix(f.Name, ".go") && !strings.HasSuffix(f.Name, "_test.go")
			}) {
				t.Skip("nothing but tests, which go vet leaves out")
			}
			dir := extract(t, ar)
			whole, vet := wholeFindings(t, dir), vetFindings(t, dir)
			excused := differs[filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)]
			used := make(map[string]bool)
			compare := func(run string, found, other []string) {
				for _, f := range found {
					place, _, _ := strings.Cut(f, ": ")
					if _, ok := excused[run+" "+place]; ok {
						used[run+" "+place] = true
						place = ""
					}
					if slices.Contains(other, f) != (place != "") {
						t.Errorf("%s shows %s: the other run does so: %t", run, f, slices.Contains(other, f))
					}
				}
			}
			compare("whole", whole, vet)
			compare("vet", vet, whole)
			for place, why := range excused {
				if used[place] {
					continue
				}
				t.Errorf("nothing at %s, though %s", place, why)
			}
			total.Add(int32(len(whole)))
		})
	}
}
