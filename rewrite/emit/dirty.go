package emit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Dirty returns, sorted, those of the files that have changes git does not keep
// yet: modified, staged or never added. A file outside any git work tree, or
// ignored there, is not dirty.
func Dirty(ctx context.Context, files []string) ([]string, error) {
	byTop := make(map[string]map[string]string) // work tree -> path within -> name as given
	for _, name := range files {
		real, err := filepath.EvalSymlinks(name)
		if err != nil {
			return nil, err
		}
		top := above(filepath.Dir(real), ".git")
		if top == "" {
			continue
		}
		rel, err := filepath.Rel(top, real)
		if err != nil {
			return nil, err
		}
		if byTop[top] == nil {
			byTop[top] = make(map[string]string)
		}
		byTop[top][filepath.ToSlash(rel)] = name
	}
	var dirty []string
	for top, names := range byTop {
		for part := range slices.Chunk(slices.Sorted(maps.Keys(names)), 200) { // a command line has an end
			changed, err := status(ctx, top, part)
			if err != nil {
				return nil, err
			}
			for _, rel := range changed {
				dirty = append(dirty, names[rel])
			}
		}
	}
	slices.Sort(dirty)
	return dirty, nil
}

// status returns which of the paths git status names.
func status(ctx context.Context, top string, paths []string) ([]string, error) {
	args := []string{"-C", top, "--literal-pathspecs", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--"}
	cmd := exec.CommandContext(ctx, "git", append(args, paths...)...)
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0") // reading must not write the index
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%s", strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("cannot ask git which files have uncommitted changes: %w", err)
	}
	var changed []string
	for line := range strings.SplitSeq(string(out), "\x00") {
		if len(line) > 3 && slices.Contains(paths, line[3:]) { // XY and a space, then the path
			changed = append(changed, line[3:])
		}
	}
	return changed, nil
}
