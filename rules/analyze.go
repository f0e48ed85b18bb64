package rules

import (
	"bytes"
	"context"
	"fmt"
	"go/types"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/ignore"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/resolve"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
	"github.com/mapguard/mapguard/rules/witness"
)

// A Config says what to look for.
type Config struct {
	Rules     []string       // names; none means all
	Evidence  judge.Evidence // the weakest that is wanted; zero means all
	Tests     bool           // look at test files too
	Generated bool           // report what is found in generated files
	Known     *known.Table   // what is known of libraries; nil means known.Default
	RWMutex   bool           // new locks are of type sync.RWMutex
	// Builds are other build configurations under which an edited program has
	// to type-check; with MentionedBuilds, those too that the files of the
	// packages mention that a fix edits.
	Builds          []load.Build
	MentionedBuilds bool
	// Witnesses are crashes and races that were seen. If there are any, what
	// they name is reported and repaired, and nothing else.
	Witnesses []*witness.Report
	Progress  func(format string, args ...any)

	judge judgement // nil means judge.Findings; the soak has another
}

// A judgement is a function like judge.Findings.
type judgement func(prog *link.Program, main func(pkg string) bool, text func(access.Pos) string) ([]*judge.Finding, []judge.Broken)

func (c *Config) wants(rule string) bool {
	return len(c.Rules) == 0 || slices.Contains(c.Rules, rule)
}

func (c *Config) progress(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(format, args...)
	}
}

// A Skipped is a package that could not be analysed.
type Skipped struct {
	Path   string
	Errors []string
}

// A Result is what an analysis found.
type Result struct {
	Findings []*judge.Finding // in position order
	Skipped  []Skipped        // in path order
	// Unresolved are the witnesses that no map could be named for.
	Unresolved []*resolve.Unresolved
}

// Analyze returns what is wrong in the packages of p, each finding with a fix
// that has been proved. Packages that do not type-check are skipped; a panic
// while one is analysed becomes its error.
func Analyze(ctx context.Context, p *load.Program, cfg Config) (*Result, error) {
	a := newAnalysis(p, cfg, nil)
	findings, err := a.report(ctx)
	if err != nil {
		return nil, err
	}
	return &Result{Findings: findings, Skipped: a.skipped(), Unresolved: a.unresolved}, nil
}

// report finds, drops what directives ignore and what is weaker than asked
// for, and repairs the rest. The directives' own problems are among what it
// returns, in position order.
func (a *analysis) report(ctx context.Context) ([]*judge.Finding, error) {
	findings, err := a.find(ctx)
	if err != nil {
		return nil, err
	}
	if len(a.cfg.Witnesses) > 0 {
		return findings, a.repair(ctx, findings) // a crash is not ignored
	}
	kept, problems := ignore.Apply(a.prog, findings, names(), a.active())
	kept = slices.DeleteFunc(kept, func(f *judge.Finding) bool { return f.Evidence < a.cfg.Evidence })
	if err := a.repair(ctx, kept); err != nil {
		return nil, err
	}
	kept = append(kept, problems...)
	judge.Sort(kept)
	return kept, nil
}

// An analysis is one run over one program.
type analysis struct {
	cfg  Config
	prog *load.Program
	link *link.Program

	outside *outside // what is known of dependencies if p is but one package; else nil

	found []*judge.Finding // by find

	// What the witnesses named, in the program as it was before any edit.
	witnessed  []*judge.Finding
	unresolved []*resolve.Unresolved

	mu        sync.Mutex
	summaries map[*load.Package]*summarise.Package // shared with analyses of edited programs
	broken    map[string]string                    // packages whose analysis panicked
}

// newAnalysis prepares a run over p. Summaries of packages that an earlier run
// over the same or a less edited program made are used again.
func newAnalysis(p *load.Program, cfg Config, earlier *analysis) *analysis {
	a := &analysis{cfg: cfg, prog: p, summaries: make(map[*load.Package]*summarise.Package), broken: make(map[string]string)}
	if earlier != nil {
		a.outside = earlier.outside
		earlier.mu.Lock()
		defer earlier.mu.Unlock()
		for pkg, s := range earlier.summaries {
			a.summaries[pkg] = s
		}
		a.witnessed, a.unresolved = earlier.witnessed, earlier.unresolved
	}
	return a
}

func (a *analysis) active() []string {
	if len(a.cfg.Rules) == 0 {
		return names()
	}
	return a.cfg.Rules
}

// find summarises, links and judges. The findings have no fixes yet.
func (a *analysis) find(ctx context.Context) ([]*judge.Finding, error) {
	a.cfg.progress("summarising")
	units := a.units()
	env := a.env()
	if err := a.summarise(ctx, units, env); err != nil {
		return nil, err
	}
	all := a.made(units)
	if a.outside != nil {
		all = append(a.outside.summaries(), all...)
	}
	a.callers(all)
	if a.cfg.wants(judge.DeepFormat) {
		all = append(all, a.walked(all)...)
	}
	a.cfg.progress("linking %d packages", len(all))
	var err error
	if a.link, err = linked(all); err != nil {
		return nil, err
	}
	own := make(map[string]bool)
	for _, u := range units {
		own[u.Types.Path()] = true
	}
	if a.outside != nil {
		for _, pkg := range a.outside.own {
			own[pkg.Summary.Path] = true
		}
	}
	if len(a.cfg.Witnesses) > 0 {
		a.found = a.named(func(pkg string) bool { return own[pkg] })
		return slices.Clone(a.found), nil
	}
	findings := judge.Findings
	if a.cfg.judge != nil {
		findings = a.cfg.judge
	}
	fs, broken := findings(a.link, func(pkg string) bool { return own[pkg] }, a.line)
	if err := a.noteBroken(broken); err != nil {
		return nil, err
	}
	a.found = slices.DeleteFunc(fs, func(f *judge.Finding) bool { return !a.wanted(f) })
	return slices.Clone(a.found), nil
}

// line returns the source line at a position, without the space around it.
func (a *analysis) line(pos access.Pos) string {
	src, err := a.prog.Source(pos.File)
	if err != nil {
		return ""
	}
	for range pos.Line - 1 {
		i := bytes.IndexByte(src, '\n')
		if i < 0 {
			return ""
		}
		src = src[i+1:]
	}
	src, _, _ = bytes.Cut(src, []byte("\n"))
	return string(bytes.TrimSpace(src))
}

// wanted reports whether a finding is one that the user asked for.
func (a *analysis) wanted(f *judge.Finding) bool {
	if !a.cfg.wants(f.Rule) {
		return false
	}
	if a.outside != nil {
		return a.showsHere(f)
	}
	pkg, file := a.prog.File(f.Pos.File)
	if pkg == nil || !a.cfg.Generated && file != nil && a.generated(file) {
		return false
	}
	return slices.ContainsFunc(f.Accesses, func(acc judge.Access) bool { return a.isRoot(acc.Pkg) })
}

// isRoot reports whether the user's patterns match the package.
func (a *analysis) isRoot(path string) bool {
	return slices.ContainsFunc(a.prog.Roots, func(r *load.Package) bool { return r.Path == path })
}

// units returns the packages to summarise: the user's own that type-check,
// each once, with its tests if they are wanted.
func (a *analysis) units() []*load.Package {
	withTests := make(map[string]bool)
	if a.cfg.Tests {
		for _, pkg := range a.prog.All {
			if pkg.ForTest != "" && pkg.ForTest == pkg.Path && analysable(pkg) {
				withTests[pkg.Path] = true
			}
		}
	}
	reached := a.reached()
	return slices.DeleteFunc(slices.Clone(a.prog.All), func(pkg *load.Package) bool {
		switch {
		case !analysable(pkg) || !reached[pkg.ID]:
			return true
		case pkg.ForTest == "":
			return withTests[pkg.Path]
		default:
			return !a.cfg.Tests || pkg.ForTest != pkg.Path && pkg.ForTest+"_test" != pkg.Path
		}
	})
}

// reached returns the roots and what they import. What only tests import may
// have been checked for the prover's sake; it is no part of the question.
func (a *analysis) reached() map[string]bool {
	out := make(map[string]bool)
	var visit func(pkg *load.Package)
	visit = func(pkg *load.Package) {
		if !out[pkg.ID] {
			out[pkg.ID] = true
			for _, imp := range pkg.Imports {
				visit(imp)
			}
		}
	}
	for _, root := range a.prog.Roots {
		visit(root)
	}
	return out
}

func analysable(pkg *load.Package) bool {
	return pkg.Main && pkg.Info != nil && pkg.Types != nil && len(pkg.Errors) == 0
}

// skipped returns the packages that were asked for and not analysed.
func (a *analysis) skipped() []Skipped {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Skipped
	for _, pkg := range a.prog.Roots {
		var s Skipped
		for _, e := range pkg.Errors {
			s.Errors = append(s.Errors, e.Error())
		}
		if why, ok := a.broken[pkg.ID]; ok {
			s.Errors = append(s.Errors, why)
		}
		if s.Path = pkg.Path; len(s.Errors) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// env collects what the summaries of all packages have in common.
func (a *analysis) env() *summarise.Env {
	versions := make(map[string]string)
	var all []*types.Package
	reached := a.reached()
	table := sinks.NewTable(func(module string) string { return versions[module] })
	for _, pkg := range a.prog.All {
		if m := pkg.Module; m != nil {
			versions[m.Path] = m.Version
			if m.Replace != nil && m.Replace.Version != "" {
				versions[m.Path] = m.Replace.Version
			}
		}
		if pkg.Types != nil && pkg.ForTest == "" && reached[pkg.ID] {
			all = append(all, pkg.Types)
		}
		if analysable(pkg) {
			table.Observe(pkg.Info)
		}
	}
	own := make(map[string]bool)
	for _, pkg := range a.prog.All {
		own[pkg.Path] = own[pkg.Path] || pkg.Main
	}
	env := &summarise.Env{
		Sinks: table, Footprints: sinks.NewFootprints(all),
		Own: func(path string) bool { return own[path] }, Known: a.cfg.Known,
		Panicked: sync.OnceValue(func() []types.Type { return summarise.PanicTypes(a.units()) }),
	}
	if a.outside != nil {
		env.Own, env.Footprints.Behind = a.outside.isOwn, a.outside.behind
		env.Panicked = sync.OnceValue(func() []types.Type {
			return append(summarise.PanicTypes(a.units()), a.outside.panics(a.prog.Roots[0].Types)...)
		})
	}
	return env
}

// summarise makes the summaries of units that are not made yet, in parallel,
// imports before importers.
func (a *analysis) summarise(ctx context.Context, units []*load.Package, env *summarise.Env) error {
	done := make(map[*load.Package]chan struct{}, len(units))
	byPath := make(map[string]*load.Package)
	for _, u := range units {
		done[u] = make(chan struct{})
		byPath[u.Types.Path()] = u
	}
	withImports := *env
	withImports.Imported = func(path string) *summarise.Package {
		if byPath[path] == nil && a.outside != nil {
			return a.outside.summary(path)
		}
		return a.summary(byPath[path])
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, u := range units {
		wg.Go(func() {
			defer close(done[u])
			for _, imp := range u.Imports {
				if ch, ok := done[imp]; ok {
					<-ch
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				a.summariseOne(u, &withImports)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// summariseOne makes one summary. A panic is a bug of ours; it costs this
// package and no other.
func (a *analysis) summariseOne(pkg *load.Package, env *summarise.Env) {
	if a.summary(pkg) != nil {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.broken[pkg.ID] = fmt.Sprintf("mapguard: internal error in package %s: %v (please report this)\n%s", pkg.Path, r, firstFrames(debug.Stack()))
		}
	}()
	s := summarise.Summarise(a.prog.Fset, pkg, env)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.summaries[pkg] = s
}

// summary returns the summary of a package, nil if it is not made.
func (a *analysis) summary(pkg *load.Package) *summarise.Package {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.summaries[pkg]
}

// summaryOf returns the summary of the package with an import path, nil if it
// is not made.
func (a *analysis) summaryOf(path string) *summarise.Package {
	a.mu.Lock()
	defer a.mu.Unlock()
	for pkg, s := range a.summaries {
		if pkg.Path == path {
			return s
		}
	}
	return nil
}

// firstFrames returns the frames of a stack that say where a panic began.
func firstFrames(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") && i+2 < len(lines) {
			lines = lines[i+2:]
			break
		}
	}
	return strings.Join(lines[:min(8, len(lines))], "\n")
}

// made returns the summaries of units, in their order.
func (a *analysis) made(units []*load.Package) []*summarise.Package {
	var out []*summarise.Package
	for _, u := range units {
		if s := a.summary(u); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// walked returns summaries of the dependencies that declare a map with a mutex
// beside it which a format call of the user's walks: whether that mutex guards
// the map shows in their code only.
func (a *analysis) walked(all []*summarise.Package) []*summarise.Package {
	own := make(map[string]bool)
	for _, s := range all {
		own[s.Path] = true
	}
	var paths []string
	for _, s := range all {
		for _, f := range s.Funcs {
			for _, e := range f.Events {
				if e.Sink != nil && e.Sink.Guarded && e.Loc.Pkg != "" && !own[e.Loc.Pkg] && !slices.Contains(paths, e.Loc.Pkg) {
					paths = append(paths, e.Loc.Pkg)
				}
			}
		}
	}
	slices.Sort(paths)
	var out []*summarise.Package
	for _, path := range paths {
		a.cfg.progress("reading %s", path)
		if a.outside != nil {
			if pkg := a.outside.open(path); pkg != nil {
				pkg.Summary.Partial = true
				out = append(out, pkg.Summary)
			}
			continue
		}
		pkg, err := a.prog.Detached(path)
		if err != nil || pkg == nil || pkg.Info == nil {
			continue // without its code there is no discipline to break
		}
		a.summariseOne(pkg, &summarise.Env{Known: a.cfg.Known})
		if s := a.summary(pkg); s != nil {
			s.Partial = true
			out = append(out, s)
		}
	}
	return out
}
