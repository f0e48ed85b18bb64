package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// This file writes the code that copies a map.

// job returns what writes code for the function of a change.
func (c *change) job(r *mapRepair) *job {
	src, err := r.p.Source(r.fileName(c.file))
	if err != nil {
		r.doubt(edit.Manual, c.file.Package, "%v", err)
	}
	return &job{r: r, fn: newFunction(c.pkg, c.file, c.fn), info: c.pkg.Info, src: src}
}

func (o *owning) source0() []byte { return o.job(o.mapRepair).src }

// cloneable reports whether a copy of a map can be had as an expression.
func (c *change) cloneable(t types.Type) bool { return hasClone(c.pkg) || clones(t) }

// clones reports whether a type of map has a method Clone that copies it, as
// http.Header has.
func clones(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || !isMap(t) {
		return false
	}
	obj, _, _ := types.LookupFieldOrMethod(named, false, nil, "Clone")
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := fn.Signature()
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), t)
}

// cloneExpr returns an expression that copies the map of type typ that text is
// at pos, see cloneable.
func (c *change) cloneExpr(t *edit.Tree, text string, typ types.Type, pos token.Pos) (string, error) {
	if clones(typ) {
		return text + ".Clone()", nil
	}
	pkg, err := t.Import("maps", "maps", pos)
	return fmt.Sprintf("%s.Clone(%s)", pkg, text), err
}

// insert plans to put code where put does that replaces the map at text, which
// is in a variable, by a copy; nil stays nil. The code is for list[i], or for
// the beginning of a list if list is nil.
func (o *owning) insert(list []ast.Stmt, i int, text string, put func(*edit.Tree, string) error) string {
	typ := o.pkg.Info.TypeOf(o.m)
	j := o.job(o.mapRepair)
	name, ok := j.typeText(typ, o.m.Pos())
	if !ok && !o.cloneable(typ) {
		return "the type of the map has no name here"
	}
	if list == nil {
		list = funcBody(o.fn).List
	}
	v := j.temp(list, i, "clone", "copied")
	o.op(o.file, func(t *edit.Tree) error {
		code, err := j.replaceCode(t, o.change, text, text, name, typ, v)
		if err != nil {
			return err
		}
		return put(t, code)
	})
	return ""
}

// replaceCode returns statements that set to to a copy of the map from, whose
// type typ is written name. What is nil stays nil. They may need the variable v.
func (j *job) replaceCode(t *edit.Tree, c *change, to, from, name string, typ types.Type, v *temp) (string, error) {
	if c.cloneable(typ) {
		clone, err := c.cloneExpr(t, from, typ, j.fn.body.Pos())
		return to + " = " + clone, err
	}
	code, err := j.cloneCode(t, v.String(), from, name, true)
	return fmt.Sprintf("%s\n%s = %s", code, to, v), err
}

// IsNewMap reports whether an expression makes a map that nobody else has, or is
// nil.
func IsNewMap(info *types.Info, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.Ident:
		return info.Types[e].IsNil()
	case *ast.CallExpr:
		id := calleeIdent(e)
		if id == nil {
			return false
		}
		switch obj := info.Uses[id].(type) {
		case *types.Builtin:
			return obj.Name() == "make"
		case *types.Func:
			return obj.FullName() == "maps.Clone"
		}
	}
	return false
}
