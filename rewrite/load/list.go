package load

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// metadata is everything but types and syntax: those we make ourselves.
const metadata = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedModule |
	packages.NeedForTest | packages.NeedTypesSizes

// list asks the go command for the packages that match, with all that they
// import, and their test variants if tests. The packages have no types yet.
func (p *Program) list(ctx context.Context, tests bool, patterns ...string) ([]*packages.Package, error) {
	cfg := &packages.Config{
		Mode:    metadata,
		Context: ctx,
		Dir:     p.Dir,
		Env:     p.cfg.Env,
		Tests:   tests,
		Overlay: p.cfg.Overlay,
	}
	if p.cfg.Tags != "" {
		cfg.BuildFlags = []string{"-tags=" + p.cfg.Tags}
	}
	listed, err := packages.Load(cfg, patterns...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("the go command could not list %s%s", strings.Join(patterns, " "), indent(strings.TrimSpace(err.Error())))
	}
	return listed, nil
}

// goEnv finds out where Go and the main module are.
func (p *Program) goEnv(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOMOD")
	cmd.Dir = p.Dir
	cmd.Env = append(p.cfg.Env[:len(p.cfg.Env):len(p.cfg.Env)], "PWD="+p.Dir)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("no go command: put the bin directory of Go on the PATH: %w", err)
	}
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			return fmt.Errorf("go env in %s: %w%s", p.Dir, err, indent(strings.TrimSpace(string(exit.Stderr))))
		}
		return fmt.Errorf("go env in %s: %w", p.Dir, err)
	}
	goroot, gomod, _ := strings.Cut(strings.ReplaceAll(string(out), "\r", ""), "\n")
	p.goroot = goroot
	if gomod = strings.TrimSpace(gomod); filepath.IsAbs(gomod) && filepath.Base(gomod) == "go.mod" {
		p.gomod = gomod
	}
	return nil
}

// goPathMode reports whether modules are switched off.
func goPathMode(env []string) bool {
	off := false
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "GO111MODULE="); ok {
			off = value == "off"
		}
	}
	return off
}

// owned reports whether a package is source of the user's own modules.
func (p *Program) owned(l *packages.Package) bool {
	switch {
	case vendored(l.PkgPath):
		return false
	case strings.HasPrefix(l.ID, "command-line-arguments"):
		return true
	case l.Module != nil:
		return l.Module.Main && !within(filepath.Join(l.Module.Dir, "vendor"), l.Dir)
	case within(p.goroot, l.Dir):
		// The go command names no module for std and cmd, even when
		// they are what is worked on.
		std := filepath.Join(p.goroot, "src")
		cmd := filepath.Join(std, "cmd")
		switch filepath.Dir(p.gomod) {
		case std:
			return p.gomod != "" && !within(cmd, l.Dir)
		case cmd:
			return within(cmd, l.Dir)
		}
		return false
	default:
		return l.Dir != "" // modules are switched off, or the list is not from the go command
	}
}

// vendored reports whether an import path lies in a vendor folder of GOPATH
// or GOROOT.
func vendored(path string) bool {
	return strings.HasPrefix(path, "vendor/") || strings.Contains(path, "/vendor/")
}

// within reports whether a file or folder is dir or below it.
func within(dir, name string) bool {
	return name == dir || dir != "" && strings.HasPrefix(name, dir+string(filepath.Separator))
}
