// Package load reads Go packages: it asks the go command for the graph of
// packages and type-checks them from source.
//
// The user's own packages are checked with function bodies and full type
// information; every other package is checked for its declarations alone,
// unexported ones included, because a map that a program shares often sits in
// an unexported field of a dependency. Export data is not used: it leaves the
// unexported declarations out, and with an empty build cache every dependency
// has to be compiled before there is any.
//
// A Program does not change once it is loaded, with one exception: test
// variants and Detached dependencies are checked when they are first asked for.
// WithOverlay gives an edited program beside the original one.
package load

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A Config says what to load. The zero value loads the package in the current
// directory.
type Config struct {
	Dir      string   // where the go command runs; "" is the current directory
	Patterns []string // as the go command takes them; none is "."
	Tags     string   // build tags, comma-separated
	Env      []string // nil is os.Environ()

	// Tests makes test variants roots and checks them at once. They are in
	// the graph either way.
	Tests bool

	// Overlay has the contents of files that differ from those on disk, by
	// absolute name.
	Overlay map[string][]byte

	// Progress, if not nil, is told of each step. It may be called from any
	// goroutine.
	Progress func(format string, args ...any)
}

// A Program is a set of packages that were loaded together. All of its
// positions are in Fset. Several goroutines may use it, but for the packages
// that have not been checked yet while Check or WithOverlay is running.
type Program struct {
	Fset  *token.FileSet
	Dir   string     // absolute
	Roots []*Package // matched by the patterns, by path; test variants only if Config.Tests
	All   []*Package // every package, dependencies before importers, test variants included

	graph   map[string]*Package   // All, by ID
	owners  map[string][]*Package // packages of the user by file, ordinary variants first
	sources map[string]*source    // files of the user's packages, by name

	importedBy func() map[string][]string // computed once; nil while the graph grows

	*family
}

// A family is what a Program and the programs derived from it share.
type family struct {
	cfg    Config
	goroot string
	gomod  string     // go.mod of the main module; "" outside of any
	mu     sync.Mutex // held while packages are checked: a package may belong to several programs

	imports  map[string][]string // see moduleImports; nil until needed
	unit     *Unit               // of a program that Single made, else nil
	standard types.Importer      // likewise; nil until it is needed
}

// OwnFiles yields the syntax of the user's packages that have been checked. A
// file is yielded once for each variant of a package that has it.
func (p *Program) OwnFiles() iter.Seq2[*Package, *ast.File] {
	return func(yield func(*Package, *ast.File) bool) {
		for _, pkg := range p.All {
			if !pkg.Main || pkg.Info == nil {
				continue
			}
			for _, file := range pkg.Syntax {
				if !yield(pkg, file) {
					return
				}
			}
		}
	}
}

// A Package is a package as it is compiled: one import path has several
// variants if it is tested.
type Package struct {
	ID      string // of the go command: "p", "p [p.test]", "p_test [p.test]"
	Path    string // import path without the test variant: "p", "p_test"
	Name    string
	ForTest string // for a test variant, the import path of the package under test
	Module  *packages.Module
	Main    bool                // source of the user's own modules: not std, not vendored, not in the module cache
	Root    bool                // one of Program.Roots
	Files   []string            // compiled Go files, absolute
	Imports map[string]*Package // by import path as it is written
	Errors  []packages.Error    // of listing, parsing and type-checking; ten at most

	Types  *types.Package // nil until checked, and if there is nothing to check but Errors
	Info   *types.Info    // nil unless checked with bodies
	Syntax []*ast.File    // with comments; nil unless checked with bodies
	Sizes  types.Sizes

	dir      string
	listed   []packages.Error // the Errors that were there before checking
	checked  bool             // Types and Errors are final; Types stays nil if there was nothing to check
	exported *types.Package   // what importers see: Types, or what it was before an edit of function bodies
	broken   string           // why importers may fail to type-check; "" for a sound package
	detached *Package         // see Program.Detached
}

func (p *Package) String() string { return p.ID }

// Load returns the packages that the patterns of cfg match, and all that they
// import.
//
// A package that cannot be listed, parsed or type-checked is there with its
// Errors. Load fails only if nothing can be analysed: the go command fails,
// there is no module, or no pattern matches a package with Go files. The
// message says what to do about it.
func Load(ctx context.Context, cfg Config) (*Program, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if cfg.Env == nil {
		cfg.Env = os.Environ()
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, ...any) {}
	}
	if len(cfg.Patterns) == 0 {
		cfg.Patterns = []string{"."}
	}
	p := &Program{
		Fset:    token.NewFileSet(),
		Dir:     dir,
		graph:   make(map[string]*Package),
		sources: make(map[string]*source),
		family:  &family{cfg: cfg},
	}
	p.cfg.Dir = dir
	if err := p.goEnv(ctx); err != nil {
		return nil, err
	}

	p.cfg.Progress("listing packages")
	listed, err := p.list(ctx, true, cfg.Patterns...)
	if err != nil {
		return nil, err
	}
	p.add(listed)
	p.setRoots(listed)
	if err := p.usable(); err != nil {
		return nil, err
	}
	p.index()
	if err := p.check(ctx, p.Roots); err != nil {
		return nil, err
	}
	return p, nil
}

// setRoots marks the packages that the patterns matched. A directory that has
// nothing but test files has an ordinary variant without files: it is no root,
// since there is nothing in it.
func (p *Program) setRoots(listed []*packages.Package) {
	for _, l := range listed {
		pkg := p.graph[l.ID]
		if pkg == nil || pkg.Root || pkg.ForTest != "" && !p.cfg.Tests {
			continue
		}
		if len(pkg.Files) == 0 && len(pkg.Errors) == 0 {
			continue
		}
		pkg.Root = true
		p.Roots = append(p.Roots, pkg)
	}
	sort.Slice(p.Roots, func(i, j int) bool {
		x, y := p.Roots[i], p.Roots[j]
		if x.Path != y.Path {
			return x.Path < y.Path
		}
		return x.ID < y.ID
	})
}

// usable returns an error if there is nothing to analyse.
func (p *Program) usable() error {
	var said []string // by the go command
	for _, pkg := range p.Roots {
		if len(pkg.Files) > 0 {
			return nil
		}
		for _, err := range pkg.Errors {
			said = append(said, err.Msg)
		}
	}
	patterns := strings.Join(p.cfg.Patterns, " ")
	why := strings.Join(said, "\n")
	switch {
	case p.gomod == "" && !goPathMode(p.cfg.Env):
		return fmt.Errorf("no go.mod in %s or above it: run mapguard inside a module, or make one with \"go mod init\"%s", p.Dir, indent(why))
	case why != "":
		return fmt.Errorf("no package of %s can be loaded%s", patterns, indent(why))
	case p.hasTests():
		return fmt.Errorf("%s matches only test files: ask for tests too", patterns)
	default:
		return fmt.Errorf("%s matches no packages in %s: \"./...\" matches all below the directory", patterns, p.Dir)
	}
}

func (p *Program) hasTests() bool {
	for _, pkg := range p.graph {
		if pkg.ForTest != "" {
			return true
		}
	}
	return false
}

// indent returns the text of another program for the end of a message.
func indent(text string) string {
	if text == "" {
		return ""
	}
	return ":\n\t" + strings.ReplaceAll(text, "\n", "\n\t")
}

// Source returns the contents of a file as it was loaded; for a file outside
// the user's packages, as it is on disk.
func (p *Program) Source(file string) ([]byte, error) {
	if s := p.sources[file]; s != nil {
		s.parse(p.Fset)
		return s.src, s.readErr
	}
	if src, ok := p.cfg.Overlay[file]; ok {
		return src, nil
	}
	return os.ReadFile(file)
}

// Package returns the ordinary variant of the package with an import path, or
// nil.
func (p *Program) Package(path string) *Package {
	if pkg := p.graph[path]; pkg != nil && pkg.ForTest == "" {
		return pkg
	}
	return nil
}

// File returns a checked package that a file of the user belongs to, the
// ordinary variant if there is one, and the file's syntax. For a file that cgo
// has processed the name may also be that of the original; the syntax is that
// of the processed file. Both are nil if the file is in no package that was
// checked with bodies.
func (p *Program) File(name string) (*Package, *ast.File) {
	for _, pkg := range p.owners[name] {
		if pkg.Info != nil {
			return pkg, p.sources[name].syntax
		}
	}
	for pkg, f := range p.OwnFiles() {
		if p.Fset.Position(f.Package).Filename == name {
			return pkg, f
		}
	}
	return nil, nil
}
