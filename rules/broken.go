package rules

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/summarise"
)

// A panic is a bug of ours. This file makes it an error that names what it was
// about, and sees to it that nothing is taken for proved that was not looked at.

// linked puts summaries together.
func linked(all []*summarise.Package) (prog *link.Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error while linking: %v (please report this)\n%s", r, firstFrames(debug.Stack()))
		}
	}()
	return link.Link(all), nil
}

// noteBroken notes the maps that rules panicked over as errors of their
// packages.
func (a *analysis) noteBroken(all []judge.Broken) error {
	for _, b := range all {
		why := fmt.Sprintf("mapguard: %v (please report this)\n%s", b, firstFrames(b.Stack))
		if a.outside != nil {
			return errors.New(why) // who drives the analysis of one package has no list of those skipped
		}
		pkg := a.rootOf(b)
		a.mu.Lock()
		if a.broken[pkg.ID] == "" {
			a.broken[pkg.ID] = why
		}
		a.mu.Unlock()
	}
	return nil
}

// rootOf returns a package that the user asked for and that has to do with what
// broke: the one with the map, or one that uses it.
func (a *analysis) rootOf(b judge.Broken) *load.Package {
	paths := []string{b.Map.Pkg}
	for _, pos := range b.Sites {
		if pkg, _ := a.prog.File(pos.File); pkg != nil {
			paths = append(paths, pkg.Path)
		}
	}
	for _, path := range paths {
		for _, root := range a.prog.Roots {
			if root.Path == path {
				return root
			}
		}
	}
	return a.prog.Roots[0]
}

// brokeMore says what an analysis of the edited program panicked over that this
// one did not; "" if nothing.
func (a *analysis) brokeMore(edited *analysis) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pkg := range edited.prog.All {
		if why := edited.broken[pkg.ID]; why != "" && a.broken[pkg.ID] == "" {
			return why
		}
	}
	return ""
}
