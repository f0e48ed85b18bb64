package sinks

const (
	klog2  = "k8s.io/klog/v2"
	logr   = "github.com/go-logr/logr"
	logrus = "github.com/sirupsen/logrus"
	zap    = "go.uber.org/zap"

	zapField = "go.uber.org/zap/zapcore.Field"
)

// klogRows: the f-forms and the plain forms are fmt's in every release. The
// structured forms fell back on %+v up to v2.90.1, on encoding/json since
// v2.100.1. There is no release between.
var klogRows = concat(
	classicKlog("k8s.io/klog"),
	classicKlog("github.com/golang/glog"),
	classicKlog(klog2),
	[]row{
		{pkg: klog2, recv: "-", names: with(klogLevels, "fDepth"), kind: printf, at: 1},
		{pkg: klog2, recv: "-", names: with(klogLevels, "lnDepth"), kind: list, at: 1},
		{pkg: klog2, recv: "Verbose", names: "InfofDepth", kind: printf, at: 1},
		{pkg: klog2, recv: "Verbose", names: "InfoDepth InfolnDepth", kind: list, at: 1},
		structuredKlog(row{recv: "- Verbose", names: "InfoS", at: 1}),
		structuredKlog(row{recv: "- Verbose", names: "InfoSDepth", at: 2}),
		structuredKlog(row{recv: "- Verbose", names: "ErrorS", at: 2, err: 1}),
		structuredKlog(row{recv: "Verbose", names: "Error", at: 2, err: 1}),
		structuredKlog(row{recv: "- Verbose", names: "ErrorSDepth", at: 3, err: 2}),
	},
)

// classicKlog returns what glog, klog and klog/v2 share.
func classicKlog(pkg string) []row {
	return []row{
		{pkg: pkg, recv: "-", names: with(klogLevels, "f"), kind: printf},
		{pkg: pkg, recv: "-", names: klogLevels + " " + with(klogLevels, "ln"), kind: list},
		{pkg: pkg, recv: "-", names: with(klogLevels, "Depth"), kind: list, at: 1},
		{pkg: pkg, recv: "Verbose", names: "Infof", kind: printf},
		{pkg: pkg, recv: "Verbose", names: "Info Infoln", kind: list},
	}
}

func structuredKlog(r row) row {
	r.pkg, r.kind = klog2, pairs
	r.family, r.before = KlogJSON, KlogText
	r.module, r.until = klog2, "v2.100.1"
	return r
}

// logrRows: Logger was an interface in old releases, with an InfoLogger beside it.
// Who formats is not known statically, so a value counts as walked only
// where funcr, zapr, klog and slog would all walk it: see [LogrAny].
var logrRows = []row{
	{pkg: logr, recv: "Logger InfoLogger", names: "Info", kind: pairs, at: 1, family: LogrAny},
	{pkg: logr, recv: "Logger", names: "Error", kind: pairs, at: 2, err: 1, family: LogrAny},
	{pkg: logr, recv: "Logger", names: "WithValues", kind: pairs, family: LogrAny, build: true},
}

// logrusRows: an entry keeps its fields as they are and formats them each time
// it is emitted, the default TextFormatter with fmt.Sprint.
var logrusRows = []row{
	{pkg: logrus, recv: logrusRecv, names: with(logrusLevels, "f"), kind: printf},
	{pkg: logrus, recv: logrusRecv, names: logrusLevels + " " + with(logrusLevels, "ln"), kind: list},
	{pkg: logrus, recv: logrusRecv, names: "Logf", kind: printf, at: 1},
	{pkg: logrus, recv: logrusRecv, names: "Log Logln", kind: list, at: 1},
	{pkg: logrus, recv: logrusRecv, names: "WithField", kind: single, at: 1, asJSON: LogrusJSON, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithFields", kind: fields, asJSON: LogrusJSON, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithError", kind: single, asJSON: LogrusJSON, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithContext WithTime", kind: plain, lazy: true, build: true},
}

const logrusRecv = "- Logger Entry FieldLogger StdLogger Ext1FieldLogger"

// zapRows: a Logger's fields are formatted by the call that takes them, or by
// With. Constructors stand as arguments of such a call nearly always, so they
// are taken to format where they are called.
var zapRows = []row{
	{pkg: zap, recv: "Logger", names: zapLevels + " Log", kind: plain},
	{pkg: zap, recv: "Logger", names: "With WithLazy Named", kind: plain, build: true},
	{pkg: zap, recv: "-", names: "Any", kind: single, at: 1, family: ZapAny, build: true},
	{pkg: zap, recv: "-", names: "Reflect", kind: single, at: 1, family: JSON, build: true},
	{pkg: zap, recv: "-", names: "Stringer Object Array NamedError", kind: single, at: 1, family: MethodOnly, build: true},
	{pkg: zap, recv: "-", names: "Error Inline", kind: single, family: MethodOnly, build: true},

	{pkg: zap, recv: "SugaredLogger", names: with(zapLevels, "f"), kind: printf},
	{pkg: zap, recv: "SugaredLogger", names: "Logf", kind: printf, at: 1},
	{pkg: zap, recv: "SugaredLogger", names: zapLevels + " " + with(zapLevels, "ln"), kind: list},
	{pkg: zap, recv: "SugaredLogger", names: "Log Logln", kind: list, at: 1},
	{pkg: zap, recv: "SugaredLogger", names: with(zapLevels, "w"), kind: pairs, at: 1, elem: zapField, family: ZapAny},
	{pkg: zap, recv: "SugaredLogger", names: "Logw", kind: pairs, at: 2, elem: zapField, family: ZapAny},
	{pkg: zap, recv: "SugaredLogger", names: "With", kind: pairs, elem: zapField, family: ZapAny, build: true},
	{pkg: zap, recv: "SugaredLogger", names: "WithLazy", kind: pairs, elem: zapField, family: ZapAny, lazy: true, build: true},
}
