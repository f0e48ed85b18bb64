package edit

import (
	"fmt"
	"go/ast"
	"go/build"
	goformat "go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FuzzTree does random operations to a file. Whatever they are, the result has
// to parse, to have every comment, to be gofmt'd if the file was, and, if there
// were only insertions, to have every token that it had in the old order.
func FuzzTree(f *testing.F) {
	for _, src := range seeds(f) {
		for n := range uint64(4) {
			f.Add(src, n)
		}
	}
	f.Fuzz(func(t *testing.T, src string, seed uint64) {
		fuzzTree(t, src, seed)
	})
}

func fuzzTree(t *testing.T, src string, seed uint64) {
	if len(src) > 20_000 {
		return
	}
	src = disturb(src, rand.New(rand.NewPCG(seed, 1)))
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "/x/a.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || odd(src) {
		return
	}
	tree, err := Open(fset, file, []byte(src))
	if err != nil {
		return
	}
	o := &operator{Tree: tree, r: rand.New(rand.NewPCG(seed, 0)), file: file}
	for range 1 + o.r.IntN(6) {
		o.step()
	}
	edits, err := tree.Edits()
	if err != nil {
		if tree.base != tree.src.text && strings.Contains(err.Error(), "not gofmt'd") {
			return
		}
		t.Fatalf("%v\n%s\n%s", err, strings.Join(o.log, "\n"), src)
	}
	out, err := Apply([]byte(src), edits)
	must(t, err)
	if err := o.check(src, string(out)); err != nil {
		t.Errorf("%v\n%s\n%s", err, strings.Join(o.log, "\n"), Unified("a.go", []byte(src), out))
	}
}

// TestRandom does what FuzzTree does, to programs only.
func TestRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("is slow")
	}
	n := uint64(10)
	if more, err := strconv.Atoi(os.Getenv("MAPGUARD_ROUNDS")); err == nil {
		n = uint64(more)
	}
	list := seeds(t)
	for seed := range n {
		for i, src := range list {
			t.Run(fmt.Sprintf("%d-%d", i, seed), func(t *testing.T) { fuzzTree(t, src, seed*1000+uint64(i)) })
		}
	}
}

// disturb puts comments and line ends between tokens, and often has gofmt clean
// up after that: bytes changed at random are seldom a program. What is none
// already is left as it is; of a byte that is no character, for one, the
// scanner does not say how long it is.
func disturb(src string, r *rand.Rand) string {
	if _, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution); err != nil || r.IntN(4) == 0 {
		return src
	}
	for i := range r.IntN(8) {
		toks := tokens(src)
		if len(toks) == 0 {
			return src
		}
		at := toks[r.IntN(len(toks))]
		off := at.off
		if r.IntN(2) == 0 {
			off = at.end
		}
		text := []string{"/* c%d */", " // c%d\n", "\n// c%d\n", "\n", "\n\n", "\n\n// c%d\n\n", " ", "/* c%d\n*/"}[r.IntN(8)]
		if strings.Contains(text, "%") {
			text = fmt.Sprintf(text, i)
		}
		next := src[:off] + text + src[off:]
		if _, err := parser.ParseFile(token.NewFileSet(), "", next, parser.SkipObjectResolution); err == nil {
			src = next
		}
	}
	for range 2 * r.IntN(3) { // gofmt needs two runs at times
		if out, err := goformat.Source([]byte(src)); err == nil {
			src = string(out)
		}
	}
	switch r.IntN(8) {
	case 0:
		src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\n", "\r\n")
	case 1:
		src = strings.TrimRight(src, "\n")
	}
	return src
}

// odd reports whether a text has what neither gofmt nor dst leaves alone.
func odd(src string) bool {
	return strings.ContainsAny(strings.ReplaceAll(src, "\r\n", "\n"), "\r\f\v\x00\uFEFF") || strings.Contains(src, "// +build")
}

// seeds returns files to begin with: those of the cases of other tests, and
// small ones of the standard library.
func seeds(f testing.TB) []string {
	list := []string{body("\n"), seedCode}
	dir := filepath.Join(build.Default.GOROOT, "src")
	for _, pattern := range []string{"sync/*.go", "go/ast/*.go", "container/*/*.go", "net/http/*_test.go"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		must(f, err)
		for _, name := range names {
			src, err := os.ReadFile(name)
			must(f, err)
			if len(src) < 12_000 {
				list = append(list, string(src))
			}
		}
	}
	return list
}

const seedCode = `// Package p.
package p

import "fmt"

// T is a type.
type T struct {
	a, b int // beside

	// m is m.
	m map[string]int

	// dangling
}

var (
	x = T{a: 1}
	// y is y.
	y = []int{1, /* two */ 2}
)

// f is f.
func f(c chan int) (err error) {
	// first

	defer func() { recover() }()
	/* a block
	   comment */
	switch v := <-c; { // switch
	case v > 0: // positive
		fmt.Println(v) // printed
		// end of case
	default:
	}
L:
	for i := range 10 {
		select {
		case c <- i:
			break L
		case <-c: // none
		}
		// end of loop
	}

	// floating

	if err := g(); err != nil {
		return err
	} else if x := 1; x > 2 {
		// nothing
	} else {
		func() { a(); b() }()
	}
	var z T // local
	z.m["a"] = 1; z.m["b"] = 2
	return nil // done
	// end
}

func g() error { return nil }
`

// An operator does random operations and remembers what may be expected.
type operator struct {
	*Tree
	r       *rand.Rand
	file    *ast.File
	log     []string
	added   []string // comments
	changed bool     // whether something was replaced or moved
}

func pick[N ast.Node](o *operator, ok func(N) bool) (N, bool) {
	var list []N
	ast.Inspect(o.file, func(n ast.Node) bool {
		if m, is := n.(N); is && (ok == nil || ok(m)) {
			list = append(list, m)
		}
		return true
	})
	if len(list) == 0 {
		var none N
		return none, false
	}
	return list[o.r.IntN(len(list))], true
}

func (o *operator) step() {
	kind := o.r.IntN(17)
	code := []string{"mu.Lock()", "mu.Lock()\ndefer mu.Unlock()\n\n", "x() // added", "if a {\n\tb()\n}"}[o.r.IntN(4)]
	comment := ""
	if strings.Contains(code, "//") {
		comment = "// added"
	}
	var err error
	ok := false
	s, any := pick[ast.Stmt](o, nil)
	switch {
	case kind < 3 && any:
		ok, err = true, o.InsertBefore(s, code)
	case kind < 6 && any:
		ok, err = true, o.InsertAfter(s, code)
	case kind == 6:
		if b, any := pick[*ast.BlockStmt](o, nil); any {
			ok, err = true, o.InsertFirst(b, code)
		}
	case kind == 7 && any:
		if to, any := pick[ast.Stmt](o, nil); any {
			ok, err = true, o.MoveAfter(s, to)
			comment, code, o.changed = "", fmt.Sprint(o.fset.Position(o.own[to].Pos())), o.changed || err == nil
		}
	case kind == 8 && any:
		ok, err = true, o.HoistInit(s)
		comment, o.changed = "", o.changed || err == nil
	case kind == 9:
		if call, any := pick(o, func(c *ast.CallExpr) bool { return len(c.Args) > 0 }); any {
			s = nil
			ok, err = true, o.ReplaceExpr(call.Args[o.r.IntN(len(call.Args))], "f(a+1)")
			comment, o.changed = "", o.changed || err == nil
		}
	case kind == 10 && any:
		ok, err = true, o.ReplaceStmt(s, code)
		o.changed = o.changed || err == nil
	case kind == 11:
		if st, any := pick[*ast.StructType](o, nil); any {
			var before *ast.Field
			if n := len(st.Fields.List); n > 0 && o.r.IntN(4) > 0 {
				before = st.Fields.List[o.r.IntN(n)]
			}
			code, comment = "mu sync.Mutex // added", "// added"
			ok, err = true, o.InsertField(st, before, code)
		}
	case kind == 12:
		if d, any := pick(o, func(d *ast.GenDecl) bool { return d.Tok == token.VAR && len(d.Specs) > 0 }); any {
			code, comment = "mu sync.Mutex // added", "// added"
			ok, err = true, o.InsertSpec(d, d.Specs[o.r.IntN(len(d.Specs))].(*ast.ValueSpec), code)
		}
	case kind == 13 && any:
		code = []string{"", "v := 1"}[o.r.IntN(2)]
		ok, err = true, o.ReplaceInit(s, code)
		comment, o.changed = "", o.changed || err == nil
	case kind == 14:
		if lit, any := pick[*ast.CompositeLit](o, nil); any {
			code, comment = "mu: new(sync.Mutex)", ""
			ok, err = true, o.AddKeyedElement(lit, code)
		}
	case kind == 16:
		if fn, any := pick(o, func(d *ast.FuncDecl) bool { return d.Body != nil }); any {
			s, comment = nil, "// added"
			ok, err = true, o.SplitFunc(fn, fn.Name.Name+"Rest", comment, "lock()\n\nreturn rest()")
			o.changed = o.changed || err == nil
		}
	case kind == 15:
		if st, any := pick[*ast.StructType](o, nil); any {
			code, comment = "// added\nx int\ny func() // added", "// added"
			if ok, err = true, o.InsertField(st, nil, code); err == nil {
				o.added = append(o.added, comment)
			}
		}
	}
	if o.r.IntN(6) == 0 {
		if _, err := o.Import([]string{"sync", "fmt", "example.com/a/b"}[o.r.IntN(3)], "b"); err != nil {
			panic(err)
		}
	}
	if ok && err == nil {
		at := ""
		if s != nil {
			at = fmt.Sprint(o.fset.Position(o.own[s].Pos()))
		}
		o.log = append(o.log, fmt.Sprintf("op %d at %s: %q", kind, at, code))
		if comment != "" {
			o.added = append(o.added, comment)
		}
	}
}

func (o *operator) check(src, got string) error {
	fset := token.NewFileSet()
	if _, err := parser.ParseFile(fset, "", got, parser.ParseComments); err != nil {
		return fmt.Errorf("does not parse: %v", err)
	}
	want := o.added
	for _, t := range tokens(newSource([]byte(src)).text) {
		if t.comment {
			want = append(want, t.key)
		}
	}
	var have []string
	for _, t := range tokens(newSource([]byte(got)).text) {
		if t.comment {
			have = append(have, t.key)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return fmt.Errorf("comments differ: have %q, want %q", have, want)
	}
	if old, err := goformat.Source([]byte(src)); err == nil && string(old) == src {
		now, err := goformat.Source([]byte(got))
		if err == nil && len(o.adds) > 0 && slices.Equal(squeeze(strings.Split(got, "\n")), squeeze(strings.Split(string(now), "\n"))) {
			// Imports are put in without a look at the rest, with which gofmt
			// aligns them if a comment stands where none should.
			now = []byte(got)
		}
		if err != nil || string(now) != got {
			return fmt.Errorf("is no longer gofmt'd: %v\n%s", err, Unified("a.go", []byte(got), now))
		}
	}
	if o.changed {
		return nil
	}
	rest := tokens(newSource([]byte(got)).text)
	for _, w := range tokens(newSource([]byte(src)).text) {
		i := slices.IndexFunc(rest, func(t tok) bool { return t.key == w.key })
		if i < 0 {
			return fmt.Errorf("%q is gone or moved", w.key)
		}
		rest = rest[i+1:]
	}
	return nil
}
