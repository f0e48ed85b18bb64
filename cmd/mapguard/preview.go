package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// maxPreview is how many lines of a fix are printed.
const maxPreview = 16

// edits prints the lines that a fix changes, file by file, each stretch with
// its place and the lines next to it: a lock alone says nothing about what it
// is held for. If they are too many, those at the accesses of the finding come
// before the others.
func (t *text) edits(f *judge.Finding, fix *edit.Fix) {
	var all []stretch
	for _, name := range files(fix) {
		diff := t.view.change(fix, name)
		if diff == "" {
			all = append(all, stretch{file: name, line: -1})
		}
		for _, st := range stretches(diff) {
			st.file = name
			all = append(all, st)
		}
	}
	picked := pick(all, f)
	for i, st := range all {
		switch {
		case !picked[i]:
		case st.line < 0:
			t.printf("      %s\n", t.view.rel(st.file))
		default:
			t.printf("      %s:%d\n", t.view.rel(st.file), st.line)
			for k, line := range st.lines {
				if k == maxPreview {
					t.printf("      ... and %s more: see --diff\n", count(len(st.lines)-k, "line"))
					break
				}
				t.printf("      %s\n", t.diffLine(line))
			}
		}
	}
	if left := len(all) - len(picked); left > 0 {
		t.printf("      ... and in %s more: see --diff\n", count(left, "place"))
	}
}

// pick returns the indices of the stretches that are printed: as many as fit,
// those at the accesses of the finding first, one at least.
func pick(all []stretch, f *judge.Finding) map[int]bool {
	picked := make(map[int]bool)
	left := maxPreview
	for _, first := range []bool{true, false} {
		for i, st := range all {
			at := slices.ContainsFunc(f.Accesses, func(a judge.Access) bool { return st.has(a.Pos) })
			if at != first || len(picked) > 0 && len(st.lines) > left {
				continue
			}
			picked[i] = true
			left -= len(st.lines)
		}
	}
	return picked
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
	file  string
	line  int      // of the first one, in the file as it was
	lines []string // as a diff has them
}

// has reports whether a position is in the stretch.
func (st stretch) has(p access.Pos) bool {
	end := st.line
	for _, l := range st.lines {
		if l[0] != '+' {
			end++
		}
	}
	return p.File == st.file && st.line <= p.Line && p.Line < end
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
