package rules

import (
	"context"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
)

// ExplainCalls says, for every formatting call on a line, what it walks and
// why it is or is not reported by deepformat. The text is for people. It is an
// error if no formatting call starts on the line. A nil lib is known.Default.
func ExplainCalls(ctx context.Context, p *load.Program, lib *known.Table, file string, line int) (string, error) {
	pkg, syntax := p.File(file)
	if pkg == nil || syntax == nil || pkg.Info == nil {
		return "", fmt.Errorf("%s is not in the packages that were loaded: name its package after the position", file)
	}
	a := newAnalysis(p, Config{Rules: []string{judge.DeepFormat}, Known: lib}, nil)
	found, err := a.find(ctx)
	if err != nil {
		return "", err
	}
	env := a.env()
	env.Sinks = env.Sinks.With(summarise.Helpers(a.summaryOf))
	x := &explainer{a: a, env: env, pkg: pkg, found: found, sites: a.link.Sites()}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && p.Fset.Position(call.Pos()).Line == line && x.env.Sinks.Callee(pkg.Info, call) != nil {
			x.call(call)
		}
		return true
	})
	if x.b.Len() == 0 {
		return "", fmt.Errorf("%s:%d: no call on this line formats anything that deepformat knows of", file, line)
	}
	return x.b.String(), nil
}

type explainer struct {
	a     *analysis
	env   *summarise.Env
	pkg   *load.Package
	found []*judge.Finding
	sites map[access.Location][]*link.Site
	b     strings.Builder
}

func (x *explainer) printf(format string, args ...any) { fmt.Fprintf(&x.b, format+"\n", args...) }

func (x *explainer) call(call *ast.CallExpr) {
	x.printf("%s", summarise.SinkName(x.env.Sinks.Callee(x.pkg.Info, call)))
	if note := x.env.Sinks.Note(x.pkg.Info, call); note != "" {
		x.printf("  %s", note)
	}
	args := x.env.Sinks.Classify(x.pkg.Info, call)
	if len(args) == 0 {
		x.printf("  formats none of its arguments")
	}
	for _, arg := range args {
		x.arg(call, arg)
	}
}

func (x *explainer) arg(call *ast.CallExpr, arg sinks.Arg) {
	x.printf("  %s of type %s is formatted as %s", types.ExprString(arg.Expr), types.TypeString(arg.Type, nil), arg.How)
	walks, methods := x.env.Footprints.OfArg(arg)
	for _, m := range methods {
		x.printf("    calls %s", summarise.FuncName(m.Func))
	}
	seen := make(map[access.Location]bool)
	for _, w := range walks {
		if seen[w.Location] {
			continue
		}
		seen[w.Location] = true
		x.printf("    walks %s: %s", w.Chain, x.verdict(call, w.Location))
	}
	deeper, _ := x.env.Footprints.Of(arg.Type, sinks.Traversal{Family: sinks.Fmt, Verb: 'v', Flags: "+"})
	for _, w := range deeper {
		if !seen[w.Location] {
			seen[w.Location] = true
			x.printf("    does not walk %s, as %%+v would", w.Chain)
		}
	}
	if len(walks)+len(methods)+len(deeper) == 0 {
		x.printf("    walks no map")
	}
}

// verdict says what the judge made of the call's walk of one map.
func (x *explainer) verdict(call *ast.CallExpr, loc access.Location) string {
	if loc.IsZero() {
		return "the argument itself; see the findings"
	}
	q := x.a.prog.Fset.Position(call.Pos())
	pos := access.Pos{File: q.Filename, Line: q.Line, Column: q.Column}
	for _, f := range x.found {
		if f.Rule == judge.DeepFormat && f.Pos == pos && f.Map == loc {
			return "reported (" + f.Evidence.String() + "): " + f.Why
		}
	}
	i := slices.IndexFunc(x.sites[loc], func(s *link.Site) bool { return s.Pos == pos && s.Op == access.Format })
	switch {
	case i < 0:
		return "not followed to an object that others know"
	case x.sites[loc][i].Exempt != "":
		return "not reported: " + x.sites[loc][i].Exempt
	case !slices.ContainsFunc(x.sites[loc], func(s *link.Site) bool { return s.Op.Writes() && s.Exempt == "" }):
		return "not reported: nothing that was read writes it once it is shared"
	case len(x.sites[loc][i].Locks) > 0:
		return "not reported: a lock is held at the call"
	}
	return "reported with another map of the same argument"
}
