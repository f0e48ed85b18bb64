package load

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Unloaded returns the packages of the main module that import the package at
// path, directly or not, themselves or in a test, and are not in the program, by
// path: nobody has looked at what they do with its types. There are none if the
// program was loaded with the pattern ./... in the folder of go.mod.
func (p *Program) Unloaded(ctx context.Context, path string) ([]string, error) {
	root := filepath.Dir(p.gomod)
	if p.gomod == "" || p.unit != nil || p.Dir == root && slices.Contains(p.cfg.Patterns, "./...") {
		return nil, nil
	}
	imports, err := p.moduleImports(ctx, root)
	if err != nil {
		return nil, err
	}
	reached := map[string]bool{path: true}
	for grown := true; grown; {
		grown = false
		for importer, list := range imports {
			if !reached[importer] && slices.ContainsFunc(list, func(imp string) bool { return reached[imp] }) {
				reached[importer], grown = true, true
			}
		}
	}
	for _, pkg := range p.All {
		delete(reached, pkg.Path)
	}
	var out []string
	for importer := range reached {
		out = append(out, importer)
	}
	slices.Sort(out)
	return out, nil
}

// moduleImports returns what each package of the main module imports, its tests
// included.
func (p *Program) moduleImports(ctx context.Context, root string) (map[string][]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.imports != nil {
		return p.imports, nil
	}
	args := []string{"list", "-e", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`}
	if p.cfg.Tags != "" {
		args = append(args, "-tags="+p.cfg.Tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./...")...)
	cmd.Dir = root
	cmd.Env = append(p.cfg.Env[:len(p.cfg.Env):len(p.cfg.Env)], "PWD="+root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list ./... in %s: %w%s", root, err, indent(strings.TrimSpace(stderr.String())))
	}
	imports := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 0 {
			imports[fields[0]] = fields[1:]
		}
	}
	p.imports = imports
	return imports, nil
}
