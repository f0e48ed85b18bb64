package sinks

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
)

// A classifier finds the formatted arguments of one call of a sink.
type classifier struct {
	info  *types.Info
	call  *ast.CallExpr
	row   *row
	how   Traversal
	wraps bool // %w works: the call is fmt.Errorf
	found []Arg
}

func (c *classifier) args() []Arg {
	if c.row.err > 0 && c.row.err <= len(c.call.Args) {
		c.add(c.row.err-1, Traversal{Family: Fmt, Verb: 'v'})
	}
	if c.row.at >= len(c.call.Args) {
		return c.found
	}
	switch c.row.kind {
	case printf:
		c.printf(c.row.at)
	case tail:
		c.printf(c.info.TypeOf(c.call.Fun).Underlying().(*types.Signature).Params().Len() - 2)
	case list:
		for i := c.row.at; i < len(c.call.Args); i++ {
			c.add(i, c.how)
		}
	case pairs:
		c.pairs()
	case single:
		c.add(c.row.at, c.how)
	case fields:
		c.fields()
	}
	return c.found
}

// add records that argument i is formatted, and returns its record.
func (c *classifier) add(i int, how Traversal) *Arg {
	e := c.call.Args[i]
	c.found = append(c.found, Arg{
		Index:  i,
		Expr:   e,
		Type:   c.info.TypeOf(e),
		How:    how,
		Spread: c.call.Ellipsis.IsValid() && i == len(c.call.Args)-1,
		Nested: c.row.nested,
	})
	return &c.found[len(c.found)-1]
}

// printf records the operands of the format that is argument at, once for each directive that
// formats them.
func (c *classifier) printf(at int) {
	if at >= len(c.call.Args) {
		return // the arguments are the results of another call
	}
	first := at + 1
	nargs := len(c.call.Args) - first
	format, ok := c.constant(c.call.Args[at])
	if !ok || c.call.Ellipsis.IsValid() {
		for i := first; i < len(c.call.Args); i++ {
			c.add(i, c.how)
		}
		return
	}
	directives, surplus := ParseFormat(format, nargs)
	src := newLiteral(c.info, c.call.Args[at])
	for _, d := range directives {
		if d.Arg < 0 {
			continue
		}
		how := c.how
		how.Verb, how.Flags = d.Verb, walkFlags(d)
		how.Raw = d.Verb == 'w' && !c.wraps
		a := c.add(first+d.Arg, how)
		a.Directive = d
		a.Pos, a.End = src.span(d.Start, d.End)
	}
	for _, n := range surplus {
		c.add(first+n, c.how).Surplus = true
	}
}

// walkFlags returns the flags of d that change what is walked or how reports
// name the directive.
func walkFlags(d Directive) string {
	var flags string
	for _, f := range []string{"+", "#"} {
		if strings.Contains(d.Flags, f) {
			flags += f
		}
	}
	return flags
}

// constant returns the value of a constant string.
func (c *classifier) constant(e ast.Expr) (string, bool) {
	v := c.info.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}

// pairs records the values of alternating keys and values.
func (c *classifier) pairs() {
	for i := c.row.at; i < len(c.call.Args); i++ {
		e := c.call.Args[i]
		last := i == len(c.call.Args)-1
		switch {
		case last && c.call.Ellipsis.IsValid():
			c.add(i, c.how)
		case c.row.elem != "" && isType(c.info.TypeOf(e), c.row.elem):
			// A field made by its own constructor.
		case c.row.elem != "" && !maybeKey(c.info.TypeOf(e)), last:
			c.add(i, c.how) // no key: printed as !BADKEY or "ignored"
		default:
			i++
			c.add(i, c.how)
		}
	}
}

// maybeKey reports whether a value of type t can be a string, or is not known.
func maybeKey(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0
	case *types.Interface:
		return true
	}
	return false
}

// fields records the values of a map of fields, or of a slice of keys and
// values. Beware: they share one index.
func (c *classifier) fields() {
	at := c.row.at
	lit, ok := ast.Unparen(c.call.Args[at]).(*ast.CompositeLit)
	if !ok {
		how := c.how
		how.Lazy = false // the map is copied at once; its values are of unknown types
		c.add(at, how).Fields = c.how
		return
	}
	for i, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok && i%2 == 1 {
			c.found = append(c.found, Arg{Index: at, Expr: elt, Type: c.info.TypeOf(elt), How: c.how})
		}
		if !ok {
			continue
		}
		c.found = append(c.found, Arg{Index: at, Expr: kv.Value, Type: c.info.TypeOf(kv.Value), How: c.how})
	}
}
