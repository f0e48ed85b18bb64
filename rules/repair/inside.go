package repair

import (
	"go/types"
	"maps"
	"slices"

	"github.com/mapguard/mapguard/rules/summarise"
)

// This file finds out what the objects of libraries may come back to: a buffer
// writes to the writer that it was made with, a mux serves with the handlers
// that it was given.

// insideDepth is how far into the fields of a library's object is looked.
const insideDepth = 5

// quietMethods are methods of the standard library that call nothing of what
// their object holds, though it holds much.
var quietMethods = []string{
	"(*net/http.Server).Close", "(*net/http.Server).SetKeepAlivesEnabled", "(*net/http.Server).RegisterOnShutdown",
	"(*net/http.ServeMux).Handle", "(*net/http.ServeMux).HandleFunc",
	"(*net/http.Request).Context", "(*net/http.Request).Cookie", "(*net/http.Request).UserAgent", "(*net/http.Request).PathValue",
	"(*bufio.Writer).Buffered", "(*bufio.Writer).Available", "(*bufio.Reader).Buffered", "(*bufio.Scanner).Text", "(*bufio.Scanner).Bytes",
	"(*flag.FlagSet).Func", "(*flag.FlagSet).Var", "(*flag.FlagSet).Lookup", "(*flag.FlagSet).Parsed",
}

// inside returns what a call of fn, a method of a library, may call of what its
// object holds, as mentioners names functions: the methods that the interfaces in
// it have, and functions of its function fields' types. A function of a logger's
// package goes by what its Logger holds.
func (s *Session) inside(fn *types.Func) []string {
	var t types.Type
	switch recv := fn.Signature().Recv(); {
	case slices.Contains(quietMethods, fn.FullName()):
		return nil
	case recv != nil:
		t = recv.Type()
	case fn.Pkg().Path() == "log" || fn.Pkg().Path() == "log/slog" || slices.Contains(logPackages, fn.Pkg().Path()):
		if logger, ok := fn.Pkg().Scope().Lookup("Logger").(*types.TypeName); ok {
			t = logger.Type()
		}
	}
	if t == nil || types.IsInterface(t) { // followed by who implements it
		return nil
	}
	return append(slices.Clone(s.insideOf(t)), givenTo(fn)...)
}

// givenTo returns how functions are called that fn, of a library, is given to
// keep: by the methods of its receiver, or of what it makes.
func givenTo(fn *types.Func) []string {
	t := types.Type(nil)
	if recv := fn.Signature().Recv(); recv != nil {
		t = recv.Type()
	} else if fn.Signature().Results().Len() > 0 {
		t = fn.Signature().Results().At(0).Type()
	}
	if t == nil {
		return nil
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() != fn.Pkg() || types.IsInterface(named) {
		return nil
	}
	return []string{"given to " + named.Obj().Pkg().Path() + "." + named.Obj().Name()}
}

func (s *Session) insideOf(t types.Type) []string {
	if out, ok := s.insides[t]; ok {
		return out
	}
	out := findInside(t)
	if s.insides == nil {
		s.insides = make(map[types.Type][]string)
	}
	s.insides[t] = out
	return out
}

func findInside(t types.Type) []string {
	out := make(map[string]bool)
	seen := make(map[types.Type]bool)
	var walk func(t types.Type, depth int)
	walk = func(t types.Type, depth int) {
		if t == nil || depth == 0 || seen[t] || computes(t) {
			return
		}
		seen[t] = true
		switch u := t.Underlying().(type) {
		case *types.Interface:
			for m := range u.Methods() {
				for _, name := range methodLike(summarise.MethodLine(m)) {
					out[name] = true
				}
			}
		case *types.Signature:
			for _, name := range valueOf(t) {
				out[name] = true
			}
		case *types.Pointer:
			walk(u.Elem(), depth)
		case *types.Slice:
			walk(u.Elem(), depth)
		case *types.Array:
			walk(u.Elem(), depth)
		case *types.Map:
			walk(u.Elem(), depth)
		case *types.Struct:
			for f := range u.Fields() {
				walk(f.Type(), depth-1)
			}
		}
	}
	walk(t, insideDepth)
	return slices.Sorted(maps.Keys(out))
}

// computes reports whether an object of a type is asked by libraries for nothing
// but what it knows itself.
func computes(t types.Type) bool {
	switch types.TypeString(t, nil) {
	case "context.Context", "reflect.Type", "error", "net.Addr", "os.FileInfo", "io/fs.FileInfo":
		return true
	}
	return false
}
