package rules_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/judge"
)

// A case is an archive. Its comment says in the first line what it shows, and
// may set options, one a line:
//
//	evidence: possible    the weakest evidence that is expected; inferred if unset
//	fixes: safe           which fixes are applied: safe or none; unsafe ones too if unset
//	rules: a, b           the rules that run; the one that the folder is named after if unset
//	run: go run -race .   must succeed on the fixed program; skipped if -race cannot be built
//	tests: true           test files are checked too
//	generated: true       generated files are checked too
//	tags: a,b             build tags
//
// A comment in a .go file announces the finding at that line, by its message;
// fix, if it is there, its fix as "applicability: title: reason":
//
//	c.m[k] = 1 // want `c.m is written without c.mu` fix `safe: Hold c.mu`
//
// f.go.golden is f.go after all those fixes.
type options struct {
	evidence         judge.Evidence
	fixes            edit.Applicability // the least that is applied
	rules            []string
	run, tags        string
	tests, generated bool
}

func parseOptions(comment, rule string) (*options, error) {
	o := &options{evidence: judge.Inferred, fixes: edit.Unsafe, rules: []string{rule}}
	first, rest, _ := strings.Cut(comment, "\n")
	if len(strings.Fields(first)) < 3 {
		return nil, fmt.Errorf("the first line of the archive must say what it shows")
	}
	for line := range strings.Lines(rest) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsLower(r) }) {
			continue // prose
		}
		if err := o.set(key, value); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *options) set(key, value string) (err error) {
	switch key {
	case "evidence":
		for o.evidence = judge.Witnessed; o.evidence > 0 && o.evidence.String() != value; o.evidence-- {
		}
		if o.evidence == 0 {
			return fmt.Errorf("evidence: %s: no such level", value)
		}
	case "fixes":
		i := slices.Index([]string{"unsafe", "safe", "none"}, value)
		if i < 0 {
			return fmt.Errorf("fixes: %s: unsafe, safe or none", value)
		}
		o.fixes = edit.Unsafe + edit.Applicability(i) // no fix is better than safe
	case "rules":
		o.rules = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	case "run":
		o.run = value
	case "tags":
		o.tags = value
	case "tests":
		o.tests, err = strconv.ParseBool(value)
	case "generated":
		o.generated, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("no option %q", key)
	}
	return err
}

// extract writes the archive's files but for the goldens.
func (c *goldenCase) extract() error {
	for _, f := range c.ar.Files {
		if strings.HasSuffix(f.Name, ".golden") {
			continue
		}
		name := filepath.Join(c.dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// goldens returns the goldens of an archive by the names of the files that
// they are of.
func goldens(ar *txtar.Archive) map[string][]byte {
	out := make(map[string][]byte)
	for _, f := range ar.Files {
		if name, ok := strings.CutSuffix(f.Name, ".golden"); ok {
			out[name] = f.Data
		}
	}
	return out
}

// setGoldens makes files the goldens of the archive.
func setGoldens(ar *txtar.Archive, files map[string][]byte) {
	var out []txtar.File
	for _, f := range ar.Files {
		if strings.HasSuffix(f.Name, ".golden") {
			continue
		}
		out = append(out, f)
		if data, ok := files[f.Name]; ok {
			out = append(out, txtar.File{Name: f.Name + ".golden", Data: data})
		}
	}
	ar.Files = out
}

// command returns a command that needs neither a network nor another toolchain.
func command(ctx context.Context, dir string, words []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(env(), "PWD="+dir)
	cmd.WaitDelay = time.Second // what go run has started keeps the pipe open
	return cmd
}

func env() []string {
	return append(os.Environ(), "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
}

// canRace reports whether programs can be built with -race here: that takes a
// C compiler.
func canRace() bool {
	out, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 2 || words[0] != "1" {
		return false
	}
	_, err = exec.LookPath(words[1])
	return err == nil
}
