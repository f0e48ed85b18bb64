// Package link puts the summaries of functions together: bottom-up over the
// call graph it works out what each function does before it returns and which
// goroutines it leaves behind, and where two goroutines meet at one map.
//
// The method is that of RacerD (Blackshear, Gorogiannis, O'Hearn, Sergey:
// "RacerD: Compositional Static Race Detection", OOPSLA 2018) with goroutines
// in the place of threads: a callee's accesses are rewritten into the caller's
// terms at each call, so no whole-program alias analysis is needed.
package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A Program is the linked summaries of all packages.
type Program struct {
	nodes     map[summarise.FuncID]*node
	order     []*node // as given
	types     []*summarise.Type
	byMethod  map[string][]impl
	stored    map[access.Step][]summarise.Target
	ifaces    map[string][]summarise.Target
	sites     map[siteKey]*Site
	written   map[access.Location]bool // may be: written, or passed on to who knows what
	Pairs     []Pair
	paired    map[pairKey]bool
	pairs     map[access.Location]int
	threads   []*Thread
	reaching  map[access.Location][]Reach
	crowds    map[string][]*node       // see crowd
	incoming  map[*node][]incoming     // see incomings; nil until needed
	palette   *palette                 // see colours
	handed    map[access.Location]bool // see HandedOver
	cached    map[access.Location][]CachedWrite
	handedOn  map[access.Location][]HandedOn
	rederives map[*node][]access.Root   // see Rederives
	isMap     map[summarise.FuncID]bool // methods of map types
	locked    map[access.Step]bool
}

// A node is a function and what is known of it so far.
type node struct {
	*summarise.Func
	calls   []edge       // resolved calls and spawns
	uses    map[int]*use // of function parameters, and of free variables k as -1-k
	callers int
	taken   bool // its value is, for anyone to call

	sync      []*Acc
	held      map[int][]access.Lock // by event
	ts        []*Thread             // that run at some time during it
	async     []*Thread             // that may outlive it
	results   [][]access.Path
	publishes map[int]bool           // parameters that it makes visible
	published map[access.Root][]int  // see publications
	afterPub  map[access.Root][]bool // see afterAny
	waits     []access.Path
	signals   []access.Path
	resolved  map[access.Root][]access.Path
	fresh     map[access.Root]bool
	aliases   map[access.Path][]access.Path
	assigned  map[access.Path][]access.Path // the same, renamed or not
	shares    map[access.Path][]access.Path // map variables by the one whose map they hold
	exported  []alias                       // in terms of parameters, globals and results
	copied    []alias                       // those of fields that are no pointers

	open  bool  // has callers that are not in the program
	may   bool  // importers may call it besides
	entry entry // from all callers, see context.go

	follows [][]bool // see flow.go
	first   []int

	index, low int // Tarjan
	onStack    bool
}

// An edge is one possible callee of one event.
type edge struct {
	event  int
	target summarise.Target
	callee *node
	passed bool             // a function that the callee of the event is given: its arguments are unknown
	by     summarise.Target // passed: who calls it
	locks  []access.Lock    // passed: what that one holds then, in its own terms
	starts *summarise.Event // passed: the event that starts it on another goroutine; nil if it is called
	in     *node            // starts: whose event that is
	loops  bool             // passed: that event happens again and again, see use
	vague  bool             // a method of an interface that says nothing, see vague
}

type impl struct {
	typ    *summarise.Type
	method summarise.Method
}

// An Acc is an access in the terms of some function that reaches it.
type Acc struct {
	Op    access.Op
	Loc   access.Location // zero while only a caller can tell
	Path  access.Path
	Locks []access.Lock
	Site  *Site
	Via   *Via
	Owned bool // the object is not visible to any other goroutine

	// Entry is the function that makes it, or calls who does, if it is one of
	// several that a Thread runs.
	Entry string
	Gated bool // comes after a receive from a channel, in this function
	kept  bool // by a function that was stored in a field
}

// A Via is a step on the way from a function to an access in its callees.
type Via struct {
	Pos  access.Pos
	Text string
	Next *Via
}

// A Site is an access as the source has it.
type Site struct {
	Op     access.Op
	Loc    access.Location // zero if it differs between callers
	Pkg    string
	Func   string
	FuncID summarise.FuncID
	Pos    access.Pos
	Path   access.Path // in the terms of its function
	Locks  []access.Lock
	Keyed  []access.Lock // see summarise.Event
	Sink   *summarise.Sink
	Test   bool
	Exempt string
	// Unsure says that Exempt holds for the callers in the program, and that
	// importers may call the function otherwise.
	Unsure bool

	Aliased bool // see summarise.Event
	Remade  bool // see summarise.Event
	Copied  access.Pos
	// Library says what library makes the access when the function has
	// returned, and why; "" for all others.
	Library string
	// Shared says that Path leads to an object that has no map of its own but
	// holds that of Loc.
	Shared bool
	From   access.Location // Shared: the map as the access names it

	node *node
	locs map[access.Location]bool
	// inst says for a site whose map only callers know where it became known.
	inst map[access.Location][]instance
	// pooled says where the object with the map came out of a sync.Map.
	pooled []instance
	shared map[access.Location]*Site // see through
}

// An instance is a site seen from a function that knows which map it is.
type instance struct {
	n     *node
	path  access.Path   // of the map, in the terms of n
	locks []access.Lock // held there and on the way to the site
	owned bool
}

type siteKey struct {
	pos access.Pos
	op  access.Op
	loc access.Location
}

// A Thread is a goroutine that some function starts, in that function's terms.
type Thread struct {
	Spawn   access.Pos
	Text    string
	Func    string // the function that starts it
	Entry   string // the function that it runs
	Pkg     string
	Multi   bool
	Ends    bool
	Local   bool // a go statement
	Assumed bool // see summarise.Event
	Library bool // a goroutine of a library, that has no body here: all it does is one access
	Turns   string
	Group   access.Path
	Signals []access.Path
	Accs    []*Acc
	Via     *Via // how the function that we are in reaches the spawn

	starter *node
	event   int
	during  map[access.Root][]bool // see node.meets
	byLoc   map[access.Location][]*Acc
}

// A Pair is two accesses to one map that may happen at the same time.
type Pair struct {
	Loc  access.Location
	A, B Side
	Same bool // two instances of one goroutine
	// Exact says that both sides name the object in the terms of one
	// function; otherwise only its type is the same.
	Exact bool
	In    string // the function that shows both, if Exact
	// Waits says that goroutine A waits for a message before it makes its
	// access, and that In, which makes the other, has sent none until then, nor
	// let anyone else know the object.
	Waits bool
}

// A Side is one access of a pair with the goroutine that makes it: nil for
// the goroutine that runs the function named by Pair.In.
type Side struct {
	Acc    *Acc
	Thread *Thread
}

// Link puts the summaries together.
func Link(pkgs []*summarise.Package) *Program {
	p := &Program{
		nodes:    make(map[summarise.FuncID]*node),
		byMethod: make(map[string][]impl),
		stored:   make(map[access.Step][]summarise.Target),
		ifaces:   make(map[string][]summarise.Target),
		sites:    make(map[siteKey]*Site),
		written:  make(map[access.Location]bool),
		paired:   make(map[pairKey]bool),
		pairs:    make(map[access.Location]int),
		crowds:   make(map[string][]*node),
		isMap:    make(map[summarise.FuncID]bool),
	}
	for _, pkg := range pkgs {
		for _, f := range pkg.Funcs {
			if p.nodes[f.ID] == nil {
				n := &node{Func: f, open: pkg.Partial && f.Exported, may: pkg.Importable && f.Exported}
				p.nodes[f.ID] = n
				p.order = append(p.order, n)
			}
		}
		for _, t := range pkg.Types {
			p.types = append(p.types, t)
			for _, m := range t.Methods {
				if t.Map {
					p.isMap[m.ID] = true
				}
				p.byMethod[m.Name+" "+m.Sig] = append(p.byMethod[m.Name+" "+m.Sig], impl{t, m})
			}
		}
	}
	for _, pkg := range pkgs {
		for _, id := range pkg.Taken {
			if n := p.nodes[id]; n != nil {
				n.taken = true
			}
		}
	}
	p.findUses()
	p.findStored(pkgs)
	for _, n := range p.order {
		p.resolveCalls(n)
		p.noteWrites(n)
	}
	for _, scc := range p.components() {
		rounds := 1
		if len(scc) > 1 {
			rounds = 2
		}
		for range rounds {
			for _, n := range scc {
				p.compose(n)
			}
		}
	}
	p.contexts()
	for _, n := range p.order {
		p.meet(n)
	}
	p.meetAcross()
	return p
}

// noteWrites adds the maps that n writes, or passes to others, to p.written.
func (p *Program) noteWrites(n *node) {
	note := func(pss ...[]access.Path) {
		for _, ps := range pss {
			for _, q := range ps {
				if loc := q.Location(); !loc.IsZero() {
					p.written[loc] = true
				}
			}
		}
	}
	for i := range n.Events {
		e := &n.Events[i]
		if e.Kind == summarise.Access && e.Op.Writes() && !n.Init {
			p.written[e.Loc] = true
		}
		note(e.Args...)
		for _, t := range e.Targets {
			note(t.Free...)
			note(t.Recv)
		}
		for _, fns := range e.Fns {
			for _, t := range fns {
				note(t.Free...)
				note(t.Recv)
			}
		}
	}
	note(n.Results...)
}

// components returns the strongly connected components of the call graph,
// callees first (Tarjan's algorithm).
func (p *Program) components() [][]*node {
	var out [][]*node
	var stack []*node
	next := 0
	var visit func(n *node)
	visit = func(n *node) {
		next++
		n.index, n.low, n.onStack = next, next, true
		stack = append(stack, n)
		for _, e := range n.calls {
			if e.callee.index == 0 {
				visit(e.callee)
				n.low = min(n.low, e.callee.low)
			} else if e.callee.onStack {
				n.low = min(n.low, e.callee.index)
			}
		}
		if n.low == n.index {
			i := slices.Index(stack, n)
			scc := slices.Clone(stack[i:])
			stack = stack[:i]
			for _, m := range scc {
				m.onStack = false
			}
			slices.Reverse(scc)
			out = append(out, scc)
		}
	}
	for _, n := range p.order {
		if n.index == 0 {
			visit(n)
		}
	}
	return out
}
