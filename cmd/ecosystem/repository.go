package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A repository is what both builds are run on.
type repository struct {
	name     string // of its folder; the whole path if there are two of that name
	dir      string // absolute
	patterns []string
}

// repositories returns those of the command line and then those of the list,
// in their order there; those of a folder by name.
func (o *options) repositories() ([]*repository, error) {
	var repos []*repository
	for _, dir := range o.dirs {
		found, err := inFolder(dir, o.patterns)
		if err != nil {
			return nil, err
		}
		repos = append(repos, found...)
	}
	if o.list != "" {
		found, err := inList(o.list, o.patterns)
		if err != nil {
			return nil, err
		}
		repos = append(repos, found...)
	}
	tellApart(repos)
	return repos, nil
}

// inFolder returns the repository that dir is, or those in it.
func inFolder(dir string, patterns []string) ([]*repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if hasModule(abs) {
		return []*repository{{name: filepath.Base(abs), dir: abs, patterns: patterns}}, nil
	}
	entries, err := os.ReadDir(abs)
	if err != nil {
		return nil, usagef("no repository there: %v", err)
	}
	var repos []*repository
	for _, e := range entries {
		if sub := filepath.Join(abs, e.Name()); hasModule(sub) {
			repos = append(repos, &repository{name: e.Name(), dir: sub, patterns: patterns})
		}
	}
	if len(repos) == 0 {
		return nil, usagef("no go.mod in %s or in a folder of it: name a repository, or a folder of them", dir)
	}
	return repos, nil
}

// inList reads a list of repositories; flags.go tells the user its form.
func inList(file string, patterns []string) ([]*repository, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("--list: %v", err)
	}
	var repos []*repository
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		dir := fields[0]
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(file), dir)
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
		if !hasModule(dir) {
			return nil, usagef("%s:%d: no go.mod in %s", file, number, dir)
		}
		repo := &repository{name: filepath.Base(dir), dir: dir, patterns: patterns}
		if len(fields) > 1 {
			repo.patterns = fields[1:]
		}
		repos = append(repos, repo)
	}
	if len(repos) == 0 {
		return nil, usagef("%s names no repository", file)
	}
	return repos, nil
}

func hasModule(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && info.Mode().IsRegular()
}

// tellApart gives repositories of one name longer ones: their folders, and
// numbers to those that are named twice.
func tellApart(repos []*repository) {
	rename(repos, func(r *repository, _ int) string { return filepath.ToSlash(r.dir) })
	rename(repos, func(r *repository, n int) string { return fmt.Sprintf("%s (%d)", r.name, n) })
}

// rename gives a new name to each repository whose name is not its own; n
// counts those of one name from 1.
func rename(repos []*repository, to func(r *repository, n int) string) {
	same := make(map[string][]*repository)
	for _, r := range repos {
		same[r.name] = append(same[r.name], r)
	}
	for _, group := range same {
		if len(group) < 2 {
			continue
		}
		for i, r := range group {
			r.name = to(r, i+1)
		}
	}
}
