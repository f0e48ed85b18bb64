package repair

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file copies maps where a lock would do nothing, because who else has the
// map takes none: another module, whoever has a context, the cache of an
// informer. Who changes such a map has to change a copy of it, see ownplan.go.
//
// It is never safe: who has the map itself no longer sees the change, and only a
// person can tell whether that was the purpose. So that it is not plain that it
// was, the copy is made only for a local variable, by which alone the function
// goes on to use what it has changed.

// copying makes the fix of a finding that asks for a copy.
func (s *Session) copying(f *judge.Finding) *edit.Fix {
	r := &mapRepair{Session: s, f: f, seen: make(map[string]bool)}
	fix := &edit.Fix{}
	switch {
	case f.Copying == judge.CopyChanged:
		fix.Title = "Change a copy of " + place(f.Map)
		r.changeCopies()
	case f.Copying == judge.CopyLent:
		fix.Title = "Give what is started a copy of " + f.Map.Owner + ", with " + f.Map.Name + " of its own"
		r.copyLent()
	case !f.Into.IsZero():
		fix.Title = "Give " + place(f.Into) + " a copy of " + place(f.Map)
		if f.Copying == judge.CopyInner {
			fix.Title = "Give " + place(f.Into) + " copies of the maps inside of " + place(f.Map)
		}
		r.handCopies()
	}
	if r.level() != edit.Manual {
		fix.Edits = r.carryOut()
	}
	if r.level() == edit.Manual || len(fix.Edits) == 0 {
		fix.Title, fix.Edits = "Copy "+place(f.Map), nil
		r.doubtAt(edit.Manual, f.Pos, "%s", f.Copy)
		last := len(r.doubts) - 1
		r.doubts = slices.Insert(r.doubts[:last], 0, r.doubts[last])
	}
	fix.Applicability, fix.Reason = r.level(), r.reason()
	return fix
}

// A change is where a map is changed that ought to be a copy.
type change struct {
	pkg  *load.Package
	file *ast.File
	path []ast.Node // from what changes it, an index expression or a call, to the file
	m    ast.Expr   // the map
	fn   ast.Node   // see runner
}

// changeCopies has the function of the first access change copies; if the map
// is one of a context, all functions that change one.
func (r *mapRepair) changeCopies() {
	first := r.f.Accesses[0].Site
	all := []judge.Site{first}
	for _, s := range r.f.Sites {
		same := s.Pkg == first.Pkg && s.Func == first.Func || r.f.Map.Kind == access.Context
		if s.Op == access.Write && s.Exempt == "" && same && s.Pos != first.Pos {
			all = append(all, s)
		}
	}
	done := make(map[*types.Var]bool)
	for _, s := range all {
		c := r.changeAt(s)
		if c == nil {
			r.doubtAt(edit.Manual, s.Pos, "the change here is none that a copy could be made for")
			return
		}
		o := &owning{mapRepair: r, change: c}
		if why := o.find(); why != "" {
			r.doubtAt(edit.Manual, s.Pos, "%s", why)
			return
		}
		if done[o.v] {
			continue
		}
		done[o.v] = true
		if why := o.plan(); why != "" {
			r.doubtAt(edit.Manual, s.Pos, "%s", why)
			return
		}
	}
}

// changeAt returns the syntax of a site that changes the map, nil if it has none
// that may be edited.
func (r *mapRepair) changeAt(s judge.Site) *change {
	pkg, file := r.p.File(s.Pos.File)
	if pkg == nil || !pkg.Main || !r.editable(file) {
		return nil
	}
	pos := tokenPos(r.p.Fset, file, s.Pos)
	if !pos.IsValid() {
		return nil
	}
	path, _ := astutil.PathEnclosingInterval(file, pos, pos+1)
	var found *change
	for i, n := range path {
		if _, ok := n.(ast.Stmt); ok && !startsAt(n, pos) {
			break
		}
		if m := changedBy(pkg.Info, n); m != nil && startsAt(n, pos) {
			found = &change{pkg, file, path[i:], m, runner(pkg.Info, path[i:])} // the outermost
		}
	}
	if found == nil || found.fn == nil {
		return nil
	}
	return found
}

// editable reports whether a file is as a person wrote it.
func (r *mapRepair) editable(file *ast.File) bool {
	return !ast.IsGenerated(file) && r.p.Fset.PositionFor(file.Package, false) == r.p.Fset.PositionFor(file.Package, true)
}

// changedBy returns the map that n may change: m[k], delete(m, k), m.Set(k, v);
// nil if n is nothing of that sort.
func changedBy(info *types.Info, n ast.Node) ast.Expr {
	var m ast.Expr
	switch n := n.(type) {
	case *ast.IndexExpr:
		m = n.X
	case *ast.CallExpr:
		if id := calleeIdent(n); id == nil {
			return nil
		} else if b, ok := info.Uses[id].(*types.Builtin); ok {
			if b.Name() == "delete" || b.Name() == "clear" {
				m = n.Args[0]
			}
			break
		}
		sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		if m = sel.X; slices.Contains(lookups, sel.Sel.Name) {
			return nil
		}
		if info.Selections[sel] == nil { // maps.Copy(m, ...)
			m = argument(n, 0)
		}
	}
	if m == nil || !isMap(info.TypeOf(m)) {
		return nil
	}
	return ast.Unparen(m)
}

// lookups are methods of the standard library's maps that change nothing.
var lookups = []string{"Clone", "Encode", "Get", "Has", "Values", "Write", "WriteSubset"}

// An owning gives a local variable a map, or an object with maps, of its own
// before the function changes that.
type owning struct {
	*mapRepair
	*change
	v    *types.Var // m, or x of x.m
	uses []use      // of v in the function, in position order
}

// A use is a place where a function names a variable.
type use struct {
	path []ast.Node // the identifier first
	lit  bool       // in a function of its own inside of the function
}

func (u use) pos() token.Pos { return u.path[0].Pos() }

// find finds the variable that has the map, and what the function does with it.
// It says why there is none, "" if there is.
func (o *owning) find() string {
	base := o.m
	for {
		sel, ok := base.(*ast.SelectorExpr)
		if !ok {
			break
		}
		base = ast.Unparen(sel.X)
	}
	id, ok := base.(*ast.Ident)
	if !ok {
		return "the map that is changed here is none of a local variable"
	}
	v, ok := o.pkg.Info.Uses[id].(*types.Var)
	body := funcBody(o.fn)
	switch {
	case !ok || isGlobal(v):
		return "the map that is changed here is none of a local variable"
	case v.Pos() < body.Pos() || body.End() <= v.Pos():
		return v.Name() + " is there for others too, who may be meant to see the change"
	}
	o.v = v
	jumps := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BranchStmt:
			jumps = jumps || n.Tok == token.GOTO
		case *ast.Ident:
			if o.pkg.Info.ObjectOf(n) == v {
				path, _ := pathTo(o.file, n)
				o.uses = append(o.uses, use{path, runner(o.pkg.Info, path) != o.fn})
			}
		}
		return true
	})
	if jumps {
		return "the function has a goto, so that it is not plain what comes before the change"
	}
	return ""
}

// set returns what a use assigns to v, and the statement that does; rhs is nil
// if the use is something else.
func (o *owning) set(u use) (rhs ast.Expr, by ast.Node) {
	if len(u.path) < 2 {
		return nil, nil
	}
	by = u.path[1]
	if rng, ok := by.(*ast.RangeStmt); ok && rng.X != u.path[0] {
		return rng.X, by
	}
	for _, e := range assignedTo(o.pkg.Info, by, o.v) {
		if !contains(e, u.path[0]) {
			return ast.Unparen(e), by
		}
	}
	return nil, nil
}

// changes reports whether a use changes the map or the object that v has or
// refers to, and not v.
func (o *owning) changes(u use) bool {
	e, up := u.path[0], u.path[1:]
	for len(up) > 0 {
		if changedBy(o.pkg.Info, up[0]) == e {
			if _, index := up[0].(*ast.IndexExpr); !index {
				return true
			}
		}
		switch n := up[0].(type) {
		case *ast.SelectorExpr:
			if s := o.pkg.Info.Selections[n]; s == nil || s.Kind() != types.FieldVal {
				return false
			}
		case *ast.IndexExpr:
			if n.X != e {
				return false
			}
		case *ast.ParenExpr, *ast.StarExpr:
		case *ast.IncDecStmt:
			return e != u.path[0]
		case *ast.AssignStmt:
			return e != u.path[0] && slices.ContainsFunc(n.Lhs, func(l ast.Expr) bool { return l == e })
		default:
			return false
		}
		e, up = up[0], up[1:]
	}
	return false
}

// changed returns the first use that changes the map, not what stands beside it
// in a struct.
func (o *owning) firstChange() (use, bool) {
	for _, u := range o.uses {
		if o.changes(u) && (isMap(o.v.Type()) || o.throughMap(u)) {
			return u, true
		}
	}
	return use{}, false
}

// throughMap reports whether a use of a struct leads to the map that is changed.
func (o *owning) throughMap(u use) bool {
	return slices.ContainsFunc(u.path, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		return ok && isMap(o.pkg.Info.TypeOf(e)) && exprKey(o.pkg.Info, e) == exprKey(o.pkg.Info, o.m)
	})
}

// usedAfter reports whether the function does something with what it has
// changed: a change that nobody looks at is meant for who has the map itself.
func (o *owning) usedAfterwards(first use) bool {
	return slices.ContainsFunc(o.uses, func(u use) bool {
		if u.pos() <= first.pos() || o.changes(u) {
			return false
		}
		if rhs, _ := o.set(u); rhs != nil {
			return false
		}
		if isMap(o.v.Type()) {
			return true
		}
		sel, ok := u.path[1].(*ast.SelectorExpr)
		if !ok {
			return true
		}
		s := o.pkg.Info.Selections[sel]
		return s == nil || s.Kind() != types.FieldVal || o.throughMap(u)
	})
}
