package load

import (
	"container/heap"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// add puts listed packages and all that they import into the graph, but for
// those that are in it already.
func (p *Program) add(listed []*packages.Package) {
	active := make(map[string]bool) // on the path from a root to here
	var visit func(l *packages.Package) *Package
	visit = func(l *packages.Package) *Package {
		if pkg := p.graph[l.ID]; pkg != nil {
			return pkg
		}
		pkg := p.newPackage(l)
		p.graph[l.ID] = pkg
		active[l.ID] = true
		for _, path := range sortedKeys(l.Imports) {
			imp := l.Imports[path]
			if active[imp.ID] {
				// The go command lists cycles as they are.
				pkg.listed = append(pkg.listed, packages.Error{Msg: "import cycle not allowed: " + l.ID + " imports " + imp.ID, Kind: packages.ListError})
				continue
			}
			pkg.Imports[path] = visit(imp)
		}
		delete(active, l.ID)
		pkg.Errors = distinct(pkg.listed)
		return pkg
	}
	for _, l := range listed {
		if !testMain(l) {
			visit(l)
		}
	}
}

// testMain reports whether l is the main package that "go test" makes up.
func testMain(l *packages.Package) bool {
	return l.Name == "main" && strings.HasSuffix(l.ID, ".test") && l.ForTest == "" && l.Imports["testing/internal/testdeps"] != nil
}

// newPackage returns a package as it was listed, without its imports.
func (p *Program) newPackage(l *packages.Package) *Package {
	pkg := &Package{
		ID:      l.ID,
		Path:    l.PkgPath,
		Name:    l.Name,
		ForTest: l.ForTest,
		Module:  l.Module,
		Main:    p.owned(l),
		Files:   l.CompiledGoFiles,
		Imports: make(map[string]*Package, len(l.Imports)),
		Sizes:   l.TypesSizes,
		dir:     l.Dir,
		listed:  slices.Clip(l.Errors),
	}
	if len(pkg.Files) == 0 {
		pkg.Files = l.GoFiles // the go command gave up before it had processed them
	}
	if pkg.ID == "unsafe" {
		pkg.makeUnsafe()
	}
	if pkg.Main {
		for _, name := range pkg.Files {
			if p.sources[name] == nil {
				p.sources[name] = &source{name: name, given: p.cfg.Overlay[name]}
			}
		}
	}
	return pkg
}

// index computes All, owners and importedBy from the graph.
func (p *Program) index() {
	p.All = p.order()
	p.importedBy = sync.OnceValue(p.importers)
	p.owners = make(map[string][]*Package)
	for _, tests := range []bool{false, true} {
		for _, pkg := range p.All {
			if !pkg.Main || tests != (pkg.ForTest != "") {
				continue
			}
			for _, name := range pkg.Files {
				p.owners[name] = append(p.owners[name], pkg)
			}
		}
	}
}

// order returns the packages of the graph, dependencies before importers and
// otherwise by ID.
func (p *Program) order() []*Package {
	importers := p.importers()
	waits := make(map[string]int, len(p.graph)) // imports not yet in the order
	var ready idHeap
	for id, pkg := range p.graph {
		n := len(importIDs(pkg))
		if waits[id] = n; n == 0 {
			ready = append(ready, id)
		}
	}
	heap.Init(&ready)
	all := make([]*Package, 0, len(p.graph))
	for len(ready) > 0 {
		id := heap.Pop(&ready).(string)
		all = append(all, p.graph[id])
		for _, importer := range importers[id] {
			if waits[importer]--; waits[importer] == 0 {
				heap.Push(&ready, importer)
			}
		}
	}
	if len(all) != len(p.graph) {
		panic("load: import cycle in the graph") // add and resolve leave none
	}
	return all
}

// importers returns the IDs of the packages that import a package, by its ID.
// Identity is by ID because a package that was not checked again after an edit
// still points to the packages that it was checked with.
func (p *Program) importers() map[string][]string {
	importers := make(map[string][]string, len(p.graph))
	for id, pkg := range p.graph {
		for _, imp := range importIDs(pkg) {
			importers[imp] = append(importers[imp], id)
		}
	}
	return importers
}

// importIDs returns the IDs of the packages that pkg imports, each once.
func importIDs(pkg *Package) []string {
	ids := make([]string, 0, len(pkg.Imports))
	seen := make(map[string]bool, len(pkg.Imports))
	for _, imp := range pkg.Imports {
		if !seen[imp.ID] {
			seen[imp.ID] = true
			ids = append(ids, imp.ID)
		}
	}
	return ids
}

// Importers returns the packages that import any of pkgs, directly or not,
// dependencies first. Test variants of pkgs are the same source once more:
// they, and what imports them, are in the result too. The packages of a result
// that have not been checked can be with Check.
func (p *Program) Importers(pkgs ...*Package) []*Package {
	given := make(map[string]bool)
	paths := make(map[string]bool)
	for _, pkg := range pkgs {
		given[pkg.ID] = true
		paths[pkg.Path] = true
	}
	var seeds []string
	for id, pkg := range p.graph {
		if paths[pkg.Path] {
			seeds = append(seeds, id)
		}
	}
	reached := p.reach(seeds)
	var out []*Package
	for _, pkg := range p.All {
		if reached[pkg.ID] && !given[pkg.ID] {
			out = append(out, pkg)
		}
	}
	return out
}

// reach returns the seeds and all that import them, directly or not.
func (p *Program) reach(seeds []string) map[string]bool {
	importedBy := p.importedBy
	if importedBy == nil || p.unit != nil { // the graph still grows
		importedBy = p.importers
	}
	importers := importedBy()
	reached := make(map[string]bool)
	for len(seeds) > 0 {
		id := seeds[len(seeds)-1]
		seeds = seeds[:len(seeds)-1]
		if !reached[id] {
			reached[id] = true
			seeds = append(seeds, importers[id]...)
		}
	}
	return reached
}

// An idHeap is a heap of package IDs.
type idHeap []string

func (h idHeap) Len() int           { return len(h) }
func (h idHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h idHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *idHeap) Push(x any)        { *h = append(*h, x.(string)) }
func (h *idHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
