package sinks

import (
	"fmt"
	"go/ast"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseFormat(t *testing.T) {
	tests := []struct {
		format  string
		nargs   int
		want    string // directive=operand, - for none
		surplus []int
	}{
		{"", 0, "", nil},
		{"plain", 1, "", []int{0}},
		{"%v %+v", 2, "%v=0 %+v=1", nil},
		{"100%% %v", 1, "%%=- %v=0", nil},
		{"%v", 0, "%v=-", nil},
		{"%v", 3, "%v=0", []int{1, 2}},
		{"%[2]v %[1]p", 2, "%[2]v=1 %[1]p=0", nil},
		{"%[2]v", 3, "%[2]v=1", nil}, // fmt does not look for surplus after an index
		{"%[5]v %v", 2, "%[5]v=- %v=0", nil},
		{"%-10.3f", 1, "%-10.3f=0", nil},
		{"%*d", 2, "%*d=1", nil},
		{"%.*f", 2, "%.*f=1", nil},
		{"%[2]*[1]d", 2, "%[2]*[1]d=0", nil},
		{"%[1]2d", 1, "%[1]2d=-", nil},
		{"%", 1, "", []int{0}},
		{"%é", 1, "%é=0", nil},
		{"é%v", 1, "%v=0", nil},
	}
	for _, tt := range tests {
		ds, surplus := ParseFormat(tt.format, tt.nargs)
		var got []string
		for _, d := range ds {
			operand := "-"
			if d.Arg >= 0 {
				operand = fmt.Sprint(d.Arg)
			}
			got = append(got, tt.format[d.Start:d.End]+"="+operand)
		}
		if strings.Join(got, " ") != tt.want || !slices.Equal(surplus, tt.surplus) {
			t.Errorf("ParseFormat(%q, %d) = %v, %v; want %s, %v", tt.format, tt.nargs, got, surplus, tt.want, tt.surplus)
		}
	}
}

// A recorder notes by which verbs fmt formats it.
type recorder struct {
	n   int
	log *[]string
}

func (r recorder) Format(_ fmt.State, verb rune) { *r.log = append(*r.log, entry(r.n, verb)) }

func entry(n int, verb rune) string { return fmt.Sprintf("%d:%c", n, verb) }

// TestParseFormatAgainstFmt compares random formats with fmt itself.
func TestParseFormatAgainstFmt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "%%%%vvds+-# 0*.[[]]1234é\\x"
	letters := []rune(alphabet)
	for range 200_000 {
		var b strings.Builder
		for range rnd.IntN(14) {
			b.WriteRune(letters[rnd.IntN(len(letters))])
		}
		format, nargs := b.String(), rnd.IntN(4)
		var want []string
		args := make([]any, nargs)
		for i := range args {
			args[i] = recorder{i, &want}
		}
		_ = fmt.Sprintf(format, args...)
		var got []string
		ds, surplus := ParseFormat(format, nargs)
		for _, d := range ds {
			if d.Arg >= 0 {
				got = append(got, entry(d.Arg, d.Verb))
			}
		}
		for _, n := range surplus {
			got = append(got, entry(n, 'v'))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q with %d operands: predicted %v, fmt did %v", format, nargs, got, want)
		}
	}
}

// TestSpan shows where directives stand in the source: a caret line under
// the format.
func TestSpan(t *testing.T) {
	tests := []struct{ format, want string }{
		{`"a %v b"`, "%v"},
		{`"\t\"%+v\"\n"`, "%+v"},
		{`"é\u00e9 %v"`, "%v"},
		{"`raw\n %v`", "%v"},
		{`"one " + "two %-10v"`, "%-10v"},
		{`"split %" + "v"`, ""},
		{`"\x25v"`, ""},
		{`prefix + "%v"`, "%v"},
		{`prefix + verb`, ""},
		{`("paren %v")`, "%v"},
	}
	for _, tt := range tests {
		src := "package p\nimport \"fmt\"\nconst prefix, verb = \"x\", \"%v\"\nvar _ = fmt.Sprintf(" + tt.format + ", 1)\n"
		c := check(t, "p", "p.go", src)
		var args []Arg
		ast.Inspect(c.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				args = append(args, NewTable(unversioned).Classify(c.info, call)...)
			}
			return true
		})
		if len(args) != 1 {
			t.Errorf("%s: %d arguments", tt.format, len(args))
			continue
		}
		got := ""
		if a := args[0]; a.Pos.IsValid() {
			got = src[c.fset.Position(a.Pos).Offset:c.fset.Position(a.End).Offset]
		}
		if got != tt.want {
			t.Errorf("%s: directive at %q, want %q", tt.format, got, tt.want)
		}
	}
}
