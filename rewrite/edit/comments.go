package edit

import (
	"slices"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// dst keeps comments as strings beside the nodes, in order, with "\n" for a
// line end. A line comment brings its own line end, so a "\n" after one is a
// blank line; after anything else the first "\n" is the end of the line.

const newline = "\n"

// ends reports whether a decoration ends its line.
func ends(dec string) bool {
	return dec == newline || strings.HasPrefix(dec, "//")
}

func isComment(dec string) bool { return strings.HasPrefix(dec, "/") }

// splitStart splits the comments before a node into those set off by a blank
// line, which stay where they are, and those that belong to the node.
func splitStart(decs dst.Decorations) (above, own dst.Decorations) {
	cut := 0
	for i := 1; i < len(decs); i++ {
		if decs[i] == newline && ends(decs[i-1]) {
			cut = i + 1
		}
	}
	return slices.Clone(decs[:cut]), slices.Clone(decs[cut:])
}

// splitEnd splits the comments after a node into those on its last line, and
// those on later lines. The second list is fit to follow a node whose line has
// no comment, so it starts with a line end.
func splitEnd(decs dst.Decorations) (same, later dst.Decorations) {
	i := slices.IndexFunc(decs, ends)
	if i < 0 {
		return slices.Clone(decs), nil
	}
	if decs[i] == newline {
		return slices.Clone(decs[:i]), slices.Clone(decs[i:])
	}
	if i+1 == len(decs) {
		return slices.Clone(decs), nil
	}
	return slices.Clone(decs[:i+1]), append(dst.Decorations{newline}, decs[i+1:]...)
}

// appendLater appends to the comments after a node what splitEnd gave as later.
func appendLater(decs, later dst.Decorations) dst.Decorations {
	if len(later) > 0 && len(decs) > 0 && strings.HasPrefix(decs[len(decs)-1], "//") {
		later = later[1:]
	}
	return append(slices.Clone(decs), later...)
}

// afterNewline makes of comments that follow something comments that start a
// line: what splitEnd gave as later, without the first line end, complete to
// the end of the last line.
func afterNewline(later dst.Decorations) dst.Decorations {
	out := slices.Clone(later)
	if len(out) > 0 && out[0] == newline {
		out = out[1:]
	}
	if len(out) > 0 && !ends(out[len(out)-1]) {
		out = append(out, newline)
	}
	return out
}

// comments returns the comments in and around a node.
func comments(n dst.Node) []string {
	var out []string
	dst.Inspect(n, func(n dst.Node) bool {
		if n == nil {
			return false
		}
		_, _, points := dstutil.Decorations(n)
		for _, p := range points {
			for _, d := range p.Decs {
				if isComment(d) {
					out = append(out, d)
				}
			}
		}
		return true
	})
	return out
}

// missing returns the comments of old that are not among kept, as whole lines.
// Line ends in either do not matter.
func missing(old, kept []string) []string {
	kept = slices.Clone(kept)
	var out []string
	for _, c := range old {
		if i := slices.Index(kept, c); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
			continue
		}
		if isComment(c) {
			out = append(out, c)
			if !ends(c) {
				out = append(out, newline)
			}
		}
	}
	return out
}
