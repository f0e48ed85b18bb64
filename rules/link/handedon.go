package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A HandedOn says that a function puts the maps that are inside of one map into
// another one as well, while it holds a lock.
type HandedOn struct {
	From, To access.Location
	FuncID   summarise.FuncID
	Lock     access.Lock // of the object of From
}

// HandedOn returns how the maps inside of the map at loc get out of it, in the
// order of the program, where the function that does it has reason to lock.
func (p *Program) HandedOn(loc access.Location) []HandedOn {
	if p.handedOn == nil {
		p.handedOn = make(map[access.Location][]HandedOn)
		for _, n := range p.order {
			for i := range n.Events {
				if h, ok := n.handsOn(i); ok {
					p.handedOn[h.From] = append(p.handedOn[h.From], h)
				}
			}
		}
	}
	return p.handedOn[loc]
}

// handsOn returns what event i of n hands on, if it does.
func (n *node) handsOn(i int) (h HandedOn, ok bool) {
	e := &n.Events[i]
	if e.Kind != summarise.Share || e.Path.Root.Kind == access.ContextValue || e.Path.N == e.Path.Holder() || n.Test {
		return HandedOn{}, false
	}
	from := e.Args[0][0]
	h = HandedOn{From: from.Location(), To: e.Path.Location(), FuncID: n.ID}
	base := from.Base()
	for _, l := range n.heldAt(e, i) {
		if !l.Borrowed() && l.Path.HasPrefix(base) {
			h.Lock = l
		}
	}
	// Who takes the inner maps away from the one map gives them to the other.
	takesAway := slices.ContainsFunc(n.Events, func(o summarise.Event) bool {
		return o.Kind == summarise.Access && o.Op.Writes() && o.Path.N == o.Path.Holder() && o.Path == from.Prefix(from.Holder())
	})
	return h, h.Lock.Mode != 0 && !takesAway && !access.SameBase(&from, &e.Path)
}
