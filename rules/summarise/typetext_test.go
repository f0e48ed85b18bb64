package summarise

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// TypeText is equal for what go/types holds to be identical, and for nothing else.
func TestTypeText(t *testing.T) {
	const src = `package p

type named struct{}
type alias = named
type other struct{}
type list[T any] struct{ v T }
type str interface{ String() string }

var (
	_ func(byte, ...any) rune
	_ func(uint8, ...interface{}) int32
	_ func(uint8, []any) int32
	_ func(alias)
	_ func(named)
	_ func(other)
	_ func(*named)
	_ func([]named)
	_ func([2]named)
	_ func([3]named)
	_ func(map[string]named)
	_ func(map[named]string)
	_ func(chan int)
	_ func(<-chan int)
	_ func(chan<- int)
	_ func(list[int], list[string])
	_ func(list[string], list[int])
	_ func() (int, error)
	_ func(int) error
	_ func(interface{ String() string })
	_ func(interface{ str })
	_ func(str)
	_ func(struct{ a, b int })
	_ func(struct{ a int; b int })
	_ func(struct{ b, a int })
	_ func(struct{ named })
	_ func(struct{ named named })
	_ func(struct{ a, b int "tag" })
	_ func(func(int) func(), string)
	_ func(func(int), func(string))
)
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	conf := types.Config{Importer: importer.Default()}
	if _, err := conf.Check("p", fset, []*ast.File{file}, info); err != nil {
		t.Fatal(err)
	}
	var all []types.Type
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			all = append(all, info.TypeOf(spec.Type))
		}
		return true
	})
	same := 0
	for _, a := range all {
		for _, b := range all {
			if got, want := TypeText(a) == TypeText(b), types.Identical(a, b); got != want {
				t.Errorf("%s and %s have equal texts: %t, want %t", a, b, got, want)
			} else if got {
				same++
			}
		}
	}
	if same == len(all) {
		t.Error("no two types are the same")
	}
}
