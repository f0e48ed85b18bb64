package summarise

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/sinks"
)

// An Env is what summaries of all packages of a program have in common.
type Env struct {
	Sinks      *sinks.Table
	Footprints *sinks.Footprints
	// Imported returns the summary of an imported package that is already
	// made, nil if there is none: lock wrappers work across packages.
	Imported func(path string) *Package
	// Own reports whether a package is the user's own.
	Own func(path string) bool
}

// A packageBuilder summarises one package.
type packageBuilder struct {
	env   *Env
	pkg   *load.Package
	fset  *token.FileSet
	nodes map[token.Pos]ast.Node // by the position that SSA gives an instruction
	varAt map[token.Pos]*types.Var
	funcs map[FuncID]*Func // lock effects of functions already seen
	sum   *Package
	ssa   *ssa.Package
}

// A builder summarises one function.
type builder struct {
	*packageBuilder
	fn      *ssa.Function
	sum     *Func
	paths   map[ssa.Value][]access.Path
	locals  map[ssa.Value]int
	callNum map[ssa.CallInstruction]int
	defers  []*ssa.Defer
	stores  []*ssa.Store      // of maps and slices
	content map[int][]int     // locals stored into locals
	spawned map[ssa.Value]int // callback structs: index of their event
	// resolving guards against function variables that capture themselves.
	resolving map[*ssa.Alloc]bool
}

// Summarise returns the summary of pkg, which must have been checked with
// function bodies and without errors.
func Summarise(fset *token.FileSet, pkg *load.Package, env *Env) *Package {
	p := &packageBuilder{
		env: env, pkg: pkg, fset: fset,
		nodes: make(map[token.Pos]ast.Node),
		varAt: make(map[token.Pos]*types.Var),
		funcs: make(map[FuncID]*Func),
		sum:   &Package{Path: pkg.Types.Path()},
	}
	p.index()
	prog := ssa.NewProgram(fset, ssa.BuilderMode(0))
	for _, imp := range pkg.Types.Imports() {
		prog.CreatePackage(imp, nil, nil, true)
	}
	p.ssa = prog.CreatePackage(pkg.Types, pkg.Syntax, pkg.Info, false)
	p.ssa.Build()
	p.sum.Types = p.types()

	fns := p.functions()
	// Lock wrappers first, so that what calls them sees their effect; twice,
	// for wrappers of wrappers.
	for range 2 {
		for _, fn := range fns {
			if p.mayLock(fn) {
				b := p.builder(fn)
				b.lockEffects(b.flowLocks())
				p.funcs[b.sum.ID] = b.sum
			}
		}
	}
	for _, fn := range fns {
		p.sum.Funcs = append(p.sum.Funcs, p.function(fn))
	}
	return p.sum
}

// index maps the positions that SSA instructions carry back to syntax.
func (p *packageBuilder) index() {
	for _, f := range p.pkg.Syntax {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.IndexExpr:
				p.nodes[n.Lbrack] = n
			case *ast.CallExpr:
				p.nodes[n.Lparen] = n
			case *ast.RangeStmt:
				p.nodes[n.For] = n
			case *ast.SelectorExpr:
				p.nodes[n.Sel.Pos()] = n
			case *ast.GoStmt:
				p.nodes[n.Go] = n
			case *ast.Ident:
				if v, ok := p.pkg.Info.Defs[n].(*types.Var); ok && !v.IsField() {
					p.varAt[n.Pos()] = v
				}
			}
			return true
		})
	}
}

// functions returns every function with a body, declared ones in source order
// each followed by the function literals in it, package initialisation last.
func (p *packageBuilder) functions() []*ssa.Function {
	var out []*ssa.Function
	var add func(fn *ssa.Function)
	add = func(fn *ssa.Function) {
		if fn == nil || fn.Blocks == nil {
			return
		}
		out = append(out, fn)
		for _, anon := range fn.AnonFuncs {
			add(anon)
		}
	}
	for _, f := range p.pkg.Syntax {
		for _, d := range f.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			if obj, ok := p.pkg.Info.Defs[fd.Name].(*types.Func); ok && fd.Name.Name != "_" {
				if fd.Name.Name == "init" && fd.Recv == nil {
					continue // many of one name: taken from the members below
				}
				add(p.ssa.Prog.FuncValue(obj))
			}
		}
	}
	var inits []string
	for name, m := range p.ssa.Members {
		if _, ok := m.(*ssa.Function); ok && (name == "init" || strings.HasPrefix(name, "init#")) {
			inits = append(inits, name)
		}
	}
	slices.Sort(inits)
	for _, name := range inits {
		add(p.ssa.Func(name))
	}
	return out
}

func (p *packageBuilder) builder(fn *ssa.Function) *builder {
	b := &builder{
		packageBuilder: p, fn: fn,
		sum:     &Func{ID: funcID(fn), Pkg: p.sum.Path, Name: display(fn)},
		paths:   make(map[ssa.Value][]access.Path),
		locals:  make(map[ssa.Value]int),
		callNum: make(map[ssa.CallInstruction]int),
		content: make(map[int][]int),
		spawned: make(map[ssa.Value]int),

		resolving: make(map[*ssa.Alloc]bool),
	}
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			switch ins := ins.(type) {
			case *ssa.Defer:
				b.defers = append(b.defers, ins)
			case *ssa.Store:
				switch ins.Val.Type().Underlying().(type) {
				case *types.Map, *types.Slice:
					b.stores = append(b.stores, ins)
				}
			}
		}
	}
	return b
}

// function summarises one function body.
func (p *packageBuilder) function(fn *ssa.Function) *Func {
	b := p.builder(fn)
	s := b.sum
	s.Pos = b.pos(fn.Pos())
	s.Test = strings.HasSuffix(s.Pos.File, "_test.go")
	s.Init = fn.Parent() == nil && fn.Signature.Recv() == nil && (fn.Name() == "init" || strings.HasPrefix(fn.Name(), "init#"))
	for _, param := range fn.Params {
		s.Params = append(s.Params, param.Name())
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		s.Exported = obj.Exported()
	}
	in := b.flowLocks()
	for i, blk := range fn.Blocks {
		var succs []int
		for _, t := range blk.Succs {
			succs = append(succs, t.Index)
		}
		s.Succs = append(s.Succs, succs)
		ls := in[i]
		if ls == nil && i > 0 && blk != fn.Recover {
			continue // unreachable
		}
		for _, ins := range blk.Instrs {
			b.events(i, ls, ins)
			ls = b.stepLocks(ls, ins)
		}
	}
	b.markLast()
	if eff := p.funcs[s.ID]; eff != nil {
		s.Acquires, s.Releases = eff.Acquires, eff.Releases
	}
	return s
}

// effects returns the lock effects of a callee, nil if it has none known.
func (b *builder) effects(fn *ssa.Function) *Func {
	id := funcID(fn)
	if f := b.funcs[id]; f != nil {
		return f
	}
	if fn.Pkg == nil || fn.Pkg == b.ssa || b.env.Imported == nil {
		return nil
	}
	imp := b.env.Imported(fn.Pkg.Pkg.Path())
	if imp == nil {
		return nil
	}
	for _, f := range imp.Funcs {
		if f.ID == id && len(f.Acquires)+len(f.Releases) > 0 {
			return f
		}
	}
	return nil
}

// mayLock reports whether fn calls anything that could be a lock operation.
func (p *packageBuilder) mayLock(fn *ssa.Function) bool {
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			call, ok := ins.(ssa.CallInstruction)
			if !ok {
				continue
			}
			c := call.Common()
			if c.IsInvoke() {
				if _, ok := lockMethods[c.Method.Name()]; ok {
					return true
				}
			} else if callee := c.StaticCallee(); callee != nil {
				if _, ok := lockMethods[callee.Name()]; ok {
					return true
				}
				if eff := p.funcs[funcID(callee)]; eff != nil && len(eff.Acquires)+len(eff.Releases) > 0 {
					return true
				}
			}
		}
	}
	return false
}

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
		t := &Type{Pkg: p.sum.Path, Name: name, Safe: docs[name]}
		if st, ok := named.Underlying().(*types.Struct); ok {
			for i := range st.NumFields() {
				if _, ok := mutexKind(st.Field(i).Type()); ok {
					t.Mutexes = append(t.Mutexes, fieldStep(named, i))
				}
			}
		}
		ms := types.NewMethodSet(types.NewPointer(named))
		for i := range ms.Len() {
			sel := ms.At(i)
			fn, ok := sel.Obj().(*types.Func)
			if !ok {
				continue
			}
			t.Methods = append(t.Methods, Method{Name: fn.Name(), Sig: signature(fn.Signature()), ID: FuncID(FuncName(fn)), Steps: embeddedSteps(named, sel.Index())})
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

// pos returns the position in the original file.
func (p *packageBuilder) pos(pos token.Pos) access.Pos {
	if !pos.IsValid() {
		return access.Pos{}
	}
	q := p.fset.Position(pos)
	return access.Pos{File: q.Filename, Line: q.Line, Column: q.Column}
}

// start returns where the expression or statement begins that SSA marks with
// pos: m[k] is marked at its bracket.
func (p *packageBuilder) start(pos token.Pos) access.Pos {
	if n := p.nodes[pos]; n != nil {
		return p.pos(n.Pos())
	}
	return p.pos(pos)
}
