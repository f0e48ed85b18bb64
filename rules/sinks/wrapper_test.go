package sinks

import (
	"bytes"
	"encoding/gob"
	"go/ast"
	"slices"
	"testing"
)

const wrapperSrc = `package p

import (
	"fmt"
	"log"
)

func format(f string, args ...any)    { log.Printf("x: "+f, args...) }
func list(args ...any)                { log.Println(append([]any{"x"}, args...)...) }
func single(n int, v any)             { log.Print(n, v) }
func nested(args ...any)              { log.Print(args) }
func deep(f string, args ...any)      { format(f, args...) }
func text(v any) string               { return fmt.Sprint(v) }
func fails(f string, a ...any) error  { return fmt.Errorf(f, a...) }
func key(v any) bool                  { return fmt.Sprint(v) == "x" }
func typed(v *int)                    { log.Print(v) }
func address(v any)                   { log.Printf("%p %T", v, v) }
func other(v any)                     { log.Print(v); _ = v == nil }
func generic[T any](v T)              { log.Print(v) }
func unused(v any)                    {}
`

// TestWrappers shows what is found out about helpers, and that it survives being
// kept.
func TestWrappers(t *testing.T) {
	c := check(t, "p", "p.go", wrapperSrc)
	found := NewTable(unversioned).Wrappers(c.info, []*ast.File{c.file})
	got := make(map[string]Wrapper)
	for obj, ws := range found {
		if len(ws) != 1 {
			t.Errorf("%s: %d wrappers", obj.Name(), len(ws))
		}
		w := ws[0]
		w.How, w.Sink = Traversal{}, ""
		got[obj.Name()] = w
	}
	want := map[string]Wrapper{
		"format":  {Kind: Format, At: 0},
		"list":    {Kind: List, At: 0},
		"single":  {Kind: Single, At: 1},
		"nested":  {Kind: List, At: 0, Nested: true},
		"deep":    {Kind: Format, At: 0},
		"text":    {Kind: Single, At: 0, Text: true},
		"fails":   {Kind: Format, At: 0, Fails: true},
		"key":     {Kind: Single, At: 0, Data: true},
		"generic": {Kind: Single, At: 0},
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: got %+v, want %+v", name, got[name], w)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is no helper", name)
		}
	}
	for _, ws := range found {
		var b bytes.Buffer
		var back []Wrapper
		if err := gob.NewEncoder(&b).Encode(ws); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&b).Decode(&back); err != nil || !slices.Equal(back, ws) {
			t.Errorf("kept %v as %v: %v", ws, back, err)
		}
	}
}
