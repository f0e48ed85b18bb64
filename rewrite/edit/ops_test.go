package edit

import (
	"go/ast"
	"testing"
)

func TestMove(t *testing.T) {
	move := func(from, to string) func(s *script) []error {
		return func(s *script) []error { return []error{s.MoveAfter(s.stmt(from), s.stmt(to))} }
	}
	runBody(t, []bodyCase{
		{"down", `
a()
// of b
b() // beside
c()
d()
`, move("b", "c"), `
a()
c()
// of b
b() // beside
d()
`}, {"up", `
a()

b()

c()
`, move("c", "a"), `
a()
c()

b()
`}, {"blank lines", `
a()

b()
c()

d()
`, move("b", "d"), `
a()

c()

d()
b()
`}, {"first", `
a()

b()
`, move("a", "b"), `
b()
a()
`}, {"out of a block", `
if x {
	a()
	b()
	// dangling
}
c()
`, move("b", "if"), `
if x {
	a()
	// dangling
}
b()
c()
`}, {"last of a block", `
if x {
	b()
	// dangling
}
c()
`, move("b", "if"), `
if x {
	// dangling
}
b()
c()
`}, {"last of a clause", `
switch {
case a:
	b() // beside
	// dangling
default:
}
`, move("b", "switch"), `
switch {
case a:
	// dangling
default:
}
b() // beside
`}, {"detached comment stays", `
a()

// Section.

b()
c()
`, move("b", "c"), `
a()

// Section.

c()
b()
`}, {"there and back", `
a()
b()
`, func(s *script) []error {
			a, b := s.stmt("a"), s.stmt("b")
			return []error{s.MoveAfter(a, b), s.MoveAfter(b, a), s.InsertAfter(a, "x()"), s.InsertBefore(a, "w()")}
		}, `
w()
a()
b()
x()
`}, {"with neighbours", `
a()
b()
c()
`, func(s *script) []error {
			return []error{
				s.InsertBefore(s.stmt("b"), "lock()"),
				s.MoveAfter(s.stmt("c"), s.stmt("a")),
				s.InsertAfter(s.stmt("c"), "unlock()"),
				s.InsertAfter(s.stmt("a"), "last()"),
			}
		}, `
a()
c()
unlock()
last()
lock()
b()
`},
	})
}

func TestReplace(t *testing.T) {
	runBody(t, []bodyCase{
		{"expression", `
log("%+v", a, /* b */ b) // beside
`, func(s *script) []error {
			return []error{s.ReplaceExpr(s.expr(`"%+v"`), `"%p"`), s.ReplaceExpr(s.expr("b)"), "&b")}
		}, `
log("%p", a, /* b */ &b) // beside
`}, {"comment inside", `
log(a, f(b, // why b
	c))
`, func(s *script) []error {
			return []error{s.ReplaceExpr(s.expr("f(b"), "v")}
		}, `
// why b
log(a, v)
`}, {"with insertion", `
// above
x := m[k]
`, func(s *script) []error {
			at := s.stmt("x")
			return []error{s.ReplaceExpr(s.expr("m["), "v"), s.InsertBefore(at, "v := m[k]")}
		}, `
v := m[k]
// above
x := v
`}, {"precedence", `
x := a * b
`, func(s *script) []error {
			return []error{s.ReplaceExpr(find[*ast.Ident](s, "a *"), "p + q")}
		}, `
x := (p + q) * b
`}, {"statement", `
a()

// above
return m[k] // beside
// below
`, func(s *script) []error {
			at := s.stmt("return")
			return []error{
				s.ReplaceStmt(at, "v := m[k]\nreturn v"),
				s.InsertBefore(at, "lock()"),
				s.InsertAfter(at, "unreachable()"),
			}
		}, `
a()

lock()
// above
v := m[k]
return v // beside
unreachable()
// below
`}, {"statement with comment inside", `
a()
go func() {
	// inside
	b()
}()
`, func(s *script) []error {
			return []error{s.ReplaceStmt(s.stmt("go"), "b()")}
		}, `
a()
// inside
b()
`}, {"statement repeating its comments", `
for {
	// inside
	b() // beside
}
`, func(s *script) []error {
			return []error{s.ReplaceStmt(s.stmt("for"), "for {\n\tlock()\n\t// inside\n\tb() // beside\n}")}
		}, `
for {
	lock()
	// inside
	b() // beside
}
`}, {"hoist", `
a()

// above
if v, ok := m[k]; ok { // beside
	b(v)
}
c()
`, func(s *script) []error {
			at := s.stmt("if")
			return []error{
				s.InsertBefore(at, "lock()"),
				s.HoistInit(at),
				s.InsertBefore(at, "unlock()"),
			}
		}, `
a()

lock()
// above
v, ok := m[k]
unlock()
if ok { // beside
	b(v)
}
c()
`}, {"hoist from switches", `
switch x := m[k]; x {
}
switch x := m[k]; y := x.(type) {
}
switch x := m[k]; { // none
}
`, func(s *script) []error {
			return []error{
				s.HoistInit(s.stmt("switch x := m[k]; x")),
				s.HoistInit(s.stmt("switch x := m[k]; y")),
				s.HoistInit(s.stmt("switch x := m[k]; {")),
			}
		}, `
x := m[k]
switch x {
}
x := m[k]
switch y := x.(type) {
}
x := m[k]
switch { // none
}
`}, {"hoist, then use it", `
if v := m[k]; v != nil {
	b(v)
}
`, func(s *script) []error {
			at := s.stmt("if").(*ast.IfStmt)
			return []error{
				s.HoistInit(at),
				s.InsertBefore(at.Init, "lock()"),
				s.InsertAfter(at.Init, "unlock()"),
			}
		}, `
lock()
v := m[k]
unlock()
if v != nil {
	b(v)
}
`}, {"init", `
if v, ok := m[k]; /* yes */ ok {
}
if a {
} else if v := m[k]; v {
}
if a() {
}
`, func(s *script) []error {
			return []error{
				s.ReplaceInit(s.stmt("if v"), ""),
				s.ReplaceInit(find[*ast.IfStmt](s, "if v := m"), "v := get(k)"),
				s.ReplaceInit(s.stmt("if a()"), "x := 1"),
			}
		}, `
/* yes */
if ok {
}
if a {
} else if v := get(k); v {
}
if x := 1; a() {
}
`}, {"element", `
x := T{}
y := T{a: 1}
z := &T{
	a: 1, // beside
	// dangling
}
`, func(s *script) []error {
			return []error{
				s.AddKeyedElement(s.expr("T{}").(*ast.CompositeLit), "mu: new(sync.Mutex)"),
				s.AddKeyedElement(s.expr("T{a").(*ast.CompositeLit), "mu: new(sync.Mutex)"),
				s.AddKeyedElement(s.expr("&T{").(*ast.UnaryExpr).X.(*ast.CompositeLit), "mu: new(sync.Mutex)"),
			}
		}, `
x := T{mu: new(sync.Mutex)}
y := T{a: 1, mu: new(sync.Mutex)}
z := &T{
	a:  1, // beside
	mu: new(sync.Mutex),
	// dangling
}
`},
	})
}

func TestReplaceIsMinimal(t *testing.T) {
	s := open(t, body("\nlog(\"%+v and %v\", x)\n"))
	must(t, s.ReplaceExpr(s.expr(`"%+v`), `"%p and %v"`))
	edits, err := s.Edits()
	must(t, err)
	if len(edits) != 1 || s.src[edits[0].Start:edits[0].End] != "+v" || edits[0].New != "p" || edits[0].Line != 4 {
		t.Errorf("got %+v", edits)
	}
}
