package edit

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// A fileCase is a whole file, what is done to it, and the outcome.
type fileCase struct {
	name string
	in   string
	do   func(s *script) error
	want string
}

func runFiles(t *testing.T, cases []fileCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, form := range []string{"lf", "crlf"} {
				conv := func(text string) string {
					if form == "crlf" {
						return strings.ReplaceAll(text, "\n", "\r\n")
					}
					return text
				}
				s := open(t, conv(c.in[1:]))
				must(t, c.do(s))
				check(t, s, s.result(), conv(c.want[1:]))
			}
		})
	}
}

// addField puts code above the field that starts with text.
func addField(text, code string) func(s *script) error {
	return func(s *script) error {
		return s.InsertField(find[*ast.StructType](s, "struct"), find[*ast.Field](s, text), code)
	}
}

func TestInsertField(t *testing.T) {
	runFiles(t, []fileCase{
		{"plain", `
package p

type T struct {
	a int
	m map[string]int
}
`, addField("m map", "mu sync.Mutex // guards m"), `
package p

type T struct {
	a  int
	mu sync.Mutex // guards m
	m  map[string]int
}
`}, {"doc comment", `
package p

type T struct {
	// a is a.
	a int

	// m is m.
	// It is large.
	m map[string]int // beside
	// dangling
}
`, addField("m map", "mu sync.Mutex // guards m"), `
package p

type T struct {
	// a is a.
	a int

	mu sync.Mutex // guards m
	// m is m.
	// It is large.
	m map[string]int // beside
	// dangling
}
`}, {"comments beside neighbours", `
package p

type T struct {
	alpha int                    // first
	beta  string                 // second
	gamma bool                   // third
	m     map[string]int         // fourth
	n     map[string]interface{} // fifth
}
`, addField("m ", "mu sync.Mutex // guards m"), `
package p

type T struct {
	alpha int                    // first
	beta  string                 // second
	gamma bool                   // third
	mu    sync.Mutex             // guards m
	m     map[string]int         // fourth
	n     map[string]interface{} // fifth
}
`}, {"shared line", `
package p

type T struct {
	a, m map[string]int
}
`, addField("a, m", "mu sync.Mutex // guards m"), `
package p

type T struct {
	mu   sync.Mutex // guards m
	a, m map[string]int
}
`}, {"one line", `
package p

type T struct{ m map[string]int }

var x = struct{ a, b int }{}
`, addField("m map", "mu sync.Mutex // guards m"), `
package p

type T struct {
	mu sync.Mutex // guards m
	m  map[string]int
}

var x = struct{ a, b int }{}
`}, {"at the end", `
package p

type T struct {
	a int // beside
	// dangling
}
`, func(s *script) error {
			return s.InsertField(find[*ast.StructType](s, "struct"), nil, "mu sync.Mutex")
		}, `
package p

type T struct {
	a  int // beside
	mu sync.Mutex
	// dangling
}
`}, {"into an empty struct", `
package p

type T struct{}
`, func(s *script) error {
			return s.InsertField(find[*ast.StructType](s, "struct"), nil, "mu sync.Mutex")
		}, `
package p

type T struct {
	mu sync.Mutex
}
`}, {"long name", `
package p

type T struct {
	a int
	b int
	c int
	d int

	m map[string]int
}
`, addField("m map", "// registryMutex guards m.\nregistryMutex sync.Mutex"), `
package p

type T struct {
	a int
	b int
	c int
	d int

	// registryMutex guards m.
	registryMutex sync.Mutex
	m             map[string]int
}
`}, {"fewest lines", `
package p

type T struct {
	a int
	b int
	c int
	d int
	m map[string]int
}
`, addField("m map", "registryMutex sync.Mutex // guards m"), `
package p

type T struct {
	a int
	b int
	c int
	d int
	// guards m
	registryMutex sync.Mutex
	m             map[string]int
}
`}, {"embedded", `
package p

type T struct {
	Base
	*Other
	m map[string]int
}
`, addField("m map", "mu sync.Mutex"), `
package p

type T struct {
	Base
	*Other
	mu sync.Mutex
	m  map[string]int
}
`}, {"two fields", `
package p

type T struct {
	m map[string]int
	n map[string]int
}
`, func(s *script) error {
			st := find[*ast.StructType](s, "struct")
			if err := s.InsertField(st, find[*ast.Field](s, "n map"), "nmu sync.Mutex"); err != nil {
				return err
			}
			return s.InsertField(st, find[*ast.Field](s, "m map"), "mmu sync.Mutex")
		}, `
package p

type T struct {
	mmu sync.Mutex
	m   map[string]int
	nmu sync.Mutex
	n   map[string]int
}
`},
	})
}

// addSpec puts code above the variable that starts with text.
func addSpec(text, code string) func(s *script) error {
	return func(s *script) error {
		spec := find[*ast.ValueSpec](s, text)
		var decl *ast.GenDecl
		ast.Inspect(s.file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.VAR && d.Pos() <= spec.Pos() && spec.End() <= d.End() {
				decl = d
			}
			return true
		})
		return s.InsertSpec(decl, spec, code)
	}
}

func TestInsertSpec(t *testing.T) {
	const mu = "mu sync.Mutex // guards m"
	runFiles(t, []fileCase{
		{"alone", `
package p

var m = map[string]int{}

func f() {}
`, addSpec("m =", mu), `
package p

var mu sync.Mutex // guards m
var m = map[string]int{}

func f() {}
`}, {"doc comment", `
package p

import "fmt"

// m is m.
var m = map[string]int{} // beside
`, addSpec("m =", mu), `
package p

import "fmt"

var mu sync.Mutex // guards m

// m is m.
var m = map[string]int{} // beside
`}, {"detached comment", `
package p

func f() {}

// Variables.

var m = map[string]int{}
`, addSpec("m =", mu), `
package p

func f() {}

// Variables.

var mu sync.Mutex // guards m
var m = map[string]int{}
`}, {"group", `
package p

var (
	a int // an a

	// m is m.
	m = map[string]int{} // beside
)
`, addSpec("m =", mu), `
package p

var (
	a int // an a

	mu sync.Mutex // guards m
	// m is m.
	m = map[string]int{} // beside
)
`}, {"group of one line", `
package p

var (
	m map[string]int
)
`, addSpec("m ", mu), `
package p

var (
	mu sync.Mutex // guards m
	m  map[string]int
)
`}, {"local", `
package p

func f() {
	a()

	// m is m.
	var m = map[string]int{} // beside
	go g(m)
}
`, addSpec("m =", mu), `
package p

func f() {
	a()

	var mu sync.Mutex // guards m
	// m is m.
	var m = map[string]int{} // beside
	go g(m)
}
`}, {"with doc", `
package p

var m map[string]int
`, addSpec("m ", "// mu guards m.\nmu sync.Mutex"), `
package p

// mu guards m.
var mu sync.Mutex
var m map[string]int
`}, {"first in the file", `
// Package p is a package.
package p

// m is m.
var m map[string]int
`, addSpec("m ", "mu sync.Mutex"), `
// Package p is a package.
package p

var mu sync.Mutex

// m is m.
var m map[string]int
`},
	})
}
