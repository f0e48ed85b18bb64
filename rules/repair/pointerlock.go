package repair

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file guards maps of structs that are copied. Copies of a struct share its
// map, so they have to share its lock too, which is a pointer that every literal
// of the struct sets:
//
//	type set struct {
//	+	mu *sync.Mutex // guards m
//		m  map[string]bool
//	}
//
//	- func newSet() set { return set{m: make(map[string]bool)} }
//	+ func newSet() set { return set{m: make(map[string]bool), mu: new(sync.Mutex)} }
//	func (s set) add(k string) {
//	+	s.mu.Lock()
//		s.m[k] = true
//	+	s.mu.Unlock()
//	}

// ByPointer returns a fix that guards the map of f with a new lock behind a
// pointer, for where SharedMap and the proof of its fix have found that a lock in
// the struct itself would be copied. It is never safe, and nil where it does not
// apply.
func (s *Session) ByPointer(f *judge.Finding) *edit.Fix {
	if f.Guard != nil || f.Copy != "" || f.Narrow || f.Elsewhere != "" || f.Rule != judge.SharedMap || f.Map.Kind != access.Field {
		return nil
	}
	r := &mapRepair{Session: s, f: f, byPointer: true}
	fix := &edit.Fix{}
	if r.prepare() && r.level() != edit.Manual {
		fix.Title = r.title()
		r.plan()
	}
	if r.level() == edit.Manual {
		return nil
	}
	if fix.Edits = r.carryOut(); r.level() == edit.Manual {
		return nil
	}
	fix.Applicability, fix.Reason = r.level(), r.reason()
	return fix
}

// mutexCode returns the type of the new lock, sync being the name of its package.
func (r *mapRepair) mutexCode(sync string) string {
	if r.lock.rw {
		return sync + ".RWMutex"
	}
	return sync + ".Mutex"
}

// pointerHazards plans to set the lock in all literals of the struct, and doubts
// whatever else may make one.
func (r *mapRepair) pointerHazards() {
	d := r.decl
	name := d.named.Obj().Name()
	r.doubt(edit.Unsafe, d.field.Pos(), "the new lock is a pointer, since values of %s are copied: one that is not made by a literal of this package has none", name)
	if d.named.TypeParams().Len() > 0 {
		r.doubt(edit.Manual, d.field.Pos(), "%s is generic and copied", name)
	}
	for _, pkg := range r.users(d.named.Obj().Exported()) {
		for _, file := range pkg.Syntax {
			if pkg.Path == d.pkg.Path || imports(file, d.pkg.Path) {
				w := &makerWalk{r, pkg.Info, file, pkg.Path == d.pkg.Path && !ast.IsGenerated(file)}
				r.once(file, func() { ast.Inspect(file, w.visit) })
			}
		}
	}
	for _, f := range r.leftOut() {
		if at := namedByValue(f.syntax, name); at != nil {
			r.doubts = append(r.doubts, doubt{edit.Manual, f.fset.Position(at.Pos()), "a file that is not in this build may make a " + name + " here without its lock"})
		}
	}
	r.testMakers()
}

// A makerWalk looks for what makes values of the struct in one file.
type makerWalk struct {
	r    *mapRepair
	info *types.Info
	file *ast.File
	sets bool // a literal here can set the lock
}

func (w *makerWalk) without(n ast.Node) {
	w.r.doubt(edit.Manual, n.Pos(), "a %s may be made here without its lock, which would be a nil pointer", w.r.decl.named.Obj().Name())
}

// value reports whether e is a type expression for the struct.
func (w *makerWalk) value(e ast.Expr) bool {
	return e != nil && w.info.Types[e].IsType() && w.r.holdsOwner(w.info.TypeOf(e), 0)
}

func (w *makerWalk) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		w.literal(n)
	case *ast.Ident:
		w.r.instanceHazard(w.info, n)
	case *ast.ValueSpec:
		if w.value(n.Type) && len(n.Values) == 0 {
			w.without(n)
		}
	case *ast.TypeSpec:
		if w.value(n.Type) {
			w.without(n)
		}
	case *ast.StructType:
		for _, f := range n.Fields.List {
			if w.value(f.Type) {
				w.without(f)
			}
		}
	case *ast.FuncType:
		if n.Results != nil {
			for _, f := range n.Results.List {
				if len(f.Names) > 0 && w.value(f.Type) {
					w.without(f)
				}
			}
		}
	case *ast.ArrayType:
		if w.value(n.Elt) {
			w.without(n)
		}
	case *ast.MapType:
		if w.value(n.Value) {
			w.without(n)
		}
	case *ast.ChanType:
		if w.value(n.Value) {
			w.without(n)
		}
	case *ast.CallExpr:
		if w.info.Types[n.Fun].IsType() && len(n.Args) == 1 && w.r.isOwner(w.info.TypeOf(n)) && !w.r.isOwner(w.info.TypeOf(n.Args[0])) {
			w.without(n)
		}
		if isBuiltin(w.info, n, "new") && w.value(n.Args[0]) {
			w.without(n)
		}
	case *ast.AssignStmt:
		w.assign(n)
	}
	return true
}

// literal has a literal of the struct set the lock.
func (w *makerWalk) literal(lit *ast.CompositeLit) {
	if !w.r.isOwner(w.info.TypeOf(lit)) {
		return
	}
	if len(lit.Elts) > 0 {
		if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); !keyed {
			w.r.doubt(edit.Manual, lit.Pos(), "the literal of %s names no fields, so a new field breaks it: name them", w.r.decl.named.Obj().Name())
			return
		}
	}
	if !w.sets {
		w.without(lit)
		return
	}
	r := w.r
	r.op(w.file, func(t *edit.Tree) error {
		sync, err := t.Import("sync", "sync", lit.Pos())
		if err != nil {
			return err
		}
		return t.AddKeyedElement(lit, r.lock.name+": new("+r.mutexCode(sync)+")")
	})
}

// assign doubts what parts a map from its lock, or replaces both while somebody
// may hold it.
func (w *makerWalk) assign(as *ast.AssignStmt) {
	for _, e := range as.Lhs {
		if w.r.names(w.info, ast.Unparen(e)) {
			w.r.doubt(edit.Manual, e.Pos(), "%s is replaced here, in one of the copies that would share the lock", place(w.r.f.Map))
		}
		id, ok := e.(*ast.Ident)
		if as.Tok == token.ASSIGN && w.r.holdsOwner(w.info.TypeOf(e), 0) && (!ok || isGlobal(w.info.ObjectOf(id))) {
			w.r.doubt(edit.Manual, e.Pos(), "%s is set as a whole here, which would replace the new lock while it may be held: set its fields", w.r.decl.named.Obj().Name())
		}
	}
}

// testMakers doubts the test files that name the struct by value: what they make
// would have no lock. They are not part of the program, so they are only parsed.
func (r *mapRepair) testMakers() {
	dirs := make(map[string]bool)
	for _, pkg := range r.users(r.decl.named.Obj().Exported()) {
		for _, file := range pkg.Syntax {
			dirs[filepath.Dir(r.fileName(file))] = true
		}
	}
	var names []string
	for dir := range dirs {
		found, _ := filepath.Glob(filepath.Join(dir, "*_test.go")) // none is an answer
		names = append(names, found...)
	}
	sort.Strings(names)
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(src, []byte(r.f.Map.Owner)) {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil || strings.HasPrefix(filepath.Base(name), "_") {
			continue
		}
		if at := namedByValue(file, r.f.Map.Owner); at != nil {
			r.doubts = append(r.doubts, doubt{edit.Manual, fset.Position(at.Pos()), "a test may make a " + r.f.Map.Owner + " here without its lock"})
		}
	}
}

// namedByValue returns where a file names a type, other than as what a pointer
// points to; nil if it does not.
func namedByValue(file *ast.File, name string) ast.Node {
	var at ast.Node
	pointed := make(map[ast.Node]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StarExpr:
			pointed[n.X] = true
		case *ast.SelectorExpr:
			pointed[n.Sel] = pointed[n]
		case *ast.Ident:
			if n.Name == name && !pointed[n] && at == nil {
				at = n
			}
		}
		return at == nil
	})
	return at
}
