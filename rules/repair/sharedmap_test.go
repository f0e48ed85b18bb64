package repair

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
)

var updateShared = flag.Bool("update-sharedmap", false, "rewrite what testdata/sharedmap expects; read the diff")

// helpers is the other file of each case's package.
const helpers = `package p

import (
	"errors"
	"strconv"
)

// Cache is what most cases are about.
type Cache struct {
	n int
	m map[string]int
}

var errMissing = errors.New("missing")

// callback runs code that nobody can see.
var callback = func(n int) int { return n }

// block may wait for something.
func block() int { return 1 }

func pure(n int) int          { return n }
func pure2(n int) (int, bool) { return n, true }
func name(n int) string       { return strconv.Itoa(n) }
`

// A sharedCase is one case of an archive: the declarations of a file, and what
// becomes of them. The first line may name the map, and the lock that guards it
// elsewhere: //repair G.m by G.mu. Cache.m is meant otherwise.
type sharedCase struct {
	name         string
	before       string
	level        string
	after        string // with the reason in a first comment; the reason alone if manual
	dir          string
	mapped, lock string
}

func readCases(t *testing.T, data []byte) []*sharedCase {
	t.Helper()
	var cases []*sharedCase
	for i, f := range txtar.Parse(data).Files {
		if name, level, ok := strings.Cut(f.Name, ": "); ok {
			c := cases[len(cases)-1]
			if name != c.name || c.level != "" {
				t.Fatalf("section %q does not follow its case", f.Name)
			}
			c.level, c.after = level, string(f.Data)
			continue
		}
		c := &sharedCase{name: f.Name, before: string(f.Data), dir: fmt.Sprintf("c%03d", i), mapped: "Cache.m"}
		if line, _, ok := strings.Cut(c.before, "\n"); ok && strings.HasPrefix(line, "//repair ") {
			c.mapped, c.lock, _ = strings.Cut(strings.TrimPrefix(line, "//repair "), " by ")
		}
		cases = append(cases, c)
	}
	return cases
}

const packageClause = "package p\n\n"

// outcome returns what the archive says about a fix.
func (c *sharedCase) outcome(fix *edit.Fix, files map[string]string) string {
	reason := strings.ReplaceAll(fix.Reason, c.dir+"/", "")
	if fix.Applicability == edit.Manual {
		return reason + "\n"
	}
	after := ""
	for name, text := range files {
		if filepath.Base(name) == "a.go" {
			after = strings.TrimPrefix(text, packageClause)
		}
	}
	if reason != "" {
		after = "// " + reason + "\n\n" + after
	}
	return after
}

func TestSharedMap(t *testing.T) {
	archives, err := filepath.Glob("testdata/sharedmap/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) { runArchive(t, archive) })
	}
}

func runArchive(t *testing.T, archive string) {
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	cases := readCases(t, data)
	files := make(map[string]string)
	for _, c := range cases {
		files[c.dir+"/p.go"] = helpers
		files[c.dir+"/a.go"] = packageClause + c.before
	}
	w := loadFiles(t, files)
	all := make(map[string]string)
	fixes := make(map[*sharedCase]*edit.Fix)
	for _, c := range cases {
		fix, out := w.repair("example.com/a/"+c.dir, c.mapped, c.lock)
		fixes[c] = fix
		if got := c.outcome(fix, out); *updateShared {
			c.level, c.after = fix.Applicability.String(), got
		} else if got != c.after || fix.Applicability.String() != c.level {
			t.Errorf("%s: %s, want %s\n%s", c.name, fix.Applicability, c.level, edit.Unified(c.name, []byte(c.after), []byte(got)))
		}
		for name, text := range out {
			all[name] = text
		}
	}
	if *updateShared {
		writeCases(t, archive, txtar.Parse(data), cases)
	}
	edited := w.with(all)
	for _, c := range cases {
		c.again(t, edited, fixes[c])
	}
}

// again checks that the repaired program needs no repair: every access is found
// under the lock by the simple-minded analysis of the tests.
func (c *sharedCase) again(t *testing.T, w *world, fix *edit.Fix) {
	t.Helper()
	if fix.Applicability == edit.Manual {
		return
	}
	lock := c.lock
	if lock == "" {
		_, lock, _ = strings.Cut(fix.Title, "new mutex ")
		lock, _, _ = strings.Cut(lock, " (")
		owner, _, _ := strings.Cut(c.mapped, ".")
		name := lock[strings.LastIndexByte(lock, '.')+1:]
		if lock = name; strings.Contains(c.mapped, ".") {
			lock = owner + "." + name
		}
	}
	f := w.finding("example.com/a/"+c.dir, c.mapped, lock)
	for _, s := range f.Sites {
		held := len(s.Locks) > 0 && (s.Locks[0].Mode == 2 || !s.Op.Writes())
		if s.Exempt == "" && !held {
			t.Errorf("%s: after the fix the %s at line %d is not under the lock", c.name, s.Op, s.Pos.Line)
		}
	}
}

func writeCases(t *testing.T, archive string, old *txtar.Archive, cases []*sharedCase) {
	t.Helper()
	ar := &txtar.Archive{Comment: old.Comment}
	for _, c := range cases {
		ar.Files = append(ar.Files,
			txtar.File{Name: c.name, Data: []byte(c.before)},
			txtar.File{Name: c.name + ": " + c.level, Data: []byte(c.after)})
	}
	if err := os.WriteFile(archive, txtar.Format(ar), 0o666); err != nil {
		t.Fatal(err)
	}
}
