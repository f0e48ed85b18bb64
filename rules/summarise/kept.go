package summarise

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// This file follows what a logger keeps to the calls that format it:
//
//	l := logrus.WithField("conn", c)
//	c.mu.Lock()
//	l.Info("open") // formats c, under the lock
//	c.mu.Unlock()
//	l.Info("done") // formats c again, without it

// keep notes for every call that emits with the logger which ins makes that it
// formats f. It reports whether it knows them all: a logger that is stored,
// returned or passed on may be used by anyone, at any time.
func (b *builder) keep(ins ssa.CallInstruction, f formatting) bool {
	v := ins.Value()
	if v == nil {
		return false
	}
	em := &emitters{b: b, seen: make(map[ssa.Value]bool)}
	if !em.follow(v) {
		return false
	}
	for _, call := range em.calls {
		if call.Block().Index < ins.Block().Index {
			return false // it has been looked at already
		}
	}
	if b.kept == nil {
		b.kept = make(map[ssa.CallInstruction][]formatting)
	}
	f.kept = f.callee.Name()
	for _, call := range em.calls {
		b.kept[call] = append(b.kept[call], f)
	}
	return true
}

// An emitters collects the calls that emit with a logger.
type emitters struct {
	b     *builder
	calls []ssa.CallInstruction
	seen  map[ssa.Value]bool
}

// follow looks at the uses of a logger; false if one of them is anything but a
// call of its methods in this function.
func (em *emitters) follow(v ssa.Value) bool {
	if em.seen[v] {
		return true
	}
	em.seen[v] = true
	refs := v.Referrers()
	if refs == nil {
		return false
	}
	for _, ref := range *refs {
		if !em.use(v, ref) {
			return false
		}
	}
	return true
}

func (em *emitters) use(v ssa.Value, ref ssa.Instruction) bool {
	switch ref := ref.(type) {
	case *ssa.DebugRef:
		return true
	case *ssa.Phi:
		return em.follow(ref)
	case *ssa.MakeInterface:
		return em.follow(ref)
	case *ssa.ChangeInterface:
		return em.follow(ref)
	case *ssa.UnOp:
		return ref.Op == token.MUL && em.follow(ref)
	case *ssa.Store:
		a, ok := ref.Addr.(*ssa.Alloc)
		return ok && (ref.Val != v || em.follow(a)) // a variable: if it is captured, that is a use
	case *ssa.Call:
		return em.call(v, ref)
	case *ssa.Defer:
		return em.call(v, ref)
	}
	return false
}

// call looks at a call of a logger's method: it makes another logger, or emits.
func (em *emitters) call(v ssa.Value, ins ssa.CallInstruction) bool {
	c := ins.Common()
	recv := c.Value
	if !c.IsInvoke() {
		if fn := c.StaticCallee(); fn == nil || fn.Signature.Recv() == nil || len(c.Args) == 0 {
			return false
		}
		recv = c.Args[0]
	}
	call, ok := em.b.nodes[c.Pos()].(*ast.CallExpr)
	if !ok || recv != v || em.b.sinks.Callee(em.b.pkg.Info, call) == nil {
		return false
	}
	for _, arg := range c.Args {
		if arg == v && arg != recv {
			return false
		}
	}
	if em.b.sinks.Makes(em.b.pkg.Info, call) {
		return ins.Value() != nil && em.follow(ins.Value())
	}
	em.calls = append(em.calls, ins)
	return true
}

// later returns the paths of a value as they are when a logger formats it some
// time: that nobody else had it when the logger was made says nothing then.
func later(paths []access.Path) []access.Path {
	var out []access.Path
	for _, p := range paths {
		if p.Root.Kind == access.LocalVar {
			p.Root = access.Root{}
		}
		out = merge(out, p)
	}
	return out
}
