package main

import (
	"fmt"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// maxPreview is how many lines of a fix are printed.
const maxPreview = 16

// edits prints the lines that a fix changes, file by file, each stretch with
// its place and the lines next to it: a lock alone says nothing about what it
// is held for.
func (t *text) edits(fix *edit.Fix) {
	left := maxPreview
	for _, name := range files(fix) {
		if t.view.change(fix, name) == "" {
			t.printf("      %s\n", t.view.rel(name))
		}
		for _, st := range stretches(t.view.change(fix, name)) {
			t.printf("      %s:%d\n", t.view.rel(name), st.line)
			for _, line := range st.lines {
				if left--; left < 0 {
					t.printf("      ... see --diff\n")
					return
				}
				t.printf("      %s\n", t.diffLine(line))
			}
		}
	}
}

func (t *text) diffLine(line string) string {
	body := strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
	switch {
	case line[0] == '+':
		return t.paint.green(body)
	case line[0] == '-':
		return t.paint.red(body)
	}
	if cut := []rune(body); len(cut) > maxLine {
		body = string(cut[:maxLine]) + "..."
	}
	return t.paint.dim(strings.TrimRight(body, " "))
}

// A stretch is changed lines of a file and the lines around them.
type stretch struct {
	line  int      // of the first one, in the file as it was
	lines []string // as a diff has them
}

// stretches picks from a unified diff the changed lines and one line before and
// after each.
func stretches(diff string) []stretch {
	var out []stretch
	var lines []string // of one hunk
	at := 0
	flush := func() {
		open := false
		for i, l := range lines {
			near := changed(l) || i > 0 && changed(lines[i-1]) || i+1 < len(lines) && changed(lines[i+1])
			if near && !changed(l) && strings.TrimSpace(l) == "" {
				near = false // says nothing
			}
			if near && !open {
				out = append(out, stretch{line: at})
			}
			if open = near; near {
				last := &out[len(out)-1]
				last.lines = append(last.lines, l)
			}
			if l[0] != '+' {
				at++
			}
		}
		lines = nil
	}
	for l := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(l, "--- ") || strings.HasPrefix(l, "+++ ") || l[0] == '\\':
		case strings.HasPrefix(l, "@@ "):
			flush()
			if _, err := fmt.Sscanf(l, "@@ -%d", &at); err != nil {
				return nil // not a diff
			}
		default:
			lines = append(lines, l)
		}
	}
	flush()
	return out
}

func changed(line string) bool { return line[0] == '+' || line[0] == '-' }
