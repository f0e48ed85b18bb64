package sinks

import "go/types"

// A shape is the signature of a method that formatters look for. Empty strings
// match any type.
type shape struct{ params, results []string }

// methodShapes are those methods, by name.
var methodShapes = map[string]shape{
	"Error":                {nil, []string{"string"}},
	"String":               {nil, []string{"string"}},
	"GoString":             {nil, []string{"string"}},
	"Format":               {[]string{"fmt.State", "rune"}, nil},
	"MarshalJSON":          {nil, []string{"[]byte", "error"}},
	"MarshalText":          {nil, []string{"[]byte", "error"}},
	"MarshalLog":           {nil, []string{""}},
	"LogValue":             {nil, []string{"log/slog.Value"}},
	"MarshalLogObject":     {[]string{"go.uber.org/zap/zapcore.ObjectEncoder"}, []string{"error"}},
	"MarshalLogArray":      {[]string{"go.uber.org/zap/zapcore.ArrayEncoder"}, []string{"error"}},
	"MarshalZerologObject": {[]string{"*github.com/rs/zerolog.Event"}, nil},
	"WriteText":            {[]string{"*bytes.Buffer"}, nil},
	"GetName":              {nil, []string{"string"}},
	"GetNamespace":         {nil, []string{"string"}},
	"DeepCopyObject":       {nil, []string{"k8s.io/apimachinery/pkg/runtime.Object"}},
}

// method returns the method of a value of type t that has the given name and
// the shape that goes with it; nil if there is none. The methods of *T do not
// count for T.
func method(t types.Type, name string) *types.Func {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	want, sig := methodShapes[name], fn.Signature()
	if matches(sig.Params(), want.params) && matches(sig.Results(), want.results) {
		return fn
	}
	return nil
}

// firstMethod returns the first of the named methods that t has.
func firstMethod(t types.Type, names ...string) *types.Func {
	for _, name := range names {
		if fn := method(t, name); fn != nil {
			return fn
		}
	}
	return nil
}

func matches(vars *types.Tuple, want []string) bool {
	if vars.Len() != len(want) {
		return false
	}
	for i, w := range want {
		if w == "" {
			continue
		}
		t := types.Unalias(vars.At(i).Type())
		if w == "rune" && types.Identical(t, types.Typ[types.Int32]) {
			continue
		}
		if types.TypeString(t, nil) != w {
			return false
		}
	}
	return true
}
