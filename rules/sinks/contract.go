package sinks

import (
	"go/types"
	"regexp"
	"strings"
)

var (
	formatName = regexp.MustCompile(`^(?i:log|print|trace|debug|info|notice|warn|warning|error|fatal|panic|critical)f$`)
	listName   = regexp.MustCompile(`^(?i:log|print|trace|debug|info|notice|warn|warning|error|fatal|panic|critical)(?i:ln)?$`)
)

// byContract returns the row of a function whose body we do not see, and whose
// name and parameters say that it prints: a method of a logger's interface, a
// function variable. nil if it is neither.
//
//	type Logger interface{ Infof(format string, args ...any) }
//	logf func(format string, args ...any)
func (t *Table) byContract(obj types.Object) *row {
	sig, ok := obj.Type().Underlying().(*types.Signature)
	if !ok || !sig.Variadic() || sig.Results().Len() > 0 {
		return nil
	}
	if fn, ok := obj.(*types.Func); ok && !isAbstract(fn) {
		return nil
	}
	n := sig.Params().Len()
	switch {
	case formatName.MatchString(obj.Name()) && takesFormat(sig):
		return &row{kind: printf, at: n - 2, data: prints(obj), contract: true}
	case !listName.MatchString(obj.Name()) || !isAny(sig.Params().At(n-1).Type().(*types.Slice).Elem()):
		return nil
	case n == 1:
		return &row{kind: list, data: prints(obj), contract: true}
	case takesFormat(sig) && !formatName.MatchString(obj.Name()):
		// A message, then keys and values: who formats them is not known.
		return &row{kind: pairs, at: n - 1, family: LogrAny, contract: true}
	}
	return nil
}

// prints reports whether a function is called Print or the like, which may well
// write a document rather than a log.
func prints(obj types.Object) bool {
	return strings.HasPrefix(strings.ToLower(obj.Name()), "print")
}

// isAbstract reports whether fn is a method of an interface.
func isAbstract(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && isInterface(recv.Type())
}

// isAny reports whether t is an interface without methods.
func isAny(t types.Type) bool {
	iface, ok := t.Underlying().(*types.Interface)
	return ok && iface.NumMethods() == 0 && !isTypeParam(t)
}
