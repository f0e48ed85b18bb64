package rules

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A tally counts what a soak did.
type tally struct {
	t        *testing.T
	known    []*regexp.Regexp         // what repair says, see sayings
	words    []string                 // the same as it is written
	idle     map[access.Location]bool // maps that are guarded already, or only used at the start
	levels   map[string]int
	reasons  map[string]int
	failures map[string]int
	tested   int
}

func newTally(t *testing.T) *tally {
	y := &tally{t: t, idle: make(map[access.Location]bool), levels: make(map[string]int), reasons: make(map[string]int), failures: make(map[string]int)}
	y.sayings()
	return y
}

// repaired notes a fix that was taken.
func (y *tally) repaired(f *judge.Finding) {
	y.levels["repaired "+f.Fix.Applicability.String()]++
	if f.Fix.Applicability == edit.Unsafe {
		y.reasons[y.cause("unsafe", f.Fix.Reason)]++
	}
}

// left notes a map that nothing was done about.
func (y *tally) left(f *judge.Finding) {
	level := f.Fix.Applicability.String()
	y.levels["left "+level]++
	y.reasons[y.cause(level, f.Fix.Reason)]++
	y.t.Logf("%s: %s: %s: %s", f.Pos, f.Map, level, f.Fix.Reason)
	for _, bug := range []string{"internal error", "does not compile", "copies lock", "edited file does not parse"} {
		if strings.Contains(f.Fix.Reason, bug) {
			y.failures["stopped by the proof: "+bug]++
		}
	}
	if strings.Contains(f.Fix.Reason, "internal error") {
		y.fail("internal error", "%s: %s", f.Map, f.Fix.Reason)
	}
}

// fail notes what must not happen.
func (y *tally) fail(cause, format string, args ...any) {
	y.failures[cause]++
	y.t.Errorf(cause+": "+format, args...)
}

// log prints the counts.
func (y *tally) log(packages, edited, files int) {
	var b strings.Builder
	n := 0
	for _, m := range y.levels {
		n += m
	}
	fmt.Fprintf(&b, "%d packages: %d maps, and %d that are guarded or only used at the start; edited %d packages in %d files, tested %d of them\n",
		packages, n, len(y.idle), edited, files, y.tested)
	for _, m := range []map[string]int{y.levels, y.reasons, y.failures} {
		for _, k := range ranked(m) {
			fmt.Fprintf(&b, "%6d  %s\n", m[k], k)
		}
		b.WriteByte('\n')
	}
	y.t.Log(b.String())
}

func ranked(m map[string]int) []string {
	keys := sorted(m)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(m[b], m[a]) })
	return keys
}

// sayings collects the format strings of package repair and this one, so that
// reasons can be counted without the names in them.
func (y *tally) sayings() {
	files, err := filepath.Glob(filepath.Join("repair", "*.go"))
	if err != nil || len(files) == 0 {
		y.t.Fatalf("no files of package repair: %v", err)
	}
	for _, name := range append(files, "fix.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			y.t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, _ := strconv.Unquote(lit.Value); strings.Count(text, " ") >= 3 {
				y.words = append(y.words, text)
			}
			return true
		})
	}
	slices.SortFunc(y.words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	verb := regexp.MustCompile(`%[a-z]`)
	for _, text := range y.words {
		y.known = append(y.known, regexp.MustCompile(verb.ReplaceAllString(regexp.QuoteMeta(text), ".*")))
	}
}

var placeOfReason = regexp.MustCompile(`^\S+\.go:\d+(:\d+)?: `)

// cause returns the first reason of a fix without names and places.
func (y *tally) cause(level, reason string) string {
	first, _, _ := strings.Cut(reason, "; ")
	first = placeOfReason.ReplaceAllString(first, "")
	for i, re := range y.known {
		if re.MatchString(first) {
			return level + ": " + y.words[i]
		}
	}
	return level + ": " + first
}
