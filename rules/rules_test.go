package rules_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
)

var update = flag.Bool("update", false, "rewrite the goldens of testdata/<rule>; read them before you commit them")

const testdata = "../testdata"

// runTimeout bounds the command of a case, building included.
const runTimeout = 3 * time.Minute

// TestRules plays testdata/<rule>/<topic>.txtar. See options for what an
// archive looks like, and TestHarness for what is wrong with one.
func TestRules(t *testing.T) {
	live := engine{rules.Analyze, rules.Fix}
	for _, rule := range rules.All {
		entries, err := os.ReadDir(filepath.Join(testdata, rule.Name))
		if err != nil || len(entries) == 0 {
			t.Errorf("the rule %s has no cases in testdata/%s", rule.Name, rule.Name)
		}
		for _, e := range entries {
			name := filepath.Join(testdata, rule.Name, e.Name())
			t.Run(rule.Name+"/"+e.Name(), func(t *testing.T) {
				if filepath.Ext(name) != ".txtar" {
					t.Fatal("a stray file: only *.txtar are played")
				}
				t.Parallel()
				ar, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				played := play(ar, rule.Name, tempDir(t), live)
				if *update && played.files != nil {
					setGoldens(ar, played.files)
					if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
						t.Fatal(err)
					}
					played = play(ar, rule.Name, tempDir(t), live)
				}
				for _, problem := range played.problems {
					t.Error(problem)
				}
			})
		}
	}
}

// tempDir returns a new folder by the name that the go command has for it.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// An engine is what is under test: the rules, or a fake for the harness itself.
type engine struct {
	analyze func(context.Context, *load.Program, rules.Config) (*rules.Result, error)
	fix     func(context.Context, *load.Program, rules.Config, func(*judge.Finding) bool) (*rules.Fixed, error)
}

// played is the outcome of a case.
type played struct {
	problems []string
	files    map[string][]byte // as fixed, by name in the archive; nil if it did not get so far
}

func (r *played) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// play runs the case in dir.
func play(ar *txtar.Archive, rule, dir string, e engine) *played {
	r := &played{}
	opts, err := parseOptions(string(ar.Comment), rule)
	if err != nil {
		r.problem("%v", err)
		return r
	}
	c := &goldenCase{options: opts, ar: ar, dir: dir, engine: e, played: r}
	if err := c.extract(); err != nil {
		r.problem("%v", err)
		return r
	}
	p := c.load("the archive")
	if p == nil {
		return r
	}
	c.checkFindings(p)
	left := c.checkFix(p)
	if len(r.files) > 0 {
		c.checkSecondRun(left)
	}
	if opts.run != "" {
		c.checkRun()
	}
	return r
}

// A goldenCase is one archive being played.
type goldenCase struct {
	*options
	*played
	ar  *txtar.Archive
	dir string
	engine
}

func (c *goldenCase) config() rules.Config {
	return rules.Config{Rules: c.rules, Evidence: c.evidence, Tests: c.tests, Generated: c.generated}
}

// load loads what is in the folder now; nil if it does not type-check.
func (c *goldenCase) load(what string) *load.Program {
	p, err := load.Load(context.Background(), load.Config{
		Dir: c.dir, Patterns: []string{"./..."}, Tags: c.tags, Tests: c.tests, Env: env(),
	})
	if err != nil {
		c.problem("%s does not load: %v", what, err)
		return nil
	}
	if !c.tests { // they must compile all the same
		for _, pkg := range p.All {
			if pkg.ForTest != "" && pkg.Main {
				p.Check(pkg)
			}
		}
	}
	sound := true
	for _, pkg := range p.All {
		for _, err := range pkg.Errors {
			if pkg.Main {
				c.problem("%s does not type-check: %v", what, err)
				sound = false
			}
		}
	}
	if !sound {
		return nil
	}
	return p
}

// checkFindings compares the findings with the want comments.
func (c *goldenCase) checkFindings(p *load.Program) {
	res, err := c.analyze(context.Background(), p, c.config())
	if err != nil {
		c.problem("Analyze: %v", err)
		return
	}
	for _, s := range res.Skipped {
		c.problem("package %s was not analysed: %v", s.Path, s.Errors)
	}
	wants, err := parseWants(c.ar)
	if err != nil {
		c.problem("%v", err)
		return
	}
	ids := make(map[string]bool)
	for _, f := range res.Findings {
		if f.Evidence < c.evidence {
			continue
		}
		if f.ID == "" || ids[f.ID] {
			c.problem("two findings have the ID %q, or it is empty", f.ID)
		}
		ids[f.ID] = true
		c.problems = append(c.problems, styleProblems(f)...)
		file := c.name(f.Pos.File)
		if !wants.take(file, f) {
			c.problem("%s:%d: unexpected finding: %s%s", file, f.Pos.Line, f.Message, describeFix(f))
		}
	}
	for _, w := range wants.left() {
		c.problem("%s:%d: no finding matches %s", w.file, w.line, w)
	}
}

// name returns the name that a file has in the archive.
func (c *goldenCase) name(file string) string {
	rel, err := filepath.Rel(c.dir, file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(rel)
}

// checkFix applies the fixes, compares with the goldens, and returns the
// findings that are left.
func (c *goldenCase) checkFix(p *load.Program) []*judge.Finding {
	fixed := c.applied(p)
	if fixed == nil {
		return nil
	}
	c.files = make(map[string][]byte)
	for file, data := range fixed.Files {
		c.files[c.name(file)] = data
	}
	goldens := goldens(c.ar)
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		golden, ok := goldens[name]
		switch {
		case !ok:
			c.problem("a fix edits %s, which has no golden:\n%s", name, edit.Unified(name, c.source(name), c.files[name]))
		case string(golden) != string(c.files[name]):
			c.problem("%s.golden differs from what the fixes make (- golden, + made):\n%s", name, edit.Unified(name, golden, c.files[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(goldens)) {
		if _, ok := c.files[name]; !ok {
			c.problem("no fix edits %s, which has a golden", name)
		}
	}
	return fixed.Left
}

// applied returns the program with all fixes that the case asks for.
func (c *goldenCase) applied(p *load.Program) *rules.Fixed {
	fixed, err := c.fix(context.Background(), p, c.config(), func(f *judge.Finding) bool {
		return f.Evidence >= c.evidence && f.Fix != nil && f.Fix.Applicability >= c.fixes
	})
	if err != nil {
		c.problem("Fix: %v", err)
		return nil
	}
	fixed.Left = slices.DeleteFunc(fixed.Left, func(f *judge.Finding) bool { return f.Evidence < c.evidence })
	return fixed
}

// checkSecondRun puts the goldens in place: they must type-check, draw no
// further fix, and no finding unless the first run left some.
func (c *goldenCase) checkSecondRun(left []*judge.Finding) {
	golden := goldens(c.ar)
	for name, data := range c.files {
		if g, ok := golden[name]; ok {
			data = g
		}
		if err := os.WriteFile(filepath.Join(c.dir, filepath.FromSlash(name)), data, 0o666); err != nil {
			c.problem("%v", err)
			return
		}
	}
	p := c.load("the golden program")
	if p == nil {
		return
	}
	fixed := c.applied(p)
	if fixed == nil {
		return
	}
	for name, data := range fixed.Files {
		name = c.name(name)
		was, _ := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(name)))
		c.problem("a second run changes %s again:\n%s", name, edit.Unified(name, was, data))
	}
	if len(left) == 0 {
		for _, f := range fixed.Left {
			c.problem("%s:%d: a second run still finds: %s%s", c.name(f.Pos.File), f.Pos.Line, f.Message, describeFix(f))
		}
	}
}

// source returns a file of the archive.
func (c *goldenCase) source(name string) []byte {
	for _, f := range c.ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// checkRun runs the command of the case on the fixed program.
func (c *goldenCase) checkRun() {
	words := strings.Fields(c.run)
	if slices.Contains(words, "-race") && !canRace() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	if out, err := command(ctx, c.dir, words).CombinedOutput(); err != nil {
		c.problem("%s: %v\n%s", c.run, err, out)
	}
}
