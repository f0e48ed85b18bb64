package sinks

import "strings"

// A kind says which arguments of a function are formatted.
type kind uint8

const (
	printf kind = iota + 1 // at is the index of the format; values follow
	list                   // the values from at on
	pairs                  // key, value, key, value from at on; an argument whose type is elem stands alone
	single                 // the one value at at
	fields                 // the map at at: its values
	plain                  // none: fields come ready made, the rest is text
)

// A row describes functions that format alike. Names and receivers are lists
// separated by spaces; the receiver "-" is a plain function.
type row struct {
	pkg   string
	recv  string
	names string

	kind kind
	at   int
	elem string // pairs: the type, as pkg.Name, of an argument that needs no key
	err  int    // 1 + the index of an error that is printed by its method

	family Family // 0 is Fmt with %v
	asJSON Family // family where the program gives this logger a JSON output and no other

	// Before release until of module, the family was before.
	module, until string
	before        Family

	lazy   bool // formatted when a later call emits it
	text   bool // the formatted text is the result
	writer bool // the formatted text goes to the io.Writer that is argument 0
	fails  bool // the result is an error that carries the text
	build  bool // the result is a logger or a field, for a later call
}

// The levels of common loggers, as function names spell them.
const (
	klogLevels   = "Info Warning Error Fatal Exit"
	logrusLevels = "Trace Debug Info Print Warn Warning Error Fatal Panic"
	zapLevels    = "Debug Info Warn Error DPanic Panic Fatal"
	testLevels   = "Log Error Fatal Skip"
)

// with appends suffix to each of names.
func with(names, suffix string) string {
	return strings.ReplaceAll(names, " ", suffix+" ") + suffix
}

// rows are all sinks that we know.
var rows = concat(stdRows, klogRows, logrRows, logrusRows, zapRows, errorRows)

func concat(tables ...[]row) []row {
	var all []row
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// stdRows are the sinks of the standard library.
var stdRows = []row{
	{pkg: "fmt", recv: "-", names: "Printf", kind: printf},
	{pkg: "fmt", recv: "-", names: "Print Println", kind: list},
	{pkg: "fmt", recv: "-", names: "Sprintf", kind: printf, text: true},
	{pkg: "fmt", recv: "-", names: "Sprint Sprintln", kind: list, text: true},
	{pkg: "fmt", recv: "-", names: "Fprintf", kind: printf, at: 1, writer: true},
	{pkg: "fmt", recv: "-", names: "Fprint Fprintln", kind: list, at: 1, writer: true},
	{pkg: "fmt", recv: "-", names: "Appendf", kind: printf, at: 1, text: true},
	{pkg: "fmt", recv: "-", names: "Append Appendln", kind: list, at: 1, text: true},
	{pkg: "fmt", recv: "-", names: "Errorf", kind: printf, fails: true},

	{pkg: "log", recv: "- Logger", names: "Printf Fatalf Panicf", kind: printf},
	{pkg: "log", recv: "- Logger", names: "Print Fatal Panic Println Fatalln Panicln", kind: list},

	{pkg: "log/slog", recv: "- Logger", names: "Debug Info Warn Error", kind: pairs, at: 1, elem: "log/slog.Attr", family: SlogText, asJSON: SlogJSON},
	{pkg: "log/slog", recv: "- Logger", names: "DebugContext InfoContext WarnContext ErrorContext", kind: pairs, at: 2, elem: "log/slog.Attr", family: SlogText, asJSON: SlogJSON},
	{pkg: "log/slog", recv: "- Logger", names: "Log", kind: pairs, at: 3, elem: "log/slog.Attr", family: SlogText, asJSON: SlogJSON},
	{pkg: "log/slog", recv: "- Logger", names: "LogAttrs", kind: plain},
	// The handlers of the standard library format at With, once.
	{pkg: "log/slog", recv: "- Logger", names: "With", kind: pairs, elem: "log/slog.Attr", family: SlogText, asJSON: SlogJSON, build: true},
	{pkg: "log/slog", recv: "-", names: "Group", kind: pairs, at: 1, elem: "log/slog.Attr", family: SlogText, asJSON: SlogJSON, build: true},
	{pkg: "log/slog", recv: "-", names: "Any", kind: single, at: 1, family: SlogText, asJSON: SlogJSON, build: true},
	{pkg: "log/slog", recv: "-", names: "AnyValue", kind: single, family: SlogText, asJSON: SlogJSON, build: true},

	// Sprintf runs always, even without -v. The methods of T, B and F are
	// those of an embedded common.
	{pkg: "testing", recv: "common TB T B F", names: with(testLevels, "f"), kind: printf},
	{pkg: "testing", recv: "common TB T B F", names: testLevels, kind: list},
}

// errorRows are constructors of errors and of texts that end up in one.
var errorRows = []row{
	{pkg: "github.com/pkg/errors", recv: "-", names: "Errorf", kind: printf, fails: true},
	{pkg: "github.com/pkg/errors", recv: "-", names: "Wrapf WithMessagef", kind: printf, at: 1, fails: true},
	{pkg: "github.com/pkg/errors", recv: "-", names: "New Wrap WithMessage", kind: plain, fails: true},
	{pkg: "errors", recv: "-", names: "New", kind: plain, fails: true},
}

// outputs says by which names a program chooses the output of a logger.
var outputs = map[string]struct{ json, text string }{
	"log/slog":                   {"NewJSONHandler", "NewTextHandler"},
	"github.com/sirupsen/logrus": {"JSONFormatter", "TextFormatter"},
}
