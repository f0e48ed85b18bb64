package sinks

import "strings"

// A kind says which arguments of a function are formatted.
type kind uint8

const (
	printf kind = iota + 1 // at is the index of the format; values follow
	tail                   // the format is the last parameter but one, wherever that is
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

	family   Family // 0 is Fmt with %v
	byOutput bool   // the output that the program makes for the logger decides, if it makes but one kind
	of       string // the logger whose output that is, if not pkg

	wraps   bool // %w works
	redacts bool // see Traversal

	lazy   bool // formatted when a later call emits it; plain: what its arguments make is
	text   bool // the formatted text is the result
	writer bool // the formatted text goes to the io.Writer that is argument 0
	fails  bool // the result is an error that carries the text
	build  bool // the result is a logger or a field, for a later call
	data   bool // the text is for another program to read

	helper   *Wrapper // the user helper that this is, nil if it is a library's function
	contract bool     // known by name and parameters only
	nested   bool     // list: the values are formatted as the slice that holds them
}

// logger returns the package whose outputs decide how r formats.
func (r *row) logger() string {
	if r.of != "" {
		return r.of
	}
	return r.pkg
}

// anyFormat is a name that stands for all functions whose own name ends in f.
const anyFormat = "*f"

// The levels of common loggers, as function names spell them.
const (
	klogLevels   = "Info Warning Error Fatal Exit"
	logrusLevels = "Trace Debug Info Print Warn Warning Error Fatal Panic"
	zapLevels    = "Debug Info Warn Error DPanic Panic Fatal"
	testLevels   = "Log Error Fatal Skip"
	apexLevels   = "Debug Info Warn Error Fatal"
	hclogLevels  = "Trace Debug Info Warn Error"
)

// with appends suffix to each of names.
func with(names, suffix string) string {
	return strings.ReplaceAll(names, " ", suffix+" ") + suffix
}

// rows are all sinks that we know.
var rows = concat(
	stdRows, jsonRows,
	klogRows, glogRows, logrRows, logrusRows, zapRows, zerologRows, hclogRows, kitRows, apexRows,
	spewRows, errorRows, testifyRows,
)

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
	{pkg: "fmt", recv: "-", names: "Errorf", kind: printf, wraps: true, fails: true},

	{pkg: "log", recv: "- Logger", names: "Printf Fatalf Panicf", kind: printf},
	{pkg: "log", recv: "- Logger", names: "Print Fatal Panic Println Fatalln Panicln", kind: list},

	slogRow(row{recv: "- Logger", names: "Debug Info Warn Error", kind: pairs, at: 1}),
	slogRow(row{recv: "- Logger", names: "DebugContext InfoContext WarnContext ErrorContext", kind: pairs, at: 2}),
	slogRow(row{recv: "- Logger", names: "Log", kind: pairs, at: 3}),
	slogRow(row{recv: "- Logger", names: "LogAttrs", kind: plain}),
	// The handlers of the standard library format at With, once.
	slogRow(row{recv: "- Logger", names: "With", kind: pairs, build: true}),
	slogRow(row{recv: "-", names: "Group", kind: pairs, at: 1, build: true}),
	slogRow(row{recv: "-", names: "Any", kind: single, at: 1, build: true}),
	slogRow(row{recv: "-", names: "AnyValue", kind: single, build: true}),
	slogRow(row{recv: "Record", names: "Add", kind: pairs, build: true}),

	// Sprintf runs always, even without -v. The methods of T, B and F are
	// those of an embedded common.
	{pkg: "testing", recv: "common TB", names: with(testLevels, "f"), kind: printf},
	{pkg: "testing", recv: "common TB", names: testLevels, kind: list},
}

func slogRow(r row) row {
	r.pkg, r.family, r.byOutput = "log/slog", SlogText, true
	if r.kind == pairs {
		r.elem = "log/slog.Attr"
	}
	return r
}

// jsonRows encode values for other programs; nothing but a copy will do there.
var jsonRows = []row{
	{pkg: "encoding/json", recv: "-", names: "Marshal MarshalIndent", kind: single, family: JSON, data: true},
	{pkg: "encoding/json", recv: "Encoder", names: "Encode", kind: single, family: JSON, data: true},
}

// errorRows are constructors of errors and of texts that end up in one.
var errorRows = []row{
	{pkg: "errors", recv: "-", names: "New", kind: plain, fails: true},

	{pkg: pkgErrors, recv: "-", names: "Errorf", kind: printf, fails: true},
	{pkg: pkgErrors, recv: "-", names: "Wrapf WithMessagef", kind: printf, at: 1, fails: true},
	{pkg: pkgErrors, recv: "-", names: "New Wrap WithMessage", kind: plain, fails: true},

	// Wherever the text may be sent to others, redact formats: see [Traversal].
	{pkg: roachErrors, recv: "-", names: "Newf Errorf AssertionFailedf", kind: printf, wraps: true, redacts: true, fails: true},
	{pkg: roachErrors, recv: "-", names: "NewWithDepthf AssertionFailedWithDepthf", kind: printf, at: 1, wraps: true, redacts: true, fails: true},
	{pkg: roachErrors, recv: "-", names: "Wrapf WithMessagef NewAssertionErrorWithWrappedErrf", kind: printf, at: 1, redacts: true, fails: true},
	{pkg: roachErrors, recv: "-", names: "WrapWithDepthf", kind: printf, at: 2, redacts: true, fails: true},
	{pkg: roachErrors, recv: "-", names: "WithHintf WithDetailf UnimplementedErrorf", kind: printf, at: 1, fails: true},
	{pkg: roachErrors, recv: "-", names: "New Wrap WithMessage WithHint WithDetail", kind: plain, fails: true},
}

const (
	pkgErrors   = "github.com/pkg/errors"
	roachErrors = "github.com/cockroachdb/errors"
)

// spewRows: only the verb v is spew's own, others are fmt's; see walkspew.go.
var spewRows = []row{
	{pkg: spew, recv: "- ConfigState", names: "Printf", kind: printf, family: Spew},
	{pkg: spew, recv: "- ConfigState", names: "Sprintf", kind: printf, family: Spew, text: true},
	{pkg: spew, recv: "- ConfigState", names: "Errorf", kind: printf, family: Spew, fails: true},
	{pkg: spew, recv: "- ConfigState", names: "Fprintf", kind: printf, at: 1, family: Spew, writer: true},
	{pkg: spew, recv: "- ConfigState", names: "Print Println Dump", kind: list, family: Spew},
	{pkg: spew, recv: "- ConfigState", names: "Sprint Sprintln Sdump", kind: list, family: Spew, text: true},
	{pkg: spew, recv: "- ConfigState", names: "Fprint Fprintln Fdump", kind: list, at: 1, family: Spew, writer: true},
}

const spew = "github.com/davecgh/go-spew/spew"

// testifyRows: what an assertion that fails prints behind its own words. The
// values that it compares are read in any case, which is no matter of format.
var testifyRows = []row{
	{pkg: "github.com/stretchr/testify/assert", recv: "- Assertions", names: anyFormat, kind: tail},
	{pkg: "github.com/stretchr/testify/require", recv: "- Assertions", names: anyFormat, kind: tail},
}

// An output is a way in which a program chooses how a logger prints.
type outputRow struct {
	names  string // of functions, types and fields of the package
	logger string // the package of the logger
	family Family
}

// outputs are those ways, by package.
var outputs = map[string][]outputRow{
	"log/slog": {
		{"NewJSONHandler", "log/slog", SlogJSON},
		{"NewTextHandler", "log/slog", SlogText},
	},
	logrus: {
		{"JSONFormatter", logrus, LogrusJSON},
		{"TextFormatter", logrus, Fmt},
	},
	"github.com/go-kit/log":                      {{"NewJSONLogger", kit, KitJSON}, {"NewLogfmtLogger", kit, KitText}},
	"github.com/go-kit/kit/log":                  {{"NewJSONLogger", kit, KitJSON}, {"NewLogfmtLogger", kit, KitText}},
	"github.com/apex/log/handlers/json":          {{"New", apex, JSON}},
	"github.com/apex/log/handlers/text":          {{"New", apex, Fmt}},
	"github.com/apex/log/handlers/cli":           {{"New", apex, Fmt}},
	"github.com/go-logr/logr/funcr":              {{"New NewJSON", logr, LogrFuncr}},
	logr:                                         {{"FromSlogHandler", logr, Slog}},
	"github.com/go-logr/stdr":                    {{"New NewWithOptions", logr, LogrFuncr}},
	"github.com/go-logr/zapr":                    {{"NewLogger NewLoggerWithOptions", logr, LogrZap}},
	"sigs.k8s.io/controller-runtime/pkg/log/zap": {{"New NewRaw", logr, LogrKube}},
	"k8s.io/klog/v2/klogr":                       {{"New NewWithOptions", logr, Klog}},
	"k8s.io/klog/v2/textlogger":                  {{"NewLogger", logr, Klog}},
	klog2:                                        {{"NewKlogr Background TODO FromContext", logr, Klog}},
}
