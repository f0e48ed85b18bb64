package summarise

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// FuncName returns the name that tables and summaries use for fn: "path.F" or
// "(*path.T).M" with T the origin of a generic type, without type arguments.
func FuncName(fn *types.Func) string {
	fn = fn.Origin()
	pkg := ""
	if fn.Pkg() != nil {
		pkg = fn.Pkg().Path() + "."
	}
	recv := fn.Signature().Recv()
	if recv == nil {
		return pkg + fn.Name()
	}
	t, star := recv.Type(), ""
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t, star = p.Elem(), "*"
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if t.Obj().Pkg() == nil { // error.Error
			return "(" + t.Obj().Name() + ")." + fn.Name()
		}
		return "(" + star + t.Obj().Pkg().Path() + "." + t.Obj().Name() + ")." + fn.Name()
	default:
		return "(" + pkg + "interface)." + fn.Name()
	}
}

// funcID returns the ID of an SSA function: that of the declared function
// behind instances, and of the parent with a suffix for function literals.
func funcID(fn *ssa.Function) FuncID {
	if o := fn.Origin(); o != nil {
		fn = o
	}
	if p := fn.Parent(); p != nil {
		_, n, _ := strings.Cut(fn.Name(), "$")
		if i := strings.LastIndexByte(n, '$'); i >= 0 {
			n = n[i+1:]
		}
		return funcID(p) + FuncID("$"+n)
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		if obj.Name() == "init" && obj.Signature().Recv() == nil {
			return FuncID(obj.Pkg().Path() + "." + fn.Name()) // init#1
		}
		return FuncID(FuncName(obj))
	}
	if fn.Pkg != nil {
		return FuncID(fn.Pkg.Pkg.Path() + "." + fn.Name())
	}
	return FuncID(fn.String())
}

// display returns fn's name as a stack trace shows it, without the package.
func display(fn *ssa.Function) string {
	if p := fn.Parent(); p != nil {
		n := fn.Name()
		return display(p) + ".func" + n[strings.LastIndexByte(n, '$')+1:]
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		if recv := obj.Signature().Recv(); recv != nil {
			t, star := recv.Type(), ""
			if p, ok := types.Unalias(t).(*types.Pointer); ok {
				t, star = p.Elem(), "*"
			}
			if n, ok := types.Unalias(t).(*types.Named); ok {
				if star != "" {
					return "(*" + n.Obj().Name() + ")." + obj.Name()
				}
				return n.Obj().Name() + "." + obj.Name()
			}
		}
		return obj.Name()
	}
	return fn.Name()
}

// fieldStep returns the step for field i of t, a struct or a pointer to one.
func fieldStep(t types.Type, i int) access.Step {
	t = types.Unalias(t)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		if tp, ok := t.(*types.TypeParam); ok {
			st, _ = typeParamStruct(tp)
		}
		if st == nil {
			return access.Step{Name: "?"}
		}
	}
	f := st.Field(i)
	step := access.Step{Name: f.Name()}
	if f.Pkg() != nil {
		step.Pkg = f.Pkg().Path()
	}
	switch f.Type().Underlying().(type) {
	case *types.Pointer, *types.Interface:
		step.Ptr = true
	}
	step.Type = "struct"
	if n, ok := t.(*types.Named); ok {
		step.Type = n.Obj().Name()
		if n.Obj().Pkg() != nil {
			step.Pkg = n.Obj().Pkg().Path()
		}
	}
	return step
}

// typeParamStruct returns the struct that every type in tp's constraint is.
func typeParamStruct(tp *types.TypeParam) (*types.Struct, bool) {
	iface, ok := tp.Constraint().Underlying().(*types.Interface)
	if !ok || iface.NumEmbeddeds() == 0 {
		return nil, false
	}
	st, ok := iface.EmbeddedType(0).Underlying().(*types.Struct)
	return st, ok
}

// signature returns a string that is equal for identical method signatures,
// whichever load of a package they come from.
func signature(sig *types.Signature) string {
	return types.TypeString(types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic()), nil)
}

func unnamed(t *types.Tuple) *types.Tuple {
	vars := make([]*types.Var, t.Len())
	for i := range vars {
		vars[i] = types.NewParam(0, nil, "", t.At(i).Type())
	}
	return types.NewTuple(vars...)
}

// MethodSet returns the names and signatures of an interface's methods, one a
// line, in name order.
func MethodSet(iface *types.Interface) string {
	var b strings.Builder
	for i := range iface.NumMethods() {
		b.WriteString(MethodLine(iface.Method(i)))
		b.WriteByte('\n')
	}
	return b.String()
}

// MethodLine returns the name and signature of a method as MethodSet has them.
func MethodLine(m *types.Func) string { return m.Name() + " " + TypeText(m.Signature()) }

// isMap reports whether t is a map, behind any number of names.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// isMaps reports whether t is a map, or leads to nothing else: a pointer to one,
// a slice of them.
func isMaps(t types.Type) bool {
	for range 4 {
		switch u := t.Underlying().(type) {
		case *types.Map:
			return true
		case *types.Pointer:
			t = u.Elem()
		case *types.Slice:
			t = u.Elem()
		case *types.Array:
			t = u.Elem()
		default:
			return false
		}
	}
	return false
}

// mutexKind reports whether t is sync.Mutex or sync.RWMutex, or a pointer to one.
func mutexKind(t types.Type) (rw, ok bool) {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != "sync" {
		return false, false
	}
	switch n.Obj().Name() {
	case "Mutex":
		return false, true
	case "RWMutex":
		return true, true
	}
	return false, false
}
