// Package rules finds and repairs maps that two goroutines use at once. It
// runs the pipeline
//
//	load -> summarise -> link -> judge -> repair -> prove -> emit
//
// whose steps are packages: rewrite/load, rules/summarise, rules/link,
// rules/judge, rules/repair, rewrite/prove and rewrite/emit. Crashes and race
// reports enter it at judge: rules/witness reads them, and rules/resolve says
// which accesses they are of.
//
// # Rule deepformat
//
// deepformat: report format calls that walk a map which another goroutine changes
//
// Formatting a value with fmt, a logger or testing's methods walks it by
// reflection, unexported maps included, and takes no lock on the way. When
// another goroutine writes such a map meanwhile, the runtime kills the process
// with "fatal error: concurrent map iteration and map write"; no recover
// catches it.
//
//	type conn struct {
//		mu      sync.Mutex
//		streams map[int]*stream // guarded by mu
//	}
//
//	log.Printf("closing %+v", c) // walks c.streams without c.mu
//
// The call is put right by printing the pointer, which is what tells two
// connections apart in a log anyway:
//
//	log.Printf("closing %p", c)
//
// What is walked depends on the verb, the logger and the logger's version: a
// structured logger that encodes to JSON never sees an unexported field, a
// String method is called in place of the walk, %p and %T walk nothing. A
// function that hands its parameters to a logger is one, at any depth. A logger
// that keeps a value formats it with the locks that are held where it emits, and
// one that is stored or passed on with none. What recover returns is what the
// program panics with. A new object that was given a map has that map walked.
// json.Marshal and expvar walk what they encode.
//
// Not reported: values that no other goroutine can know, maps that never
// change after construction, and calls made under the lock that guards the
// map.
//
// Fix safety: safe where the verb becomes %p, or the argument
// fmt.Sprintf("%p", x), and the text only goes to a log or an error message;
// where a map itself is printed and its lock stands beside it, a copy made under
// the lock is printed. A text that is a key, is compared or is returned is data:
// such a fix is left to a person. Other forms are listed as alternatives.
//
// # Rule sharedmap
//
// sharedmap: report maps that two goroutines use without a common lock
//
// Go's maps are not safe for concurrent use. Two goroutines that use one while
// at least one of them writes end the process with "fatal error: concurrent
// map writes" or its read and iteration variants; no recover catches it.
//
//	var seen = make(map[string]bool)
//
//	func handle(w http.ResponseWriter, r *http.Request) {
//		seen[r.URL.Path] = true // two requests at once end the process
//	}
//
// Put right:
//
//	var (
//		seenMu sync.Mutex // guards seen
//		seen   = make(map[string]bool)
//	)
//
//	func handle(w http.ResponseWriter, r *http.Request) {
//		seenMu.Lock()
//		seen[r.URL.Path] = true
//		seenMu.Unlock()
//	}
//
// A finding is a pair of accesses that two goroutines reach ("shown"), or an
// access that goes around the lock which guards the map elsewhere
// ("inferred"). With --evidence possible, maps that change after they are
// shared are listed too.
//
// A crash or race report given by the user makes a finding of what it names
// ("witnessed"), whatever the code seems to say.
//
// Not reported: accesses ordered by a WaitGroup, an errgroup or a channel,
// accesses before a value is shared, maps that only change during package
// initialisation or inside sync.Once, and maps that stay with one goroutine.
//
// Fix safety: a fix is safe if the edited program was type-checked with
// everything that imports it, was analysed again, and no access is left
// without the lock, no lock is taken twice, no value that holds a lock is
// copied, and nothing that may block stands in a new critical section.
package rules
