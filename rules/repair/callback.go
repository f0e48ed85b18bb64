package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rules/summarise"
)

// leafPackages are packages whose functions call no methods of what they are
// given, or only what is an argument by itself and is followed.
var leafPackages = []string{
	"sync", "sync/atomic", "slices", "maps", "cmp", "strings", "bytes", "strconv", "math", "math/rand",
	"time", "unicode", "unicode/utf8", "context", "os", "path", "path/filepath", "container/list", "container/ring",
	"unsafe", "runtime", "regexp", "hash/fnv", "iter", "weak", "unique",
}

// formatCallbacks are the methods that printing a value may call, as method
// sets list them: of those with another signature nobody makes a call.
var formatCallbacks = []string{
	"String func() string", "Error func() string", "Format func(fmt.State, int32)", "GoString func() string",
	"LogValue func() log/slog.Value", "MarshalJSON func() ([]uint8, error)", "MarshalText func() ([]uint8, error)",
	"MarshalLog", "MarshalLogObject", // of loggers, each with its own
}

// knownCallbacks are the methods that the standard library and loggers look for
// in a value that they get as an any.
var knownCallbacks = append([]string{
	"Is func(error) bool", "As func(interface{}) bool", "Unwrap",
	"MarshalBinary func() ([]uint8, error)", "MarshalXML", "MarshalXMLAttr", "MarshalYAML",
	"UnmarshalJSON func([]uint8) error", "UnmarshalText func([]uint8) error", "UnmarshalBinary func([]uint8) error",
	"UnmarshalXML", "UnmarshalXMLAttr", "UnmarshalYAML",
	"GobEncode func() ([]uint8, error)", "GobDecode func([]uint8) error", "Value", "Scan func(interface{}) error", "IsZero func() bool",
	"WriteTo func(io.Writer) (int64, error)", "ReadFrom func(io.Reader) (int64, error)",
	"Write func([]uint8) (int, error)", "Read func([]uint8) (int, error)", "Close func() error",
}, formatCallbacks...)

// callbacks returns the methods that functions of a package of the standard
// library, or of a logger, look for.
func callbacks(pkg string) []string {
	switch pkg {
	case "fmt", "log", "log/slog", "testing":
		return formatCallbacks
	case "sort", "container/heap":
		return nil // but what their interfaces ask for
	}
	if slices.Contains(logPackages, pkg) {
		return formatCallbacks
	}
	return knownCallbacks
}

// callsBack returns the methods, as mentioners names functions, that a call of
// code from outside of the module may call on what it is given: sort.Sort calls
// Less, json.Marshal what has a MarshalJSON, a template whatever it likes. It is
// a may-analysis by types: what a value may hold counts as being there.
func (s *Session) callsBack(info *types.Info, call *ast.CallExpr) []string {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if ok && fn.FullName() == "(*sync.Pool).Get" {
		return []string{"func() interface{}"} // Pool.New
	}
	if !ok || fn.Pkg() == nil {
		return nil
	}
	if s.own(fn.Pkg().Path()) {
		return nil
	}
	out := append(handedFuncs(info, fn, call), s.inside(fn)...)
	if slices.Contains(leafPackages, fn.Pkg().Path()) {
		return out
	}
	params := fn.Origin().Signature().Params()
	for i, arg := range call.Args {
		if params.Len() == 0 {
			break
		}
		p := params.At(min(i, params.Len()-1)).Type()
		t := info.TypeOf(arg)
		if t == nil {
			continue
		}
		iface, ok := interfaceIn(p, 3)
		switch {
		case !ok:
		case types.TypeString(p, nil) == "context.Context": // its methods compute
		case iface.NumMethods() > 0:
			names := slices.Clone(callbacks(fn.Pkg().Path()))
			for m := range iface.Methods() {
				names = append(names, summarise.MethodLine(m))
			}
			out = append(out, s.methodsOf(t, names, 1)...)
		case std(fn.Pkg().Path()) && !strings.HasSuffix(fn.Pkg().Path(), "/template") || slices.Contains(logPackages, fn.Pkg().Path()):
			out = append(out, s.methodsOf(t, callbacks(fn.Pkg().Path()), 5)...)
		default:
			out = append(out, s.methodsOf(t, nil, 5)...)
		}
	}
	return out
}

// own reports whether a package is one of the user's.
func (s *Session) own(path string) bool {
	pkg := s.p.Package(path)
	return pkg != nil && pkg.Main
}

// handedFuncs returns what may be called by fn, which is code from outside of the
// module, of the functions that it is given, unless it is known to call them in
// another goroutine or to keep them. A literal is looked at where it stands.
func handedFuncs(info *types.Info, fn *types.Func, call *ast.CallExpr) (out []string) {
	switch fn.Name() {
	case "Go", "AfterFunc", "SetFinalizer", "AddCleanup", "Handle", "HandleFunc":
		return nil
	}
	for _, arg := range call.Args {
		arg = ast.Unparen(arg)
		t := info.TypeOf(arg)
		if _, lit := arg.(*ast.FuncLit); lit || t == nil {
			continue
		}
		if _, ok := t.Underlying().(*types.Signature); !ok {
			continue
		}
		if named, ok := mentioned(info, arg).(*types.Func); ok && !isInterfaceMethod(named) {
			out = append(out, named.Origin().FullName())
		} else {
			out = append(out, valueOf(t)...)
		}
	}
	return out
}

// mentioned returns what an identifier or a selector refers to.
func mentioned(info *types.Info, e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		return info.Uses[e]
	case *ast.SelectorExpr:
		return info.Uses[e.Sel]
	}
	return nil
}

// std reports whether an import path is one of the standard library.
func std(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// interfaceIn returns the interface type that t is, or is a container of.
func interfaceIn(t types.Type, depth int) (*types.Interface, bool) {
	if depth == 0 {
		return nil, false
	}
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return u, !isTypeParam(t) || u.NumMethods() > 0
	case *types.Pointer:
		return interfaceIn(u.Elem(), depth-1)
	case *types.Slice:
		return interfaceIn(u.Elem(), depth-1)
	case *types.Map:
		return interfaceIn(u.Elem(), depth-1)
	}
	return nil, false
}

func isTypeParam(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.TypeParam)
	return ok
}

// methodsOf returns the methods with one of names, which may have a signature as
// method sets have it, exported ones if there are none, of values that can be reached
// from one of type t.
func (s *Session) methodsOf(t types.Type, names []string, depth int) []string {
	key := methodsKey{t, strings.Join(names, " "), depth}
	if out, ok := s.methods[key]; ok {
		return out
	}
	out := findMethods(t, names, depth)
	if s.methods == nil {
		s.methods = make(map[methodsKey][]string)
	}
	s.methods[key] = out
	return out
}

// A methodsKey is a question to methodsOf.
type methodsKey struct {
	t     types.Type
	names string
	depth int
}

func findMethods(t types.Type, names []string, depth int) []string {
	var out []string
	seen := make(map[types.Type]bool)
	var walk func(t types.Type, depth int)
	walk = func(t types.Type, depth int) {
		if t == nil || depth == 0 || seen[t] {
			return
		}
		seen[t] = true
		if types.IsInterface(t) {
			wanted := names
			if wanted == nil {
				wanted = knownCallbacks
			}
			for _, name := range wanted {
				if strings.Contains(name, " ") {
					out = append(out, methodLike(name)...)
				} else {
					out = append(out, anyMethod(name))
				}
			}
			return
		}
		set := types.NewMethodSet(t)
		if !isPointer(t) {
			set = types.NewMethodSet(types.NewPointer(t))
		}
		for m := range set.Methods() {
			fn := m.Obj().(*types.Func)
			if names == nil && fn.Exported() || slices.ContainsFunc(names, func(name string) bool { return hasName(fn, name) }) {
				out = append(out, fn.Origin().FullName())
			}
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			walk(u.Elem(), depth)
		case *types.Slice:
			walk(u.Elem(), depth-1)
		case *types.Array:
			walk(u.Elem(), depth-1)
		case *types.Map:
			walk(u.Key(), depth-1)
			walk(u.Elem(), depth-1)
		case *types.Struct:
			for f := range u.Fields() {
				walk(f.Type(), depth-1)
			}
		}
	}
	walk(t, depth)
	return out
}

// hasName reports whether a method goes by a name, and has the signature behind
// it if there is one.
func hasName(m *types.Func, name string) bool {
	name, sig, ok := strings.Cut(name, " ")
	return m.Name() == name && (!ok || lineOf(m) == "" || summarise.TypeText(m.Type()) == sig)
}

// callsBackNeedy reports whether a call of code from outside of the module may
// come to a needy site by a method of what it is given, or leads to such a call.
// The effects know nothing of that.
func (r *mapRepair) callsBackNeedy(info *types.Info, call *ast.CallExpr) bool {
	ways := r.reached()
	return anyOf(ways.all, r.callsBack(info, call)) || anyOf(ways.back, called(info, call))
}

// blocksAfter returns an operation after pos and before end, in the function,
// that may wait for another goroutine, or nil.
func (j *job) blocksAfter(pos, end token.Pos) ast.Node {
	var at ast.Node
	ast.Inspect(j.fn.body, func(n ast.Node) bool {
		if n == nil || at != nil {
			return false
		}
		if n.End() <= pos || n.Pos() >= end {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SendStmt, *ast.SelectStmt:
			if n.Pos() >= pos {
				at = n
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && n.Pos() >= pos {
				at = n
			}
		case *ast.RangeStmt:
			if t := j.info.TypeOf(n.X); t != nil && n.Pos() >= pos {
				if _, ok := t.Underlying().(*types.Chan); ok {
					at = n
				}
			}
		case *ast.CallExpr:
			if n.Pos() >= pos && !isLockCall(j, n) {
				if e := j.effect(n); e.Blocks != "" || e.Unknown != "" || strings.HasSuffix(calleeName(n), ".Wait") {
					at = n
				}
			}
		}
		return true
	})
	return at
}
