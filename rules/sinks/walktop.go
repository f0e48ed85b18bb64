package sinks

import "go/types"

var (
	plainJSON = new(jsonRules)

	kubeJSON = &jsonRules{noObjects: true}

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

// fronts are the families that are not fmt's own.
var fronts = map[Family]front{
	JSON:          {json: plainJSON},
	KlogPlain:     {methods: []string{"String", "Error"}},
	KlogText:      {methods: []string{"String", "Error", "MarshalLog"}},
	KlogEarlyJSON: {methods: []string{"WriteText", "String", "Error", "MarshalLog"}, json: plainJSON},
	KlogJSON:      {methods: []string{"WriteText", "String", "Error", "MarshalLog", "LogValue"}, json: plainJSON},
	LogrAny:       {methods: []string{"Error"}, json: anyBackend},
	LogrZap:       {methods: []string{"MarshalLog", "LogValue", "MarshalLogObject", "MarshalLogArray", "Error", "String"}, json: plainJSON},
	LogrKube:      {methods: []string{"MarshalLog", "LogValue", "MarshalLogObject", "MarshalLogArray", "Error", "String"}, json: kubeJSON},
	ZapAny:        {methods: []string{"MarshalLogObject", "MarshalLogArray", "Error", "String"}, json: plainJSON},
	SlogText:      {methods: []string{"LogValue", "MarshalText"}},
	SlogJSON:      {methods: []string{"LogValue", "MarshalJSON", "Error"}, json: plainJSON},
	LogrusJSON:    {methods: []string{"Error"}, json: plainJSON},
	Zerolog:       {methods: []string{"MarshalZerologObject"}, json: plainJSON},
	ZerologFields: {methods: []string{"Error", "MarshalZerologObject"}, json: plainJSON},
	KitJSON:       {methods: []string{"MarshalJSON", "MarshalText", "Error", "String"}, json: plainJSON},
}

// methodOnly are the methods that field constructors call, of which a value
// has the one that its constructor's parameter asks for.
var methodOnly = []string{"MarshalLogObject", "MarshalLogArray", "MarshalZerologObject", "Error", "String"}

// top walks an argument of static type t.
func (w *walker) top(t types.Type, how Traversal) {
	p := start(t)
	nothing := func(types.Type, place) {}
	switch how.Family {
	case Fmt:
		w.fmtTop(t, p, how)
	case Spew:
		w.spewTop(t, p, how)
	case LogrFuncr:
		w.funcrValue(t, p)
	case HclogText:
		w.hclogValue(t, p)
	case KitText:
		w.kitValue(t, p)
	case MethodOnly:
		w.front(t, p, front{methods: methodOnly}, nothing)
	case PanicValue:
		w.front(t, p, front{methods: []string{"Error", "String"}}, nothing)
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

// fmtTop walks an operand of one directive.
func (w *walker) fmtTop(t types.Type, p place, how Traversal) {
	w.fmtArg(t, p, fmtState{
		verb:    how.Verb,
		sharpV:  how.Flags == "#",
		wraps:   how.Verb == 'w' && !how.Raw,
		redacts: how.Redacts,
		depth0:  true,
	})
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
	if f.json != nil && f.json.noObjects && isObject(t) {
		return
	}
	if fn := firstMethod(t, f.methods...); fn != nil {
		w.calls(fn, p)
		return
	}
	walk(t, p)
}
