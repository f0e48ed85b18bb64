package load

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"sort"

	"golang.org/x/tools/go/packages"
)

// WithOverlay returns the program as it is with other contents in some files
// of the user's packages, by absolute name, and the packages that were checked
// again, with bodies, dependencies first. The program itself stays as it is,
// but that test variants to which the files belong are checked; packages that
// the change cannot touch are shared between the two, and so is Fset.
//
// Checked again are all variants of the packages that the files belong to and,
// if a declaration has changed, whatever imports them, tests included. If only
// bodies of functions and imports have changed nothing can be different for an
// importer. Then importers are neither checked again nor in the result, and
// still refer to the package and the types.Package of before: in the new
// program an object of a changed package is not identical to the one that its
// importers use. Compare names.
//
// A package that no longer type-checks has Errors. The error is about a file
// that is in none of the user's packages, or the go command.
func (p *Program) WithOverlay(files map[string][]byte) (*Program, []*Package, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	names, err := p.changed(files)
	if err != nil {
		return nil, nil, err
	}
	// What importers see of a package has to be settled before the edit, or
	// the two programs would settle it differently for a package they share.
	ctx := context.Background()
	if err := p.check(ctx, p.ownersOf(names)); err != nil {
		return nil, nil, err
	}

	q := &Program{Fset: p.Fset, Dir: p.Dir, graph: maps.Clone(p.graph), sources: maps.Clone(p.sources), family: p.family}
	for _, name := range names {
		q.sources[name] = &source{name: name, given: files[name]}
		q.sources[name].parse(q.Fset)
	}
	edited, sameAPI := p.compare(q, names)
	again := q.renew(edited, sameAPI)
	if err := q.reimport(ctx, again, edited); err != nil {
		return nil, nil, err
	}
	q.index()
	for _, root := range p.Roots {
		q.Roots = append(q.Roots, q.graph[root.ID])
	}
	if err := q.check(ctx, again); err != nil {
		return nil, nil, err
	}
	return q, q.inOrder(again), nil
}

// changed returns the names of the files that are different now, in order.
func (p *Program) changed(files map[string][]byte) ([]string, error) {
	var names []string
	for _, name := range sortedKeys(files) {
		if len(p.owners[name]) == 0 {
			return nil, fmt.Errorf("%s is in none of the packages that were loaded for editing", name)
		}
		if old, err := p.Source(name); err != nil || !bytes.Equal(old, files[name]) {
			names = append(names, name)
		}
	}
	return names, nil
}

// ownersOf returns the packages that any of the files belongs to.
func (p *Program) ownersOf(names []string) []*Package {
	var out []*Package
	seen := make(map[*Package]bool)
	for _, name := range names {
		for _, pkg := range p.owners[name] {
			if !seen[pkg] {
				seen[pkg] = true
				out = append(out, pkg)
			}
		}
	}
	return out
}

// compare returns the IDs of the packages that the named files belong to, and
// of those among them that look the same to importers in q.
func (p *Program) compare(q *Program, names []string) (edited, sameAPI map[string]bool) {
	edited, sameAPI = make(map[string]bool), make(map[string]bool)
	for _, name := range names {
		same := sameDeclarations(p.Fset, p.sources[name], q.sources[name])
		for _, pkg := range p.owners[name] {
			sameAPI[pkg.ID] = same && (sameAPI[pkg.ID] || !edited[pkg.ID])
			edited[pkg.ID] = true
		}
	}
	for id := range edited {
		if !sameAPI[id] || p.graph[id].exported == nil {
			delete(sameAPI, id)
		}
	}
	// The new declarations of one package may show in the next.
	renewed := p.reach(sortedKeys(without(edited, sameAPI)))
	for id := range renewed {
		delete(sameAPI, id)
	}
	return edited, sameAPI
}

func without(x, y map[string]bool) map[string]bool {
	out := maps.Clone(x)
	for k := range y {
		delete(out, k)
	}
	return out
}

// renew replaces the edited packages, and the importers of those that look
// different now, by unchecked ones. It returns them.
func (q *Program) renew(edited, sameAPI map[string]bool) []*Package {
	ids := q.reach(sortedKeys(without(edited, sameAPI)))
	for id := range sameAPI {
		ids[id] = true
	}
	var again []*Package
	for _, id := range sortedKeys(ids) {
		pkg := q.graph[id].clone()
		if sameAPI[id] {
			pkg.exported = q.graph[id].exported
		}
		q.graph[id] = pkg
		again = append(again, pkg)
	}
	for _, pkg := range again {
		for path, imp := range pkg.Imports {
			pkg.Imports[path] = q.graph[imp.ID]
		}
	}
	return again
}

// reimport gives the edited packages the imports that their files ask for now.
// What is not in the graph is listed and added.
func (q *Program) reimport(ctx context.Context, again []*Package, edited map[string]bool) error {
	var missing []string
	want := make(map[*Package][]string)
	for _, pkg := range again {
		if !edited[pkg.ID] {
			continue
		}
		want[pkg] = q.importsOf(pkg)
		for _, path := range want[pkg] {
			if q.resolve(pkg, path) == nil {
				missing = append(missing, path)
			}
		}
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		if q.unit != nil {
			if err := q.addStandard(missing); err != nil {
				return err
			}
		} else if err := q.addListed(ctx, missing); err != nil {
			return err
		}
	}
	for _, pkg := range again {
		if edited[pkg.ID] {
			q.setImports(pkg, want[pkg])
		}
	}
	return nil
}

// addListed adds packages, which the go command finds, to the graph.
func (q *Program) addListed(ctx context.Context, paths []string) error {
	listed, err := q.list(ctx, false, paths...)
	if err != nil {
		return err
	}
	q.add(listed)
	return nil
}

// importsOf returns the import paths of a package's files, in order.
func (q *Program) importsOf(pkg *Package) []string {
	paths := make(map[string]bool)
	for _, name := range pkg.Files {
		s := q.sources[name]
		s.parse(q.Fset)
		if s.syntax == nil {
			continue
		}
		for _, imp := range s.syntax.Imports {
			if path := importPath(imp); path != "" && path != "C" {
				paths[path] = true
			}
		}
	}
	return sortedKeys(paths)
}

// resolve returns the package that pkg means by an import path, or nil if the
// graph does not have it.
func (q *Program) resolve(pkg *Package, path string) *Package {
	if imp := pkg.Imports[path]; imp != nil {
		return q.graph[imp.ID]
	}
	if imp := q.graph[path+" ["+pkg.ForTest+".test]"]; imp != nil {
		return imp // built again for this test, since it imports what is under test
	}
	if imp := q.graph["vendor/"+path]; imp != nil && within(q.goroot, pkg.dir) {
		return imp
	}
	if imp := q.graph[path]; q.unit == nil || !imp.partial() {
		return imp
	}
	return nil
}

// setImports sets the imports of pkg, but for those that would be a cycle.
func (q *Program) setImports(pkg *Package, paths []string) {
	imports := make(map[string]*Package, len(paths))
	for _, path := range paths {
		imp := q.resolve(pkg, path)
		switch {
		case imp == nil: // the go command knows nothing of it; the type checker will say so
		case pkg.Imports[path] == nil && q.needs(imp, pkg.ID): // an old import is no cycle unless a new one makes it so
			pkg.listed = append(pkg.listed, packages.Error{Msg: "import cycle not allowed: " + pkg.Path + " imports " + path, Kind: packages.ListError})
		default:
			imports[path] = imp
		}
	}
	pkg.Imports = imports
}

// needs reports whether pkg is the package with an ID, or imports it, directly
// or not.
func (q *Program) needs(pkg *Package, id string) bool {
	seen := map[string]bool{pkg.ID: true}
	for work := []string{pkg.ID}; len(work) > 0; {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		if at == id {
			return true
		}
		for _, imp := range q.graph[at].Imports {
			if !seen[imp.ID] {
				seen[imp.ID] = true
				work = append(work, imp.ID)
			}
		}
	}
	return false
}

// inOrder returns those of pkgs that have bodies, in the order of All.
func (q *Program) inOrder(pkgs []*Package) []*Package {
	in := make(map[*Package]bool, len(pkgs))
	for _, pkg := range pkgs {
		in[pkg] = true
	}
	var out []*Package
	for _, pkg := range q.All {
		if in[pkg] && pkg.Info != nil {
			out = append(out, pkg)
		}
	}
	return out
}
