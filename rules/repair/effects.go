package repair

import "github.com/mapguard/mapguard/rules/access"

// Effects answers what a call inside a function may do.
type Effects interface {
	// Call returns the effects of the call whose opening parenthesis is at pos.
	Call(pos access.Pos) Effect
}

// An Effect is what a call may do, itself or through what it calls. The zero
// Effect is harmless: such a call may stand in a critical section.
type Effect struct {
	Locks   []access.LockID   // locks that it may take
	Touches []access.Location // maps that it may access
	Blocks  string            // "" or why it may block or do I/O: "channel send", "net/http", "sleeps"
	Unknown string            // "" or the call whose code we cannot see: "calls the function value cb"
}

func (e Effect) locks(id access.LockID) bool {
	for _, l := range e.Locks {
		if l.Location == id.Location {
			return true
		}
	}
	return false
}

func (e Effect) touches(loc access.Location) bool {
	for _, l := range e.Touches {
		if l == loc {
			return true
		}
	}
	return false
}

// anyEffect knows of no call what it may do.
type anyEffect struct{}

func (anyEffect) Call(access.Pos) Effect { return Effect{Unknown: "calls anything"} }
