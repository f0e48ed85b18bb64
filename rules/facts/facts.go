// Package facts is how what is known of one package reaches the analysis of the
// packages that import it, when a build system analyses them one at a time.
//
// A driver such as "go vet" hands to an analysis the facts of direct imports
// only, so a package's fact carries what its imports told it as well: sections,
// one for each package, which are passed on as they are without being read.
package facts

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/ignore"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A Fact is what a package tells those that import it. Its fields are for the
// driver, which encodes it with encoding/gob.
type Fact struct {
	Sections []Section // this package and all that it imports, in path order, each once
	Versions []Version // of modules whose version matters, in module order
}

// AFact marks a Fact as one.
func (*Fact) AFact() {}

func (f *Fact) String() string {
	n := 0
	for _, s := range f.Sections {
		n += len(s.Data)
	}
	return fmt.Sprintf("mapguard(%d packages, %d bytes)", len(f.Sections), n)
}

// A Section is the encoding of a Package.
type Section struct {
	Path string
	Own  bool // the package is of the user's own modules
	Data []byte
}

// A Version is the version of a module that the program is built with.
type Version struct{ Module, Version string }

// A Package is what one package tells.
type Package struct {
	Summary *summarise.Package
	// Hidden are its types that may stand behind an interface.
	Hidden []Hidden
	// Reported are the findings that its own analysis can show, for importers
	// not to show them again.
	Reported []Reported
	Ignores  []ignore.Range
	Panics   []TypeName // of what it panics with: what an importer's recover may return
	Imports  []string   // directly, outside the standard library; in order
}

// A Hidden is a concrete type with a map inside that formatting walks. Export
// data leaves unexported types out, and they are what interfaces hide.
type Hidden struct {
	Name    string   // in its package
	Methods []string // of *T, each with its signature as summarise.MethodSet spells them
	Walks   []Walks
}

// Walks are the maps that formatting walks in each of several ways.
type Walks struct {
	Hows  []sinks.Traversal
	Walks []Walk
}

// A Walk is a map that formatting iterates; see sinks.Walk.
type Walk struct {
	Location access.Location
	Steps    []access.Step
	Chain    string
	Guarded  bool
}

// A TypeName is a type that a package declares at its top level, or a pointer to
// one.
type TypeName struct {
	Pkg, Name string
	Pointer   bool
}

// A Reported is a finding, by what it is about.
type Reported struct {
	Rule string
	Map  access.Location
	Call access.Pos // of deepformat
}

// Seal returns the section that carries p.
func Seal(p *Package, own bool) (Section, error) {
	if err := Check(); err != nil {
		return Section{}, err
	}
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.DefaultCompression)
	if err != nil {
		return Section{}, err
	}
	if _, err := w.Write(encode(*p)); err != nil {
		return Section{}, err
	}
	if err := w.Close(); err != nil {
		return Section{}, err
	}
	return Section{Path: p.Summary.Path, Own: own, Data: buf.Bytes()}, nil
}

// Open returns what a section carries. The error is about damaged data.
func (s Section) Open() (*Package, error) {
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(s.Data)))
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", s.Path, errTruncated)
	}
	p := new(Package)
	if err := decode(data, p); err != nil {
		return nil, fmt.Errorf("facts of %s: %w", s.Path, err)
	}
	if p.Summary == nil {
		return nil, fmt.Errorf("facts of %s: %w", s.Path, errTruncated)
	}
	return p, nil
}

// Check returns an error that names the fields of a summary which would not
// travel.
func Check() error { return check(reflect.TypeFor[Package]()) }

// Merge returns what several facts say together, and own, which takes the place
// of an older section for its path. The first fact that knows a package wins:
// all of them say the same of it.
func Merge(imports []*Fact, own *Section, versions []Version) *Fact {
	out := &Fact{Versions: slices.Clone(versions)}
	seen := make(map[string]bool)
	if own != nil {
		seen[own.Path] = true
		out.Sections = append(out.Sections, *own)
	}
	known := make(map[string]bool)
	for _, v := range versions {
		known[v.Module] = true
	}
	for _, f := range imports {
		for _, s := range f.Sections {
			if !seen[s.Path] {
				seen[s.Path] = true
				out.Sections = append(out.Sections, s)
			}
		}
		for _, v := range f.Versions {
			if !known[v.Module] {
				known[v.Module] = true
				out.Versions = append(out.Versions, v)
			}
		}
	}
	slices.SortFunc(out.Sections, func(a, b Section) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(out.Versions, func(a, b Version) int { return strings.Compare(a.Module, b.Module) })
	return out
}

// Plain returns an import path without the suffix of a test variant.
func Plain(path string) string {
	path, _, _ = strings.Cut(path, " ")
	return path
}
