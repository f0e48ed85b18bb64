package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/known"
)

// readRows reads the user's rows: from the named file, which is relative to
// dir, or from the one beside the go.mod that is nearest above dir. Without
// either it returns nil.
func readRows(dir, name string) (*known.File, error) {
	given := name != ""
	if !given {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				return nil, nil
			}
		}
		name = known.FileName
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
	case !given && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case given:
		return nil, usagef("--config: %v", err)
	default:
		return nil, err
	}
	file, err := known.Parse(name, data)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// table returns what is known of libraries with the user's rows, nil if there
// are none.
func table(p *load.Program, file *known.File) (*known.Table, error) {
	if file == nil {
		return nil, nil
	}
	if err := rules.CheckRows(p, file); err != nil {
		return nil, err
	}
	return known.NewTable(true, known.Builtin(), file.Rows), nil
}
