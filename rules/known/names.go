package known

import (
	"slices"
	"strings"
)

// registering lists how the names of functions begin that keep a function they
// are given and run it later, on a goroutine of their own.
var registering = []string{
	"Subscribe", "QueueSubscribe", "Handle", "Register", "On", "Notify", "Listen", "Serve", "Watch",
	"AddHandler", "AddListener", "AddCallback", "AddHook", "AddObserver", "AddEventHandler", "AddFunc",
	"SetHandler", "SetCallback", "SetOn", "Schedule", "Every", "Enqueue", "Submit", "Consume",
}

// Keeps reports whether the named function of another module keeps functions
// that it is given and runs them later on goroutines of its own, going by its
// name. The standard library is in the rows where it does.
func (t *Table) Keeps(name string) bool {
	if t.Here(name) || !t.foreign(PackageOf(name)) {
		return false
	}
	base := name[strings.LastIndexByte(name, '.')+1:]
	return slices.ContainsFunc(registering, func(word string) bool { return begins(base, word) })
}

// begins reports whether a name in mixed caps begins with a word.
func begins(name, word string) bool {
	rest, ok := strings.CutPrefix(name, word)
	return ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z')
}

// Serves reports whether the name of a field or function of another module says
// that it takes handlers, which servers run many of at a time.
func Serves(name string) bool {
	return strings.Contains(name[strings.LastIndexByte(name, '.')+1:], "Handle")
}

// RunsCommand reports whether a struct type is a command of a command line,
// whose functions run one after another on the goroutine of main.
func RunsCommand(typ string) bool { return strings.HasSuffix(typ, "Command") }

// KeepsField reports whether functions stored in fields of a struct type of
// that package are run by it later.
func (t *Table) KeepsField(pkg string) bool { return t.foreign(pkg) }

// foreign reports whether a package is of another module that may start
// goroutines: not standard, and not known to work on the caller's goroutine.
func (t *Table) foreign(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	if !t.names || !strings.Contains(first, ".") {
		return false
	}
	for _, m := range t.modules {
		if rest, ok := strings.CutPrefix(pkg, m); ok && (rest == "" || rest[0] == '/' || rest[0] == '.') {
			return false
		}
	}
	return true
}

// method returns the name of another method of the receiver of the named one.
func method(name, other string) string {
	return name[:strings.LastIndexByte(name, '.')+1] + other
}
