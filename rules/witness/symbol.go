package witness

import (
	"net/url"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// A Symbol is a function's name as the linker has it, taken apart.
type Symbol struct {
	Pkg  string // import path, or "main"; without what stands before the last vendor directory
	Name string // without type arguments: "(*Cache).Put.func1", "init.0", "(*T).M-fm"
}

// Split takes the name of a function apart.
func Split(name string) Symbol {
	name = withoutTypeArgs(name)
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return Symbol{Name: name}
	}
	pkg := name[:slash+dot]
	if i := strings.LastIndex("/"+pkg, "/vendor/"); i >= 0 {
		pkg = pkg[i+len("vendor/"):]
	}
	// The linker writes a dot of the last element, and whatever is not
	// printable, as %2e.
	if p, err := url.PathUnescape(pkg); err == nil {
		pkg = p
	}
	return Symbol{Pkg: pkg, Name: name[slash+dot+1:]}
}

// withoutTypeArgs removes [...] and [go.shape.string] from a name.
func withoutTypeArgs(name string) string {
	if !strings.Contains(name, "[") {
		return name
	}
	var b strings.Builder
	depth := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Std reports whether the function is of the runtime or the standard library,
// whose import paths have no dot in their first element. Programs outside of
// any module may have such paths too: ask for their packages first.
func (s Symbol) Std() bool {
	first, _, _ := strings.Cut(s.Pkg, "/")
	return first != "main" && first != "command-line-arguments" && !strings.Contains(first, ".")
}

// mapOps says what the runtime's functions do to a map, by the beginning of
// their names. Those of the first maps (until Go 1.23) come first, then those of the
// Swiss ones, then reflection.
var mapOps = []struct {
	pkg, prefix string
	op          access.Op
}{
	{"runtime", "mapassign", access.Write},
	{"runtime", "mapdelete", access.Write},
	{"runtime", "mapclear", access.Write},
	{"runtime", "growWork", access.Write},
	{"runtime", "evacuate", access.Write},
	{"runtime", "hashGrow", access.Write},
	{"runtime", "mapaccess", access.Read},
	{"runtime", "mapiter", access.Iterate},
	{"runtime", "mapIter", access.Iterate},
	{"runtime", "mapclone", access.Iterate},
	{"runtime", "(*hmap)", access.Write},
	{"internal/runtime/maps", "(*Map).Put", access.Write},
	{"internal/runtime/maps", "(*Map).put", access.Write},
	{"internal/runtime/maps", "(*Map).Delete", access.Write},
	{"internal/runtime/maps", "(*Map).Clear", access.Write},
	{"internal/runtime/maps", "(*Map).grow", access.Write},
	{"internal/runtime/maps", "(*table).Put", access.Write},
	{"internal/runtime/maps", "(*table).Delete", access.Write},
	{"internal/runtime/maps", "(*table).grow", access.Write},
	{"internal/runtime/maps", "(*table).rehash", access.Write},
	{"internal/runtime/maps", "(*table).split", access.Write},
	{"internal/runtime/maps", "(*Iter)", access.Iterate},
	{"internal/runtime/maps", "(*Map).get", access.Read},
	{"internal/runtime/maps", "(*Map).Get", access.Read},
	{"internal/runtime/maps", "(*table).get", access.Read},
	{"internal/runtime/maps", "runtime_mapassign", access.Write},
	{"internal/runtime/maps", "runtime_mapdelete", access.Write},
	{"internal/runtime/maps", "runtime_mapaccess", access.Read},
	{"reflect", "mapassign", access.Write},
	{"reflect", "mapdelete", access.Write},
	{"reflect", "mapclear", access.Write},
	{"reflect", "mapaccess", access.Read},
	{"reflect", "maplen", access.Read},
	{"reflect", "mapiter", access.Iterate},
	{"reflect", "mapIter", access.Iterate},
	{"reflect", "(*MapIter)", access.Iterate},
	{"reflect", "(*hiter)", access.Iterate},
	{"reflect", "Value.SetMapIndex", access.Write},
	{"reflect", "Value.MapKeys", access.Iterate},
	{"reflect", "Value.MapRange", access.Iterate},
	{"reflect", "Value.MapIndex", access.Read},
	{"maps", "clone", access.Iterate},
	{"maps", "Clone", access.Iterate},
}

// MapOp returns what the function does to a map, 0 if it is none that the
// runtime or reflection uses one with.
func (s Symbol) MapOp() access.Op {
	for _, m := range mapOps {
		if s.Pkg == m.pkg && strings.HasPrefix(s.Name, m.prefix) {
			return m.op
		}
	}
	return 0
}

// throws reports whether the function is one that ends the process.
func (s Symbol) throws() bool {
	switch s.Pkg {
	case "runtime":
		return s.Name == "throw" || s.Name == "fatal" || s.Name == "fatalthrow"
	case "internal/runtime/maps":
		return s.Name == "fatal"
	}
	return false
}

// MapOp returns what the stack's innermost frames do to a map, 0 if they do
// not show. Of a write that begins with a look-up, say, the outermost call
// of the runtime counts.
func (s *Stack) MapOp() access.Op {
	var op access.Op
	for _, f := range s.Frames {
		sym := Split(f.Func)
		if !sym.Std() || sym.Pkg != "runtime" && sym.Pkg != "internal/runtime/maps" && sym.Pkg != "reflect" && sym.Pkg != "maps" {
			break
		}
		if o := sym.MapOp(); o != 0 {
			op = o
		}
	}
	return op
}
