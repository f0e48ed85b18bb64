// Package summarise reduces each function of a package to what the rest of the
// analysis needs to know of it: which maps it touches holding which locks,
// what it calls, which goroutines it starts and waits for.
//
// A summary mentions nothing but names and access paths in terms of the
// function's own parameters, so it can be made for one package at a time, in
// parallel, and kept: package link puts summaries together.
package summarise

import (
	"slices"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/sinks"
)

// A FuncID names a function across packages, test variants and runs:
// "path.F", "(*path.T).M", and for function literals their parent's ID with
// $1, $2 ... appended.
type FuncID string

// A Package is the summary of one package.
type Package struct {
	Path string
	// Partial says that callers of its exported functions are not all in the
	// program: nothing follows from those that are.
	Partial bool
	// Importable says that other modules can import it, and call its exported
	// functions whenever they like.
	Importable bool
	Funcs      []*Func
	Types      []*Type
	// Stored lists the functions that are stored in struct fields, to be
	// called through the field elsewhere.
	Stored []Stored
	// Taken lists the functions whose values are taken, for anyone to call.
	Taken []FuncID
	// Wrappers are the functions that format what they are given.
	Wrappers []sinks.Wrapper
}

// A Type is what dispatch and lock discipline need to know of a named type.
type Type struct {
	Pkg, Name string
	Methods   []Method      // of *T, promoted ones included, in name order
	Mutexes   []access.Step // its own fields that are locks: sync.Mutex, or anything with Lock and Unlock
	Guarded   []Guarded     // its maps that are declared as guarded by one of those
	Safe      bool          // documented as safe for concurrent use
	Map       bool          // it is a map
}

// A Guarded is a map that its declaration places under a mutex of the same
// struct: embedded, or above the map in one block of lines, the convention of
// the Go FAQ and of every style guide.
type Guarded struct {
	Field      string
	Mutex      access.Step
	RW         bool // it is a sync.RWMutex
	Documented bool // a comment says so
}

// A Method is one method of a type.
type Method struct {
	Name, Sig string // Sig is the signature with package-qualified types
	ID        FuncID
	Steps     []access.Step // from the receiver to the embedded field that promotes it
}

// A Stored records that a function is assigned to a field by the function In.
type Stored struct {
	Field  access.Step
	Target Target
	In     FuncID
}

// A Func is the summary of one function body.
type Func struct {
	ID       FuncID
	Pkg      string
	Name     string // as a stack trace shows it, without the package: (*T).M.func1
	Pos      access.Pos
	Params   []string // names, receiver first
	Exported bool     // can be called from other packages by name
	Init     bool     // package initialisation
	Test     bool     // in a _test.go file
	Succs    [][]int  // control flow: successors of each basic block
	Events   []Event  // in block order
	Results  [][]access.Path
	Locals   []Local
	Allocs   []access.Step // named struct types that it makes objects of; only Pkg and Type are set
	// Acquires and Releases are the locks of its parameters or of the package
	// that differ between entry and every normal return: lock wrappers.
	Acquires, Releases []access.Lock
}

// A Local describes a LocalVar root.
type Local struct {
	Name  string
	Pos   access.Pos
	IsVar bool // a declared variable that is a map
	Block int  // of Func.Succs, where it is made
}

// A Kind says what an Event is.
type Kind uint8

const (
	Access  Kind = iota + 1 // of a map
	Call                    // a call, in this goroutine
	Spawn                   // a goroutine starts, or is registered to be started
	Wait                    // until the goroutines of a group have signalled
	Signal                  // to whoever waits for the group
	Publish                 // a path becomes visible to other goroutines
	Block                   // a channel operation or select
	Acquire                 // a lock is taken: Lock
	Exit                    // a normal return
	Make                    // Path is made anew
	Alias                   // Path refers to Args[0][0] from now on
	Share                   // the map variable Path holds the map of Args[0][0] from now on
)

// An Event is one thing that a function does, at one point of its control flow.
type Event struct {
	Kind  Kind
	Block int // index into Func.Succs; Events of one block are in execution order
	Pos   access.Pos
	Locks []access.Lock // held for certain since the function began
	Keyed []access.Lock // those among them that a key has picked; not in Locks
	Lock  access.Lock   // Acquire
	// Gated says that something was received from a channel on every way here.
	Gated bool

	Path access.Path // Access: the map; Wait, Signal: the group; Publish: the object

	Stored bool // Publish: in a variable, not sent

	// Access
	Op      access.Op
	Loc     access.Location // set if the path is too vague to tell
	Aliased bool            // the map was taken out of its variable under a lock that is not held any more
	Remade  bool            // its variable was set to a new map before, by the same function
	Copied  access.Pos      // where this function copied the struct that holds the map, which leaves the map in common
	Sink    *Sink           // Format

	// Call and Spawn
	Paren   access.Pos      // the opening parenthesis
	Call    int             // numbers the calls of a function, for CallResult roots
	Text    string          // "go c.loop()", "mux.HandleFunc"
	Targets []Target        // what may be called; empty if unknown
	Args    [][]access.Path // receiver first; several paths if it may be either
	Fns     [][]Target      // functions passed as arguments, parallel to Args
	Once    bool            // runs at most once, before any other caller proceeds
	Unknown string          // describes a callee without a body here
	Blocks  string          // why the call may block, "" if it does not
	Here    bool            // a callee without a body here has run Fns when it returns

	// Spawn
	Multi bool        // may overlap itself
	Ends  bool        // has ended when the call returns
	Group access.Path // waited for through this; zero Root.Kind if not
	Last  bool        // Signal: nothing is touched after it
	Local bool        // Spawn: a go statement, not a registration
	Turns string      // Spawn: what has the same one here runs on one goroutine
	// Assumed: Spawn by a library of which nothing is known but that it keeps
	// the function.
	Assumed bool
}

// A Sink describes a formatting call that walks a map.
type Sink struct {
	Callee string
	Call   access.Pos // its opening parenthesis
	Arg    int
	Chain  string
	// Guarded says that a mutex stands beside the map, so that its package is
	// worth reading for a lock discipline.
	Guarded bool
	Note    string // which release of a logging library decides how it walks, ""
	Impl    string // the implementer assumed behind an interface, "" if none
	// Wrappers say that Callee is a helper of the user's, and what it does.
	Wrappers []sinks.Wrapper
}

// A TargetKind says how the callee of a call is known.
type TargetKind uint8

const (
	Static    TargetKind = iota + 1 // ID
	Interface                       // method Method of whatever has all of Iface
	FieldFunc                       // any function stored in Field
	ParamFunc                       // the function passed as parameter Index
	FreeFunc                        // the function in free variable Index
)

// A Target is something that may be called.
type Target struct {
	Kind   TargetKind
	ID     FuncID
	Free   [][]access.Path // Static function literals: what their free variables are bound to
	Fns    [][]Target      // the functions among those, parallel to Free; nil if there are none
	Recv   []access.Path   // Static bound methods: the receiver, which precedes the arguments; FieldFunc: the object
	Bound  bool            // Recv is set
	Method string          // Interface
	Iface  string          // Interface: its method set, see MethodSet
	Field  access.Step     // FieldFunc
	Index  int             // ParamFunc, FreeFunc
}

// HasAll reports whether t has every method of an interface, each written
// "name signature" as MethodSet does.
func (t *Type) HasAll(methods []string) bool {
	for _, w := range methods {
		if !slices.ContainsFunc(t.Methods, func(m Method) bool { return m.Name+" "+m.Sig == w }) {
			return false
		}
	}
	return true
}
