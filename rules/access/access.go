// Package access is the vocabulary that every step of the analysis shares:
// places that hold maps, paths that lead to them, locks, and accesses.
//
// Everything here is a plain comparable value without pointers into the type
// checker. A package can be loaded twice (as p and as p [p.test]), edited in
// memory, or read back from a cache, and its objects differ each time; names
// do not. A name is a struct of its parts, never a formatted string.
package access

import (
	"fmt"
	"strings"
)

// A Pos is a position in an original source file, as go/token prints it.
type Pos struct {
	File         string // absolute
	Line, Column int    // 1-based, column in bytes
}

// IsValid reports whether the position is known.
func (p Pos) IsValid() bool { return p.Line > 0 }

// Less orders positions by file, line and column.
func (p Pos) Less(q Pos) bool {
	if p.File != q.File {
		return p.File < q.File
	}
	if p.Line != q.Line {
		return p.Line < q.Line
	}
	return p.Column < q.Column
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// A Kind says what sort of variable a Location is.
type Kind uint8

const (
	Field   Kind = iota + 1 // field of a named struct type
	Global                  // package-level variable
	Local                   // local variable of a function, captured by a closure or leaked
	Context                 // value of a context.Context; Name is the type or variable of its key
)

// A Location is a variable that holds a map (or a container of maps).
// Generic types are named by their origin.
type Location struct {
	Kind  Kind
	Pkg   string // import path, without any test variant
	Owner string // Field: the type's name; Local: the declaring function's name; Global: ""
	Name  string
	Pos   Pos // Local only: where it is declared, since names repeat within a function
}

// String returns the location as reports print it: import/path.Owner.name.
func (l Location) String() string {
	if l.Owner == "" {
		return l.Pkg + "." + l.Name
	}
	return l.Pkg + "." + l.Owner + "." + l.Name
}

// IsZero reports whether l names nothing.
func (l Location) IsZero() bool { return l.Kind == 0 }

// Short returns the location without the directory part of its import path.
func (l Location) Short() string {
	s := l.String()
	return s[strings.LastIndexByte(s[:len(l.Pkg)], '/')+1:]
}

// An Op is what an access does to the map.
type Op uint8

const (
	Read    Op = iota + 1 // look-up of one key, len
	Iterate               // range, maps.Keys, json.Marshal: a read of the whole map
	Format                // a traversal by reflection through a formatting sink
	Write                 // assignment to a key, delete, clear
	Replace               // the variable itself is assigned
)

func (op Op) String() string {
	return [...]string{"?", "read", "iterate", "format", "write", "replace"}[op]
}

// Writes reports whether op changes the map or the variable.
func (op Op) Writes() bool { return op == Write || op == Replace }

// A LockID identifies a lock by its declaration: the field or variable that
// holds it. Two objects of one type share the LockID of their field.
type LockID struct {
	Location
	RW    bool // sync.RWMutex
	Other bool // no mutex, but something else that excludes others: a fix cannot take it
}

// A Mode is how a lock is held.
type Mode uint8

const (
	Shared    Mode = iota + 1 // RLock
	Exclusive                 // Lock
)

// A Lock is a lock held at some point of a program.
type Lock struct {
	ID   LockID
	Path Path // how the function that holds it names it
	Mode Mode
	// Keyed says that the object has many locks, of which a key picks one:
	// locks.Lock(name). ID is the object's method then.
	Keyed bool
}

// Borrowed reports whether the lock is reached through a field that holds a
// pointer or a sync.Locker, so that it may be any other lock under this name.
func (l Lock) Borrowed() bool {
	return l.Path.N > 0 && l.Path.Steps[l.Path.N-1].Ptr
}

// A RootKind says where a path starts.
type RootKind uint8

const (
	Unknown      RootKind = iota // an object that we know nothing of but its type
	Param                        // the Index'th parameter, receiver first
	FreeVar                      // the Index'th free variable of a closure
	GlobalVar                    // Pkg.Name
	LocalVar                     // a local variable or allocation of the function: Index counts them
	CallResult                   // result Sub of the function's Index'th call
	Result                       // what the function returns as result Index, freshly made
	Captured                     // what the function Pkg calls {Of, Index, Sub}, in one of its runs
	ContextValue                 // the value that a context has for the key Pkg.Name
	Cached                       // an object out of a cache that everyone has it from, see known.Cached
)

// A Root is where an access path starts.
type Root struct {
	Kind  RootKind
	Of    RootKind // Captured
	Index int
	Sub   int    // CallResult
	Pkg   string // GlobalVar; Captured: the ID of the function
	Name  string // for display; GlobalVar: the variable
}

// A Step is one selector of a path. The name "[]" stands for any element of a
// map, slice, array or channel.
type Step struct {
	Pkg, Type string // the named struct type that declares the field; empty for elements
	Name      string
	Ptr       bool // the field holds a pointer or interface, so that what follows is another object
}

// Elem is the step to any element of a container.
var Elem = Step{Name: "[]"}

// Pooled is the step from a sync.Map to what it holds under any key, InContext
// that from a context to what it holds.
var (
	Pooled    = Step{Pkg: "sync", Type: "Map", Name: "[]", Ptr: true}
	InContext = Step{Pkg: "context", Type: "Context", Name: "Value()", Ptr: true}
)

// MaxSteps bounds the length of a path; longer ones become Unknown.
const MaxSteps = 5

// A Path is an access path: a root and a bounded chain of fields. Pointers are
// looked through, so x.f and (*x).f are one path.
type Path struct {
	Root  Root
	N     int
	Steps [MaxSteps]Step
}

// Append returns p.s, and false if that path would be too long to keep.
func (p Path) Append(s Step) (Path, bool) {
	if s == Elem && p.N > 0 && p.Steps[p.N-1] == Elem {
		return p, true // an element of an element is an element
	}
	if p.N == MaxSteps {
		return Path{}, false
	}
	p.Steps[p.N] = s
	p.N++
	return p, true
}

// Prefix returns the first n steps of p.
func (p Path) Prefix(n int) Path {
	q := Path{Root: p.Root, N: n}
	copy(q.Steps[:n], p.Steps[:n])
	return q
}

// HasPrefix reports whether p starts with q.
func (p Path) HasPrefix(q Path) bool {
	return p.Root == q.Root && p.N >= q.N && p.Prefix(q.N) == q
}

// Location returns the location of a map that p leads to: the last field of
// the path, or the variable it starts at. It is zero if the path starts at a
// parameter or the like, so that only a caller can tell, or nowhere known.
func (p Path) Location() Location {
	n := p.Holder()
	if n > 0 {
		s := p.Steps[n-1]
		return Location{Kind: Field, Pkg: s.Pkg, Owner: s.Type, Name: s.Name}
	}
	if p.Root.Kind == GlobalVar {
		return Location{Kind: Global, Pkg: p.Root.Pkg, Name: p.Root.Name}
	}
	if p.Root.Kind == ContextValue {
		return Location{Kind: Context, Pkg: p.Root.Pkg, Name: p.Root.Name}
	}
	return Location{}
}

// Holder returns how many steps of p lead to the variable that holds the map:
// all but the trailing element steps, since a map inside a map belongs to the
// location of the outermost holder.
func (p *Path) Holder() int {
	n := p.N
	for n > 0 && p.Steps[n-1] == Elem {
		n--
	}
	return n
}

// Base returns the path of the object that holds the map's variable.
func (p Path) Base() Path {
	n := p.Holder()
	if n == 0 {
		return p.Prefix(0)
	}
	return p.Prefix(n - 1)
}

// Inline reports whether the variable at p is inside of the object at its first
// k steps: in a struct that is a field of it perhaps, but behind no pointer.
func (p *Path) Inline(k int) bool {
	for ; k < p.N-1; k++ {
		if p.Steps[k].Ptr || p.Steps[k] == Elem {
			return false
		}
	}
	return true
}

// SameBase reports whether p.Base() and q.Base() are equal, without making them.
func SameBase(p, q *Path) bool {
	n, m := p.Holder(), q.Holder()
	if n != m || p.Root != q.Root {
		return false
	}
	for i := 0; i < n-1; i++ {
		if p.Steps[i] != q.Steps[i] {
			return false
		}
	}
	return true
}

// Join returns p followed by the steps of q, and false if it is too long.
func (p Path) Join(q Path) (Path, bool) {
	ok := true
	for _, s := range q.Steps[:q.N] {
		if p, ok = p.Append(s); !ok {
			return Path{}, false
		}
	}
	return p, true
}

func (p Path) String() string {
	s := p.Root.Name
	if s == "" {
		s = "?"
	}
	for _, st := range p.Steps[:p.N] {
		if st.Name == Elem.Name {
			s += "[]"
		} else {
			s += "." + st.Name
		}
	}
	return s
}
