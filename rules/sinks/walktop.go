package sinks

import "go/types"

var (
	plainJSON = new(jsonRules)

	// anyBackend is what funcr, zapr, klog and slog have in common.
	anyBackend = &jsonRules{
		stops:       []string{"Error", "String", "MarshalLog", "LogValue", "MarshalJSON", "MarshalText"},
		noPromotion: true,
		noObjects:   true,
	}
)

// A front says which methods a logger tries on a value before it hands it to a
// general formatter, in order.
type front struct {
	methods []string
	json    *jsonRules // nil: fmt's %+v
}

// fronts are the families that are not fmt's own. Beware: klog's LogValue came
// with v2.110.1, MarshalLog with v2.70.0; earlier releases walk such values.
var fronts = map[Family]front{
	JSON:       {json: plainJSON},
	KlogText:   {methods: []string{"String", "Error", "MarshalLog"}},
	KlogJSON:   {methods: []string{"WriteText", "String", "Error", "MarshalLog", "LogValue"}, json: plainJSON},
	LogrAny:    {methods: []string{"Error"}, json: anyBackend},
	ZapAny:     {methods: []string{"MarshalLogObject", "MarshalLogArray", "Error", "String"}, json: plainJSON},
	SlogText:   {methods: []string{"LogValue", "MarshalText"}},
	SlogJSON:   {methods: []string{"LogValue", "MarshalJSON", "Error"}, json: plainJSON},
	LogrusJSON: {methods: []string{"Error"}, json: plainJSON},
}

// methodOnly are the methods that field constructors call, of which a value
// has the one that its constructor's parameter asks for.
var methodOnly = []string{"MarshalLogObject", "MarshalLogArray", "Error", "String"}

// top walks an argument of static type t.
func (w *walker) top(t types.Type, how Traversal) {
	p := start(t)
	switch how.Family {
	case Fmt:
		w.fmtArg(t, p, fmtState{
			verb:   how.Verb,
			sharpV: how.Flags == "#",
			wraps:  how.Verb == 'w' && !how.Raw,
			depth0: true,
		})
	case MethodOnly:
		w.front(t, p, front{methods: methodOnly}, func(types.Type, place) {})
	default:
		f := fronts[how.Family]
		w.front(t, p, f, func(t types.Type, p place) {
			if f.json != nil {
				w.jsonValue(t, p, jsonState{rules: f.json})
				return
			}
			w.fmtArg(t, p, fmtState{verb: 'v', depth0: true})
		})
	}
}

// front tries the methods of f on a value of type t, and walks on if it has
// none of them.
func (w *walker) front(t types.Type, p place, f front, walk func(types.Type, place)) {
	if isTypeParam(t) {
		return
	}
	if isInterface(t) {
		w.each(t, p, func(t types.Type, p place) { w.front(t, p, f, walk) })
		return
	}
	if fn := firstMethod(t, f.methods...); fn != nil {
		w.calls(fn, p)
		return
	}
	walk(t, p)
}
