// Package sinks says what formatting a value reads. It has no opinion about
// concurrency: given a call, [Table.Classify] answers which of its arguments
// are formatted and how; given a type and a way of formatting,
// [Footprints.Of] answers which maps are iterated on the way, and which
// methods are called in place of walking.
//
// What is known about libraries is data: see the rows in table_*.go.
package sinks

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/types/typeutil"
)

// A Family is a way of turning a value into text.
type Family uint8

const (
	Fmt        Family = iota + 1 // package fmt: Verb and Flags say the rest
	JSON                         // encoding/json
	KlogText                     // klog's own text: error and String and MarshalLog first, then the rules of fmt's %+v
	KlogJSON                     // the same since klog v2.100.1, then the rules of encoding/json
	LogrAny                      // a logr.Logger of unknown backend: only what every common backend walks
	ZapAny                       // zap.Any: MarshalLogObject, error and String first, then encoding/json
	SlogText                     // slog's TextHandler and default handler: LogValue, MarshalText, then %+v
	SlogJSON                     // slog's JSONHandler: LogValue, error, then encoding/json
	LogrusJSON                   // logrus' JSONFormatter: error, then encoding/json
	MethodOnly                   // only a method is called: String, Error, MarshalLogObject
)

// A Traversal says how a value is walked.
type Traversal struct {
	Family Family
	Verb   rune   // Fmt: the verb
	Flags  string // Fmt: those of "+#" that the directive has

	// Raw marks a %w outside of fmt.Errorf: fmt gives up on the verb at once
	// and walks the value without consulting any method.
	Raw bool

	// Lazy means that the value may be formatted later and elsewhere: locks
	// held at the call do not help.
	Lazy bool
}

// String describes t for people: "%+v", "encoding/json".
func (t Traversal) String() string {
	switch t.Family {
	case Fmt:
		return "%" + t.Flags + string(t.Verb)
	case JSON, KlogJSON, ZapAny, SlogJSON, LogrusJSON, LogrAny:
		return "encoding/json"
	case KlogText, SlogText:
		return "%+v"
	}
	return "its method"
}

// An Arg is one argument of a call that is formatted.
type Arg struct {
	Index int        // of the argument in call.Args
	Expr  ast.Expr   // what is formatted: the argument, or an element of a literal inside it
	Type  types.Type // static type of Expr, before any conversion to an interface
	How   Traversal

	// Spread marks a variadic argument passed on as a whole: args...
	Spread bool

	// Directive is the part of the format that asks for the argument, where
	// the format is a constant; the zero value otherwise.
	Directive Directive
	// Pos and End delimit the directive in the source, where it stands in one
	// string literal of the call; NoPos otherwise.
	Pos, End token.Pos

	// Surplus marks an argument that no directive asks for; fmt walks it all
	// the same, as %v.
	Surplus bool
}

// A Table knows the functions that format their arguments. It is safe for
// concurrent use.
type Table struct {
	version func(module string) string
	rows    map[key]*row
	pkgs    map[string]bool // packages that have rows

	mu      sync.Mutex
	chained map[*types.Info]map[*ast.CallExpr]bool
	output  map[string]output // by package path of the logger
}

// A key names a function or method: the receiver's type name has no star.
type key struct{ pkg, recv, name string }

// NewTable builds the table for one program. version returns the version of a
// module that the program is built with, "" if unknown; unknown versions are
// taken to be recent.
func NewTable(version func(module string) string) *Table {
	t := &Table{
		version: version,
		rows:    make(map[key]*row),
		pkgs:    make(map[string]bool),
		chained: make(map[*types.Info]map[*ast.CallExpr]bool),
		output:  make(map[string]output),
	}
	for i := range rows {
		r := &rows[i]
		t.pkgs[r.pkg] = true
		for recv := range strings.FieldsSeq(r.recv) {
			if recv == "-" {
				recv = ""
			}
			for name := range strings.FieldsSeq(r.names) {
				t.rows[key{r.pkg, recv, name}] = r
			}
		}
	}
	return t
}

// Callee returns the function that call calls if it is a sink, else nil.
func (t *Table) Callee(info *types.Info, call *ast.CallExpr) *types.Func {
	fn, _ := t.lookup(info, call)
	return fn
}

// Classify returns the formatted arguments of a call, nil if it is no sink.
func (t *Table) Classify(info *types.Info, call *ast.CallExpr) []Arg {
	fn, r := t.lookup(info, call)
	if r == nil {
		return nil
	}
	c := &classifier{
		info:  info,
		call:  call,
		row:   r,
		how:   t.traversal(r),
		wraps: r.pkg == "fmt" && fn.Name() == "Errorf",
	}
	if c.how.Lazy && t.emitsAtOnce(info, call) {
		c.how.Lazy = false
	}
	return c.args()
}

// lookup returns the sink that call calls, and its row.
func (t *Table) lookup(info *types.Info, call *ast.CallExpr) (*types.Func, *row) {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || fn.Pkg() == nil || !t.pkgs[fn.Pkg().Path()] {
		return nil, nil
	}
	k := key{pkg: fn.Pkg().Path(), name: fn.Name()}
	if recv := fn.Signature().Recv(); recv != nil {
		k.recv = typeName(recv.Type())
		if k.recv == "" {
			return nil, nil // method of an unnamed interface
		}
	}
	r := t.rows[k]
	if r == nil {
		return nil, nil
	}
	return fn, r
}

// typeName returns the name of the named type t or *t, "" if it has none.
func typeName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// traversal returns how r formats its values in this program.
func (t *Table) traversal(r *row) Traversal {
	family := r.family
	if r.until != "" {
		if v := t.version(r.module); v != "" && older(v, r.until) {
			family = r.before
		}
	}
	if r.asJSON != 0 && t.onlyJSON(r.pkg) {
		family = r.asJSON
	}
	how := Traversal{Family: family, Lazy: r.lazy}
	if how.Family == 0 {
		how.Family = Fmt
	}
	if how.Family == Fmt {
		how.Verb = 'v'
	}
	return how
}

// DependsOn reports whether the version of a module decides how anything is
// formatted.
func DependsOn(module string) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.module == module && r.until != "" })
}

// Note says which release of the logging library decides how the call walks
// its values, "" if all releases agree.
func (t *Table) Note(info *types.Info, call *ast.CallExpr) string {
	_, r := t.lookup(info, call)
	if r == nil || r.until == "" {
		return ""
	}
	v := t.version(r.module)
	switch {
	case v == "":
		return r.module + " of unknown version is taken to format values as encoding/json does, which skips unexported fields"
	case older(v, r.until):
		return r.module + " " + v + " formats values with %+v, which walks unexported fields (before " + r.until + ")"
	}
	return r.module + " " + v + " formats values as encoding/json does, which skips unexported fields (since " + r.until + ")"
}
