package summarise

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
)

// A lockset is the locks held for certain at a point: a must-analysis, joined
// by intersection. Sorted by acquisition; nil means that the point has not
// been reached (everything is held), empty that nothing is.
type lockset []access.Lock

func (ls lockset) with(l access.Lock) lockset {
	out := make(lockset, 0, len(ls)+1)
	for _, h := range ls {
		if h.Path != l.Path {
			out = append(out, h)
		}
	}
	return append(out, l)
}

func (ls lockset) without(p access.Path) lockset {
	out := make(lockset, 0, len(ls))
	for _, h := range ls {
		if h.Path != p {
			out = append(out, h)
		}
	}
	return out
}

// meet returns the locks that both hold, in the weaker mode.
func (ls lockset) meet(o lockset) lockset {
	out := make(lockset, 0, len(ls))
	for _, h := range ls {
		for _, k := range o {
			if h.Path == k.Path {
				h.Mode = min(h.Mode, k.Mode)
				out = append(out, h)
			}
		}
	}
	return out
}

func (ls lockset) equal(o lockset) bool {
	return (ls == nil) == (o == nil) && len(ls) == len(o) && len(ls.meet(o)) == len(ls) && slices.EqualFunc(ls, ls.meet(o), func(a, b access.Lock) bool { return a == b })
}

// A lockOp is a call that takes or releases a lock.
type lockOp struct {
	lock    access.Lock
	acquire bool
	try     bool
}

var lockMethods = map[string]lockOp{
	"Lock":     {acquire: true, lock: access.Lock{Mode: access.Exclusive}},
	"RLock":    {acquire: true, lock: access.Lock{Mode: access.Shared}},
	"TryLock":  {acquire: true, try: true, lock: access.Lock{Mode: access.Exclusive}},
	"TryRLock": {acquire: true, try: true, lock: access.Lock{Mode: access.Shared}},
	"Unlock":   {lock: access.Lock{Mode: access.Exclusive}},
	"RUnlock":  {lock: access.Lock{Mode: access.Shared}},
}

// behindInterface returns the method of sync.RWMutex that a lock wrapper behind
// an interface stands for, going by its name: LockInsideApply(), lock() *cache.
func behindInterface(name string) string {
	name = strings.ToLower(name)
	for _, m := range []string{"Lock", "RLock", "Unlock", "RUnlock"} {
		if strings.HasPrefix(name, strings.ToLower(m)) {
			return m
		}
	}
	return ""
}

// lockCall reports what c does to which lock. Any type with the methods of a
// mutex counts, so that wrappers around sync.Mutex in other modules do too;
// those of this module are summarised instead.
func (b *builder) lockCall(c *ssa.CallCommon) (lockOp, bool) {
	if op, ok := b.semaphoreCall(c); ok {
		return op, true
	}
	name := ""
	var recv ssa.Value
	if c.IsInvoke() {
		name, recv = c.Method.Name(), c.Value
	} else if fn := c.StaticCallee(); fn != nil && fn.Signature.Recv() != nil && len(c.Args) == 1 {
		if fn.Blocks != nil {
			return lockOp{}, false
		}
		name, recv = fn.Name(), c.Args[0]
	}
	op, ok := lockMethods[name]
	if !ok && c.IsInvoke() { // a lock wrapper that every implementer has: lock() *cache
		op, ok = lockMethods[behindInterface(name)]
	}
	if !ok || c.Signature().Params().Len() != 0 || recv == nil {
		return lockOp{}, false
	}
	ps := b.pathsOf(recv)
	if len(ps) != 1 {
		return lockOp{}, false
	}
	op.lock.Path = ps[0]
	op.lock.ID = lockID(ps[0], recv.Type())
	if n, ok := types.Unalias(recv.Type()).(*types.Named); ok && c.IsInvoke() && op.lock.ID.IsZero() && n.Obj().Pkg() != nil {
		// Whatever stands behind the interface, two of its locks are one.
		op.lock.ID.Location = access.Location{Kind: access.Field, Pkg: n.Obj().Pkg().Path(), Owner: n.Obj().Name(), Name: "Lock"}
	}
	return op, true
}

// lockID identifies a lock by where its path ends.
func lockID(p access.Path, t types.Type) access.LockID {
	rw, _ := mutexKind(t)
	id := access.LockID{Location: p.Location(), RW: rw}
	if id.IsZero() && p.Root.Kind == access.LocalVar {
		id.Location = access.Location{Kind: access.Local, Name: p.Root.Name}
	}
	return id
}

// flowLocks computes the lockset at the entry of every block.
func (b *builder) flowLocks() []lockset {
	in := make([]lockset, len(b.fn.Blocks))
	in[0] = lockset{}
	if eff := b.funcs[b.sum.ID]; eff != nil && b.effective {
		in[0] = append(in[0], eff.Releases...) // what it releases without taking it, its callers hold
	}
	if b.effective && b.inTransaction() {
		in[0] = append(in[0], known.Transaction())
	}
	work := []*ssa.BasicBlock{b.fn.Blocks[0]}
	if b.fn.Recover != nil {
		in[b.fn.Recover.Index] = lockset{}
	}
	for rounds := 0; len(work) > 0 && rounds < 50*len(b.fn.Blocks); rounds++ {
		blk := work[0]
		work = work[1:]
		out := in[blk.Index]
		for _, ins := range blk.Instrs {
			out = b.stepLocks(out, ins)
		}
		for i, s := range blk.Succs {
			edge := out
			if op, ok := b.tryCond(blk); ok && i == 0 {
				edge = edge.with(op.lock)
			}
			next := edge
			if in[s.Index] != nil {
				next = b.join(in[s.Index], edge)
			}
			if in[s.Index] == nil || !next.equal(in[s.Index]) {
				if next == nil {
					next = lockset{}
				}
				in[s.Index] = next
				work = append(work, s)
			}
		}
	}
	return in
}

// join returns what is held where two ways meet: what both hold, and what one
// of them holds to the end of the function, which has its reasons:
//
//	if shared {
//		mu.Lock()
//		defer mu.Unlock()
//	}
//
// A loop that takes the lock of every element has taken that of each.
func (b *builder) join(x, y lockset) lockset {
	out := x.meet(y)
	for _, l := range append(slices.Clone(x), y...) {
		if (b.unlocksLater(l.Path) || slices.Contains(l.Path.Steps[:l.Path.N], access.Elem)) && !slices.ContainsFunc(out, func(h access.Lock) bool { return h.Path == l.Path }) {
			out = append(out, l)
		}
	}
	return out
}

// unlocksLater reports whether the function defers the release of a lock.
func (b *builder) unlocksLater(p access.Path) bool {
	return slices.ContainsFunc(b.defers, func(d *ssa.Defer) bool {
		op, ok := b.lockCall(&d.Call)
		return ok && !op.acquire && op.lock.Path == p
	})
}

// tryCond returns the TryLock whose result the block branches on.
func (b *builder) tryCond(blk *ssa.BasicBlock) (lockOp, bool) {
	br, ok := blk.Instrs[len(blk.Instrs)-1].(*ssa.If)
	if !ok {
		return lockOp{}, false
	}
	call, ok := br.Cond.(*ssa.Call)
	if !ok {
		return lockOp{}, false
	}
	op, ok := b.lockCall(&call.Call)
	return op, ok && op.try
}

// stepLocks returns the lockset after ins.
func (b *builder) stepLocks(ls lockset, ins ssa.Instruction) lockset {
	switch ins := ins.(type) {
	case *ssa.Call:
		return b.applyCall(ls, &ins.Call)
	case *ssa.RunDefers:
		for _, d := range b.deferred(ins) {
			ls = b.applyCall(ls, &d.Call)
		}
	}
	return ls
}

func (b *builder) applyCall(ls lockset, c *ssa.CallCommon) lockset {
	if op, ok := b.lockCall(c); ok {
		switch {
		case op.try:
			return ls
		case op.acquire:
			return ls.with(op.lock)
		default:
			return ls.without(op.lock.Path)
		}
	}
	if op, ok := b.keyedLock(c); ok {
		if op.acquire {
			return ls.with(op.lock)
		}
		return ls.without(op.lock.Path)
	}
	fn := c.StaticCallee()
	if fn == nil {
		return ls
	}
	eff := b.effects(fn)
	if eff == nil {
		return ls
	}
	for _, l := range eff.Releases {
		if p, ok := b.atCall(l.Path, c); ok {
			ls = ls.without(p)
		}
	}
	for _, l := range eff.Acquires {
		if p, ok := b.atCall(l.Path, c); ok {
			l.Path = p
			ls = ls.with(l)
		}
	}
	return ls
}

// atCall translates a path of the callee of c into this function's terms.
func (b *builder) atCall(p access.Path, c *ssa.CallCommon) (access.Path, bool) {
	switch p.Root.Kind {
	case access.GlobalVar:
		return p, true
	case access.Param:
		if p.Root.Index < len(c.Args) {
			if ps := b.pathsOf(c.Args[p.Root.Index]); len(ps) == 1 {
				return ps[0].Join(p)
			}
		}
	case access.FreeVar:
		if mc, ok := c.Value.(*ssa.MakeClosure); ok {
			if ps := b.pathsOf(mc.Bindings[p.Root.Index]); len(ps) == 1 {
				return ps[0].Join(p)
			}
		}
	}
	return access.Path{}, false
}

// lockEffects sets Acquires and Releases: the locks that are held at every
// normal return, and those released without having been taken here.
func (b *builder) lockEffects(in []lockset) {
	var atExit lockset
	for _, blk := range b.fn.Blocks {
		if in[blk.Index] == nil {
			continue
		}
		ls := in[blk.Index]
		for _, ins := range blk.Instrs {
			b.noteRelease(ls, ins)
			ls = b.stepLocks(ls, ins)
			if _, ok := ins.(*ssa.Return); ok && blk != b.fn.Recover {
				if atExit == nil {
					atExit = append(lockset{}, ls...)
				} else {
					atExit = atExit.meet(ls)
				}
			}
		}
	}
	for _, l := range atExit {
		if visible(l.Path) && !l.Keyed {
			b.sum.Acquires = append(b.sum.Acquires, l)
		}
	}
}

func (b *builder) noteRelease(ls lockset, ins ssa.Instruction) {
	var calls []*ssa.CallCommon
	switch ins := ins.(type) {
	case *ssa.Call:
		calls = append(calls, &ins.Call)
	case *ssa.RunDefers:
		for _, d := range b.deferred(ins) {
			calls = append(calls, &d.Call)
		}
	}
	for _, c := range calls {
		op, ok := b.lockCall(c)
		if !ok || op.acquire || !visible(op.lock.Path) {
			continue
		}
		held := slices.ContainsFunc(ls, func(l access.Lock) bool { return l.Path == op.lock.Path })
		if !held && !slices.ContainsFunc(b.sum.Releases, func(l access.Lock) bool { return l.Path == op.lock.Path }) && !b.takes(op.lock.Path) {
			b.sum.Releases = append(b.sum.Releases, op.lock)
		}
	}
}

// takes reports whether the function takes the lock anywhere itself.
func (b *builder) takes(p access.Path) bool {
	for _, blk := range b.fn.Blocks {
		for _, ins := range blk.Instrs {
			if c, ok := ins.(*ssa.Call); ok {
				if op, ok := b.lockCall(&c.Call); ok && op.acquire && op.lock.Path == p {
					return true
				}
			}
		}
	}
	return false
}

// visible reports whether callers can name the path.
func visible(p access.Path) bool {
	return p.Root.Kind == access.Param || p.Root.Kind == access.GlobalVar || p.Root.Kind == access.FreeVar
}
