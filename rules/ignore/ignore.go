// Package ignore lets a person say that a finding is no bug.
//
// A directive holds a finding back if it covers the finding's position, either
// of its two accesses, or the declaration of the map. What a directive says
// about nothing is itself a finding, of the rule named here: an ignore that
// has outlived its reason would hide the next bug at that place.
package ignore

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/types"
	"slices"
	"strings"
	"sync"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// Name is the Rule of the findings about directives.
const Name = "ignore"

// Summary and Doc describe it as those of a rule do.
const (
	Summary = "report ignore directives without a reason or without effect"
	Doc     = `ignore: report ignore directives without a reason or without effect

A finding that is no bug, or one that will not be mended now, is held back by

	//mapguard:ignore RULE reason

on the line above, or at the end of the line, of the finding or of one of its
two accesses. Above a declaration (function, type, field, variable) or at the
end of its first line it covers all that is declared there; on the declaration
of a map it covers every use of that map.

The reason is for the next reader, and has to be there. A directive that names
no rule there is, or that holds nothing back any more, is reported as well:

	//mapguard:ignore sharedmap filled by init only // "suppresses nothing"
	var table = map[string]int{"a": 1}

Not reported: directives for a rule that this run does not apply; directives
without effect when only some packages of the module were loaded, or when the
package could not be analysed, since the rest might give them one.

Fix safety: there is no fix. Delete the directive, or write the reason.`
)

// Apply returns the findings that no directive holds back, and findings about
// the directives themselves. known are the rules there are, active those that
// made the findings.
func Apply(p *load.Program, findings []*judge.Finding, known, active []string) (kept, problems []*judge.Finding) {
	all := directives(p)
	if len(all) == 0 {
		return findings, nil
	}
	for _, f := range findings {
		places := places(p, f)
		held := false
		for _, d := range all {
			if d.rule == f.Rule && slices.ContainsFunc(places, d.covers) {
				d.used, held = true, true
			}
		}
		if !held {
			kept = append(kept, f)
		}
	}
	whole := sync.OnceValue(func() bool { return wholeModules(p) })
	seen := make(map[string]int)
	for _, d := range all {
		if message := d.problem(known, active, whole); message != "" && d.checked {
			problems = append(problems, d.finding(message, seen))
		}
	}
	slices.SortFunc(problems, func(x, y *judge.Finding) int {
		if x.Pos == y.Pos {
			return cmp.Compare(x.ID, y.ID)
		} else if x.Pos.Less(y.Pos) {
			return -1
		}
		return 1
	})
	return kept, problems
}

// places returns where a directive holds back a finding.
func places(p *load.Program, f *judge.Finding) []access.Pos {
	out := []access.Pos{f.Pos, declaration(p, f.Map)}
	for _, a := range f.Accesses {
		out = append(out, a.Pos)
	}
	return out
}

// A Range is a directive and the lines that it covers.
type Range struct {
	Rule, File string
	From, To   int
}

// Ranges returns the directives of the user's packages in p.
func Ranges(p *load.Program) []Range {
	var out []Range
	for _, d := range directives(p) {
		out = append(out, Range{d.rule, d.pos.File, d.from, d.to})
	}
	return out
}

// Covers reports whether directives, of packages that p knows by their
// declarations only, hold back a finding.
func Covers(p *load.Program, f *judge.Finding, ranges []Range) bool {
	if len(ranges) == 0 {
		return false
	}
	places := places(p, f)
	return slices.ContainsFunc(ranges, func(r Range) bool {
		d := directive{pos: access.Pos{File: r.File}, from: r.From, to: r.To}
		return r.Rule == f.Rule && slices.ContainsFunc(places, d.covers)
	})
}

// problem says what is wrong with a directive, "" if nothing is.
func (d *directive) problem(known, active []string, whole func() bool) string {
	switch {
	case d.rule == "":
		return "ignore names no rule: write //mapguard:ignore RULE reason"
	case !slices.Contains(known, d.rule):
		return fmt.Sprintf("ignore names an unknown rule %s: there are %s", d.rule, strings.Join(known, ", "))
	case d.reason == "":
		return fmt.Sprintf("ignore of %s gives no reason: write it after the rule", d.rule)
	case !d.used && slices.Contains(active, d.rule) && whole():
		return fmt.Sprintf("ignore of %s suppresses nothing: delete it", d.rule)
	}
	return ""
}

// finding makes a finding of a problem. Its ID survives edits elsewhere; seen
// counts directives that read the same.
func (d *directive) finding(message string, seen map[string]int) *judge.Finding {
	key := d.pkg + "\x00" + d.rule + "\x00" + d.reason
	seen[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
	return &judge.Finding{
		ID:       fmt.Sprintf("I-%x", sum[:4]),
		Rule:     Name,
		Evidence: judge.Shown,
		Message:  message,
		Pos:      d.pos,
	}
}

// declaration returns where a location is declared; it is not valid for one
// that is not in the program.
func declaration(p *load.Program, loc access.Location) access.Pos {
	if loc.Kind == access.Local {
		return loc.Pos
	}
	for _, pkg := range p.All {
		if pkg.Path != loc.Pkg || pkg.Types == nil {
			continue
		}
		if obj := lookup(pkg.Types, loc); obj != nil {
			at := p.Fset.Position(obj.Pos())
			return access.Pos{File: at.Filename, Line: at.Line, Column: at.Column}
		}
	}
	return access.Pos{}
}

// lookup returns the variable that a field or global location names, or nil.
func lookup(pkg *types.Package, loc access.Location) types.Object {
	if loc.Kind == access.Global {
		return pkg.Scope().Lookup(loc.Name)
	}
	owner := pkg.Scope().Lookup(loc.Owner)
	if owner == nil {
		return nil
	}
	st, ok := owner.Type().Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for f := range st.Fields() {
		if f.Name() == loc.Name {
			return f
		}
	}
	return nil
}
