package sinks

import (
	"go/ast"
	"go/types"
	"strings"
)

// An output says which handlers a program makes for a logger.
type output struct{ json, text bool }

// Observe notes what one package says about the output of its loggers: a
// program that makes JSON handlers for slog, and no text handler, formats
// with encoding/json. Call it for every package before any Classify; without
// it, slog and logrus are taken to print text, as they do by default.
func (t *Table) Observe(info *types.Info) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, obj := range info.Uses {
		if obj.Pkg() == nil {
			continue
		}
		names, ok := outputs[obj.Pkg().Path()]
		if !ok {
			continue
		}
		o := t.output[obj.Pkg().Path()]
		o.json = o.json || obj.Name() == names.json
		o.text = o.text || obj.Name() == names.text
		t.output[obj.Pkg().Path()] = o
	}
}

// onlyJSON reports whether the logger of pkg was seen to print JSON only.
func (t *Table) onlyJSON(pkg string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.output[pkg]
	return o.json && !o.text
}

// emitsAtOnce reports whether the logger that call returns is used on the
// spot: the receiver of a chain that ends in a call which emits the record.
//
//	log.WithField("conn", c).WithField("n", n).Info("done")
func (t *Table) emitsAtOnce(info *types.Info, call *ast.CallExpr) bool {
	t.mu.Lock()
	chained := t.chained[info]
	t.mu.Unlock()
	if chained == nil {
		chained = t.chains(info)
		t.mu.Lock()
		t.chained[info] = chained
		t.mu.Unlock()
	}
	return chained[call]
}

// chains returns the calls of a package whose result is the receiver of a
// chain that emits.
func (t *Table) chains(info *types.Info) map[*ast.CallExpr]bool {
	chained := make(map[*ast.CallExpr]bool)
	for node := range info.Scopes {
		file, ok := node.(*ast.File)
		if !ok {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if _, r := t.lookup(info, call); r == nil || r.build {
				return true
			}
			for recv := receiver(call); recv != nil; recv = receiver(recv) {
				chained[recv] = true
			}
			return true
		})
	}
	return chained
}

// receiver returns the call whose result is the receiver of call, nil if the
// receiver is no call.
func receiver(call *ast.CallExpr) *ast.CallExpr {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	recv, _ := ast.Unparen(sel.X).(*ast.CallExpr)
	return recv
}

// A Fate is what becomes of the text that a sink makes.
type Fate uint8

const (
	NoSink  Fate = iota
	Emitted      // printed or logged, here or by a later call
	Text         // the result of the call is the text
	Error        // the result of the call is an error with the text
	Written      // written to the io.Writer that is the first argument
)

// Fate returns what becomes of the text that call makes.
func (t *Table) Fate(info *types.Info, call *ast.CallExpr) Fate {
	_, r := t.lookup(info, call)
	switch {
	case r == nil:
		return NoSink
	case r.text:
		return Text
	case r.fails:
		return Error
	case r.writer:
		return Written
	}
	return Emitted
}

// TakesFormat reports whether call is a sink with a format.
func (t *Table) TakesFormat(info *types.Info, call *ast.CallExpr) bool {
	_, r := t.lookup(info, call)
	return r != nil && r.kind == printf
}

// isType reports whether t is the named type full, written pkg.Name.
func isType(t types.Type, full string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	i := strings.LastIndexByte(full, '.')
	return n.Obj().Pkg().Path() == full[:i] && n.Obj().Name() == full[i+1:]
}
