package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
)

// insertLock plans the declaration of the new mutex.
//
//	type Cache struct {              var (
//	-	mu sync.Mutex // guards m    -	loggedMu sync.Mutex // guards logged
//		m  map[string]int                logged   = make(map[string]int)
//	}                                )
func (r *mapRepair) insertLock() {
	d, name := r.decl, r.lock.name
	mutex := func(t *edit.Tree) (string, error) {
		local, err := t.Import("sync", "sync")
		if err != nil {
			return "", err
		}
		kind := r.mutexCode(local)
		if r.byPointer {
			kind = "*" + kind
		}
		return fmt.Sprintf("%s %s // guards %s", name, kind, r.guarded()), nil
	}
	switch r.f.Map.Kind {
	case access.Field:
		r.op(d.file, func(t *edit.Tree) error {
			code, err := mutex(t)
			if err != nil {
				return err
			}
			return t.InsertField(d.strct, d.field, code)
		})
	case access.Global:
		r.op(d.file, func(t *edit.Tree) error {
			code, err := mutex(t)
			if err != nil {
				return err
			}
			return t.InsertSpec(d.gen, d.spec, code)
		})
	case access.Local:
		stmt, ok := r.localStmt()
		if !ok {
			return
		}
		r.op(d.file, func(t *edit.Tree) error {
			code, err := mutex(t)
			if err != nil {
				return err
			}
			if stmt == nil {
				return t.InsertFirst(funcBody(d.fn), "var "+code)
			}
			if gen, spec := group(d.path); gen != nil {
				return t.InsertSpec(gen, spec, code)
			}
			return t.InsertBefore(stmt, "var "+code)
		})
	}
}

// group returns the declaration of several variables that starts path, and the
// line of it; nil if there is none with parentheses.
func group(path []ast.Node) (*ast.GenDecl, *ast.ValueSpec) {
	for i, n := range path {
		if gen, ok := n.(*ast.GenDecl); ok && gen.Lparen.IsValid() {
			spec, _ := path[i-1].(*ast.ValueSpec)
			return gen, spec
		}
		if _, ok := n.(ast.Stmt); ok {
			break
		}
	}
	return nil, nil
}

// localStmt returns the statement that declares the map's local variable, nil
// for a parameter or result. It is false if the variable belongs to a statement
// that starts a scope of its own.
func (r *mapRepair) localStmt() (ast.Stmt, bool) {
	d := r.decl
path:
	for i, n := range d.path {
		switch n := n.(type) {
		case *ast.FuncType, *ast.FieldList:
			return nil, true
		case *ast.AssignStmt, *ast.DeclStmt:
			if i+1 < len(d.path) && isList(d.path[i+1]) {
				return n.(ast.Stmt), true
			}
		}
		if _, ok := n.(ast.Stmt); ok {
			break path
		}
	}
	r.doubt(edit.Manual, d.obj.Pos(), "%s is declared in the header of a statement: declare it before, and a mutex beside it", r.f.Map.Name)
	return nil, false
}

// isList reports whether n holds a list of statements.
func isList(n ast.Node) bool {
	switch n.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// fieldHazards looks through the loaded program for uses of the struct that do
// not survive a new field that is a lock.
func (r *mapRepair) fieldHazards() {
	d := r.decl
	if r.byPointer {
		r.pointerHazards()
		return
	}
	for i := range d.named.NumMethods() {
		m := d.named.Method(i)
		recv := m.Signature().Recv().Type()
		if _, ok := types.Unalias(recv).(*types.Pointer); !ok {
			r.doubt(edit.Manual, m.Pos(), "the method %s has a value receiver, which would copy the new lock: make it a pointer receiver", m.Name())
			break
		}
	}
	for _, pkg := range r.users(d.named.Obj().Exported()) {
		for _, file := range pkg.Syntax {
			if pkg.Path == d.pkg.Path || imports(file, d.pkg.Path) {
				r.once(file, func() { r.fileHazards(pkg, file) })
			}
		}
	}
}

// users returns the packages that were checked with bodies and can use a
// variable or type of the package that declares the map.
func (r *mapRepair) users(exported bool) []*load.Package {
	all := []*load.Package{r.decl.pkg}
	for _, pkg := range r.p.Importers(r.decl.pkg) {
		if pkg.Main && pkg.Info != nil && (exported || pkg.Path == r.decl.pkg.Path) {
			all = append(all, pkg)
		}
	}
	r.seen = make(map[string]bool)
	return all
}

// once calls f for the first package that a file is in: a package and its test
// variant share theirs.
func (r *mapRepair) once(file *ast.File, f func()) {
	if name := r.fileName(file); !r.seen[name] {
		r.seen[name] = true
		f()
	}
}

func imports(file *ast.File, path string) bool {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, "\"`") == path {
			return true
		}
	}
	return false
}

// fileHazards looks for unkeyed literals, conversions and comparisons.
func (r *mapRepair) fileHazards(pkg *load.Package, file *ast.File) {
	info, named := pkg.Info, r.decl.named
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if len(n.Elts) == 0 || !r.isOwner(info.TypeOf(n)) {
				return true
			}
			if _, keyed := n.Elts[0].(*ast.KeyValueExpr); !keyed {
				r.doubt(edit.Manual, n.Pos(), "the literal of %s names no fields, so a new field breaks it: name them", named.Obj().Name())
			}
		case *ast.Ident:
			r.instanceHazard(info, n)
		case *ast.CallExpr:
			r.movedElements(info, n)
			tv := info.Types[n.Fun]
			if !tv.IsType() || len(n.Args) != 1 {
				return true
			}
			from, to := info.TypeOf(n.Args[0]), tv.Type
			if r.isOwner(from) != r.isOwner(to) && structOf(from) && structOf(to) {
				r.doubt(edit.Manual, n.Pos(), "%s is converted from or to another struct type here, which a new field breaks", named.Obj().Name())
			}
		case *ast.AssignStmt:
			if len(n.Rhs) == 1 && len(n.Lhs) > 1 && n.Tok == token.ASSIGN {
				for _, e := range n.Lhs {
					if id, ok := e.(*ast.Ident); (!ok || id.Name != "_") && r.holdsOwner(info.TypeOf(e), 0) {
						r.doubt(edit.Manual, e.Pos(), "%s is set as a whole here, which would reset the new lock while it may be held: set its fields", named.Obj().Name())
					}
				}
			}
			for i, e := range n.Rhs {
				if n.Tok == token.ASSIGN && len(n.Lhs) == len(n.Rhs) && r.holdsOwner(info.TypeOf(e), 0) {
					r.doubt(edit.Manual, n.Lhs[i].Pos(), "%s is set as a whole here, which would reset the new lock while it may be held: set its fields", named.Obj().Name())
				}
			}
		case *ast.BinaryExpr:
			if n.Op != token.EQL && n.Op != token.NEQ {
				return true
			}
			if r.isOwnerValue(info.TypeOf(n.X)) && types.Comparable(info.TypeOf(n.X)) {
				r.doubt(edit.Manual, n.Pos(), "values of %s are compared here: the new lock would be compared too", named.Obj().Name())
			}
		}
		return true
	})
}

// instanceHazard looks at an instance of a generic type or function: its body may
// copy values of the type that it is made for, which vet does not see.
func (r *mapRepair) instanceHazard(info *types.Info, id *ast.Ident) {
	inst, ok := info.Instances[id]
	if !ok {
		return
	}
	if obj := info.Uses[id]; obj == nil || obj.Pkg() != nil && obj.Pkg().Path() == "sync/atomic" {
		return
	}
	for t := range inst.TypeArgs.Types() {
		elem := t
		for range 3 {
			if slice, ok := elem.Underlying().(*types.Slice); ok && !r.isOwnerValue(elem) {
				elem = slice.Elem()
			}
		}
		if r.holdsOwner(elem, 0) {
			r.doubt(edit.Manual, id.Pos(), "%s is used here with values of %s, which it may copy together with the new lock: use pointers", id.Name, r.decl.named.Obj().Name())
			return
		}
	}
}

// movedElements looks at a call that moves elements of a slice, where others may
// have pointers to them.
func (r *mapRepair) movedElements(info *types.Info, call *ast.CallExpr) {
	name := calleeName(call)
	if name != "append" && name != "copy" && !strings.HasPrefix(name, "sort.S") {
		return
	}
	if len(call.Args) < 1 {
		return
	}
	slice, ok := underlying(info, call.Args[0]).(*types.Slice)
	if ok && r.holdsOwner(slice.Elem(), 0) {
		r.doubt(edit.Unsafe, call.Pos(), "%s may move values of %s here, each with its lock, which must not happen once they are shared: use pointers", name, r.decl.named.Obj().Name())
	}
}

// holdsOwner reports whether a value of type t has the struct in it.
func (r *mapRepair) holdsOwner(t types.Type, depth int) bool {
	if t == nil || depth > 8 {
		return false
	}
	if r.isOwnerValue(t) {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if r.holdsOwner(u.Field(i).Type(), depth+1) {
				return true
			}
		}
	case *types.Array:
		return r.holdsOwner(u.Elem(), depth+1)
	}
	return false
}

// isOwner reports whether t is the struct type of the map's field, or a pointer
// to it.
func (r *mapRepair) isOwner(t types.Type) bool {
	if t == nil {
		return false
	}
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	return r.isOwnerValue(t)
}

func (r *mapRepair) isOwnerValue(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	want := r.decl.named.Obj()
	return n.Obj() == want || n.Obj().Name() == want.Name() && n.Obj().Pkg().Path() == want.Pkg().Path() && n.Obj().Parent() == n.Obj().Pkg().Scope()
}

// structOf reports whether t is a struct or a pointer to one.
func structOf(t types.Type) bool {
	if t == nil {
		return false
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	_, ok := t.Underlying().(*types.Struct)
	return ok
}
