package edit

import (
	"slices"
	"testing"
)

func lockUnlock(at string) func(s *script) []error {
	return func(s *script) []error {
		return []error{
			s.InsertBefore(s.stmt(at), "mu.Lock()"),
			s.InsertAfter(s.stmt(at), "mu.Unlock()"),
		}
	}
}

func TestInsert(t *testing.T) {
	runBody(t, []bodyCase{
		{"alone", `
m[k] = 1
`, lockUnlock("m["), `
mu.Lock()
m[k] = 1
mu.Unlock()
`}, {"blank lines", `
a()

m[k] = 1

b()
`, lockUnlock("m["), `
a()

mu.Lock()
m[k] = 1
mu.Unlock()

b()
`}, {"comments", `
a()
// above
//nolint:all
m[k] = 1 // beside
// below b
b()
`, lockUnlock("m["), `
a()
mu.Lock()
// above
//nolint:all
m[k] = 1 // beside
mu.Unlock()
// below b
b()
`}, {"detached comment above", `
a()

// Section.

// above
m[k] = 1
`, lockUnlock("m["), `
a()

// Section.

mu.Lock()
// above
m[k] = 1
mu.Unlock()
`}, {"first, detached comment", `
// NOTE: all of it

m[k] = 1
`, lockUnlock("m["), `
// NOTE: all of it

mu.Lock()
m[k] = 1
mu.Unlock()
`}, {"dangling", `
m[k] = 1 // beside
// dangling
`, lockUnlock("m["), `
mu.Lock()
m[k] = 1 // beside
mu.Unlock()
// dangling
`}, {"dangling after blank", `
m[k] = 1 // beside

// dangling

/* more */
`, lockUnlock("m["), `
mu.Lock()
m[k] = 1 // beside
mu.Unlock()

// dangling

/* more */
`}, {"case", `
switch {
case a: // one
	m[k] = 1 // beside
	// dangling
case b:
	b()
	// above

	m[k] = 2
default:
}
`, func(s *script) []error {
			return append(lockUnlock("m[k] = 1")(s), lockUnlock("m[k] = 2")(s)...)
		}, `
switch {
case a: // one
	mu.Lock()
	m[k] = 1 // beside
	mu.Unlock()
	// dangling
case b:
	b()
	// above

	mu.Lock()
	m[k] = 2
	mu.Unlock()
default:
}
`}, {"comm", `
select {
case v := <-c:
	m[k] = v
case <-d:
}
`, lockUnlock("m["), `
select {
case v := <-c:
	mu.Lock()
	m[k] = v
	mu.Unlock()
case <-d:
}
`}, {"label", `
{
	a()

L:
	for range m {
		continue L
	}
	b()
}
`, lockUnlock("for"), `
{
	a()

	mu.Lock()
L:
	for range m {
		continue L
	}
	mu.Unlock()
	b()
}
`}, {"one line", `
g := func() { m[k] = 1 }
h := func() { a(); m[k] = 2; b() }
`, func(s *script) []error {
			return append(lockUnlock("m[k] = 1")(s), lockUnlock("m[k] = 2")(s)...)
		}, `
g := func() {
	mu.Lock()
	m[k] = 1
	mu.Unlock()
}
h := func() {
	a()
	mu.Lock()
	m[k] = 2
	mu.Unlock()
	b()
}
`}, {"order of calls", `
a()

b()
`, func(s *script) []error {
			return []error{
				s.InsertBefore(s.stmt("b"), "b1()"),
				s.InsertAfter(s.stmt("a"), "a1()"),
				s.InsertBefore(s.stmt("b"), "b2()"),
				s.InsertAfter(s.stmt("a"), "a2()"),
			}
		}, `
a()
a1()
a2()

b1()
b2()
b()
`}, {"first", `
// NOTE

a()
`, func(s *script) []error {
			return []error{
				s.InsertFirst(s.block("{"), "mu.Lock()"),
				s.InsertFirst(s.block("{"), "defer mu.Unlock()\n\n"),
			}
		}, `
mu.Lock()
defer mu.Unlock()

// NOTE

a()
`}, {"first of empty", `
g := func() {}
h := func() { // beside
	// only this
}
`, func(s *script) []error {
			return []error{
				s.InsertFirst(s.block("{}"), "a()"),
				s.InsertFirst(s.block("{ // b"), "b()"),
			}
		}, `
g := func() {
	a()
}
h := func() { // beside
	b()
	// only this
}
`}, {"nested", `
if x {
	m[k] = 1
} else if y {
	m[k] = 2
} else {
	m[k] = 3
}
`, func(s *script) []error {
			return slices.Concat(lockUnlock("m[k] = 1")(s), lockUnlock("m[k] = 3")(s), lockUnlock("if x")(s))
		}, `
mu.Lock()
if x {
	mu.Lock()
	m[k] = 1
	mu.Unlock()
} else if y {
	m[k] = 2
} else {
	mu.Lock()
	m[k] = 3
	mu.Unlock()
}
mu.Unlock()
`},
	})
}
