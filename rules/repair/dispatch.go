package repair

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rules/summarise"
)

// This file names what is called without being named, for the graph of
// mentioners: methods by way of interfaces, and function values. A method called
// through an interface type is one of any type that has all methods of the
// interface, and a value that is called one of any function of that signature
// which is used as a value. That is class hierarchy analysis (Dean, Grove and
// Chambers, ECOOP 1995), with texts in the place of types: a package and its test
// variant have different objects for the same type.

// anyMethod is how methods of a name are called by code that is not looked at,
// which searches what it is given for them, whatever their signature.
func anyMethod(name string) string { return "." + name }

// methodLike is the same for methods with a signature, as method sets list them.
// Those whose signature depends on a type parameter have none.
func methodLike(text string) []string {
	name, _, _ := strings.Cut(text, " ")
	return []string{"." + text, anyMethod(name) + " " + genericUse}
}

// methodBy is how the method of a name is called through an interface type.
func methodBy(iface *types.Interface, name string) string {
	return anyMethod(name) + "\n" + summarise.MethodSet(iface)
}

// A function value whose type depends on a type parameter may be any, and a call
// of such a value may call any.
const (
	genericUse  = "func(used)"
	genericCall = "func(called)"
)

// valueOf returns what a call of a value of type t may come to.
func valueOf(t types.Type) []string {
	if sig := concreteSignature(t); sig != nil {
		return []string{summarise.TypeText(sig), genericUse}
	}
	return []string{genericCall, genericUse}
}

// usedAs returns how a function that is used as a value of type t may be called.
func usedAs(t types.Type) []string {
	if sig := concreteSignature(t); sig != nil {
		return []string{summarise.TypeText(sig), genericCall}
	}
	return []string{genericUse, genericCall}
}

// concreteSignature returns t as the type of functions, nil if it depends on a
// type parameter.
func concreteSignature(t types.Type) *types.Signature {
	if t == nil {
		return nil
	}
	sig, ok := t.Underlying().(*types.Signature)
	if !ok || generic(sig, 0) {
		return nil
	}
	return sig
}

// generic reports whether t is written with a type parameter, or too deep to tell.
func generic(t types.Type, depth int) bool {
	if depth > 10 {
		return true
	}
	depth++
	any := func(n int, at func(int) types.Type) bool {
		for i := range n {
			if generic(at(i), depth) {
				return true
			}
		}
		return false
	}
	switch t := types.Unalias(t).(type) {
	case *types.TypeParam:
		return true
	case *types.Named:
		return any(t.TypeArgs().Len(), t.TypeArgs().At)
	case *types.Signature:
		return t.TypeParams().Len() > 0 || generic(t.Params(), depth) || generic(t.Results(), depth)
	case *types.Tuple:
		return any(t.Len(), func(i int) types.Type { return t.At(i).Type() })
	case *types.Struct:
		return any(t.NumFields(), func(i int) types.Type { return t.Field(i).Type() })
	case *types.Interface:
		return any(t.NumExplicitMethods(), func(i int) types.Type { return t.ExplicitMethod(i).Type() }) ||
			any(t.NumEmbeddeds(), t.EmbeddedType)
	case *types.Union:
		return any(t.Len(), func(i int) types.Type { return t.Term(i).Type() })
	case *types.Map:
		return generic(t.Key(), depth) || generic(t.Elem(), depth)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		return generic(t.Elem(), depth)
	}
	return false
}

// called returns what a call may come to, as mentioners names it.
func called(info *types.Info, call *ast.CallExpr) []string {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok {
		return valueOf(info.TypeOf(call.Fun))
	}
	if isInterfaceMethod(fn) {
		sel, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		return []string{methodBy(interfaceOf(info, sel, fn), fn.Name())}
	}
	return []string{fn.Origin().FullName()}
}

// interfaceOf returns the interface type by which sel selects method fn, not only
// that which declares it: any hash.Hash has more than the Write of an io.Writer.
func interfaceOf(info *types.Info, sel *ast.SelectorExpr, fn *types.Func) *types.Interface {
	t := fn.Signature().Recv().Type()
	if sel != nil && info.Selections[sel] != nil {
		t = selectedBy(info.Selections[sel], t)
	}
	return t.Underlying().(*types.Interface)
}

// selectedBy returns the interface type that has the selected method: that of the
// operand, or of the field that is embedded last; else t.
func selectedBy(selection *types.Selection, t types.Type) types.Type {
	by := selection.Recv()
	if way := through(selection); len(way) > 0 {
		by = way[len(way)-1].Type()
	}
	if types.IsInterface(by) {
		return by
	}
	return t
}

// A dispatch collects the interface methods that are called and the types that
// have methods.
type dispatch struct {
	seen     map[string]bool // of wanted
	wanted   []wantedMethod
	concrete []map[string]hadMethod // by name, one for each type
	texts    map[string]string      // of the methods, by what mentioners calls them
	byMethod map[string][]int       // indices of concrete
	adapts   map[string]bool        // see adapt
}

// A wantedMethod is a method that is called through an interface.
type wantedMethod struct {
	key, name string
	iface     *types.Interface
}

// A hadMethod is a method of a type, its own or an embedded field's.
type hadMethod struct {
	name string // as mentioners has it
	line string // "" if it depends on type parameters
}

func newDispatch() *dispatch {
	return &dispatch{seen: make(map[string]bool), byMethod: make(map[string][]int), adapts: make(map[string]bool), texts: make(map[string]string)}
}

// file takes note of a file.
func (d *dispatch) file(info *types.Info, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if fn, ok := info.Uses[n.Sel].(*types.Func); ok && isInterfaceMethod(fn) {
				d.want(interfaceOf(info, n, fn), fn.Name())
			}
		case *ast.Ident:
			if obj, ok := info.Uses[n].(*types.TypeName); ok && !obj.IsAlias() {
				d.adapt(obj.Type())
			}
		case *ast.TypeSpec:
			if obj, ok := info.Defs[n.Name].(*types.TypeName); ok {
				d.have(obj.Type())
			}
		case *ast.StructType: // without a name, it may embed what has methods
			if t := info.TypeOf(n); t != nil {
				d.have(t)
			}
		}
		return true
	})
}

func (d *dispatch) want(iface *types.Interface, name string) {
	if key := methodBy(iface, name); !d.seen[key] {
		d.seen[key] = true
		d.wanted = append(d.wanted, wantedMethod{key, name, iface})
	}
}

// adapt takes note of a function type with methods, such as http.HandlerFunc: any
// of them may call the function.
func (d *dispatch) adapt(t types.Type) {
	sig := concreteSignature(t)
	if sig == nil || d.adapts[summarise.TypeText(sig)+types.TypeString(t, nil)] {
		return
	}
	d.adapts[summarise.TypeText(sig)+types.TypeString(t, nil)] = true
	methods := make(map[string]hadMethod)
	for m := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		fn := m.Obj().(*types.Func)
		methods[fn.Name()] = hadMethod{name: summarise.TypeText(sig), line: lineOf(fn)}
	}
	d.add(methods)
}

func (d *dispatch) have(t types.Type) {
	if types.IsInterface(t) {
		return
	}
	if !isPointer(t) {
		t = types.NewPointer(t)
	}
	methods := make(map[string]hadMethod)
	for m := range types.NewMethodSet(t).Methods() {
		fn := m.Obj().(*types.Func)
		had := hadMethod{name: fn.Origin().FullName(), line: lineOf(fn)}
		if isInterfaceMethod(fn) {
			iface := selectedBy(m, fn.Signature().Recv().Type()).Underlying().(*types.Interface)
			d.want(iface, fn.Name())
			had.name = methodBy(iface, fn.Name())
		}
		methods[fn.Name()] = had
		d.texts[had.name] = had.line
	}
	d.add(methods)
}

// add takes note of the methods of a type.
func (d *dispatch) add(methods map[string]hadMethod) {
	if len(methods) == 0 {
		return
	}
	for name := range methods {
		d.byMethod[name] = append(d.byMethod[name], len(d.concrete))
	}
	d.concrete = append(d.concrete, methods)
}

// lineOf returns a method as method sets list it, "" if its type depends on a type
// parameter.
func lineOf(fn *types.Func) string {
	if generic(fn.Signature().Params(), 0) || generic(fn.Signature().Results(), 0) {
		return ""
	}
	return summarise.MethodLine(fn)
}

// edges calls f for the methods that calls through interfaces may come to, and
// how they are called.
func (d *dispatch) edges(f func(method, by string)) {
	for _, w := range d.wanted {
		lines := make(map[string]string)
		for m := range w.iface.Methods() {
			lines[m.Name()] = lineOf(m)
		}
		for _, i := range d.byMethod[w.name] {
			if fits(d.concrete[i], lines) {
				f(d.concrete[i][w.name].name, w.key)
			}
		}
	}
}

// fits reports whether a type with methods have may have all that are wanted.
func fits(have map[string]hadMethod, wanted map[string]string) bool {
	for name, line := range wanted {
		had, ok := have[name]
		if !ok || line != "" && had.line != "" && line != had.line {
			return false
		}
	}
	return true
}

// anyOf reports whether one of names is in a set.
func anyOf(set map[string]bool, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[name] })
}
