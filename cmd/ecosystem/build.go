package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A build is one of the two that are compared.
type build struct {
	Name     string `json:"name"`               // as the user named it
	Revision string `json:"revision,omitempty"` // the commit it was built from; "" for an executable
	Version  string `json:"version,omitempty"`  // as its reports say
	binary   string // absolute
}

func (b *build) String() string {
	if b.Revision == "" {
		return b.Name
	}
	return fmt.Sprintf("%s (%.12s)", b.Name, b.Revision)
}

// newBuild returns the build that a flag names: an executable if there is such
// a file, and otherwise a git revision of the repository at source. It returns
// a usage error for a name that is neither.
func newBuild(ctx context.Context, flag, name, source string) (*build, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		binary, err := filepath.Abs(name)
		return &build{Name: name, binary: binary}, err
	}
	revision, err := output(ctx, source, nil, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return nil, usagef("--%s %s: no such file, and no revision of the git repository in %s: build it, or fetch the revision", flag, name, source)
	}
	return &build{Name: name, Revision: strings.TrimSpace(revision)}, nil
}

// compile makes the executable of a build that is a revision, in a new folder
// below temp. The source is cloned, not checked out as a further work tree, so
// that the user's repository is only read; the clone borrows its objects, which
// is quick.
func (b *build) compile(ctx context.Context, source, temp string) error {
	if b.binary != "" {
		return nil
	}
	dir, err := os.MkdirTemp(temp, "build")
	if err != nil {
		return err
	}
	top, err := output(ctx, source, nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	clone := filepath.Join(dir, "source")
	binary := filepath.Join(dir, "mapguard")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	env := []string{
		"TMPDIR=" + dir, // go build leaves files there if it is killed
		"GOWORK=off",    // a workspace around the source is not around its clone
	}
	for _, step := range []struct {
		dir  string
		args []string
	}{
		{source, []string{"git", "clone", "--quiet", "--shared", "--no-checkout", strings.TrimRight(top, "\r\n"), clone}},
		{clone, []string{"git", "checkout", "--quiet", "--detach", b.Revision}},
		{clone, []string{"go", "build", "-o", binary, "./cmd/mapguard"}},
	} {
		if _, err := output(ctx, step.dir, env, step.args...); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("building %s: %w", b, err)
		}
	}
	b.binary = binary
	return nil
}

// output runs a command, with further environment variables, and returns what
// it prints. The error has what it says on stderr.
func output(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.WaitDelay = killDelay
	ownGroup(cmd)
	cmd.Env = append(slices.DeleteFunc(cmd.Environ(), elsewhere), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// elsewhere reports whether an environment variable makes git work on another
// repository than that of its working directory. Git sets some for its hooks:
// with them, the checkout in a clone would be one in the user's repository.
func elsewhere(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	switch name {
	case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
		"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES":
		return true
	}
	return false
}
