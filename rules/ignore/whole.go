package ignore

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
)

// wholeModules reports whether every package of the roots' modules is in the
// program. Otherwise a goroutine may be started in code that nobody has read,
// and a directive without effect may have one after all.
func wholeModules(p *load.Program) bool {
	loaded := make(map[string]bool) // folders
	for _, pkg := range p.All {
		for _, name := range pkg.Files {
			if pkg.Main {
				loaded[filepath.Dir(name)] = true
			}
		}
	}
	done := make(map[string]bool)
	for _, pkg := range p.Roots {
		if pkg.Module == nil {
			return false // files named one by one
		}
		if dir := pkg.Module.Dir; !done[dir] {
			done[dir] = true
			if !wholeModule(dir, loaded) {
				return false
			}
		}
	}
	return true
}

// wholeModule reports whether every folder of a module that has a Go file for
// this system is among those loaded.
func wholeModule(root string, loaded map[string]bool) bool {
	whole := true
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, base := filepath.Split(name)
		if d.IsDir() {
			if name != root && apart(name, base) {
				return fs.SkipDir
			}
			return nil
		}
		if loaded[filepath.Clean(dir)] || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		if match, err := build.Default.MatchFile(dir, base); err == nil && match {
			whole = false
			return fs.SkipAll
		}
		return nil
	})
	return whole && err == nil
}

// apart reports whether the go command leaves a folder out of ./... patterns.
func apart(dir, base string) bool {
	if base == "vendor" || base == "testdata" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
