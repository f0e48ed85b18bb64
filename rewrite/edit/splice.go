package edit

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A file that is not gofmt'd is not what the tree prints, so the difference
// between two prints has to be carried over to it. Lines do not correspond, but
// tokens (comments among them) do, but for the few that gofmt itself moves or
// drops. Between two tokens that all three texts have in common, either the two
// prints agree, and the source stays as it is, or the source is made to say
// what the second print says, at the indentation that its own lines have.

// A splicer carries the difference between base and mod over to src, all of
// which are the same program but for that difference.
type splicer struct {
	src, base, mod    string
	srcs, bases, mods []tok
	toBase, toSrc     []int // from mod to base, from base to src; -1 for none
	anchors           []anchor
	indents           []indentAt
}

// An anchor is a token that all three texts have: its index in each.
type anchor struct{ src, base, mod int }

// An indentAt says how the source indents what mod indents by depth tabs.
type indentAt struct {
	line, depth int // of mod
	indent      string
}

// splice returns the edits that do to src what led from base to mod. The
// result has the tokens of mod and its comments.
func splice(src, base, mod string) ([]udiff.Edit, error) {
	s := &splicer{src: src, base: base, mod: mod, srcs: tokens(src), bases: tokens(base), mods: tokens(mod)}
	s.anchor()
	var out []udiff.Edit
	for i := 1; i < len(s.anchors); i++ {
		out = append(out, s.between(s.anchors[i-1], s.anchors[i])...)
	}
	text, err := udiff.Apply(src, out)
	if err == nil {
		err = agree(src, text, base, mod)
	}
	if err != nil {
		return nil, fmt.Errorf("is not gofmt'd, and the edit cannot be carried over: %w", err)
	}
	return out, nil
}

// anchor finds the anchors, with one before the start and one behind the end,
// and the indentation of the lines that start with one.
func (s *splicer) anchor() {
	s.toBase, s.toSrc = align(s.mods, s.bases), align(s.bases, s.srcs)
	s.settle()
	s.anchors = []anchor{{-1, -1, -1}}
	line, from := 1, 0
	for j, i := range s.toBase {
		if i < 0 || s.toSrc[i] < 0 {
			continue
		}
		k := s.toSrc[i]
		s.anchors = append(s.anchors, anchor{k, i, j})
		line += strings.Count(s.mod[from:s.mods[j].off], "\n")
		from = s.mods[j].off
		modIndent, ok1 := lineIndent(s.mod, s.mods[j].off)
		srcIndent, ok2 := lineIndent(s.src, s.srcs[k].off)
		if ok1 && ok2 && !s.mods[j].comment {
			s.indents = append(s.indents, indentAt{line, len(modIndent), srcIndent})
		}
	}
	s.anchors = append(s.anchors, anchor{len(s.srcs), len(s.bases), len(s.mods)})
}

// settle moves runs of new tokens of mod to where a line starts. In "f(); g()"
// the new tokens could as well be ") ; g (".
func (s *splicer) settle() {
	opens := func(j int) bool { // whether a line starts with token j
		if j == 0 || j == len(s.mods) {
			return true
		}
		return strings.Contains(s.mod[s.mods[j-1].end:s.mods[j].off], "\n")
	}
	for j := 0; j < len(s.mods); j++ {
		if s.toBase[j] >= 0 {
			continue
		}
		k := j
		for k < len(s.mods) && s.toBase[k] < 0 {
			k++
		}
		next := k
		if n := s.slideLeft(j, k, opens); n > 0 {
			for range n { // the token before the run moves behind it
				j, k = j-1, k-1
				s.toBase[k], s.toBase[j] = s.toBase[j], -1
			}
		} else {
			for range s.slideRight(j, k, opens) { // the token behind it moves before it
				s.toBase[j], s.toBase[k] = s.toBase[k], -1
				j, k = j+1, k+1
			}
			next = k
		}
		j = next
	}
}

// slideLeft returns how many tokens the run [j, k) of new tokens has to move to
// the left for it to start and end where lines do, 0 if it does or cannot.
func (s *splicer) slideLeft(j, k int, opens func(int) bool) int {
	for n := 0; ; n++ {
		if opens(j-n) && opens(k-n) {
			return n
		}
		if j-n == 0 || s.toBase[j-n-1] < 0 || s.mods[j-n-1].key != s.mods[k-n-1].key {
			return 0
		}
	}
}

// slideRight is the mirror image of slideLeft.
func (s *splicer) slideRight(j, k int, opens func(int) bool) int {
	for n := 0; ; n++ {
		if opens(j+n) && opens(k+n) {
			return n
		}
		if k+n == len(s.mods) || s.toBase[k+n] < 0 || s.mods[j+n].key != s.mods[k+n].key {
			return 0
		}
	}
}

// lineIndent returns what is between the start of the line and off, and
// whether that is white space only.
func lineIndent(text string, off int) (string, bool) {
	indent := text[strings.LastIndexByte(text[:off], '\n')+1 : off]
	return indent, strings.Trim(indent, " \t") == ""
}

// gap returns the offsets between the i-th token and the j-th.
func gap(text string, toks []tok, i, j int) (start, end int) {
	end = len(text)
	if i >= 0 {
		start = toks[i].end
	}
	if j < len(toks) {
		end = toks[j].off
	}
	return start, end
}

// between returns the edits between two neighbouring anchors.
func (s *splicer) between(a, b anchor) []udiff.Edit {
	bs, be := gap(s.base, s.bases, a.base, b.base)
	ms, me := gap(s.mod, s.mods, a.mod, b.mod)
	ss, se := gap(s.src, s.srcs, a.src, b.src)
	base, mod, src := s.base[bs:be], s.mod[ms:me], s.src[ss:se]
	if base == mod {
		return nil
	}
	if b.src-a.src != b.base-a.base {
		// gofmt moves or drops a token here: keep to what the edit is about.
		return s.narrow(a, b)
	}
	if b.base == a.base+1 && b.mod == a.mod+1 {
		if shape(base) == shape(mod) || shape(src) == shape(mod) && depth(base) == depth(mod) {
			return nil // realigned, or as it should be already
		}
	}
	if e, ok := s.wholeLines(a, b); ok {
		return []udiff.Edit{e}
	}
	text := s.words(ms, a.mod+1, b.mod)
	last := ms
	if b.mod > a.mod+1 {
		last = s.mods[b.mod-1].end
	}
	space := s.space(s.mod[last:me], last)
	if i := strings.LastIndexByte(src, '\n'); i >= 0 && strings.Contains(space, "\n") && depth(base) == depth(mod) {
		space = space[:strings.LastIndexByte(space, '\n')] + src[i:] // its line stays
	}
	text = keepBlank(src, text+space)
	return slide(s.src, trim(udiff.Edit{Start: ss, End: se, New: text}, src))
}

// wholeLines returns the edit between two neighbouring anchors if it adds whole
// lines between two lines and nothing else.
func (s *splicer) wholeLines(a, b anchor) (udiff.Edit, bool) {
	bs, be := gap(s.base, s.bases, a.base, b.base)
	ms, me := gap(s.mod, s.mods, a.mod, b.mod)
	ss, se := gap(s.src, s.srcs, a.src, b.src)
	if b.base != a.base+1 || b.mod <= a.mod+1 {
		return udiff.Edit{}, false
	}
	lead, trail := s.mod[ms:s.mods[a.mod+1].off], s.mod[s.mods[b.mod-1].end:me]
	blank := func(gap string) int { return strings.Count(gap, "\n") }
	before, after := blank(lead), blank(trail)
	if before == 0 || after == 0 || before+after-1 != blank(s.base[bs:be]) || depth(s.base[bs:be]) != depth(trail) {
		return udiff.Edit{}, false
	}
	src := s.src[ss:se]
	first, last := strings.IndexByte(src, '\n'), strings.LastIndexByte(src, '\n')
	if first < 0 {
		return udiff.Edit{}, false
	}
	at := ss + first + 1
	if before > 1 {
		at = ss + last + 1
	}
	text := strings.TrimLeft(s.words(ms, a.mod+1, b.mod), "\n") + "\n"
	return insertion(at, text), true
}

// narrow returns the edits between two neighbouring anchors, each of as few
// tokens as can be, without regard for the space between those that stay.
func (s *splicer) narrow(a, b anchor) []udiff.Edit {
	var out []udiff.Edit
	i := a.base + 1
	for j := a.mod + 1; j <= b.mod; j++ {
		from := j
		for j < b.mod && s.toBase[j] < 0 {
			j++
		}
		next := b.base
		if j < b.mod {
			next = s.toBase[j]
		}
		switch {
		case next > i && s.toSrc[i] >= 0 && s.toSrc[next-1] >= 0: // old tokens
			e := udiff.Edit{Start: s.srcs[s.toSrc[i]].off, End: s.srcs[s.toSrc[next-1]].end}
			if from < j {
				e.New = s.words(s.mods[from].off, from, j)
			}
			out = append(out, e)
		case next == i && from < j && s.srcOf(next) >= 0: // none, and we know what follows
			e := insertion(s.srcs[s.srcOf(next)].off, s.words(s.mods[from].off, from, j))
			e.New += s.space(s.mod[s.mods[j-1].end:s.mods[j].off], s.mods[j-1].end)
			out = append(out, e)
		case next == i && from < j && i > 0 && s.srcOf(i-1) >= 0: // or what precedes
			out = append(out, insertion(s.srcs[s.srcOf(i-1)].end, s.words(s.mods[from-1].end, from, j)))
		}
		i = next + 1
	}
	return out
}

// srcOf returns the token of src for the i-th of base, -1 if there is none.
func (s *splicer) srcOf(i int) int {
	if i >= len(s.toSrc) {
		return -1
	}
	return s.toSrc[i]
}

// words returns the tokens of mod from index j to k, and the space between
// them and before them, which starts at off, re-indented.
func (s *splicer) words(off, j, k int) string {
	var text strings.Builder
	for ; j < k; j++ {
		text.WriteString(s.space(s.mod[off:s.mods[j].off], off))
		text.WriteString(s.mod[s.mods[j].off:s.mods[j].end])
		off = s.mods[j].end
	}
	return text.String()
}

// shape says what of the space between two tokens matters: how many line ends
// there are, and whether there is a semicolon.
func shape(gap string) [2]int {
	return [2]int{min(strings.Count(gap, "\n"), 2), strings.Count(gap, ";")}
}

// depth returns the indentation behind the last line end.
func depth(gap string) int {
	return len(gap) - strings.LastIndexByte(gap, '\n') - 1
}

// space re-indents the space before a token of mod.
func (s *splicer) space(gap string, off int) string {
	i := strings.LastIndexByte(gap, '\n')
	if i < 0 || off+len(gap) == len(s.mod) {
		return gap
	}
	tabs := gap[i+1:]
	line := 1 + strings.Count(s.mod[:off+len(gap)], "\n")
	return gap[:i+1] + s.indent(line, len(tabs), tabs)
}

// indent returns the source's indentation for a line of mod at a depth: that of
// the nearest line at the same depth, else one tab more than the nearest line
// that is one less deep.
func (s *splicer) indent(line, depth int, tabs string) string {
	best := func(depth int) (string, bool) {
		found, dist := "", -1
		for _, at := range s.indents {
			d := max(at.line-line, line-at.line)
			if at.depth == depth && (dist < 0 || d < dist) {
				found, dist = at.indent, d
			}
		}
		return found, dist >= 0
	}
	if indent, ok := best(depth); ok {
		return indent
	}
	if indent, ok := best(depth - 1); ok {
		if strings.HasPrefix(indent, " ") {
			return indent + "    "
		}
		return indent + "\t"
	}
	return tabs
}

// keepBlank gives a text that replaces old as many blank lines at its start or
// end as old had, if it had several where gofmt allows one.
func keepBlank(old, text string) string {
	blank := func(s string) int { return strings.Count(s[:len(s)-len(strings.TrimLeft(s, " \t\n"))], "\n") }
	if strings.TrimSpace(old) != "" {
		return text
	}
	n := strings.Count(old, "\n")
	if n <= 2 {
		return text
	}
	if have := blank(text); have >= 2 {
		return strings.Repeat("\n", n-have) + text
	}
	i := len(strings.TrimRight(text, " \t\n"))
	if have := strings.Count(text[i:], "\n"); have >= 2 {
		return text[:i] + strings.Repeat("\n", n-have) + text[i:]
	}
	return text
}

// slide moves insertions that end a line to the start of their line.
func slide(text string, edits []udiff.Edit) []udiff.Edit {
	for i, e := range edits {
		if e.Start != e.End || !strings.Contains(e.New, "\n") {
			continue
		}
		off, body := e.Start, e.New
		for off > 0 && text[off-1] != '\n' && text[off-1] == body[len(body)-1] {
			body = body[len(body)-1:] + body[:len(body)-1]
			off--
		}
		if off == 0 || text[off-1] == '\n' {
			edits[i] = udiff.Edit{Start: off, End: off, New: body}
		}
	}
	return edits
}
