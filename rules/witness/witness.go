// Package witness reads what Go prints when two goroutines use a map at once:
// the runtime's fatal errors with the goroutines' stacks, and the reports of
// the race detector. It takes them out of raw output or out of the logs that
// carry it, and knows nothing of the program that they are about.
//
// A log is read as a stream. Of a report no more is kept than is bounded below,
// so a log may be of any size.
package witness

import "github.com/mapguard/mapguard/rules/access"

// A Kind says who printed a report.
type Kind uint8

const (
	Fatal Kind = iota + 1 // the runtime, ending the process
	Race                  // the race detector
)

// Bounds on what is kept of a log. A frame or stack more is counted, not kept.
const (
	MaxReports = 500  // different ones
	maxStacks  = 2000 // different ones of one report
	maxFrames  = 120  // of one stack: the first half and the last
	maxName    = 1000 // bytes of a function's or file's name
)

// A Log is what was read from one stream.
type Log struct {
	Name    string
	Reports []*Report // in the order in which they begin, equal ones once
	Other   []Other   // crashes that no map is to blame for, the first few
	Dropped int       // reports beyond MaxReports
}

// An Other is a crash of another kind.
type Other struct {
	Line int    // of the log
	Text string // "fatal error: all goroutines are asleep - deadlock!"
}

// A Report is one fatal error or one race.
type Report struct {
	Kind    Kind
	Log     string // Log.Name
	Line    int    // of the log, where it begins
	Message string // as printed: "concurrent map writes"; "" if the log begins after it
	// Stacks has the goroutine that crashed first, then those that were
	// dumped with it; of a race both accesses, the later one first.
	Stacks  []*Stack
	Count   int  // how many times the log has it
	Headed  bool // the log has the line that such a report begins with
	Omitted int  // stacks beyond what is kept
}

// A Stack is one goroutine.
type Stack struct {
	ID     int    // -1 if it was not printed; the main goroutine of a race is 0
	State  string // "running", "semacquire, 5 minutes"; for a race "running" or "finished"
	Op     access.Op
	Raced  bool // a side of a race, whose Op was printed: read or write
	Frames []Frame
	// Created is where the goroutine was started: one frame in a fatal error,
	// all of them in a race; empty for the main goroutine.
	Created   []Frame
	CreatedBy int // the goroutine that did, -1 if it was not printed
	Count     int // goroutines with the same stack
	Elided    int // frames that the runtime or this package left out
	Lost      bool
}

// A Frame is one call of a stack, the innermost first.
type Frame struct {
	Func   string // as printed: "example.com/p.(*Cache[...]).Put"
	File   string
	Line   int
	Inline bool // printed with (...) for its arguments: inlined into the next one
}

// The messages of the runtime's fatal errors about maps, and what the goroutine
// that crashes was doing.
var messages = []struct {
	text string
	op   access.Op
}{
	{"concurrent map iteration and map write", access.Iterate},
	{"concurrent map clone and map write", access.Iterate},
	{"concurrent map read and map write", access.Read},
	{"concurrent map writes", access.Write},
	{"small map with no empty slot (concurrent map writes?)", access.Write},
}

// opOf returns what a goroutine that crashed with a message was doing, 0 for
// any other message.
func opOf(message string) access.Op {
	for _, m := range messages {
		if message == m.text {
			return m.op
		}
	}
	return 0
}

// Crashed returns the stack of the goroutine that the runtime stopped at, nil
// if the log does not have it.
func (r *Report) Crashed() *Stack {
	if len(r.Stacks) == 0 {
		return nil
	}
	return r.Stacks[0]
}
