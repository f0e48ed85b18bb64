package sinks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/mapguard/mapguard/rules/sinks/testdata/shapes"
)

// sinksProbed are ways of formatting that the standard library can show us.
var sinksProbed = func() map[string]probe {
	wrap, empty := "%w", "" // not constants: vet would complain, rightly
	probes := map[string]probe{
		"%w":      {Traversal{Family: Fmt, Verb: 'w'}, func(v any) string { return fmt.Errorf(wrap, v).Error() }},
		"raw %w":  {Traversal{Family: Fmt, Verb: 'w', Raw: true}, func(v any) string { return fmt.Sprintf(wrap, v) }},
		"Sprint":  {Traversal{Family: Fmt, Verb: 'v'}, func(v any) string { return fmt.Sprint(v) }},
		"surplus": {Traversal{Family: Fmt, Verb: 'v'}, func(v any) string { return fmt.Sprintf(empty, v) }},
		"json": {Traversal{Family: JSON}, func(v any) string {
			b, _ := json.Marshal(v)
			return string(b)
		}},
		"slog text": {Traversal{Family: SlogText}, func(v any) string {
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("", "value", v)
			return b.String()
		}},
		"slog json": {Traversal{Family: SlogJSON}, func(v any) string {
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Info("", "value", v)
			return b.String()
		}},
	}
	for _, verb := range "vsqdxXpTtcobOUeEfFgGzé" {
		for _, flags := range []string{"", "+", "#"} {
			d := "%" + flags + string(verb)
			probes[d] = probe{Traversal{Family: Fmt, Verb: verb, Flags: flags}, func(v any) string { return fmt.Sprintf(d, v) }}
		}
	}
	return probes
}()

// A probe formats a value for real.
type probe struct {
	how Traversal
	run func(any) string
}

// TestFootprints compares what the footprints say with what the standard
// library does, for every shape and every way of formatting.
func TestFootprints(t *testing.T) {
	pkg := checkShapes(t)
	fp := NewFootprints([]*types.Package{pkg})
	for _, name := range slices.Sorted(maps.Keys(shapes.All)) {
		obj := pkg.Scope().Lookup(name)
		if obj == nil {
			t.Errorf("no variable %s", name)
			continue
		}
		for _, sink := range slices.Sorted(maps.Keys(sinksProbed)) {
			p := sinksProbed[sink]
			want := shapes.Observed(p.run(shapes.All[name]))
			walks, methods := fp.Of(obj.Type(), p.how)
			if got := predicted(walks, methods); !slices.Equal(got, want) {
				t.Errorf("%s with %s: predicted %v, observed %v in %s", name, sink, got, want, p.run(shapes.All[name]))
			}
		}
	}
}

func predicted(walks []Walk, methods []Method) []string {
	seen := make(map[string]bool)
	for _, w := range walks {
		name := "self"
		if len(w.Steps) > 0 {
			name = w.Steps[len(w.Steps)-1].Name
		}
		seen[name] = true
	}
	for _, m := range methods {
		seen[m.Func.Name()+"()"] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// checkShapes type-checks the package whose values the test formats.
func checkShapes(t *testing.T) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "testdata/shapes/shapes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", nil)}
	pkg, err := conf.Check(reflect.TypeFor[shapes.Hidden]().PkgPath(), fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
