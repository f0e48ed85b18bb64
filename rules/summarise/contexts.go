package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// contextValue returns the path of what v takes out of a context.Context, nil if
// v is something else.
func contextValue(v ssa.Value) []access.Path {
	if call, ok := v.(*ssa.Call); ok && calleeName(&call.Call) == "(context.Context).Value" {
		if root, ok := contextKey(call.Call.Args[0]); ok {
			return one(root)
		}
	}
	return nil
}

// contextKey returns the root of what contexts have for a key: one that is known
// by the variable that holds it or, as those of a type of its own are, by its
// type.
func contextKey(key ssa.Value) (root access.Root, ok bool) {
	if mi, ok := key.(*ssa.MakeInterface); ok {
		key = mi.X
	}
	if load, ok := key.(*ssa.UnOp); ok {
		key = load.X
	}
	if g, ok := key.(*ssa.Global); ok && g.Pkg != nil {
		return access.Root{Kind: access.ContextValue, Pkg: g.Pkg.Pkg.Path(), Name: g.Name()}, true
	}
	named, ok := types.Unalias(deref(key.Type())).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return access.Root{}, false
	}
	name := named.Obj().Name()
	if c, ok := key.(*ssa.Const); ok && c.Value != nil {
		name += "(" + c.Value.ExactString() + ")" // one of several keys of that type
	}
	return access.Root{Kind: access.ContextValue, Pkg: named.Obj().Pkg().Path(), Name: name}, true
}

// withValue notes that a call makes a context that has a map.
func (b *builder) withValue(e Event, c *ssa.CallCommon) {
	if calleeName(c) != "context.WithValue" {
		return
	}
	mi, ok := c.Args[2].(*ssa.MakeInterface)
	if !ok || !isMap(mi.X.Type()) {
		return
	}
	if root, ok := contextKey(c.Args[1]); ok {
		e.Kind, e.Path, e.Args = Share, access.Path{Root: root}, [][]access.Path{b.pathsOf(mi.X)}
		b.emit(e)
	}
}

// goesOn adds to a return what the caller of the method, a library, does next
// with the object that it has lent the method: what runs beside the method
// until then runs beside that too.
func (b *builder) goesOn(e Event) {
	obj, ok := b.fn.Object().(*types.Func)
	if !ok || obj.Signature().Recv() == nil {
		return
	}
	row, ok := known.LentTo(obj.Name(), signature(obj.Signature()))
	if !ok {
		return
	}
	p := b.fn.Params[1+row.Param]
	st, ok := deref(p.Type()).Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i := range st.NumFields() {
		if st.Field(i).Name() == row.Field {
			e.Text = row.Why
			b.access(e, row.Op, extend(b.pathsOf(p), fieldStep(p.Type(), i)))
		}
	}
}

// handsOn notes that a map inside of one map is put into another map too: a copy
// of the outer one shares it.
//
//	for k, inner := range a.m { c.m[k] = inner }
func (b *builder) handsOn(e Event, up *ssa.MapUpdate) {
	if !isMap(up.Value.Type()) {
		return
	}
	to, from := b.pathsOf(up.Map), b.pathsOf(up.Value)
	if len(to) != 1 || len(from) != 1 || to[0].Location().IsZero() || from[0].Location().IsZero() || from[0].N == from[0].Holder() {
		return
	}
	e.Kind, e.Args = Share, [][]access.Path{from}
	e.Path, _ = to[0].Append(access.Elem)
	b.emit(e)
}
