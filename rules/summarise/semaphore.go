package summarise

import (
	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// The methods of a weighted semaphore that take and give back what it counts.
const (
	weighted    = "golang.org/x/sync/semaphore."
	newWeighted = weighted + "NewWeighted"
	acquire     = "(*" + weighted + "Weighted).Acquire"
	release     = "(*" + weighted + "Weighted).Release"
)

// semaphores collects the variables of the package that hold semaphores of
// weight one, which are mutexes that can be given up on.
func (p *packageBuilder) semaphores(fns []*ssa.Function) {
	p.binary = make(map[access.Step]bool)
	for _, fn := range fns {
		for _, blk := range fn.Blocks {
			for _, ins := range blk.Instrs {
				st, ok := ins.(*ssa.Store)
				if !ok {
					continue
				}
				call, ok := st.Val.(*ssa.Call)
				if !ok || calleeName(&call.Call) != newWeighted {
					continue
				}
				if n, ok := call.Call.Args[0].(*ssa.Const); !ok || n.Int64() != 1 {
					continue
				}
				switch addr := st.Addr.(type) {
				case *ssa.FieldAddr:
					p.binary[fieldStep(addr.X.Type(), addr.Field)] = true
				case *ssa.Global:
					p.binary[globalStep(addr)] = true
				}
			}
		}
	}
}

// semaphoreCall reports what c does to which semaphore of weight one.
func (b *builder) semaphoreCall(c *ssa.CallCommon) (lockOp, bool) {
	name := calleeName(c)
	if name != acquire && name != release {
		return lockOp{}, false
	}
	load, ok := c.Args[0].(*ssa.UnOp)
	if !ok {
		return lockOp{}, false
	}
	var step access.Step
	switch addr := load.X.(type) {
	case *ssa.FieldAddr:
		step = fieldStep(addr.X.Type(), addr.Field)
	case *ssa.Global:
		step = globalStep(addr)
	}
	ps := b.pathsOf(load)
	if !b.binary[step] || len(ps) != 1 {
		return lockOp{}, false
	}
	id := access.LockID{Location: ps[0].Location(), Other: true}
	return lockOp{acquire: name == acquire, lock: access.Lock{ID: id, Path: ps[0], Mode: access.Exclusive}}, true
}
