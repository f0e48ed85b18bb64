package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/mapguard/mapguard/cmd/internal/report"
	"github.com/mapguard/mapguard/rewrite/edit"
)

// repaired returns a unified diff from the files in dir as one fix leaves them
// to the same files as the other leaves them: lines of code say more than
// offsets. It is "" if the files are not those that the edits were made for, or
// do not differ.
func repaired(dir string, before, after *report.Fix) string {
	var names []string
	for _, fix := range []*report.Fix{before, after} {
		if fix != nil {
			for _, e := range fix.Edits {
				names = append(names, e.File)
			}
		}
	}
	slices.Sort(names)
	diff := ""
	for _, name := range slices.Compact(names) {
		src, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return ""
		}
		a, errA := apply(src, before, name)
		b, errB := apply(src, after, name)
		if errA != nil || errB != nil {
			return ""
		}
		diff += edit.Unified(name, a, b)
	}
	return diff
}

// apply returns src with the edits that a fix, which may be nil, makes in the
// file of that name.
func apply(src []byte, fix *report.Fix, name string) ([]byte, error) {
	var all []edit.TextEdit
	if fix != nil {
		for _, e := range fix.Edits {
			if e.File == name {
				all = append(all, edit.TextEdit{File: e.File, Start: e.Start, End: e.End, New: e.New})
			}
		}
	}
	return edit.Apply(src, all)
}
