package rules

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	vet "golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/facts"
	"github.com/mapguard/mapguard/rules/ignore"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/summarise"
)

// Analyzers are the rules for drivers that analyse one package at a time, such
// as "go vet", in name order. What a package and its dependencies can show is
// reported, by the lowest package that can; fixes are suggested where nothing
// outside of the package can make them wrong.
var Analyzers = []*vet.Analyzer{newAnalyzer(All[0]), newAnalyzer(All[1])}

// newAnalyzer returns the analyzer that reports what rule finds.
func newAnalyzer(rule *Rule) *vet.Analyzer {
	return &vet.Analyzer{
		Name:     rule.Name,
		Doc:      rule.Doc,
		Requires: []*vet.Analyzer{shared},
		Run: func(pass *vet.Pass) (any, error) {
			u := pass.ResultOf[shared].(*unit)
			return nil, whole(rule.Name, pass, func() error { return u.report(pass, rule.Name) })
		},
	}
}

// shared does the work for all rules: it summarises the package, links it with
// the facts of its imports, judges, and leaves a fact for importers.
var shared = &vet.Analyzer{
	Name:       "mapguard",
	Doc:        "mapguard: summarise what functions do with maps, for the rules of mapguard",
	FactTypes:  []vet.Fact{new(facts.Fact)},
	ResultType: reflect.TypeFor[*unit](),
	Run: func(pass *vet.Pass) (result any, err error) {
		u := &unit{}
		err = whole("mapguard", pass, func() error { return u.analyse(pass) })
		return u, err
	},
}

// whole runs part of an analysis. A panic is a bug of ours; it becomes an error
// that names the rule and the package, not the end of the driver.
func whole(rule string, pass *vet.Pass, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: internal error in %v: %v (please report this)\n%s", rule, pass.Pkg, r, firstFrames(debug.Stack()))
		}
	}()
	return do()
}

// A unit is the analysis of one package.
type unit struct {
	prog     *load.Program // nil if there is nothing to look at
	findings []*judge.Finding
}

// analyse fills in the findings, and exports the package's fact.
func (u *unit) analyse(pass *vet.Pass) error {
	if len(pass.Files) == 0 {
		return nil // the driver knows its declarations only
	}
	path := facts.Plain(pass.Pkg.Path())
	from := originOf(pass)
	// A package built again for the tests of another is imported by those only,
	// and tests are not looked at.
	if variant := strings.TrimPrefix(pass.Pkg.Path(), path); from == standard || variant != "" && variant != " ["+path+".test]" {
		return nil
	}
	imports := importedFacts(pass)
	var own *facts.Section
	var err error
	if from == ownCode {
		own, err = u.ownSection(pass, path, imports)
	} else if guardsMaps(pass.Pkg) {
		own, err = librarySection(pass, path, imports)
	}
	if err != nil {
		return err
	}
	var told []*facts.Fact
	for _, f := range imports {
		told = append(told, f.Fact)
	}
	pass.ExportPackageFact(facts.Merge(told, own, versionsOf(pass)))
	return nil
}

// An importedFact is the fact of an imported package.
type importedFact struct {
	Path string
	Fact *facts.Fact
}

// importedFacts returns the facts of a package's imports, in path order. The
// standard library has none.
func importedFacts(pass *vet.Pass) []importedFact {
	var out []importedFact
	for _, f := range pass.AllPackageFacts() {
		if fact, ok := f.Fact.(*facts.Fact); ok && f.Package != pass.Pkg {
			out = append(out, importedFact{facts.Plain(f.Package.Path()), fact})
		}
	}
	slices.SortFunc(out, func(a, b importedFact) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// direct returns the paths of those imports that are direct.
func direct(pkg *types.Package, imports []importedFact) []string {
	var out []string
	for _, imp := range pkg.Imports() {
		path := facts.Plain(imp.Path())
		if slices.ContainsFunc(imports, func(f importedFact) bool { return f.Path == path }) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ownSection analyses a package of the user's.
func (u *unit) ownSection(pass *vet.Pass, path string, imports []importedFact) (*facts.Section, error) {
	var told []*facts.Fact
	for _, f := range imports {
		told = append(told, f.Fact)
	}
	out := newOutside(path, told)
	if out.err != nil {
		return nil, out.err
	}
	prog, err := single(pass, path, out)
	if prog == nil || err != nil {
		return nil, err
	}
	a := newAnalysis(prog, Config{Evidence: judge.Inferred}, nil)
	a.outside = out
	findings, err := a.report(context.Background())
	if err != nil {
		return nil, err
	}
	if out.err != nil {
		return nil, out.err
	}
	for _, s := range a.skipped() {
		return nil, fmt.Errorf("%s: %s", s.Path, s.Errors[0])
	}
	u.prog, u.findings = prog, findings
	pkg := prog.Roots[0]
	p := &facts.Package{
		Summary: facts.Trim(a.summary(pkg), out.summaries()),
		Hidden:  hiddenTypes(pkg.Types, a.env().Footprints, false),
		Ignores: ignore.Ranges(prog),
		Panics:  typeNames(summarise.PanicTypes(prog.Roots)),
		Imports: direct(pkg.Types, imports),
	}
	for _, f := range a.found {
		if f.Evidence >= judge.Inferred {
			p.Reported = append(p.Reported, reportedAs(f))
		}
	}
	return seal(p, true)
}

func seal(p *facts.Package, own bool) (*facts.Section, error) {
	s, err := facts.Seal(p, own)
	return &s, err
}

// single returns the program of the pass's package, nil if it is all tests.
func single(pass *vet.Pass, path string, out *outside) (*load.Program, error) {
	module := &packages.Module{Main: true, GoVersion: strings.TrimPrefix(pass.Pkg.GoVersion(), "go")}
	if pass.Module != nil {
		module.Path = pass.Module.Path
	}
	return load.Single(load.Unit{
		Path: path, Fset: pass.Fset, Files: pass.Files, Types: pass.Pkg, Info: pass.TypesInfo, Sizes: pass.TypesSizes,
		Module: module, ModuleOf: out.moduleOf, ReadFile: pass.ReadFile,
	})
}

// librarySection summarises a package of a library, for the lock discipline of
// its maps.
func librarySection(pass *vet.Pass, path string, imports []importedFact) (*facts.Section, error) {
	out := newOutside(path, nil)
	prog, err := single(pass, path, out)
	if prog == nil || err != nil {
		return nil, err
	}
	a := newAnalysis(prog, Config{}, nil)
	a.outside = out
	sum := facts.TrimLibrary(summarise.Summarise(prog.Fset, prog.Roots[0], &summarise.Env{}))
	if sum == nil {
		return nil, nil
	}
	hidden := hiddenTypes(prog.Roots[0].Types, a.env().Footprints, true)
	return seal(&facts.Package{Summary: sum, Hidden: hidden, Imports: direct(prog.Roots[0].Types, imports)}, false)
}

// showsHere reports whether a finding is for this package to show: some of it
// happens here, and no dependency shows it already.
func (a *analysis) showsHere(f *judge.Finding) bool {
	at := a.here(f)
	if !at.IsValid() || a.outside.knows(a.prog, f) || !a.inferredHere(f) {
		return false
	}
	_, file := a.prog.File(at.File)
	return a.cfg.Generated || !ast.IsGenerated(file)
}

// inferredHere reports whether what a finding infers from two goroutines is all
// in this package. That they share one object is inferred from where objects of
// its type are made, which for types of other packages may be anywhere.
func (a *analysis) inferredHere(f *judge.Finding) bool {
	if f.Rule != judge.SharedMap || f.Evidence != judge.Inferred {
		return true
	}
	if len(f.Accesses) < 2 {
		return true // inferred from where the object is from
	}
	for _, acc := range f.Accesses {
		if len(acc.Goroutine) == 0 {
			return true // inferred from a lock
		}
		at := acc.Goroutine[0].Pos
		if !at.IsValid() && len(acc.Goroutine) > 1 {
			at = acc.Goroutine[1].Pos // the first says which function goes on
		}
		if pkg, _ := a.prog.File(at.File); pkg == nil || acc.Pkg != pkg.Path || f.Map.Pkg != pkg.Path {
			return false
		}
	}
	return true
}

// here returns where in this package a finding is to be seen: at its own
// position if that is here, else at one of its accesses, else where the package
// starts a goroutine that makes one.
func (a *analysis) here(f *judge.Finding) access.Pos {
	in := func(p access.Pos) bool {
		pkg, _ := a.prog.File(p.File)
		return pkg != nil
	}
	if in(f.Pos) {
		return f.Pos
	}
	for _, acc := range f.Accesses {
		if in(acc.Pos) {
			return acc.Pos
		}
	}
	for _, acc := range f.Accesses {
		for _, frame := range acc.Goroutine {
			if in(frame.Pos) {
				return frame.Pos
			}
		}
	}
	return access.Pos{}
}

// report reports the findings of one rule.
func (u *unit) report(pass *vet.Pass, rule string) error {
	for _, f := range u.findings {
		if f.Rule == rule {
			pass.Report(u.diagnostic(f))
		}
	}
	return nil
}

// diagnostic returns a finding as drivers present it. The accesses and what
// starts their goroutines are related information.
func (u *unit) diagnostic(f *judge.Finding) vet.Diagnostic {
	a := &analysis{prog: u.prog}
	d := vet.Diagnostic{Pos: u.pos(a.here(f)), Category: f.Evidence.String(), Message: f.Message}
	for _, acc := range f.Accesses {
		d.Related = append(d.Related, u.related(d.Pos, acc.Pkg, acc.Pos, fmt.Sprintf("%s in %s, holding %s", acc.Op, acc.Func, heldText(acc.Locks, acc.Keyed))))
		if len(acc.Goroutine) > 0 {
			start := acc.Goroutine[0]
			d.Related = append(d.Related, u.related(d.Pos, acc.Pkg, start.Pos, fmt.Sprintf("goroutine of that %s: %s", acc.Op, start.Text)))
		}
	}
	if fix := f.Fix; fix != nil && fix.Applicability == edit.Safe && len(fix.Edits) > 0 {
		// Drivers that apply fixes take the first; editors offer them all.
		for _, fix := range append([]*edit.Fix{fix}, f.Alternatives...) {
			d.SuggestedFixes = append(d.SuggestedFixes, vet.SuggestedFix{Message: fix.Title, TextEdits: u.edits(fix.Edits)})
		}
	}
	return d
}

// related returns a note at a position; at another, naming the file, if that
// one is in a dependency.
func (u *unit) related(instead token.Pos, pkg string, at access.Pos, text string) vet.RelatedInformation {
	if pos := u.pos(at); pos.IsValid() {
		return vet.RelatedInformation{Pos: pos, Message: text}
	}
	name := at.File[strings.LastIndexAny(at.File, `/\`)+1:]
	return vet.RelatedInformation{Pos: instead, Message: fmt.Sprintf("%s (%s/%s:%d:%d)", text, pkg, name, at.Line, at.Column)}
}

// pos returns a position in the package's files; not valid for any other.
func (u *unit) pos(at access.Pos) token.Pos {
	_, syntax := u.prog.File(at.File)
	if syntax == nil {
		return token.NoPos
	}
	file := u.prog.Fset.File(syntax.FileStart)
	if file.Name() != at.File || at.Line > file.LineCount() {
		return syntax.Package // made from another file, whose lines are not those of this one
	}
	return file.LineStart(at.Line) + token.Pos(at.Column-1)
}

// edits returns the edits of a fix as drivers want them.
func (u *unit) edits(edits []edit.TextEdit) []vet.TextEdit {
	var out []vet.TextEdit
	for _, e := range edits {
		_, syntax := u.prog.File(e.File)
		file := u.prog.Fset.File(syntax.FileStart)
		out = append(out, vet.TextEdit{Pos: file.Pos(e.Start), End: file.Pos(e.End), NewText: []byte(e.New)})
	}
	return out
}

// heldText names the locks held at an access.
func heldText(locks, keyed []access.Lock) string {
	var names []string
	for _, l := range locks {
		name := l.Path.String()
		if l.Path.Root.Kind == access.Unknown {
			name = l.ID.Short()
		}
		if l.Mode == access.Shared {
			name += " (for reading)"
		}
		names = append(names, name)
	}
	for _, l := range keyed {
		names = append(names, l.Path.String()+"(key)")
	}
	if len(names) == 0 {
		return "no lock"
	}
	return strings.Join(names, ", ")
}
