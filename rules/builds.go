package rules

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rewrite/prove"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file asks whether the edited program type-checks under other build
// configurations too: a file that this build leaves out may convert the struct
// that gets a mutex.

// otherBuilds takes back the fixes that break another build configuration. Each
// configuration is loaded once, with the packages that fixes edit.
func (a *analysis) otherBuilds(ctx context.Context, fs []*judge.Finding) error {
	byBuild := make(map[string][]*judge.Finding)
	builds := make(map[string]load.Build)
	mentioned := make(map[string][]load.Build) // by folder
	var order []string
	for _, f := range fs {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		want := slices.Clone(a.cfg.Builds)
		if a.cfg.MentionedBuilds {
			for _, dir := range folders(f.Fix) {
				if _, ok := mentioned[dir]; !ok {
					mentioned[dir] = a.prog.MentionedBuilds([]string{dir})
				}
				want = append(want, mentioned[dir]...)
			}
		}
		for _, b := range want {
			name := b.String()
			if byBuild[name] == nil {
				order = append(order, name)
				builds[name] = b
			}
			if !slices.Contains(byBuild[name], f) {
				byBuild[name] = append(byBuild[name], f)
			}
		}
	}
	slices.Sort(order)
	for _, name := range order {
		if err := a.underBuild(ctx, builds[name], byBuild[name]); err != nil {
			return err
		}
	}
	return nil
}

// folders returns the folders of the files that a fix edits, in order.
func folders(fix *edit.Fix) []string {
	var out []string
	for _, e := range fix.Edits {
		if dir := filepath.Dir(e.File); !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out
}

// underBuild takes back those of some fixes that break one configuration.
func (a *analysis) underBuild(ctx context.Context, b load.Build, fs []*judge.Finding) error {
	a.cfg.progress("checking %d fixes for %s", len(fs), b)
	var dirs []string
	for _, f := range fs {
		if len(f.Fix.Edits) > 0 { // no other configuration has taken it back
			dirs = append(dirs, folders(f.Fix)...)
		}
	}
	slices.Sort(dirs)
	if dirs = slices.Compact(dirs); len(dirs) == 0 {
		return nil
	}
	other, err := a.prog.Under(ctx, b, dirs)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err != nil {
		if slices.ContainsFunc(a.cfg.Builds, func(c load.Build) bool { return c.String() == b.String() }) {
			return fmt.Errorf("the build configuration %s cannot be loaded, leave it out of --configs: %w", b, err)
		}
		return nil // nobody can build it
	}
	for _, group := range compatible(fs) {
		edits, err := merged(group)
		if err != nil {
			return err
		}
		why, err := brokenUnder(other, edits)
		if err != nil {
			return err
		}
		if err := breaks(other, b, group, why != nil); err != nil {
			return err
		}
	}
	return nil
}

// breaks takes back those of a group that break a configuration, each looked at
// by itself; if none is suspected, it notes that they do not.
func breaks(other *load.Program, b load.Build, group []*judge.Finding, suspected bool) error {
	var bad []*judge.Finding
	for _, f := range group {
		var why error
		if suspected {
			var err error
			if why, err = brokenUnder(other, f.Fix.Edits); err != nil {
				return err
			}
		}
		if why != nil {
			bad = append(bad, f)
			f.Fix.Reason = fmt.Sprintf("%v under %s", why, b)
		} else if len(f.Fix.Proved) > 0 {
			f.Fix.Proved = alsoFor(f.Fix.Proved, b)
		}
	}
	for _, f := range bad {
		refuse(f, errors.New(f.Fix.Reason))
	}
	return nil
}

// brokenUnder says what is wrong with another configuration of the program once
// it is edited, nil if it is as whole as it was.
func brokenUnder(other *load.Program, edits []edit.TextEdit) (why, err error) {
	edits = slices.DeleteFunc(slices.Clone(edits), func(e edit.TextEdit) bool { return !other.Owns(e.File) })
	if len(edits) == 0 {
		return nil, nil
	}
	_, failures, err := prove.Compile(other, edits)
	if err != nil || len(failures) == 0 {
		return nil, err
	}
	return fmt.Errorf("%s: %s", failures[0].Pos, failures[0].Message), nil
}

// alsoProved is how the line of what was proved starts that names the other
// configurations.
const alsoProved = "the edited packages type-check for "

// alsoFor adds a configuration to the line of proved that names them.
func alsoFor(proved []string, b load.Build) []string {
	proved = slices.Clone(proved) // may be shared with another finding
	i := slices.IndexFunc(proved, func(s string) bool { return strings.HasPrefix(s, alsoProved) })
	if i < 0 {
		return append(proved, alsoProved+b.String())
	}
	proved[i] += ", " + b.String()
	return proved
}
