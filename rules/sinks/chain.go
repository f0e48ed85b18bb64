package sinks

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// Observe notes what one package says about the output of its loggers: a
// program that makes JSON handlers for slog, and no text handler, formats
// with encoding/json. Call it for every package before any Classify; without
// it, every logger is taken to have its default output.
func (t *Table) Observe(info *types.Info) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, obj := range info.Uses {
		if obj.Pkg() == nil {
			continue
		}
		for _, o := range outputs[obj.Pkg().Path()] {
			if !slices.Contains(strings.Fields(o.names), obj.Name()) {
				continue
			}
			if t.seen[o.logger] == nil {
				t.seen[o.logger] = make(map[Family]bool)
			}
			t.seen[o.logger][o.family] = true
		}
	}
}

// onlyOutput returns the one family of output that a logger was seen to have,
// 0 if there are none or several.
func (t *Table) onlyOutput(logger string) Family {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.seen[logger]) != 1 {
		return 0
	}
	for f := range t.seen[logger] {
		return f
	}
	return 0
}

// context says what stands around a call that makes a logger or a field.
// chained: its result is used on the spot, the receiver of a chain that ends
// in a call which emits the record:
//
//	log.WithField("conn", c).WithField("n", n).Info("done")
//
// deferred: it is an argument of a call that keeps fields unformatted:
//
//	log.WithLazy(zap.Any("conn", c))
func (t *Table) context(info *types.Info, call *ast.CallExpr) (chained, deferred bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chained[info] == nil {
		t.chains(info)
	}
	return t.chained[info][call], t.lazy[info][call]
}

// chains looks through a package for what context answers.
func (t *Table) chains(info *types.Info) {
	chained, lazy := make(map[*ast.CallExpr]bool), make(map[*ast.CallExpr]bool)
	t.chained[info], t.lazy[info] = chained, lazy
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
			_, r := t.lookup(info, call)
			if r == nil {
				return true
			}
			if r.kind == plain && r.lazy {
				for _, arg := range call.Args {
					if made, ok := ast.Unparen(arg).(*ast.CallExpr); ok {
						lazy[made] = true
					}
				}
			}
			if r.build {
				return true
			}
			for recv := receiver(call); recv != nil; recv = receiver(recv) {
				chained[recv] = true
			}
			return true
		})
	}
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
	Data         // encoded for another program to read
)

// Fate returns what becomes of the text that call makes.
func (t *Table) Fate(info *types.Info, call *ast.CallExpr) Fate {
	_, r := t.lookup(info, call)
	switch {
	case r == nil:
		return NoSink
	case r.data:
		return Data
	case r.text:
		return Text
	case r.fails:
		return Error
	case r.writer:
		return Written
	}
	return Emitted
}

// Makes reports whether call makes a logger or a field, for a later call to
// emit.
func (t *Table) Makes(info *types.Info, call *ast.CallExpr) bool {
	_, r := t.lookup(info, call)
	return r != nil && r.build
}

// TakesFormat reports whether call is a sink with a format.
func (t *Table) TakesFormat(info *types.Info, call *ast.CallExpr) bool {
	_, r := t.lookup(info, call)
	return r != nil && (r.kind == printf || r.kind == tail)
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
