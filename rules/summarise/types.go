package summarise

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// This file summarises the types of a package.

// types summarises the named types of the package.
func (p *packageBuilder) types() []*Type {
	var out []*Type
	docs := p.typeDocs()
	scope := p.pkg.Types.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		named, ok := tn.Type().(*types.Named)
		if !ok || types.IsInterface(named) {
			continue
		}
		t := &Type{Pkg: p.sum.Path, Name: name, Safe: docs[name], Map: isMap(named)}
		if st, ok := named.Underlying().(*types.Struct); ok {
			for i := range st.NumFields() {
				if isLock(st.Field(i).Type()) {
					t.Mutexes = append(t.Mutexes, fieldStep(named, i))
				}
			}
			if len(t.Mutexes) > 0 {
				t.Guarded = p.guarded(named, st)
			}
		}
		ms := types.NewMethodSet(types.NewPointer(named))
		for i := range ms.Len() {
			sel := ms.At(i)
			fn, ok := sel.Obj().(*types.Func)
			if !ok {
				continue
			}
			t.Methods = append(t.Methods, Method{Name: fn.Name(), Sig: TypeText(fn.Signature()), ID: FuncID(FuncName(fn)), Steps: embeddedSteps(named, sel.Index())})
		}
		slices.SortFunc(t.Methods, func(a, b Method) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, t)
	}
	return out
}

// embeddedSteps returns the fields that a promoted method's receiver is in.
func embeddedSteps(t types.Type, index []int) []access.Step {
	var out []access.Step
	for _, i := range index[:len(index)-1] {
		out = append(out, fieldStep(t, i))
		u := t.Underlying()
		if ptr, ok := u.(*types.Pointer); ok {
			u = ptr.Elem().Underlying()
		}
		st, ok := u.(*types.Struct)
		if !ok {
			return out
		}
		t = st.Field(i).Type()
	}
	return out
}

// typeDocs reports which types say in their documentation that they are safe
// for concurrent use.
func (p *packageBuilder) typeDocs() map[string]bool {
	out := make(map[string]bool)
	for _, f := range p.pkg.Syntax {
		for _, d := range f.Decls {
			gd, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gd.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := ts.Doc
				if doc == nil {
					doc = gd.Doc
				}
				if doc != nil && known.DocumentedSafe(doc.Text()) {
					out[ts.Name.Name] = true
				}
			}
		}
	}
	return out
}

// isLock reports whether a field of type t is a lock: a mutex of package sync,
// or of another library, or an interface like sync.Locker.
func isLock(t types.Type) bool {
	if _, ok := mutexKind(t); ok {
		return true
	}
	if _, ok := types.Unalias(t).(*types.Named); !ok {
		return false
	}
	has := func(name string) bool {
		obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
		fn, ok := obj.(*types.Func)
		return ok && fn.Signature().Params().Len() == 0 && fn.Signature().Results().Len() == 0
	}
	return has("Lock") && has("Unlock")
}

// guarded returns the maps of a struct that stand under a mutex: in the block
// of lines that begins with one, or anywhere if the mutex is embedded. A mutex
// within a block needs a comment to say that it guards what follows, and one that
// speaks of the maps before it for those.
func (p *packageBuilder) guarded(named *types.Named, st *types.Struct) []Guarded {
	var out []Guarded
	var mutex, embedded *Guarded
	var before []string // the maps of the block that no mutex stands over
	end := 0
	for i := range st.NumFields() {
		f := st.Field(i)
		lines, ok := p.fields[f.Pos()]
		first := !ok || lines.first > end+1 // of its block, or declared elsewhere
		if first {
			mutex, before = nil, nil
		}
		end = lines.last
		switch {
		case isLock(f.Type()):
			rw, _ := mutexKind(f.Type())
			if !first && !f.Embedded() && !known.SaysGuards(lines.comment) {
				mutex = nil // one field among others
				continue
			}
			mutex = &Guarded{Mutex: fieldStep(named, i), RW: rw, Documented: known.SaysGuards(lines.comment)}
			for _, name := range before {
				if known.SpeaksOf(lines.comment, name) {
					out = append(out, mutex.of(name))
				}
			}
			before = nil
			if f.Embedded() {
				embedded = mutex
			}
		case hasMap(f.Type()) && mutex != nil:
			out = append(out, mutex.of(f.Name()))
		case hasMap(f.Type()) && embedded != nil:
			out = append(out, embedded.of(f.Name()))
		case hasMap(f.Type()):
			before = append(before, f.Name())
		}
	}
	return out
}

// of returns g as said of another field.
func (g Guarded) of(field string) Guarded {
	g.Field = field
	return g
}

// fieldLines are the lines that the declaration of a field takes, comments
// included, and what those say.
type fieldLines struct {
	first, last int
	comment     string
}

// indexFields notes the lines of the fields of a struct type.
func (p *packageBuilder) indexFields(st *ast.StructType) {
	line := func(pos token.Pos) int { return p.fset.Position(pos).Line }
	for _, f := range st.Fields.List {
		l := fieldLines{line(f.Pos()), line(f.End()), f.Doc.Text() + f.Comment.Text()}
		if f.Doc != nil {
			l.first = line(f.Doc.Pos())
		}
		for _, name := range f.Names {
			p.fields[name.Pos()] = l
		}
		if len(f.Names) == 0 {
			p.fields[embeddedName(f.Type).Pos()] = l
		}
	}
}

// embeddedName returns the identifier that names an embedded field.
func embeddedName(t ast.Expr) ast.Node {
	switch t := t.(type) {
	case *ast.StarExpr:
		return embeddedName(t.X)
	case *ast.SelectorExpr:
		return t.Sel
	case *ast.IndexExpr:
		return embeddedName(t.X)
	case *ast.IndexListExpr:
		return embeddedName(t.X)
	case *ast.ParenExpr:
		return embeddedName(t.X)
	}
	return t
}

// hasMap reports whether a variable of type t holds a map, or a container of
// maps.
func hasMap(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Slice:
		return hasMap(u.Elem())
	case *types.Array:
		return hasMap(u.Elem())
	}
	return false
}
