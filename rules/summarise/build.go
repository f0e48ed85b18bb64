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
	// Known is what is known of libraries; nil means known.Default.
	Known *known.Table
	// Panicked returns the types of what the program panics with, see
	// PanicTypes; nil if that is not known.
	Panicked func() []types.Type
}

// A packageBuilder summarises one package.
type packageBuilder struct {
	env       *Env
	table     *known.Table
	pkg       *load.Package
	fset      *token.FileSet
	nodes     map[token.Pos]ast.Node // by the position that SSA gives an instruction
	varAt     map[token.Pos]*types.Var
	fields    map[token.Pos]fieldLines // by the position of the field's name
	funcs     map[FuncID]*Func         // lock effects of functions already seen
	sum       *Package
	ssa       *ssa.Package
	resetting map[*ssa.Function][]resetParam   // see resetsOf
	binary    map[access.Step]bool             // see semaphores
	boxed     map[*types.TypeName][]types.Type // see boxing
	sinks     *sinks.Table                     // with the user's helpers; nil if formatting is of no interest
	// wrappersOf returns what is known of a helper.
	wrappersOf func(types.Object) []sinks.Wrapper
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
	// deferredAt has, for each return, those of defers that it runs; see deferred.
	deferredAt map[*ssa.RunDefers][]*ssa.Defer
	in         []lockset // at the entry of every block
	gated      bool      // see Event
	// effective says that the lock effects of all functions are known.
	effective bool
	stores    []*ssa.Store // of maps and slices
	resets    []reset
	content   map[int][]int     // locals stored into locals
	spawned   map[ssa.Value]int // callback structs: index of their event
	copies    map[*ssa.Alloc]*renewed
	// resolving guards against function variables that capture themselves.
	resolving map[*ssa.Alloc]bool
	kept      map[ssa.CallInstruction][]formatting // see keep
}

// Summarise returns the summary of pkg, which must have been checked with
// function bodies and without errors.
func Summarise(fset *token.FileSet, pkg *load.Package, env *Env) *Package {
	p := &packageBuilder{
		env: env, table: env.Known, pkg: pkg, fset: fset,
		nodes:     make(map[token.Pos]ast.Node),
		varAt:     make(map[token.Pos]*types.Var),
		fields:    make(map[token.Pos]fieldLines),
		funcs:     make(map[FuncID]*Func),
		resetting: make(map[*ssa.Function][]resetParam),
		sum:       &Package{Path: pkg.Types.Path()},
	}
	if p.table == nil {
		p.table = known.Default()
	}
	p.index()
	p.helpers()
	prog := ssa.NewProgram(fset, ssa.BuilderMode(0))
	for _, imp := range pkg.Types.Imports() {
		prog.CreatePackage(imp, nil, nil, true)
	}
	p.ssa = prog.CreatePackage(pkg.Types, pkg.Syntax, pkg.Info, false)
	p.ssa.Build()
	p.sum.Types = p.types()

	fns := p.functions()
	p.boxing(fns)
	p.semaphores(fns)
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
		p.sum.Taken = append(p.sum.Taken, taken(fn)...)
	}
	p.served()
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
			case *ast.StructType:
				p.indexFields(n)
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
		copies:  make(map[*ssa.Alloc]*renewed),

		resolving: make(map[*ssa.Alloc]bool),
	}
	for _, blk := range fn.Blocks {
		for _, ins := range blk.Instrs {
			switch ins := ins.(type) {
			case *ssa.Defer:
				b.defers = append(b.defers, ins)
			case *ssa.Call:
				b.resets = append(b.resets, p.resetsOf(ins)...)
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
	b.effective = true
	in := b.flowLocks()
	b.in = in
	gated := gates(fn)
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
		b.gated = gated[i]
		for _, ins := range blk.Instrs {
			b.gated = b.gated || opens(ins)
			if a, ok := ins.(*ssa.Alloc); ok {
				b.allocates(a)
			}
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

// allocates notes the struct types, the embedded ones too, that a makes an
// object of. Storage for a parameter or a copy makes none, unless the copy is
// given maps of its own.
func (b *builder) allocates(a *ssa.Alloc) {
	if v := b.varAt[a.Pos()]; v != nil && !a.Heap && b.renewed(a) == nil {
		return
	}
	var add func(t types.Type, depth int)
	add = func(t types.Type, depth int) {
		n, ok := types.Unalias(t).(*types.Named)
		if !ok || n.Obj().Pkg() == nil || !b.own(n.Obj().Pkg().Path()) {
			return
		}
		st, ok := n.Underlying().(*types.Struct)
		if !ok {
			return
		}
		s := access.Step{Pkg: n.Obj().Pkg().Path(), Type: n.Obj().Name()}
		if !slices.Contains(b.sum.Allocs, s) {
			b.sum.Allocs = append(b.sum.Allocs, s)
		}
		for i := range st.NumFields() {
			if depth < 2 {
				add(st.Field(i).Type(), depth+1)
			}
		}
	}
	add(a.Type().Underlying().(*types.Pointer).Elem(), 0)
}

// own reports whether a package is the user's own.
func (p *packageBuilder) own(path string) bool {
	return path == p.sum.Path || p.env.Own != nil && p.env.Own(path)
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
