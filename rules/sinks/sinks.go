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
	"strings"
	"sync"

	"golang.org/x/tools/go/types/typeutil"
)

// A Family is a way of turning a value into text.
type Family uint8

const (
	Fmt           Family = iota + 1 // package fmt: Verb and Flags say the rest
	JSON                            // encoding/json
	KlogText                        // klog's own text: error and String and MarshalLog first, then the rules of fmt's %+v
	KlogPlain                       // the same without MarshalLog, before klog v2.70.0
	KlogJSON                        // as KlogText and LogValue, then the rules of encoding/json, since klog v2.110.1
	KlogEarlyJSON                   // the same without LogValue, since klog v2.100.1
	LogrAny                         // a logr.Logger of unknown backend: only what every common backend walks
	LogrFuncr                       // funcr, and stdr and testr on top of it: own rules, akin to encoding/json
	LogrZap                         // zapr: MarshalLog, then as ZapAny
	LogrKube                        // controller-runtime's zapr, which prints API objects by name
	ZapAny                          // zap.Any: MarshalLogObject, error and String first, then encoding/json
	SlogText                        // slog's TextHandler and default handler: LogValue, MarshalText, then %+v
	SlogJSON                        // slog's JSONHandler: LogValue, error, then encoding/json
	LogrusJSON                      // logrus' JSONFormatter: error, then encoding/json
	Zerolog                         // zerolog's Interface: MarshalZerologObject, then encoding/json
	ZerologFields                   // zerolog's Fields: error first
	HclogText                       // hclog: %v, of each element for a slice
	KitText                         // go-kit/log in logfmt: methods only, composites are refused
	KitJSON                         // go-kit/log in JSON: error and String, then encoding/json
	Spew                            // spew: all pointers followed, error and String called even on what is unexported
	MethodOnly                      // only a method is called: String, Error, MarshalLogObject
	PanicValue                      // what the runtime prints of a panic: Error or String
	Klog                            // whichever of the four this release has
	Slog                            // whichever of the two the program makes
)

// A Traversal says how a value is walked.
type Traversal struct {
	Family Family
	Verb   rune   // Fmt: the verb
	Flags  string // Fmt: those of "+#" that the directive has

	// Raw marks a %w outside of fmt.Errorf: fmt gives up on the verb at once
	// and walks the value without consulting any method.
	Raw bool

	// Redacts marks the formatting of cockroachdb/redact: errors are printed
	// by their method for %v, %s and %w, and not at all for other verbs.
	Redacts bool

	// Lazy means that the value may be formatted later and elsewhere: locks
	// held at the call do not help.
	Lazy bool
}

// String describes t for people: "%+v", "encoding/json".
func (t Traversal) String() string {
	switch t.Family {
	case Fmt:
		return "%" + t.Flags + string(t.Verb)
	case MethodOnly, PanicValue, KitText:
		return "its method"
	case KlogText, KlogPlain, SlogText:
		return "%+v"
	case HclogText:
		return "%v"
	case Spew:
		return "spew"
	}
	return "encoding/json"
}

// An Arg is one argument of a call that is formatted.
type Arg struct {
	Index int        // of the argument in call.Args
	Expr  ast.Expr   // what is formatted: the argument, or an element of a literal inside it
	Type  types.Type // static type of Expr, before any conversion to an interface
	How   Traversal

	// Nested means that a helper formats the slice that the variadic arguments
	// are in, not the arguments: see [Footprints.OfArg].
	Nested bool

	// Spread marks a variadic argument passed on as a whole: args...
	Spread bool

	// Fields says how the values of a map of fields are formatted that is not
	// written out as the argument; the zero value for any other argument.
	Fields Traversal

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
	*shared
	wrappers func(types.Object) []Wrapper // user helpers; nil for none
}

// shared is what a table has in common with those made of it by With.
type shared struct {
	version func(module string) string
	rows    map[key]*row
	pkgs    map[string]bool // packages that have rows

	mu      sync.Mutex
	chained map[*types.Info]map[*ast.CallExpr]bool
	lazy    map[*types.Info]map[*ast.CallExpr]bool
	seen    map[string]map[Family]bool // outputs that the program makes, by package path of the logger
}

// A key names a function or method: the receiver's type name has no star.
type key struct{ pkg, recv, name string }

// NewTable builds the table for one program. version returns the version of a
// module that the program is built with, "" if unknown; unknown versions are
// taken to be recent.
func NewTable(version func(module string) string) *Table {
	t := &Table{shared: &shared{
		version: version,
		rows:    make(map[key]*row),
		pkgs:    make(map[string]bool),
		chained: make(map[*types.Info]map[*ast.CallExpr]bool),
		lazy:    make(map[*types.Info]map[*ast.CallExpr]bool),
		seen:    make(map[string]map[Family]bool),
	}}
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

// With returns the same table with user helpers: wrappers returns what is known
// of a function, method or function variable, nil if it is no helper.
func (t *Table) With(wrappers func(types.Object) []Wrapper) *Table {
	return &Table{t.shared, wrappers}
}

// Callee returns what call calls if it is a sink, else nil: a function or
// method, or a variable that holds one.
func (t *Table) Callee(info *types.Info, call *ast.CallExpr) types.Object {
	fn, _ := t.lookup(info, call)
	return fn
}

// Classify returns the formatted arguments of a call, nil if it is no sink.
func (t *Table) Classify(info *types.Info, call *ast.CallExpr) []Arg {
	fn, r := t.lookup(info, call)
	if r == nil {
		return nil
	}
	if r.helper == nil {
		return t.classify(info, call, r, t.traversal(r))
	}
	var out []Arg
	for _, w := range t.wrappers(fn) {
		out = append(out, t.classify(info, call, w.row(), w.How)...)
	}
	return out
}

func (t *Table) classify(info *types.Info, call *ast.CallExpr, r *row, how Traversal) []Arg {
	c := &classifier{info: info, call: call, row: r, how: how, wraps: r.wraps}
	if f := how.Family; r.build && r.byOutput && (f == KlogPlain || f == KlogText || f == KlogEarlyJSON || f == KlogJSON) {
		c.how.Lazy = true // klog as the backend of logr keeps what it is given
	}
	switch chained, deferred := t.context(info, call); {
	case c.how.Lazy && chained:
		c.how.Lazy = false
	case deferred:
		c.how.Lazy = true
	}
	return c.args()
}

// lookup returns the sink that call calls, and its row; of a helper with
// several, the first.
func (t *Table) lookup(info *types.Info, call *ast.CallExpr) (types.Object, *row) {
	obj := typeutil.Callee(info, call)
	if obj == nil || obj.Pkg() == nil {
		return nil, nil
	}
	if fn, ok := obj.(*types.Func); ok {
		if r := t.known(fn); r != nil {
			return fn, r
		}
		obj = fn.Origin()
	}
	if t.wrappers != nil {
		if ws := t.wrappers(obj); len(ws) > 0 {
			return obj, ws[0].row()
		}
	}
	if r := t.byContract(obj); r != nil {
		return obj, r
	}
	return nil, nil
}

// known returns the row of a function of a library, nil if there is none.
func (t *Table) known(fn *types.Func) *row {
	if !t.pkgs[fn.Pkg().Path()] {
		return nil
	}
	k := key{pkg: fn.Pkg().Path(), name: fn.Name()}
	if recv := fn.Signature().Recv(); recv != nil {
		k.recv = typeName(recv.Type())
		if k.recv == "" {
			return nil // method of an unnamed interface
		}
	}
	r := t.rows[k]
	if r == nil && strings.HasSuffix(k.name, "f") {
		k.name = anyFormat
		r = t.rows[k]
	}
	if r == nil || r.kind == tail && !takesFormat(fn.Signature()) {
		return nil
	}
	return r
}

// takesFormat reports whether a function's parameters end in (format string,
// args ...any).
func takesFormat(sig *types.Signature) bool {
	params := sig.Params()
	n := params.Len()
	if n < 2 || !sig.Variadic() || !isAny(params.At(n-1).Type().(*types.Slice).Elem()) {
		return false
	}
	b, ok := params.At(n - 2).Type().Underlying().(*types.Basic)
	return ok && b.Kind() == types.String
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
	how := Traversal{Family: t.family(r), Lazy: r.lazy, Redacts: r.redacts}
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
func DependsOn(module string) bool { return module == klog2 }

// family returns the family of r: that of the output which the program makes,
// if it makes one, in the release that it is built with.
func (t *Table) family(r *row) Family {
	f := r.family
	if r.byOutput {
		if seen := t.onlyOutput(r.logger()); seen != 0 {
			f = seen
		}
	}
	if f == Slog {
		if f = t.onlyOutput("log/slog"); f == 0 {
			f = SlogText
		}
	}
	if f != Klog {
		return f
	}
	v := t.version(klog2)
	for _, e := range klogEras {
		if v != "" && e.until != "" && older(v, e.until) || e.until == "" {
			f = e.family
			break
		}
	}
	return f
}

// Note says why the call is taken to walk its values as it does where that is
// not plain to see: it depends on a release, or on a helper. "" otherwise.
func (t *Table) Note(info *types.Info, call *ast.CallExpr) string {
	fn, r := t.lookup(info, call)
	switch {
	case r == nil:
		return ""
	case r.helper != nil:
		return fn.Name() + " hands it to " + r.helper.Sink
	case r.contract:
		return fn.Name() + " is taken to format as its name and parameters say"
	case r.family != Klog:
		return ""
	}
	v := t.version(klog2)
	switch {
	case v == "":
		return klog2 + " of unknown version is taken to format values as encoding/json does, which skips unexported fields"
	case older(v, klogJSON):
		return klog2 + " " + v + " formats values with %+v, which walks unexported fields (before " + klogJSON + ")"
	}
	return klog2 + " " + v + " formats values as encoding/json does, which skips unexported fields (since " + klogJSON + ")"
}
