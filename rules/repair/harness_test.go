package repair

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// A world is a loaded program with a stand-in for the analysis: it finds every
// access to a variable by type information alone.
type world struct {
	t   testing.TB
	p   *load.Program
	dir string
}

// loadFiles loads a module whose files are given by their slash-separated name.
func loadFiles(t testing.TB, files map[string]string) *world {
	t.Helper()
	dir := t.TempDir()
	if files["go.mod"] == "" {
		files["go.mod"] = "module example.com/a\n\ngo 1.26\n"
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range p.Roots {
		for _, err := range pkg.Errors {
			t.Fatalf("%s: %v", pkg.ID, err)
		}
	}
	return &world{t, p, dir}
}

// position returns a position as the analysis gives it.
func (w *world) position(pos token.Pos) access.Pos {
	posn := w.p.Fset.Position(pos)
	return access.Pos{File: posn.Filename, Line: posn.Line, Column: posn.Column}
}

// finding returns a finding about a variable of a package: "Type.field",
// "var", or "func.local". The guard is named likewise, "" for none. Functions
// whose name starts with "new" come before the map is shared.
func (w *world) finding(path, variable, guard string) *judge.Finding {
	w.t.Helper()
	f := &judge.Finding{Rule: "sharedmap", Map: w.location(path, variable)}
	if guard != "" {
		loc := w.location(path, guard)
		f.Guard = &judge.Guard{Lock: access.LockID{Location: loc}}
		f.Guard.Lock.RW = strings.HasSuffix(w.variable(path, guard).Type().String(), "sync.RWMutex")
		if loc.Kind == access.Field {
			f.Guard.Fields = []access.Step{{Pkg: loc.Pkg, Type: loc.Owner, Name: loc.Name}}
		} else {
			f.Guard.Global = true
		}
	}
	for _, pkg := range w.p.Roots {
		for _, file := range pkg.Syntax {
			w.sites(f, pkg, file)
		}
	}
	sort.SliceStable(f.Sites, func(i, j int) bool { return f.Sites[i].Pos.Less(f.Sites[j].Pos) })
	for _, s := range f.Sites {
		if s.Exempt == "" && len(f.Accesses) < 2 {
			f.Accesses = append(f.Accesses, judge.Access{Site: s})
		}
	}
	if len(f.Accesses) > 0 {
		f.Pos = f.Accesses[0].Pos
	}
	return f
}

// variable returns the variable with a name like "Type.field".
func (w *world) variable(path, name string) *types.Var {
	w.t.Helper()
	pkg := w.p.Package(path)
	if pkg == nil {
		w.t.Fatalf("no package %s", path)
	}
	owner, field, ok := strings.Cut(name, ".")
	if !ok {
		return pkg.Types.Scope().Lookup(name).(*types.Var)
	}
	switch obj := pkg.Types.Scope().Lookup(owner).(type) {
	case *types.TypeName:
		strct := obj.Type().Underlying().(*types.Struct)
		for i := range strct.NumFields() {
			if strct.Field(i).Name() == field {
				return strct.Field(i)
			}
		}
	case *types.Func:
		for id, def := range pkg.Info.Defs {
			if v, ok := def.(*types.Var); ok && id.Name == field && obj.Scope().Contains(id.Pos()) {
				return v
			}
		}
	}
	w.t.Fatalf("no variable %s", name)
	return nil
}

func (w *world) location(path, name string) access.Location {
	w.t.Helper()
	v := w.variable(path, name)
	loc := access.Location{Kind: access.Global, Pkg: path, Name: v.Name()}
	if owner, _, ok := strings.Cut(name, "."); ok {
		loc.Kind, loc.Owner = access.Local, owner
		if v.IsField() {
			loc.Kind = access.Field
		} else {
			loc.Pos = w.position(v.Pos())
		}
	}
	return loc
}

// sites adds the accesses in a file to f.
func (w *world) sites(f *judge.Finding, pkg *load.Package, file *ast.File) {
	d := &mapRepair{Session: NewSession(w.p, nil), f: f, vars: []*types.Var{w.varAt(f.Map)}}
	ast.Inspect(file, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		named := d.names(pkg.Info, e)
		if !named && !w.aliasOf(d, pkg, file, e) {
			return true
		}
		path, _ := astutil.PathEnclosingInterval(file, e.Pos(), e.End())
		op, node := access1(pkg.Info, path)
		if op == access.Replace && !named {
			return true // the alias is assigned, not the map
		}
		if op == 0 {
			return !named
		}
		fn := runner(pkg.Info, path)
		if fn == nil {
			return !named
		}
		site := judge.Site{Op: op, Pkg: pkg.Path, Pos: w.position(node.Pos())}
		if decl, ok := path[len(path)-2].(*ast.FuncDecl); ok {
			site.Func = decl.Name.Name
			if strings.HasPrefix(site.Func, "new") && fn == decl {
				site.Exempt = "before the value is shared"
			}
		}
		if f.Guard != nil {
			if mode := w.held(f.Guard, pkg, fn, e.Pos()); mode != 0 {
				site.Locks = []access.Lock{{ID: f.Guard.Lock, Mode: mode}}
			} else if strings.HasSuffix(site.Func, "Locked") { // who calls it is looked at by the analysis of the edited program
				site.Locks = []access.Lock{{ID: f.Guard.Lock, Mode: access.Exclusive}}
			}
		}
		f.Sites = append(f.Sites, site)
		return !named
	})
}

// aliasOf reports whether e is a local variable that is assigned from the map.
func (w *world) aliasOf(d *mapRepair, pkg *load.Package, file *ast.File, e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	v, isVar := pkg.Info.Uses[id].(*types.Var)
	if !ok || !isVar || v.IsField() || !isMap(v.Type()) {
		return false
	}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		for _, rhs := range assignedTo(pkg.Info, n, v) {
			found = found || d.names(pkg.Info, root(rhs))
		}
		return true
	})
	return found
}

// varAt returns the variable at a location.
func (w *world) varAt(loc access.Location) *types.Var {
	name := loc.Name
	if loc.Owner != "" {
		name = loc.Owner + "." + name
	}
	return w.variable(loc.Pkg, name)
}

// access1 returns what the map expression that path starts with is used for.
func access1(info *types.Info, path []ast.Node) (access.Op, ast.Node) {
	k := 0
	for k+1 < len(path) {
		index, ok := path[k+1].(*ast.IndexExpr)
		if !ok || index.X != path[k] || !isMap(info.TypeOf(index.X)) {
			break
		}
		k++
	}
	e := path[k].(ast.Expr)
	if k+1 == len(path) {
		return 0, nil
	}
	switch up := path[k+1].(type) {
	case *ast.AssignStmt:
		for _, l := range up.Lhs {
			if l == e && k > 0 {
				return access.Write, e
			} else if l == e {
				return access.Replace, e
			}
		}
	case *ast.IncDecStmt:
		return access.Write, e
	case *ast.RangeStmt:
		if up.X == e && isMap(info.TypeOf(e)) {
			return access.Iterate, up
		}
	case *ast.CallExpr:
		name := calleeName(up)
		switch {
		case name == "delete" || name == "clear" || name == "maps.Copy" && up.Args[0] == e:
			return access.Write, up
		case name == "len" && isMap(info.TypeOf(e)):
			return access.Read, up
		case strings.HasPrefix(name, "maps.") || name == "json.Marshal":
			return access.Iterate, up
		}
	case *ast.BinaryExpr:
		if k == 0 {
			return access.Read, e
		}
	}
	if k > 0 {
		return access.Read, e
	}
	return 0, nil
}

// held returns the mode in which fn holds the guard at pos, if its locks and
// unlocks are read from top to bottom.
func (w *world) held(g *judge.Guard, pkg *load.Package, fn ast.Node, pos token.Pos) access.Mode {
	r := &mapRepair{Session: NewSession(w.p, nil), lock: &lock{obj: w.varAt(g.Lock.Location), id: g.Lock}}
	file := (*ast.File)(nil)
	for _, f := range pkg.Syntax {
		if f.FileStart <= fn.Pos() && fn.Pos() < f.FileEnd {
			file = f
		}
	}
	j := &job{r: r, info: pkg.Info, fn: &function{pkg: pkg, file: file, node: fn, body: funcBody(fn)}}
	mode := access.Mode(0)
	for _, c := range j.lockCalls() {
		if c.call.Pos() > pos || c.deferred {
			continue
		}
		if n := len(c.list); n > 0 && (c.list[n-1].End() < pos || c.list[0].Pos() > pos) && &c.list[0] != &j.fn.body.List[0] {
			if ends(c.list[n-1]) || strings.HasSuffix(c.method, "Lock") && !strings.HasSuffix(c.method, "Unlock") {
				continue // in a branch that is not taken
			}
		}
		switch c.method {
		case "Lock":
			mode = access.Exclusive
		case "RLock":
			mode = access.Shared
		default:
			mode = 0
		}
	}
	return mode
}

// effects is an Effects that knows a call by the name of what it calls, and
// follows the functions of the module.
type effects struct {
	w     *world
	f     *judge.Finding
	calls map[access.Pos]Effect
}

func (w *world) effects(f *judge.Finding) *effects {
	e := &effects{w, f, make(map[access.Pos]Effect)}
	bodies := make(map[string]Effect) // of declared functions
	for range 5 {                     // deep enough
		for _, pkg := range w.p.Roots {
			for _, file := range pkg.Syntax {
				for _, decl := range file.Decls {
					if decl, ok := decl.(*ast.FuncDecl); ok && decl.Body != nil {
						obj := pkg.Info.Defs[decl.Name].(*types.Func)
						bodies[obj.FullName()] = e.body(pkg, decl, bodies)
					}
				}
			}
		}
	}
	return e
}

func (e *effects) body(pkg *load.Package, decl *ast.FuncDecl, bodies map[string]Effect) Effect {
	var sum Effect
	for _, s := range e.f.Sites {
		posn := e.w.p.Fset.Position(decl.Pos())
		if s.Pos.File == posn.Filename && posn.Line <= s.Pos.Line && s.Pos.Line <= e.w.p.Fset.Position(decl.End()).Line {
			sum.Touches = []access.Location{e.f.Map}
		}
	}
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		one := e.one(pkg, call, bodies)
		e.calls[e.w.position(call.Lparen)] = one
		sum.Locks = append(sum.Locks, one.Locks...)
		sum.Touches = append(sum.Touches, one.Touches...)
		sum.Blocks = max(sum.Blocks, one.Blocks)
		sum.Unknown = max(sum.Unknown, one.Unknown)
		return true
	})
	return sum
}

func (e *effects) one(pkg *load.Package, call *ast.CallExpr, bodies map[string]Effect) Effect {
	name := calleeName(call)
	if tv := pkg.Info.Types[call.Fun]; tv.IsType() || tv.IsBuiltin() {
		return Effect{}
	}
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasSuffix(sel.Sel.Name, "Lock") && e.f.Guard != nil {
		return Effect{Locks: []access.LockID{e.f.Guard.Lock}}
	}
	fn, ok := typeutil.Callee(pkg.Info, call).(*types.Func)
	switch {
	case !ok:
		if _, lit := call.Fun.(*ast.FuncLit); lit {
			return Effect{}
		}
		return Effect{Unknown: "calls the function value " + name}
	case isInterfaceMethod(fn):
		return Effect{Unknown: "calls the interface method " + name}
	case strings.HasPrefix(name, "fmt.Print"), strings.HasPrefix(name, "log."):
		return Effect{Blocks: "writes to a file"}
	case name == "block", name == "time.Sleep", strings.HasSuffix(name, ".Wait"):
		return Effect{Blocks: "waits"}
	}
	return bodies[fn.FullName()]
}

func (e *effects) Call(pos access.Pos) Effect { return e.calls[pos] }

// repair repairs and returns the changed files.
func (w *world) repair(path, variable, guard string) (*edit.Fix, map[string]string) {
	w.t.Helper()
	f := w.finding(path, variable, guard)
	fix := SharedMap(w.p, w.effects(f), f)
	return fix, w.apply(fix)
}

func (w *world) apply(fix *edit.Fix) map[string]string {
	w.t.Helper()
	byFile := make(map[string][]edit.TextEdit)
	for _, e := range fix.Edits {
		byFile[e.File] = append(byFile[e.File], e)
	}
	out := make(map[string]string)
	for name, edits := range byFile {
		src, err := w.p.Source(name)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := edit.Apply(src, edits)
		if err != nil {
			w.t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

// with returns the program with other contents for some files. They have to
// type-check.
func (w *world) with(files map[string]string) *world {
	w.t.Helper()
	overlay := make(map[string][]byte)
	for name, text := range files {
		overlay[name] = []byte(text)
	}
	p, pkgs, err := w.p.WithOverlay(overlay)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, pkg := range pkgs {
		for _, err := range pkg.Errors {
			w.t.Errorf("%s: %v", pkg.ID, err)
		}
	}
	return &world{w.t, p, w.dir}
}
