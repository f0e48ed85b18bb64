package summarise

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// keyedMethods are how the methods that take one of many locks are called.
var keyedMethods = map[string]lockOp{
	"LockKey":   {acquire: true, lock: access.Lock{Mode: access.Exclusive}},
	"UnlockKey": {lock: access.Lock{Mode: access.Exclusive}},
}

// keyedLock reports what c does to a set of locks, of which its argument picks
// one:
//
//	c.shards.Lock(key)
//	defer c.shards.Unlock(key)
//
// Such a lock is weak evidence: under another key it is another lock, so it
// protects nothing but what belongs to the key. A method of the user's that
// takes a lock which callers can name is no such method.
func (b *builder) keyedLock(c *ssa.CallCommon) (lockOp, bool) {
	var fn *types.Func
	var recv ssa.Value
	if c.IsInvoke() {
		fn, recv = c.Method, c.Value
	} else if callee := c.StaticCallee(); callee != nil && callee.Signature.Recv() != nil && len(c.Args) == 2 {
		if eff := b.effects(callee); eff != nil && len(eff.Acquires)+len(eff.Releases) > 0 {
			return lockOp{}, false
		}
		fn, _ = callee.Object().(*types.Func)
		recv = c.Args[0]
	}
	if fn == nil || fn.Pkg() == nil || fn.Signature().Params().Len() != 1 {
		return lockOp{}, false
	}
	op, ok := keyedMethods[fn.Name()]
	if !ok {
		op, ok = lockMethods[fn.Name()]
	}
	if !ok || op.try {
		return lockOp{}, false
	}
	ps := b.pathsOf(recv)
	if len(ps) != 1 {
		return lockOp{}, false
	}
	owner := fn.Signature().Recv().Type()
	if ptr, ok := types.Unalias(owner).(*types.Pointer); ok {
		owner = ptr.Elem()
	}
	named, ok := types.Unalias(owner).(*types.Named)
	if !ok {
		return lockOp{}, false
	}
	at, ok := ps[0].Append(access.Step{Pkg: fn.Pkg().Path(), Type: named.Obj().Name(), Name: "Lock"})
	if !ok {
		return lockOp{}, false
	}
	op.lock.Path, op.lock.Keyed = at, true
	op.lock.ID.Location = access.Location{Kind: access.Field, Pkg: fn.Pkg().Path(), Owner: named.Obj().Name(), Name: "Lock"}
	return op, true
}

// split separates the locks that a key has picked from the others.
func (ls lockset) split() (locks, keyed []access.Lock) {
	if !slices.ContainsFunc(ls, func(l access.Lock) bool { return l.Keyed }) {
		return slices.Clip(ls), nil
	}
	for _, l := range ls {
		if l.Keyed {
			keyed = append(keyed, l)
		} else {
			locks = append(locks, l)
		}
	}
	return locks, keyed
}
