package link

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/summarise"
)

// Effects answers what calls may do, from the summaries of what they reach.
func (p *Program) Effects() *Effects {
	e := &Effects{p: p, byParen: make(map[access.Pos]callSite), memo: make(map[*node]*Effect)}
	for _, n := range p.order {
		for i := range n.Events {
			ev := &n.Events[i]
			switch {
			case !ev.Paren.IsValid():
			case ev.Kind == summarise.Call, ev.Kind == summarise.Block:
				e.byParen[ev.Paren] = callSite{n, i}
			}
		}
	}
	return e
}

type callSite struct {
	n     *node
	event int
}

// An Effect is what a call may do, itself or through what it calls.
type Effect struct {
	Locks   []access.LockID   // locks that it may take
	Touches []access.Location // maps that it may access
	Blocks  string            // why it may block or do I/O, "" if it does not
	Unknown string            // the call whose code we cannot see, "" if there is none
}

// Effects answers what the calls of a program may do.
type Effects struct {
	p       *Program
	byParen map[access.Pos]callSite
	memo    map[*node]*Effect
}

// Call returns the effects of the call whose opening parenthesis is at pos.
func (e *Effects) Call(pos access.Pos) Effect {
	cs, ok := e.byParen[pos]
	if !ok {
		return Effect{} // a built-in, a conversion, a lock operation
	}
	if ev := &cs.n.Events[cs.event]; ev.Kind == summarise.Block { // a WaitGroup's Wait
		return Effect{Blocks: cs.n.Name + ": " + ev.Text}
	}
	var out Effect
	e.addCall(&out, cs.n, cs.event)
	return out
}

// addCall adds to out what one call may do.
func (e *Effects) addCall(out *Effect, n *node, event int) {
	ev := &n.Events[event]
	if ev.Blocks != "" && out.Blocks == "" {
		out.Blocks = ev.Text + ": " + ev.Blocks
	}
	known1 := false
	for _, ed := range n.calls {
		if ed.event == event && ed.starts == nil {
			known1 = true
			merge(out, e.of(ed.callee))
		}
	}
	if !known1 && out.Unknown == "" && !known.Harmless(ev.Unknown) && ev.Blocks == "" {
		out.Unknown = "calls " + ev.Text
	}
}

// of returns what a function may do, itself or through others.
func (e *Effects) of(n *node) *Effect {
	if eff := e.memo[n]; eff != nil {
		return eff
	}
	eff := new(Effect)
	e.memo[n] = eff // a cycle adds nothing that its other members do not
	for i := range n.Events {
		ev := &n.Events[i]
		switch ev.Kind {
		case summarise.Block:
			if eff.Blocks == "" {
				eff.Blocks = n.Name + ": " + ev.Text
			}
		case summarise.Acquire:
			id := ev.Lock.ID
			if id.IsZero() {
				id.Location = ev.Lock.Path.Location()
			}
			if !slices.Contains(eff.Locks, id) {
				eff.Locks = append(eff.Locks, id)
			}
		case summarise.Access:
			for loc := range e.siteLocs(ev) {
				if !slices.Contains(eff.Touches, loc) {
					eff.Touches = append(eff.Touches, loc)
				}
			}
		case summarise.Call:
			e.addCall(eff, n, i)
		}
	}
	return eff
}

func (e *Effects) siteLocs(ev *summarise.Event) map[access.Location]bool {
	if s := e.p.sites[siteKey{ev.Pos, ev.Op, ev.Loc}]; s != nil {
		return s.locs
	}
	return nil
}

func merge(out, in *Effect) {
	if out.Blocks == "" {
		out.Blocks = in.Blocks
	}
	if out.Unknown == "" {
		out.Unknown = in.Unknown
	}
	for _, l := range in.Locks {
		if !slices.Contains(out.Locks, l) {
			out.Locks = append(out.Locks, l)
		}
	}
	for _, l := range in.Touches {
		if !slices.Contains(out.Touches, l) {
			out.Touches = append(out.Touches, l)
		}
	}
}
