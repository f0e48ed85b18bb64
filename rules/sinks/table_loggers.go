package sinks

const (
	klog2   = "k8s.io/klog/v2"
	glog    = "github.com/golang/glog"
	logr    = "github.com/go-logr/logr"
	logrus  = "github.com/sirupsen/logrus"
	zap     = "go.uber.org/zap"
	zapcore = "go.uber.org/zap/zapcore"
	zerolog = "github.com/rs/zerolog"
	hclog   = "github.com/hashicorp/go-hclog"
	kit     = "github.com/go-kit/log"
	oldKit  = "github.com/go-kit/kit/log"
	apex    = "github.com/apex/log"

	zapField = zapcore + ".Field"
)

// An era says how klog's structured calls formatted values up to a release.
type era struct {
	until  string // "" for today's
	family Family
}

// klogEras, oldest first.
var klogEras = []era{
	{"v2.70.0", KlogPlain},
	{klogJSON, KlogText},
	{"v2.110.1", KlogEarlyJSON},
	{"", KlogJSON},
}

// klogJSON is the release in which the structured forms stopped to fall back
// on %+v. The one before it is v2.90.1.
const klogJSON = "v2.100.1"

// klogRows: the f-forms and the plain forms are fmt's in every release.
var klogRows = concat(
	classicKlog("k8s.io/klog"),
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
		structuredKlog(row{recv: "-", names: "ErrorSDepth", at: 3, err: 2}),
		{pkg: klog2, recv: "-", names: "LoggerWithValues", kind: pairs, at: 1, family: LogrAny, byOutput: true, of: logr, build: true},
		{pkg: klog2, recv: "-", names: "Format", kind: single, family: JSON, build: true},
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
	r.pkg, r.kind, r.family = klog2, pairs, Klog
	return r
}

// glogRows: the forms that klog, its fork, does not have.
var glogRows = concat(
	classicKlog(glog),
	[]row{
		{pkg: glog, recv: "-", names: with(klogLevels, "Depthf"), kind: printf, at: 1},
		{pkg: glog, recv: "-", names: with(klogLevels, "Contextf"), kind: printf, at: 1},
		{pkg: glog, recv: "-", names: with(klogLevels, "Context"), kind: list, at: 1},
		{pkg: glog, recv: "-", names: with(klogLevels, "ContextDepthf"), kind: printf, at: 2},
		{pkg: glog, recv: "-", names: with(klogLevels, "ContextDepth"), kind: list, at: 2},
		{pkg: glog, recv: "Verbose", names: "InfoDepthf InfoContextf", kind: printf, at: 1},
		{pkg: glog, recv: "Verbose", names: "InfoDepth InfoContext", kind: list, at: 1},
		{pkg: glog, recv: "Verbose", names: "InfoContextDepthf", kind: printf, at: 2},
		{pkg: glog, recv: "Verbose", names: "InfoContextDepth", kind: list, at: 2},
	},
)

// logrRows: Logger was an interface in old releases, with an InfoLogger beside
// it. Where the program does not say who formats, a value counts as walked only
// where funcr, zapr, klog and slog would all walk it: see [LogrAny].
var logrRows = []row{
	{pkg: logr, recv: "Logger", names: "Info", kind: pairs, at: 1, family: LogrAny, byOutput: true},
	{pkg: logr, recv: "Logger", names: "Error", kind: pairs, at: 2, err: 1, family: LogrAny, byOutput: true},
	{pkg: logr, recv: "Logger", names: "WithValues", kind: pairs, family: LogrAny, byOutput: true, build: true},
}

// logrusRows: an entry keeps its fields as they are and formats them each time
// it is emitted, the default TextFormatter with fmt.Sprint.
var logrusRows = []row{
	{pkg: logrus, recv: "- Logger Entry", names: with(logrusLevels, "f"), kind: printf},
	{pkg: logrus, recv: "- Logger Entry", names: logrusLevels + " " + with(logrusLevels, "ln"), kind: list},
	{pkg: logrus, recv: "Ext1FieldLogger", names: with("Trace", "f"), kind: printf}, // the rest is FieldLogger's
	{pkg: logrus, recv: "Ext1FieldLogger", names: "Trace Traceln", kind: list},
	{pkg: logrus, recv: "FieldLogger", names: with(fieldLevels, "f"), kind: printf},
	{pkg: logrus, recv: "FieldLogger", names: fieldLevels + " " + with(fieldLevels, "ln"), kind: list},
	{pkg: logrus, recv: "StdLogger", names: with("Print Fatal Panic", "f"), kind: printf},
	{pkg: logrus, recv: "StdLogger", names: "Print Fatal Panic " + with("Print Fatal Panic", "ln"), kind: list},
	{pkg: logrus, recv: "Logger Entry", names: "Logf", kind: printf, at: 1},
	{pkg: logrus, recv: "Logger Entry", names: "Log Logln", kind: list, at: 1},
	{pkg: logrus, recv: logrusRecv, names: "WithField", kind: single, at: 1, byOutput: true, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithFields", kind: fields, byOutput: true, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithError", kind: single, byOutput: true, lazy: true, build: true},
	{pkg: logrus, recv: logrusRecv, names: "WithContext WithTime", kind: plain, build: true},
}

const (
	logrusRecv  = "- Logger Entry FieldLogger"
	fieldLevels = "Debug Info Print Warn Warning Error Fatal Panic"
)

// zapRows: a Logger's fields are formatted by the call that takes them, or by
// With. Constructors stand as arguments of such a call nearly always, so they
// are taken to format where they are called.
var zapRows = []row{
	{pkg: zap, recv: "Logger", names: zapLevels + " Log", kind: plain},
	{pkg: zap, recv: "Logger", names: "With Named", kind: plain, build: true},
	{pkg: zap, recv: "Logger", names: "WithLazy", kind: plain, build: true, lazy: true},
	{pkg: zap, recv: "-", names: "Any", kind: single, at: 1, family: ZapAny, build: true},
	{pkg: zap, recv: "-", names: "Reflect", kind: single, at: 1, family: JSON, build: true},
	{pkg: zap, recv: "-", names: "Stringer Object Array NamedError", kind: single, at: 1, family: MethodOnly, build: true},
	{pkg: zap, recv: "-", names: "Error Inline", kind: single, family: MethodOnly, build: true},
	{pkg: zapcore, recv: "ObjectEncoder", names: "AddReflected", kind: single, at: 1, family: JSON},
	{pkg: zapcore, recv: "ArrayEncoder", names: "AppendReflected", kind: single, family: JSON},

	{pkg: zap, recv: "SugaredLogger", names: with(zapLevels, "f"), kind: printf},
	{pkg: zap, recv: "SugaredLogger", names: "Logf", kind: printf, at: 1},
	{pkg: zap, recv: "SugaredLogger", names: zapLevels + " " + with(zapLevels, "ln"), kind: list},
	{pkg: zap, recv: "SugaredLogger", names: "Log Logln", kind: list, at: 1},
	{pkg: zap, recv: "SugaredLogger", names: with(zapLevels, "w"), kind: pairs, at: 1, elem: zapField, family: ZapAny},
	{pkg: zap, recv: "SugaredLogger", names: "Logw", kind: pairs, at: 2, elem: zapField, family: ZapAny},
	{pkg: zap, recv: "SugaredLogger", names: "With", kind: pairs, elem: zapField, family: ZapAny, build: true},
	{pkg: zap, recv: "SugaredLogger", names: "WithLazy", kind: pairs, elem: zapField, family: ZapAny, lazy: true, build: true},
}

// zerologRows: an event or context formats each value when it is added.
var zerologRows = []row{
	{pkg: zerolog, recv: "Event Context", names: "Interface Any", kind: single, at: 1, family: Zerolog, build: true},
	{pkg: zerolog, recv: "Array", names: "Interface", kind: single, family: Zerolog, build: true},
	{pkg: zerolog, recv: "Event Context", names: "Fields", kind: fields, family: ZerologFields, build: true},
	{pkg: zerolog, recv: "Event Context", names: "Stringer AnErr Object", kind: single, at: 1, family: MethodOnly, build: true},
	{pkg: zerolog, recv: "Event Context", names: "EmbedObject", kind: single, family: MethodOnly, build: true},
	{pkg: zerolog, recv: "Event Context Logger Array", names: "Err", kind: single, family: MethodOnly, build: true},
	{pkg: zerolog, recv: "Event", names: "Msgf", kind: printf},
	{pkg: zerolog, recv: "Logger", names: "Printf", kind: printf},
	{pkg: zerolog, recv: "Logger", names: "Print Println", kind: list},
	{pkg: zerolog + "/log", recv: "-", names: "Printf", kind: printf},
	{pkg: zerolog + "/log", recv: "-", names: "Print", kind: list},
	{pkg: zerolog + "/log", recv: "-", names: "Err", kind: single, family: MethodOnly, build: true},
}

// hclogRows: With keeps its values as they are.
var hclogRows = []row{
	{pkg: hclog, recv: "Logger", names: hclogLevels, kind: pairs, at: 1, family: HclogText},
	{pkg: hclog, recv: "Logger", names: "Log", kind: pairs, at: 2, family: HclogText},
	{pkg: hclog, recv: "Logger", names: "With", kind: pairs, family: HclogText, lazy: true, build: true},
}

// WithSuffix came after the move.
var kitRows = concat(kitLog(kit, "With WithPrefix WithSuffix"), kitLog(oldKit, "With WithPrefix"))

// kitLog returns the rows of go-kit's logger, which has had two homes.
func kitLog(pkg, builders string) []row {
	return []row{
		{pkg: pkg, recv: "Logger", names: "Log", kind: pairs, family: KitText, byOutput: true, of: kit},
		{pkg: pkg, recv: "-", names: builders, kind: pairs, at: 1, family: KitText, byOutput: true, of: kit, lazy: true, build: true},
	}
}

// apexRows: fields are kept, errors are asked for their text at once.
var apexRows = []row{
	{pkg: apex, recv: apexRecv, names: with(apexLevels, "f"), kind: printf},
	{pkg: apex, recv: apexRecv, names: apexLevels, kind: plain},
	{pkg: apex, recv: apexRecv, names: "WithField", kind: single, at: 1, byOutput: true, lazy: true, build: true},
	{pkg: apex, recv: apexRecv, names: "WithFields", kind: fields, byOutput: true, lazy: true, build: true},
	{pkg: apex, recv: apexRecv, names: "WithError", kind: single, family: MethodOnly, build: true},
}

const apexRecv = "- Logger Entry Interface"
