package summarise

import (
	"fmt"
	"go/types"
	"strings"
)

// TypeText returns a text that is the same for identical types and no others,
// whichever load of their packages they come from. types.TypeString is not: it
// has aliases as they are written, any and interface{}, byte and uint8 among them.
// Type parameters go by their names.
func TypeText(t types.Type) string {
	var b strings.Builder
	writeType(&b, t)
	return b.String()
}

func writeType(b *strings.Builder, t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		b.WriteString(types.Typ[t.Kind()].Name()) // byte is uint8
	case *types.Named:
		if pkg := t.Obj().Pkg(); pkg != nil {
			b.WriteString(pkg.Path() + ".")
		}
		b.WriteString(t.Obj().Name())
		for arg := range t.TypeArgs().Types() {
			b.WriteByte('[')
			writeType(b, arg)
			b.WriteByte(']')
		}
	case *types.Signature:
		b.WriteString("func(")
		writeTuple(b, t.Params(), t.Variadic())
		b.WriteByte(')')
		switch t.Results().Len() {
		case 0:
		case 1:
			b.WriteByte(' ')
			writeTuple(b, t.Results(), false)
		default:
			b.WriteString(" (")
			writeTuple(b, t.Results(), false)
			b.WriteByte(')')
		}
	case *types.Struct:
		b.WriteString("struct{")
		for i := range t.NumFields() {
			f := t.Field(i)
			fmt.Fprintf(b, "%s %t %q ", f.Id(), f.Embedded(), t.Tag(i))
			writeType(b, f.Type())
			b.WriteByte(';')
		}
		b.WriteByte('}')
	case *types.Interface:
		b.WriteString("interface{")
		for m := range t.Methods() { // all of them, in name order
			b.WriteString(m.Id() + " ")
			writeType(b, m.Type())
			b.WriteByte(';')
		}
		b.WriteByte('}')
	case *types.Map:
		b.WriteString("map[")
		writeType(b, t.Key())
		b.WriteByte(']')
		writeType(b, t.Elem())
	case *types.Array:
		fmt.Fprintf(b, "[%d]", t.Len())
		writeType(b, t.Elem())
	case *types.Chan:
		b.WriteString([...]string{types.SendRecv: "chan (", types.SendOnly: "chan<- (", types.RecvOnly: "<-chan ("}[t.Dir()])
		writeType(b, t.Elem())
		b.WriteByte(')')
	case *types.Pointer:
		b.WriteByte('*')
		writeType(b, t.Elem())
	case *types.Slice:
		b.WriteString("[]")
		writeType(b, t.Elem())
	default: // type parameters and unions
		b.WriteString(t.String())
	}
}

func writeTuple(b *strings.Builder, t *types.Tuple, variadic bool) {
	for i := range t.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		if variadic && i == t.Len()-1 {
			b.WriteString("..")
		}
		writeType(b, t.At(i).Type())
	}
}
