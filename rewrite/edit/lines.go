package edit

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/aymanbagabas/go-udiff/lcs"
)

// difference returns the differences between two sequences. go-udiff looks for
// about a hundred and gives up on the middle, so that is asked about again.
func difference(a, b []string) []lcs.Diff {
	var out []lcs.Diff
	for _, d := range lcs.DiffLines(a, b) {
		if d.Start == d.End || d.ReplStart == d.ReplEnd || d.End-d.Start == len(a) && d.ReplEnd-d.ReplStart == len(b) {
			out = append(out, d)
			continue
		}
		for _, sub := range difference(a[d.Start:d.End], b[d.ReplStart:d.ReplEnd]) {
			sub.Start, sub.End = sub.Start+d.Start, sub.End+d.Start
			sub.ReplStart, sub.ReplEnd = sub.ReplStart+d.ReplStart, sub.ReplEnd+d.ReplStart
			out = append(out, sub)
		}
	}
	return out
}

// lineEdits returns the differences between two texts, in whole lines.
func lineEdits(old, new string) []udiff.Edit {
	a, b := slices.Collect(strings.Lines(old)), slices.Collect(strings.Lines(new))
	var out []udiff.Edit
	off, line := 0, 0
	skip := func(to int) {
		for ; line < to; line++ {
			off += len(a[line])
		}
	}
	for _, d := range difference(a, b) {
		skip(d.Start)
		e := udiff.Edit{Start: off, New: strings.Join(b[d.ReplStart:d.ReplEnd], "")}
		skip(d.End)
		e.End = off
		out = append(out, e)
	}
	return out
}
