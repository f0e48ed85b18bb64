package resolve

import (
	"go/ast"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
	"github.com/mapguard/mapguard/rules/witness"
)

// This file finds the value that was walked where no table knows the call: a
// helper of the user's that hands its arguments on to a logger, or a logger of
// another module. The stack shows that the call got there.

// forwarded returns, for a stack that ends in a walk by reflection, the calls
// of the user's that were given a value with a map in it: those of the
// innermost frame that has any.
func (p *Program) forwarded(s *witness.Stack) []candidate {
	if !slices.ContainsFunc(s.Frames, func(f witness.Frame) bool { return walksValues(witness.Split(f.Func).Pkg) }) {
		return nil
	}
	for i := 1; i < len(s.Frames); i++ {
		f := s.Frames[i]
		for _, pkg := range p.packages(witness.Split(f.Func), f) {
			if cs := p.given(pkg, s, i); len(cs) > 0 {
				return cs
			}
		}
	}
	return nil
}

// walksValues reports whether a package of the standard library walks the
// values that it is given.
func walksValues(pkg string) bool {
	return pkg == "reflect" || pkg == "internal/fmtsort" || pkg == "fmt" || strings.HasPrefix(pkg, "encoding/")
}

// given returns the arguments of the call at frame i, of the function of the
// frame above, that have a map in them which something writes. If the code has
// moved it is the nearest such call in the file.
func (p *Program) given(pkg *load.Package, s *witness.Stack, i int) []candidate {
	f := s.Frames[i]
	var out []candidate
	for _, file := range pkg.Syntax {
		if name := p.load.Fset.Position(file.Package).Filename; !sameFile(name, f.File) {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isCallOf(call, s.Frames[i-1].Func) {
				return true
			}
			start, end := p.load.Fset.Position(call.Pos()), p.load.Fset.Position(call.End())
			off := max(start.Line-f.Line, f.Line-end.Line, 0)
			if off > nearby || len(out) > 0 && out[0].off < off {
				return true
			}
			var here []candidate
			for arg, x := range call.Args {
				here = append(here, p.inside(pkg, call, arg, x, s, i)...)
			}
			for k := range here {
				if here[k].off = off; off > 0 {
					here[k].sure = Moved
				}
			}
			if len(here) > 0 && len(out) > 0 && off < out[0].off {
				out = nil
			}
			out = append(out, here...)
			return true
		})
	}
	return out
}

// isCallOf reports whether a call may be of the function that a stack names.
func isCallOf(call *ast.CallExpr, name string) bool {
	name = strings.TrimSuffix(witness.Split(name).Name, "-fm")
	name = name[strings.LastIndexByte(name, '.')+1:]
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) { // an explicit instance
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name == name
	case *ast.SelectorExpr:
		return fun.Sel.Name == name
	}
	return false
}

// inside returns the maps in one argument as candidates, those that something
// writes.
func (p *Program) inside(pkg *load.Package, call *ast.CallExpr, arg int, x ast.Expr, s *witness.Stack, i int) []candidate {
	walks, _ := p.footprints.Of(pkg.Info.TypeOf(x), sinks.Traversal{Family: sinks.Fmt, Verb: 'v', Flags: "+"})
	sym := witness.Split(s.Frames[i].Func)
	above := witness.Split(s.Frames[i-1].Func)
	var out []candidate
	for _, w := range walks {
		if w.Location.IsZero() || !slices.ContainsFunc(p.byMap[w.Location], func(t *link.Site) bool { return t.Op == access.Write }) {
			continue
		}
		paren := p.load.Fset.Position(call.Lparen)
		site := &link.Site{
			Op: access.Format, Loc: w.Location, Pkg: pkg.Path, Func: sym.Name, Pos: p.pos(call.Pos()),
			Sink: &summarise.Sink{
				Callee: above.Pkg + "." + above.Name, Arg: arg, Chain: w.Chain,
				Call: access.Pos{File: paren.Filename, Line: paren.Line, Column: paren.Column},
			},
		}
		out = append(out, candidate{site: site, loc: w.Location, frame: i, sure: Exact, alike: true, forwarded: true})
	}
	return out
}
