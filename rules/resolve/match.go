package resolve

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/witness"
)

// This file matches the frames of one stack with accesses.

// match returns the accesses that the goroutine may have been making, the
// likeliest first, or says why there are none.
func (p *Program) match(s *witness.Stack) ([]candidate, string) {
	if len(s.Frames) == 0 {
		return nil, "the log does not have this goroutine's stack"
	}
	op := s.Op
	if o := s.MapOp(); o != 0 {
		op = o
	}
	want := wanted{op: op, raced: s.Raced && s.MapOp() == 0}
	foreign, missing := -1, ""
	for i, f := range s.Frames {
		sym := witness.Split(f.Func)
		pkgs := p.packages(sym, f)
		switch {
		case len(pkgs) > 0:
			if cs := p.inFrame(pkgs, sym, s, i, want); len(cs) > 0 {
				return sorted(cs), ""
			}
			if missing == "" {
				missing = p.nothingThere(sym, f)
			}
			if !want.through {
				return nil, missing // the map is used right here
			}
		case runtimes[sym.Pkg]:
		default: // what the map was passed to, or what formats it
			want.through = true
			if foreign < 0 && !sym.Std() {
				foreign = i
			}
		}
	}
	if cs := p.forwarded(s); want.through && len(cs) > 0 {
		return sorted(cs), ""
	}
	switch {
	case foreign >= 0 && p.calledFirst(s, foreign):
		return nil, p.needs(s.Frames[foreign])
	case missing != "":
		return nil, missing
	case foreign >= 0:
		return nil, p.needs(s.Frames[foreign])
	}
	return nil, "every frame is of the standard library: the log lost the frames below, or the program was started by others"
}

// runtimes are the packages whose functions use a map in the name of their
// caller.
var runtimes = map[string]bool{
	"runtime": true, "internal/runtime/maps": true, "internal/runtime/sys": true, "internal/abi": true, "sync": true, "sync/atomic": true,
	"internal/race": true, "runtime/internal/atomic": true, "runtime/internal/sys": true, "maps": true, "iter": true,
}

// calledFirst reports whether no frame of the user's is above frame i.
func (p *Program) calledFirst(s *witness.Stack, i int) bool {
	for _, f := range s.Frames[:i] {
		if len(p.packages(witness.Split(f.Func), f)) > 0 {
			return false
		}
	}
	return true
}

// A wanted says what kind of access is looked for.
type wanted struct {
	op      access.Op
	through bool // there are frames in between: fmt, an encoder, other modules
	raced   bool // a race on the variable or an element, not in the map's own functions
}

// fits reports whether an access may be the one, and whether it is just what
// the stack shows. Only an access on the very line may be of another kind.
func (w wanted) fits(s *link.Site, exact bool) (fits, alike bool) {
	switch {
	case w.through:
		// fmt, encoders and other modules' functions look at the whole map.
		// What they write, they are handed: such an access is on the line.
		alike = s.Op == access.Format || s.Op == access.Iterate && w.op != access.Write
		return alike || exact && s.Op == w.op, alike
	case w.raced:
		if w.op == access.Write {
			return s.Op.Writes() && exact, true
		}
		return exact, true
	case s.Op == access.Format || s.Op == access.Replace && w.op != access.Write:
		return false, false
	case s.Op == w.op:
		return true, true
	case s.Op == access.Replace:
		return false, false
	}
	// m[k]++ reads and writes; maps.Copy is one access and several calls.
	return exact && (w.op != access.Write || s.Op.Writes()), false
}

// inFrame returns the accesses that frame i may be.
func (p *Program) inFrame(pkgs []*load.Package, sym witness.Symbol, s *witness.Stack, i int, want wanted) []candidate {
	f := s.Frames[i]
	var out []candidate
	for _, pkg := range pkgs {
		for _, site := range p.sites[pkg.Path] {
			named := isFunc(sym.Name, site.Func)
			exact := site.Pos.Line == f.Line && sameFile(site.Pos.File, f.File)
			if !named && !exact {
				continue
			}
			fits, alike := want.fits(site, exact)
			if !fits || site.Op == access.Format && !leadsTo(s, i, site) {
				continue
			}
			c := candidate{site: site, frame: i, alike: alike, off: abs(site.Pos.Line - f.Line)}
			switch {
			case named && exact:
				c.sure = Exact
			case exact:
				c.sure = ByLine
			case c.off <= nearby:
				c.sure = Moved
			default:
				c.sure = InFunction
			}
			for _, loc := range p.mapsOf(site, s) {
				c.loc, c.site = loc, p.at(site, loc)
				out = append(out, c)
			}
			if loc := p.unnamed(site); alike && len(site.Maps()) == 0 && !loc.IsZero() {
				c.loc, c.anonymous = loc, true
				out = append(out, c)
			}
		}
	}
	return out
}

// leadsTo reports whether the call at frame i may be the one that a format site
// is: the stack has a function of that name above, or has lost its frames.
func leadsTo(s *witness.Stack, i int, site *link.Site) bool {
	if i == 0 || s.Elided > 0 || site.Sink == nil {
		return true
	}
	name := site.Sink.Callee[strings.LastIndexByte(site.Sink.Callee, '.')+1:]
	return slices.ContainsFunc(s.Frames[:i], func(f witness.Frame) bool {
		above := strings.TrimSuffix(witness.Split(f.Func).Name, "-fm")
		return above[strings.LastIndexByte(above, '.')+1:] == name
	})
}

// nearby is how many lines an access may have moved and still be taken for the
// one that crashed with some confidence.
const nearby = 60

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// isFunc reports whether a stack's name for a function may mean the function
// that a summary names, or a literal in the same declared function: literals
// are numbered anew by every compiler, and named after the function that they
// are inlined into.
//
//	(*T).M.func1.2     (*T).M-fm     F.gowrap1     run.F.func1
func isFunc(stack, summary string) bool {
	name := outer(summary)
	if name == "init" {
		return stack == "init" || strings.HasPrefix(stack, "init.") || strings.HasPrefix(stack, "glob.")
	}
	rest, ok := strings.CutPrefix(stack, name)
	if !ok {
		var into string
		into, rest, ok = strings.Cut(stack, "."+name)
		// What is before F in (*T).F.func1 is its type, and F a method.
		ok = ok && literal(rest) == 0 && !strings.HasSuffix(into, ")")
	}
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '-')
}

// mapsOf returns the maps that a site may be an access to when it is reached
// as the stack shows: those that a call on the stack names, or that a function
// on the stack passes to it, if it is passed one.
func (p *Program) mapsOf(site *link.Site, s *witness.Stack) []access.Location {
	all := site.Maps()
	if len(all) < 2 {
		return all
	}
	if handed := p.handed(all, s); len(handed) > 0 {
		return handed
	}
	var passed []access.Location
	for _, loc := range all {
		if slices.ContainsFunc(site.KnownBy(loc), func(fn link.Passer) bool {
			return slices.ContainsFunc(s.Frames, func(f witness.Frame) bool {
				sym := witness.Split(f.Func)
				return isFunc(sym.Name, fn.Name) && slices.ContainsFunc(p.packages(sym, f), func(pkg *load.Package) bool { return pkg.Path == fn.Pkg })
			})
		}) {
			passed = append(passed, loc)
		}
	}
	if len(passed) > 0 {
		return passed
	}
	return all
}

// packages returns the user's packages that a function of a stack may be in.
func (p *Program) packages(sym witness.Symbol, f witness.Frame) []*load.Package {
	if pkg := p.own[sym.Pkg]; pkg != nil {
		return []*load.Package{pkg}
	}
	if sym.Pkg == "main" || sym.Pkg == "command-line-arguments" {
		return nearest(p.mains, f.File)
	}
	if sym.Std() && !strings.Contains(sym.Pkg, "/") || runtimes[sym.Pkg] {
		return nil
	}
	if p.load.Package(sym.Pkg) != nil {
		return nil // a dependency
	}
	// The module may have another name here: a fork, or a build with paths of
	// its own. Its last element, two directories and the file must agree: many
	// modules have an internal/cache.
	var out []*load.Package
	for own, pkg := range p.own {
		if samePathEnd(own, sym.Pkg) >= max(2, inModule(pkg)) && hasFile(pkg, f.File) {
			out = append(out, pkg)
		}
	}
	slices.SortFunc(out, func(a, b *load.Package) int { return strings.Compare(a.Path, b.Path) })
	return nearest(out, f.File)
}

// inModule counts the elements of a package's path from the last of its
// module's.
//
//	github.com/x/y/internal/z is 3 of github.com/x/y
func inModule(pkg *load.Package) int {
	if pkg.Module == nil {
		return 0
	}
	below := strings.Trim(strings.TrimPrefix(pkg.Path, pkg.Module.Path), "/")
	if below == "" {
		return 1
	}
	return 2 + strings.Count(below, "/")
}

// nearest returns those of the packages with a file whose name agrees longest
// with that of a frame, the last element at least.
func nearest(pkgs []*load.Package, file string) []*load.Package {
	var out []*load.Package
	longest := 1
	for _, pkg := range pkgs {
		n := 0
		for _, name := range pkg.Files {
			n = max(n, samePathEnd(name, file))
		}
		switch {
		case n > longest:
			out, longest = []*load.Package{pkg}, n
		case n == longest:
			out = append(out, pkg)
		}
	}
	return out
}

func hasFile(pkg *load.Package, file string) bool {
	return slices.ContainsFunc(pkg.Files, func(name string) bool { return sameFile(name, file) })
}

// sameFile reports whether two file names, of different machines, may be one:
// their last elements are equal.
func sameFile(a, b string) bool { return path.Base(slashed(a)) == path.Base(slashed(b)) }

func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// samePathEnd counts the elements in which the ends of two paths agree.
func samePathEnd(a, b string) int {
	as, bs := strings.Split(slashed(a), "/"), strings.Split(slashed(b), "/")
	n := 0
	for n < len(as) && n < len(bs) && as[len(as)-1-n] == bs[len(bs)-1-n] {
		n++
	}
	return n
}

// File returns the file of the user's own code that a frame is in.
func (p *Program) File(f witness.Frame) (string, bool) {
	for _, pkg := range p.packages(witness.Split(f.Func), f) {
		for _, name := range pkg.Files {
			if sameFile(name, f.File) {
				return name, true
			}
		}
	}
	return "", false
}

// nothingThere says that a function of the user's has no such access.
func (p *Program) nothingThere(sym witness.Symbol, f witness.Frame) string {
	for _, pkg := range p.packages(sym, f) {
		if strings.HasSuffix(f.File, "_test.go") && pkg.ForTest == "" {
			return fmt.Sprintf("the map is used in a test file, by %s at %s:%d: use --tests", sym.Name, path.Base(slashed(f.File)), f.Line)
		}
	}
	return fmt.Sprintf("%s at %s:%d uses no map here that mapguard can follow: has the code changed since, or is the map reached in a way that it does not see?", sym.Name, path.Base(slashed(f.File)), f.Line)
}
