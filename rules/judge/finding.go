package judge

import (
	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/sinks"
)

// Evidence says how sure we are that two goroutines use the map at once.
// The zero value is no evidence; larger is stronger.
type Evidence uint8

const (
	Possible  Evidence = iota + 1 // shared type, no evidence of a second goroutine
	Inferred                      // a lock guards it elsewhere and this access goes around it
	Shown                         // two goroutines reach it in the code
	Witnessed                     // a crash or race report names it
)

func (e Evidence) String() string {
	return [...]string{"none", "possible", "inferred", "shown", "witnessed"}[e]
}

// Copying says who needs a map of its own.
type Copying uint8

const (
	CopyNone    Copying = iota
	CopyChanged         // the function of the first access, and if a context has the map all others, before it changes it
	CopyHanded          // the objects with the field Into, which are given the map
	CopyInner           // the objects with the field Into, which are given the maps inside of the map
	CopyLent            // what the method at LentAt starts, which is given the object with the map
)

// A Frame is one step of how a goroutine reaches an access: the go statement
// or registration first, then call by call.
type Frame struct {
	Pos  access.Pos
	Text string // "go c.loop()", "calls (*Cache).get", one line, no full stop
}

// A Site is one access to a map as the source has it, once for all callers.
type Site struct {
	Op    access.Op
	Pkg   string        // import path of the package that holds the code, without test variant
	Func  string        // the enclosing function, as a stack trace shows it without the package path
	Pos   access.Pos    // of the expression that does it: m[k], the range clause, the call
	Locks []access.Lock // held for certain, whoever called the function
	Keyed []access.Lock // held too, but each one of many that a key picks
	Base  access.Path   // the object that holds the map, as the function names it

	// Exempt says why the access needs no lock, "" if it does: "before the
	// value is shared", "package initialisation".
	Exempt string
}

// An Access is a site reached by one goroutine.
type Access struct {
	Site
	// Goroutine is how the goroutine that performs the access is started and
	// gets there; empty if no goroutine is known (inferred findings).
	Goroutine []Frame

	// Runners are how the goroutines are started that may come to the access,
	// where none is picked out: that two of them overlap is not shown.
	Runners []Frame

	Released []access.Lock // taken by the function before, and no longer held
	// Way is set where a goroutine is not known, and the function's callers
	// are what is wrong.
	Way *Way
}

// A Guard is the lock that guards a map at some of its accesses.
type Guard struct {
	Lock access.LockID
	// Path says where the lock is for an access with base B: Up steps are
	// taken off the end of B, then Fields are appended. A package-level lock
	// has Global set instead.
	Up     int
	Fields []access.Step
	Global bool
	Held   int // sites that hold it in a mode that is strong enough
	Total  int // sites that need a lock

	Declared  bool // few sites hold it, but the map is declared under it
	Unwritten bool // no site that changes the map holds it for writing
}

// A Finding is one map that is, or may be, used by two goroutines at once.
type Finding struct {
	ID       string // stable under edits elsewhere: rule, map and function, hashed
	Key      string // what the ID is made of, but for a count of those that are equal
	Rule     string // "sharedmap" or "deepformat"
	Map      access.Location
	Evidence Evidence
	Message  string     // one line, lower-case, no full stop
	Pos      access.Pos // where an editor would draw the squiggle
	Accesses []Access   // the conflicting pair, the one to change first
	Why      string     // why they can overlap, one sentence
	Sites    []Site     // every access to the map in the loaded program, in position order
	Guard    *Guard     // the lock that guards the map elsewhere; nil if none does

	// Sink is set by deepformat: the call that formats, and the argument.
	Sink *Sink

	Seen []Seen // witnessed: where the logs name the map
	// Elsewhere says how a witnessed access reached the map in a way that Sites
	// do not show, so that a lock at those is no remedy; "" as a rule.
	Elsewhere string
	// Doubt says which other maps a witness may have meant; "" if none.
	Doubt string
	// Narrow says that only the functions that the witness names are to be
	// repaired, with the lock that others hold: not all accesses can be.
	Narrow bool
	// Copy says what is to be copied where no lock is a remedy, "" if one is.
	Copy string
	// Copying says which copy that is, as far as repair can make it.
	Copying Copying
	Into    access.Location // CopyHanded, CopyInner: where the map got to
	LentAt  access.Pos      // CopyLent: in the method that a library lends the object
	Cached  bool            // CopyChanged: the map is one of an object out of a cache

	Fix *edit.Fix // nil until repaired
	// Alternatives are other fixes of the same finding, best first, for a
	// person to choose from. They type-check; Fix is the one that is proved.
	Alternatives []*edit.Fix
}

// A Sink is a call that formats one of its arguments deeply.
type Sink struct {
	Callee string // fmt.Sprintf, k8s.io/klog/v2.ErrorS
	Call   access.Pos
	Arg    int    // index into the call's arguments
	Chain  string // from the argument to the map: "(*spdy.connection).streams"
	// Wrappers say that Callee is a helper of the user's, and what it does.
	Wrappers []sinks.Wrapper
}
