package rules

import (
	"go/build"
	"path/filepath"
	"slices"
	"strings"

	vet "golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/facts"
	"github.com/mapguard/mapguard/rules/ignore"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
)

// An outside is what the analysis of one package knows of those that it
// imports: their facts. It is nil where the whole program is loaded.
type outside struct {
	path     string          // of the package that is analysed
	sections []facts.Section // of others, in path order
	byPath   map[string]*facts.Section
	versions []facts.Version
	opened   map[string]*facts.Package // nil values are damaged

	own      []*facts.Package // those of the user's own modules
	reported map[facts.Reported]bool
	ignores  []ignore.Range
	err      error // of the first section that cannot be read
}

// newOutside reads the facts of the packages that path imports.
func newOutside(path string, imports []*facts.Fact) *outside {
	all := facts.Merge(imports, nil, nil)
	o := &outside{
		path: path, versions: all.Versions,
		byPath: make(map[string]*facts.Section), opened: make(map[string]*facts.Package),
		reported: make(map[facts.Reported]bool),
	}
	o.sections = slices.DeleteFunc(all.Sections, func(s facts.Section) bool { return s.Path == path })
	for i := range o.sections {
		o.byPath[o.sections[i].Path] = &o.sections[i]
	}
	for _, s := range o.sections {
		if !s.Own {
			continue
		}
		if pkg := o.open(s.Path); pkg != nil {
			o.own = append(o.own, pkg)
			o.ignores = append(o.ignores, pkg.Ignores...)
			for _, r := range pkg.Reported {
				o.reported[r] = true
			}
		}
	}
	return o
}

// open returns what is known of a package, nil if nothing is.
func (o *outside) open(path string) *facts.Package {
	if pkg, ok := o.opened[path]; ok {
		return pkg
	}
	s := o.byPath[path]
	if s == nil {
		return nil
	}
	pkg, err := s.Open()
	if err != nil && o.err == nil {
		o.err = err
	}
	o.opened[path] = pkg
	return pkg
}

// isOwn reports whether a package is of the user's own modules.
func (o *outside) isOwn(path string) bool {
	s := o.byPath[path]
	return path == o.path || s != nil && s.Own
}

// summary returns the summary of a package of the user's, nil if there is none.
func (o *outside) summary(path string) *summarise.Package {
	if !o.isOwn(path) {
		return nil
	}
	if pkg := o.open(path); pkg != nil {
		return pkg.Summary
	}
	return nil
}

// summaries returns the summaries of all imported packages of the user's.
func (o *outside) summaries() []*summarise.Package {
	var out []*summarise.Package
	for _, pkg := range o.own {
		out = append(out, pkg.Summary)
	}
	return out
}

// closed takes all callers of a function to be known where any is, as in a
// program that has a command: importers that would call it otherwise are not
// part of what this package can show.
func (o *outside) closed(closed map[string]bool) {
	closed[o.path] = true
	for _, pkg := range o.own {
		closed[pkg.Summary.Path] = true
	}
}

// knows reports whether a dependency has shown a finding already, or holds it
// back by a directive.
func (o *outside) knows(p *load.Program, f *judge.Finding) bool {
	return o.reported[reportedAs(f)] || ignore.Covers(p, f, o.ignores)
}

// reportedAs returns what tells a finding from those of other packages.
func reportedAs(f *judge.Finding) facts.Reported {
	r := facts.Reported{Rule: f.Rule, Map: f.Map}
	if f.Sink != nil {
		r.Call = f.Sink.Call
	}
	return r
}

// moduleOf returns the module of an imported package, as far as its version is
// known; nil if not.
func (o *outside) moduleOf(path string) *packages.Module {
	var best *packages.Module
	for _, v := range o.versions {
		if (path == v.Module || strings.HasPrefix(path, v.Module+"/")) && (best == nil || len(v.Module) > len(best.Path)) {
			best = &packages.Module{Path: v.Module, Version: v.Version}
		}
	}
	return best
}

// An origin says whose code a package is.
type origin uint8

const (
	ownCode origin = iota // the user's
	library               // a dependency outside of the user's modules
	standard
)

// originOf tells by what a driver says of modules: those that are worked on
// have no version. A dependency that a replace directive takes from a folder
// keeps the version that was replaced, and is a library.
func originOf(pass *vet.Pass) origin {
	if m := pass.Module; m != nil && m.Path != "" && m.Path != "std" && m.Path != "cmd" {
		if m.Version == "" {
			return ownCode
		}
		return library
	}
	file := pass.Fset.File(pass.Files[0].FileStart).Name()
	switch root := build.Default.GOROOT; {
	case root != "" && strings.HasPrefix(file, filepath.Join(root, "src")+string(filepath.Separator)):
		return standard
	case root == "":
		if first, _, _ := strings.Cut(pass.Pkg.Path(), "/"); !strings.Contains(first, ".") {
			return standard
		}
	}
	return ownCode
}

// versionsOf returns the version of the package's module, if any sink depends
// on it.
func versionsOf(pass *vet.Pass) []facts.Version {
	if m := pass.Module; m != nil && m.Version != "" && sinks.DependsOn(m.Path) {
		return []facts.Version{{Module: m.Path, Version: m.Version}}
	}
	return nil
}
