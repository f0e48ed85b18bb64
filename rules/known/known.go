// Package known holds what the analysis knows of other people's libraries, as
// tables: what starts goroutines, what reads or changes a map it is given,
// what runs functions on the caller's goroutine, what blocks. Rows name
// functions as "path.F" or "(*path.T).M".
//
// A Table is made of the rows that are built in and of those that a user adds
// in a file, see Parse. Every row that is built in has a case in
// testdata/rows that is found with the row and is not found without it.
package known

import (
	"sync"

	"github.com/mapguard/mapguard/rules/access"
)

// Rows are rows of the tables, by kind.
type Rows struct {
	Starters    []Starter
	Fields      []Field
	Handlers    []Handler
	Registrars  []Registrar
	Synchronous []Synchronous
	MapCalls    []MapCall
}

// A Starter is a function that runs an argument on another goroutine.
type Starter struct {
	Func   string
	Arg    int    // index of the argument, receiver not counted; -1: every argument
	Method string // what is run of an argument that is an object: a method name, or "*" for all of its interface's
	Multi  bool   // it may overlap itself
	Ends   bool   // it has ended when Func returns
	Wait   string // method of the receiver that waits for it
	Now    bool   // it starts at once or by itself; otherwise something else has to be started first
	Turns  bool   // all that Func is given runs on one goroutine, one after another
}

// A Field is a struct field: a function stored in it, or the Method of an
// object stored in it, is run on goroutines of the library that declares it.
type Field struct {
	access.Step
	Method string // "" for functions; "*" for all methods of the field's interface
	Multi  bool   // it may overlap itself
}

// A Handler is a signature, of functions or of methods, that servers call from
// many goroutines. A function value of the signature that is taken anywhere is
// one, and so is a value with such a method that becomes an interface with it.
type Handler struct {
	Method    string // name of the method; "" for functions
	Signature string // with full import paths and without parameter names
}

// A Registrar is a type that marks a function of two parameters whose first is
// of that type as one that registers the second to be served: every method of
// that runs, many at a time.
type Registrar struct{ Type string }

// A Synchronous row names a function, or a module or package, that runs the
// functions it is given on the caller's goroutine.
type Synchronous struct {
	Func   string // it has run them when it returns; "" if this row is of a module
	Module string // import path that those of its packages start with
}

// A MapCall is a function of another library that uses a map it is given.
type MapCall struct {
	Func string
	Arg  int // index of the argument, receiver not counted, or Receiver
	Op   access.Op
}

// Receiver in place of an argument's index.
const Receiver = -1

// A Table answers questions about functions and types of libraries.
type Table struct {
	starters    map[string][]Starter
	fields      map[access.Step]Field
	handlers    map[Handler]bool
	registrars  map[string]bool
	synchronous map[string]bool
	modules     []string
	mapCalls    map[string][]MapCall
	waits       map[string]bool
	names       bool // go by names where there is no row
}

// NewTable returns a table of rows. What later ones say of a function takes the
// place of what earlier ones say. Where there is no row for a function of
// another module, names says whether its name decides, see Keeps.
func NewTable(names bool, all ...Rows) *Table {
	t := &Table{
		starters: make(map[string][]Starter), fields: make(map[access.Step]Field),
		handlers: make(map[Handler]bool), registrars: make(map[string]bool),
		synchronous: make(map[string]bool), mapCalls: make(map[string][]MapCall),
		waits: make(map[string]bool), names: names,
	}
	for _, rows := range all {
		t.add(rows)
	}
	return t
}

func (t *Table) add(rows Rows) {
	for _, s := range rows.Starters {
		delete(t.starters, s.Func)
		delete(t.synchronous, s.Func)
	}
	for _, s := range rows.Synchronous {
		delete(t.starters, s.Func)
	}
	for _, m := range rows.MapCalls {
		delete(t.mapCalls, m.Func)
	}
	for _, s := range rows.Starters {
		t.starters[s.Func] = append(t.starters[s.Func], s)
		if s.Wait != "" {
			t.waits[method(s.Func, s.Wait)] = true
		}
	}
	for _, f := range rows.Fields {
		t.fields[f.Step] = f
	}
	for _, h := range rows.Handlers {
		t.handlers[h] = true
	}
	for _, r := range rows.Registrars {
		t.registrars[r.Type] = true
	}
	for _, s := range rows.Synchronous {
		if s.Func != "" {
			t.synchronous[s.Func] = true
		} else {
			t.modules = append(t.modules, s.Module)
		}
	}
	for _, m := range rows.MapCalls {
		t.mapCalls[m.Func] = append(t.mapCalls[m.Func], m)
	}
}

// Builtin returns the rows that come with the program.
func Builtin() Rows {
	return Rows{
		Starters: starters(), Fields: fields, Handlers: handlers, Registrars: registrars,
		Synchronous: synchronous, MapCalls: mapCalls,
	}
}

// Default returns the table of the rows that come with the program.
var Default = sync.OnceValue(func() *Table { return NewTable(true, Builtin()) })

// Starters returns the rows of the named function.
func (t *Table) Starters(name string) []Starter { return t.starters[name] }

// Waits reports whether the named method waits for what its receiver started.
func (t *Table) Waits(name string) bool { return t.waits[name] }

// Field returns the row of a struct field.
func (t *Table) Field(step access.Step) (Field, bool) {
	step.Ptr = false
	f, ok := t.fields[step]
	return f, ok
}

// Handler reports whether servers call functions of a signature, or methods of
// that name and signature, from many goroutines.
func (t *Table) Handler(method, signature string) bool {
	return t.handlers[Handler{method, signature}]
}

// Registrar reports whether a parameter of the named type marks a function that
// registers its other parameter to be served.
func (t *Table) Registrar(typ string) bool { return t.registrars[typ] }

// Here reports whether the named function has run the functions that it was
// given when it returns, all on the caller's goroutine.
func (t *Table) Here(name string) bool { return name != "" && t.synchronous[name] }

// MapCalls returns what the named function does with maps passed to it.
func (t *Table) MapCalls(name string) []MapCall { return t.mapCalls[name] }
