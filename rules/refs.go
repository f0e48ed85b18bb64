package rules

import (
	"errors"
	"fmt"
	"go/types"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/summarise"
)

// CheckRows returns an error for everything that a user's rows name and that is
// not there although its package is in the program: a row with a slip in it
// would never apply, and nobody would know. Packages that p does not import are
// not looked for, so that one file serves several programs.
func CheckRows(p *load.Program, file *known.File) error {
	var errs []error
	for _, ref := range file.Refs {
		var err error
		switch {
		case ref.Func != "":
			err = checkFunc(p, ref)
		case ref.Field != "":
			err = checkField(p, ref)
		default:
			_, err = lookup(p, ref.Type)
		}
		if err != nil && !errors.Is(err, errNotLoaded) {
			errs = append(errs, fmt.Errorf("%s: %w", ref.Where, err))
		}
	}
	return errors.Join(errs...)
}

var errNotLoaded = errors.New("the package is not in the program")

// lookup returns the package-level object "path.Name".
func lookup(p *load.Program, name string) (types.Object, error) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return nil, errNotLoaded
	}
	pkg := p.Package(name[:i])
	if pkg == nil || pkg.Types == nil {
		return nil, errNotLoaded
	}
	if obj := pkg.Types.Scope().Lookup(name[i+1:]); obj != nil {
		return obj, nil
	}
	return nil, fmt.Errorf("package %s declares no %s", name[:i], name[i+1:])
}

func checkFunc(p *load.Program, ref known.Ref) error {
	fn, err := function(p, ref.Func)
	if err != nil {
		return err
	}
	if ref.Wait != "" {
		other := ref.Func[:strings.LastIndexByte(ref.Func, '.')+1] + ref.Wait
		if _, err := function(p, other); err != nil {
			return err
		}
	}
	params := fn.Signature().Params()
	for _, i := range ref.Args {
		if i < 0 {
			continue // every argument, or the receiver
		}
		if i >= params.Len() {
			return fmt.Errorf("%s has no argument %d: it takes %d", ref.Func, i, params.Len())
		}
		typ := params.At(i).Type()
		if s, ok := typ.(*types.Slice); ok && fn.Signature().Variadic() && i == params.Len()-1 {
			typ = s.Elem()
		}
		if err := usable(fmt.Sprintf("argument %d of %s", i, ref.Func), typ, ref); err != nil {
			return err
		}
	}
	return nil
}

// usable returns an error if a value of the type cannot be what the row says.
func usable(what string, typ types.Type, ref known.Ref) error {
	iface, open := typ.Underlying().(*types.Interface)
	open = open && iface.NumMethods() == 0 || isTypeParam(typ)
	_, isFunc := typ.Underlying().(*types.Signature)
	_, isMap := typ.Underlying().(*types.Map)
	switch {
	case open || ref.Method == "*":
		return nil // any value may come
	case ref.Map && !isMap:
		return fmt.Errorf("%s is no map but a %s", what, typ)
	case ref.Map || isFunc:
		return nil
	case ref.Method == "":
		return fmt.Errorf("%s is no function but a %s: \"method\" says what is run of it", what, typ)
	}
	if obj, _, _ := types.LookupFieldOrMethod(typ, true, nil, ref.Method); obj == nil {
		return fmt.Errorf("%s is a %s, which has no method %s", what, typ, ref.Method)
	}
	return nil
}

func isTypeParam(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.TypeParam)
	return ok
}

// function returns the function or method of a name as tables have it.
func function(p *load.Program, name string) (*types.Func, error) {
	recv, method, isMethod := strings.Cut(strings.TrimPrefix(name, "("), ").")
	if !isMethod {
		obj, err := lookup(p, name)
		if err != nil {
			return nil, err
		}
		if fn, ok := obj.(*types.Func); ok {
			return fn, nil
		}
		return nil, fmt.Errorf("%s is no function", name)
	}
	typ, pointer := strings.CutPrefix(recv, "*")
	obj, err := lookup(p, typ)
	if err != nil {
		return nil, err
	}
	tn, ok := obj.(*types.TypeName)
	if !ok {
		return nil, fmt.Errorf("%s is no type", typ)
	}
	found, _, _ := types.LookupFieldOrMethod(tn.Type(), true, obj.Pkg(), method)
	fn, ok := found.(*types.Func)
	if !ok {
		return nil, fmt.Errorf("%s has no method %s", typ, method)
	}
	declared := summarise.FuncName(fn)
	if declared != name {
		verb := "is declared as"
		if pointer && types.IsInterface(tn.Type()) {
			verb = "is a method of an interface:"
		}
		return nil, fmt.Errorf("%s %s %s: write that", name, verb, declared)
	}
	return fn, nil
}

func checkField(p *load.Program, ref known.Ref) error {
	i := strings.LastIndexByte(ref.Field, '.')
	obj, err := lookup(p, ref.Field[:i])
	if err != nil {
		return err
	}
	st, ok := obj.Type().Underlying().(*types.Struct)
	if !ok {
		return fmt.Errorf("%s is no struct", ref.Field[:i])
	}
	for f := range st.Fields() {
		if f.Name() == ref.Field[i+1:] {
			return usable("the field "+ref.Field, f.Type(), ref)
		}
	}
	return fmt.Errorf("%s has no field %s", ref.Field[:i], ref.Field[i+1:])
}
