package rules_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
)

// TestRows plays testdata/rows/<topic>.txtar: every row of the tables in
// rules/known has a case there that is found with the row, and not without.
//
// An archive holds rows.go, and the packages of other modules that it imports,
// by import path, with the declarations that it needs. In rows.go the lines
// from "// row: <name of the row>; <trait>; ..." to the next such line are the
// case of that row; the traits say what must show in the findings. It declares
// one function of a *state, named row, that hands s.hit to the library. Other
// declarations may stand beside it; a line that ends in "// wait" waits for what
// it started. The case is copied once for each of the plots below, with what it
// declares renamed, into a package of its own.
func TestRows(t *testing.T) {
	if testing.Short() {
		t.Skip("analyses a package for each row")
	}
	cases := readRows(t)
	dir := tempDir(t)
	writeRows(t, dir, cases)
	p, err := load.Load(t.Context(), load.Config{Dir: dir, Patterns: []string{"./..."}, Env: append(env(), "GOFLAGS=-mod=vendor")})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range p.Roots {
		for _, e := range pkg.Errors {
			t.Fatalf("%v", e)
		}
	}
	all := rowsByName(known.Builtin())
	like := make(map[string][]*load.Package) // the packages of the cases by table
	for _, c := range cases {
		if row := all[c.row]; row == nil {
			t.Fatalf("%s: there is no row %q", c.archive, c.row)
		} else {
			like[row.like] = append(like[row.like], p.Package(c.path()))
		}
	}
	full := findRows(t, p, p.Roots, known.Default())
	alone := make(map[string]foundRows) // with one table
	for _, c := range cases {
		row := all[c.row]
		delete(all, c.row)
		t.Run(c.row, func(t *testing.T) {
			if alone[row.like] == nil {
				alone[row.like] = findRows(t, p, like[row.like], row.with)
			}
			row.check(t, c, full, true)
			row.check(t, c, alone[row.like], true)
			row.check(t, c, findRows(t, p, []*load.Package{p.Package(c.path())}, row.without), false)
		})
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Errorf("the row %q has no case in testdata/rows", name)
	}
}

// A rowCase is the code for one row.
type rowCase struct {
	archive, row string
	traits       []string // what is true of the row
	header, code string   // of rows.go; the declarations of this case
	stubs        []txtar.File
	index        int
}

func (c *rowCase) path() string { return fmt.Sprintf("example.com/rows/r%03d", c.index) }

var rowLine = regexp.MustCompile(`(?m)^// row: (.*)\n`)

// readRows reads the archives.
func readRows(t *testing.T) []*rowCase {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testdata, "rows", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in testdata/rows: %v", err)
	}
	var out []*rowCase
	seen := make(map[string]bool)
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "rows.go" })
		if i < 0 {
			t.Fatalf("%s has no rows.go", name)
		}
		src := string(ar.Files[i].Data)
		at := rowLine.FindAllStringSubmatchIndex(src, -1)
		for j, m := range at {
			end := len(src)
			if j+1 < len(at) {
				end = at[j+1][0]
			}
			words := strings.Split(src[m[2]:m[3]], "; ")
			c := &rowCase{archive: filepath.Base(name), row: words[0], traits: words[1:], header: src[:at[0][0]], code: src[m[1]:end], index: len(out)}
			c.stubs = slices.Delete(slices.Clone(ar.Files), i, i+1)
			if seen[c.row] {
				t.Errorf("%s: the row %q has two cases", name, c.row)
			}
			seen[c.row] = true
			out = append(out, c)
		}
	}
	return out
}

// writeRows writes a module with a package for each case, and the packages
// that they import as if they were vendored.
func writeRows(t *testing.T, dir string, cases []*rowCase) {
	t.Helper()
	written := make(map[string]string)
	write := func(name, text string) {
		if old, ok := written[name]; ok && old != text {
			t.Fatalf("two archives have different files %s", name)
		}
		written[name] = text
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	modules := make(map[string]bool)
	for _, c := range cases {
		for _, f := range c.stubs {
			write("vendor/"+f.Name, string(f.Data))
			modules[filepath.ToSlash(filepath.Dir(f.Name))] = true
		}
		for _, plot := range plots {
			if plot.guarded && strings.Contains(c.code, "type state ") {
				continue
			}
			write(fmt.Sprintf("r%03d/%s.go", c.index, strings.ToLower(plot.name)), plot.write(c))
		}
	}
	gomod, vendored := "module example.com/rows\n\ngo 1.26\n", ""
	for _, m := range slices.Sorted(maps.Keys(modules)) {
		gomod += "\nrequire " + m + " " + version(m) + "\n"
		vendored += "# " + m + " " + version(m) + "\n## explicit; go 1.26\n" + m + "\n"
	}
	write("go.mod", gomod)
	write("vendor/modules.txt", vendored)
}

var majorSuffix = regexp.MustCompile(`[/.]v([0-9]+)$`)

// version returns a version that a module of the path may have.
func version(path string) string {
	if m := majorSuffix.FindStringSubmatch(path); m != nil {
		return "v" + m[1] + ".0.0"
	}
	return "v0.0.0"
}

// A plot is a way to use a row.
type plot struct {
	name    string
	hit     string // what the function that is handed over does to the map
	run     string // how the case is used; row is the function of the case
	guarded bool   // the case needs a lock
	waits   bool   // lines marked "// wait" are kept
}

var plots = []plot{
	{name: "Alone", hit: hitWrites, run: "s := new(state); row(s)"},
	{name: "Twice", hit: hitWrites, run: "s := new(state); row(s); row(s)"},
	{name: "After", hit: hitReads, run: "s := new(state); row(s); s.touch()"},
	{name: "Beside", hit: hitReads, run: "s := new(state); go s.touch(); row(s)"},
	{name: "Waited", hit: hitReads, run: "s := new(state); row(s); s.touch()", waits: true},
	{name: "Locked", guarded: true, hit: hitWrites, run: "s := new(state); go s.look(); s.mu.Lock(); row(s); s.mu.Unlock()"},
}

const (
	hitWrites = `s.m["k"]++`
	hitReads  = `_ = s.m["k"]`
)

var imported = regexp.MustCompile(`(?m)^\t(?:(\w+) )?"(.*/)?([^/"]*)"\n`)

// write returns the file of a case that plays the plot: what it declares is
// renamed, since there is a file for each.
func (p *plot) write(c *rowCase) string {
	code := c.code
	if !p.waits {
		code = waitLine.ReplaceAllString(code, "")
	}
	if !strings.Contains(code, "type state ") {
		code += "\ntype state struct {\n\tmu sync.Mutex\n\tm map[string]int\n}\n\n" +
			"func (s *state) hit() { " + p.hit + " }\n"
	}
	for name, body := range map[string]string{"touch": "delete(s.m, \"k\")", "look": "s.mu.Lock(); s.m[\"a\"]++; delete(s.m, \"k\"); s.mu.Unlock()"} {
		if strings.Contains(p.run, name) {
			code += "\nfunc (s *state) " + name + "() { " + body + " }\n"
		}
	}
	code += "\nfunc playIt() { " + p.run + " }\n"
	header := imported.ReplaceAllStringFunc(c.header, func(line string) string {
		m := imported.FindStringSubmatch(line)
		name := m[1]
		if name == "" {
			name = m[3]
		}
		if name != "_" && !regexp.MustCompile(`\b`+name+`\.`).MatchString(code) {
			return ""
		}
		return line
	})
	if regexp.MustCompile(`\bsync\.`).MatchString(code) && !strings.Contains(header, `"sync"`) {
		header = strings.Replace(header, "import (", "import (\n\t\"sync\"\n", 1)
	}
	return header + rename(code, p.name)
}

var (
	waitLine = regexp.MustCompile(`(?m)^.*// wait$\n`)
	declared = regexp.MustCompile(`(?m)^(?:func|type|var|const) (\w+)`)
)

// rename appends suffix to the names that code declares, wherever they are used.
func rename(code, suffix string) string {
	names := make(map[string]bool)
	for _, m := range declared.FindAllStringSubmatch(code, -1) {
		names[m[1]] = true
	}
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	s.Init(file, []byte(code), nil, 0)
	var out strings.Builder
	last, after := 0, token.ILLEGAL
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out.String() + code[last:]
		}
		if tok == token.IDENT && after != token.PERIOD && names[lit] {
			end := file.Offset(pos) + len(lit)
			out.WriteString(code[last:end] + suffix)
			last = end
		}
		after = tok
	}
}

// foundRows are findings by package, and by plot.
type foundRows map[[2]string]*judge.Finding

// findRows returns what is found in some of the packages with a table.
func findRows(t *testing.T, p *load.Program, in []*load.Package, table *known.Table) foundRows {
	t.Helper()
	part := *p
	part.Roots = in
	fs, err := rules.Find(t.Context(), &part, rules.Config{Rules: []string{"sharedmap"}, Known: table})
	if err != nil {
		t.Fatal(err)
	}
	out := make(foundRows)
	for _, f := range fs {
		if f.Evidence > judge.Possible {
			out[[2]string{f.Map.Pkg, strings.TrimPrefix(f.Map.Owner, "state")}] = f
		}
	}
	return out
}
