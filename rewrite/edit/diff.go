package edit

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Unified returns the unified diff from old to new of the file called name,
// with three lines of context, "" if they are equal.
func Unified(name string, old, new []byte) string {
	edits := lineEdits(string(old), string(new))
	diff, err := udiff.ToUnified("a/"+name, "b/"+name, string(old), edits, udiff.DefaultContextLines)
	if err != nil {
		panic("invariant: line edits are in order")
	}
	return renumber(diff)
}

// renumber sets where the hunks of a unified diff start in the new file: go-udiff
// v0.4.1 does not count the unchanged lines inside a hunk.
func renumber(diff string) string {
	var b strings.Builder
	grown := 0 // lines that earlier hunks add
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "@@ "):
			from, removed, added := hunkHeader(line)
			to := from + grown
			if removed == 0 && added > 0 {
				to++ // an empty range names the line before it
			}
			if added == 0 && removed > 0 {
				to--
			}
			fmt.Fprintf(&b, "@@ -%s +%s @@\n", lineRange(from, removed), lineRange(to, added))
			grown += added - removed
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// hunkHeader parses "@@ -from,removed +to,added @@"; a count of one may be
// left out.
func hunkHeader(line string) (from, removed, added int) {
	removed, added = 1, 1
	fields := strings.Fields(line)
	if n, _ := fmt.Sscanf(fields[1], "-%d,%d", &from, &removed); n < 2 {
		removed = 1
	}
	var to int
	if n, _ := fmt.Sscanf(fields[2], "+%d,%d", &to, &added); n < 2 {
		added = 1
	}
	return from, removed, added
}

func lineRange(start, n int) string {
	if n == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, n)
}
