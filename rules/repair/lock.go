package repair

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
)

// A lock is the one lock that guards all accesses once the fix is applied.
type lock struct {
	isNew   bool
	rw      bool          // RLock and RUnlock exist
	id      access.LockID // of an existing lock
	obj     *types.Var    // of an existing lock
	name    string        // of a new lock
	display string        // "Cache.mu", "imagesMu"
	beside  string        // New: a lock that the struct has already, "" if none

	// Field: the lock of an object is found by taking up fields off the end of
	// the object's expression and selecting steps.
	field bool
	up    int
	steps []string
}

// chooseLock sets the lock, and which sites need it.
func (r *mapRepair) chooseLock() {
	if g := r.f.Guard; g != nil {
		r.existingLock()
	} else {
		r.newLock()
	}
	if r.lock == nil {
		return
	}
	r.handedHeld()
	needy := false
	for _, s := range r.sites {
		s.needy = s.Exempt == "" && s.fn != nil && !r.holds(s)
		needy = needy || s.needy
	}
	if !needy && len(r.getters) == 0 {
		r.doubtAt(edit.Manual, r.f.Pos, "every access that was found holds %s", r.lock.display)
	}
}

// existingLock chooses the lock that guards the map elsewhere.
func (r *mapRepair) existingLock() {
	g := r.f.Guard
	l := &lock{id: g.Lock, rw: g.Lock.RW, up: g.Up, display: place(g.Lock.Location)}
	for _, s := range g.Fields {
		l.steps = append(l.steps, s.Name)
	}
	l.field = g.Lock.Kind == access.Field && !g.Global
	if l.field && len(l.steps) == 0 {
		r.doubtAt(edit.Manual, r.f.Pos, "%s guards the map elsewhere, but it cannot be told from here which object's lock it is", l.display)
		return
	}
	l.obj = r.lockVar(g.Lock.Location)
	if l.obj == nil {
		r.doubtAt(edit.Manual, r.f.Pos, "cannot find the declaration of the lock %s", g.Lock.Location)
		return
	}
	r.lock = l
	r.pointerLock()
}

// lockVar returns the variable at a location, or nil.
func (r *mapRepair) lockVar(loc access.Location) *types.Var {
	if loc.Kind == access.Local {
		d := &declaration{}
		if d.pkg, d.file = r.p.File(loc.Pos.File); d.pkg != nil && d.findLocal(r.p.Fset, loc) {
			return d.obj
		}
		return nil
	}
	pkg := r.checkedPackage(loc.Pkg)
	if pkg == nil {
		pkg = r.p.Package(loc.Pkg)
	}
	if pkg == nil || pkg.Types == nil {
		return nil
	}
	if loc.Kind == access.Global {
		v, _ := pkg.Types.Scope().Lookup(loc.Name).(*types.Var)
		return v
	}
	tn, ok := pkg.Types.Scope().Lookup(loc.Owner).(*types.TypeName)
	if !ok {
		return nil
	}
	strct, ok := tn.Type().Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for i := range strct.NumFields() {
		if f := strct.Field(i); f.Name() == loc.Name {
			return f
		}
	}
	return nil
}

// holds reports whether s already holds the chosen lock, strongly enough.
func (r *mapRepair) holds(s *site) bool {
	if r.lock.isNew {
		return false
	}
	for _, l := range s.Locks {
		if l.ID.Location == r.lock.id.Location && (l.Mode == access.Exclusive || !s.Op.Writes()) {
			return true
		}
	}
	return false
}

// holdsShared reports whether s writes to the map under a read lock.
func (r *mapRepair) holdsShared(s *site) bool {
	if r.lock.isNew || !s.Op.Writes() {
		return false
	}
	for _, l := range s.Locks {
		if l.ID.Location == r.lock.id.Location && l.Mode == access.Shared {
			return true
		}
	}
	return false
}

// newLock chooses a new mutex beside the map.
func (r *mapRepair) newLock() {
	l := &lock{isNew: true, rw: r.RWMutex, field: r.f.Map.Kind == access.Field}
	if ast.IsGenerated(r.decl.file) {
		r.doubt(edit.Manual, r.decl.obj.Pos(), "%s is declared in a generated file: change the generator", place(r.f.Map))
	}
	switch r.f.Map.Kind {
	case access.Field:
		l.name, l.beside = r.fieldName(), r.mutexBeside()
		l.steps = []string{l.name}
		l.display = r.f.Map.Owner + "." + l.name
		r.fieldHazards()
	default:
		l.name = r.variableName()
		l.display = l.name
		if r.f.Map.Kind == access.Global {
			l.display = r.f.Map.Short()
			l.display = l.display[:len(l.display)-len(r.f.Map.Name)] + l.name
		}
	}
	r.lock = l
	r.insertLock()
}

// fieldName returns a name for the new field: mu, unless that is taken or the
// struct holds several maps, of which this guards but one.
func (r *mapRepair) fieldName() string {
	maps := 0
	strct := r.decl.named.Underlying().(*types.Struct)
	for i := range strct.NumFields() {
		if isMap(strct.Field(i).Type()) {
			maps++
		}
	}
	if (maps <= len(r.findings()) || len(r.more) > 0) && r.fieldFree("mu") {
		return "mu"
	}
	return firstFree(lowerFirst(r.f.Map.Name)+"Mu", r.fieldFree)
}

// fieldFree reports whether the struct may get a field of that name: neither it
// nor what it embeds has one, and no struct that embeds it has one that the new
// field would hide.
func (r *mapRepair) fieldFree(name string) bool {
	d := r.decl
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(d.named), true, d.pkg.Types, name)
	if obj != nil || index != nil {
		return false
	}
	for sel, selection := range d.pkg.Info.Selections {
		if sel.Sel.Name == name && len(selection.Index()) > 1 && embeds(selection.Recv(), d.named, 4) {
			return false
		}
	}
	return true
}

// embeds reports whether t is a struct that embeds named, at most depth levels
// down.
func embeds(t types.Type, named *types.Named, depth int) bool {
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	strct, ok := t.Underlying().(*types.Struct)
	if !ok || depth == 0 {
		return false
	}
	for i := range strct.NumFields() {
		f := strct.Field(i)
		if f.Embedded() && (isNamed(f.Type(), named) || embeds(f.Type(), named, depth-1)) {
			return true
		}
	}
	return false
}

// isNamed reports whether t is named, an instance of it, or a pointer to one.
func isNamed(t types.Type, named *types.Named) bool {
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		t = types.Unalias(ptr.Elem())
	}
	n, ok := t.(*types.Named)
	return ok && n.Origin() == named.Origin()
}

// mutexBeside returns a lock that the struct has already, as Type.field.
func (r *mapRepair) mutexBeside() string {
	strct := r.decl.named.Underlying().(*types.Struct)
	for i := range strct.NumFields() {
		f := strct.Field(i)
		if isMutex(f.Type()) {
			return r.f.Map.Owner + "." + f.Name()
		}
	}
	return ""
}

// isMutex reports whether t is sync.Mutex or sync.RWMutex, or a pointer to one.
func isMutex(t types.Type) bool {
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		t = types.Unalias(ptr.Elem())
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != "sync" {
		return false
	}
	return n.Obj().Name() == "Mutex" || n.Obj().Name() == "RWMutex"
}

// variableName returns a name for a new package variable or local: one that is
// declared nowhere that the lock will be used.
func (r *mapRepair) variableName() string {
	taken := make(map[string]bool)
	scopes := []*types.Scope{r.decl.pkg.Types.Scope(), types.Universe}
	for _, file := range r.decl.pkg.Syntax {
		if s := r.decl.pkg.Info.Scopes[file]; s != nil {
			scopes = append(scopes, s) // imports
		}
	}
	for _, s := range scopes {
		for _, name := range s.Names() {
			taken[name] = true
		}
	}
	decls := []ast.Node{}
	for _, f := range r.leftOut() {
		decls = append(decls, f.syntax)
	}
	if r.decl.fn != nil {
		decls = append(decls, r.decl.path[len(r.decl.path)-2])
	}
	for _, fn := range r.funcs {
		decls = append(decls, fn.path[len(fn.path)-2])
	}
	for _, decl := range decls {
		ast.Inspect(decl, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				taken[id.Name] = true
			}
			return true
		})
	}
	free := func(name string) bool { return !taken[name] }
	if r.f.Map.Kind == access.Local && len(r.f.Map.Name) == 1 && free("mu") {
		return "mu" // mMu helps nobody
	}
	return firstFree(lowerFirst(r.f.Map.Name)+"Mu", free)
}

// firstFree returns the first of name, name2, name3 ... that is free.
func firstFree(name string, free func(string) bool) string {
	if free(name) {
		return name
	}
	for i := 2; ; i++ {
		if n := fmt.Sprintf("%s%d", name, i); free(n) {
			return n
		}
	}
}

func lowerFirst(s string) string {
	c, n := utf8.DecodeRuneInString(s)
	if s == strings.ToUpper(s) {
		return strings.ToLower(s) // URLS
	}
	return string(unicode.ToLower(c)) + s[n:]
}
