package edit

import (
	"cmp"
	"fmt"
	goformat "go/format"
	"go/token"
	"slices"
	"strings"
)

// compare orders edits by place. Insertions come before replacements at the
// same offset.
func compare(a, b TextEdit) int {
	return cmp.Or(
		strings.Compare(a.File, b.File),
		cmp.Compare(a.Start, b.Start),
		cmp.Compare(a.End, b.End),
	)
}

// same reports whether two edits do the same.
func same(a, b TextEdit) bool {
	a.Line = b.Line
	return a == b
}

// where names the place of an edit.
func where(e TextEdit) string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return fmt.Sprintf("%s: offset %d", e.File, e.Start)
}

// Apply returns src with the edits of one file made. Several insertions at one
// offset are made in the order given.
func Apply(src []byte, edits []TextEdit) ([]byte, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, compare)
	var out []byte
	last := 0
	for i, e := range edits {
		switch {
		case e.File != edits[0].File:
			return nil, fmt.Errorf("%s: edits of several files: %s", where(e), edits[0].File)
		case e.Start > e.End || e.Start < 0 || e.End > len(src):
			return nil, fmt.Errorf("%s: edit [%d, %d) is outside the file's %d bytes", where(e), e.Start, e.End, len(src))
		case e.Start < last:
			return nil, fmt.Errorf("%s: edits overlap: %q and %q", where(e), edits[i-1].New, e.New)
		}
		out = append(out, src[last:e.Start]...)
		out = append(out, e.New...)
		last = e.End
	}
	return append(out, src[last:]...), nil
}

// Merge combines the edits of several fixes on one baseline, in any number of
// files, sorted. Edits that several fixes share are made once: two fixes that
// add the same field or import do not conflict. Fixes that change the same
// bytes, or insert different text at one place, do, unless all of it is
// imports.
//
// Beware: fixes that do not conflict here may still not go together. What is
// merged has to be proved again.
func Merge(fixes ...[]TextEdit) ([]TextEdit, error) {
	type owned struct {
		TextEdit
		fix int
	}
	var all []owned
	for i, fix := range fixes {
		for _, e := range fix {
			all = append(all, owned{e, i})
		}
	}
	slices.SortStableFunc(all, func(a, b owned) int { return compare(a.TextEdit, b.TextEdit) })
	var out []owned
	for _, e := range all {
		near := len(out) // out[near:] touch e
		for near > 0 && out[near-1].File == e.File && out[near-1].End >= e.Start {
			near--
		}
		twin := func(o owned) bool { return o.fix != e.fix && same(o.TextEdit, e.TextEdit) }
		if slices.ContainsFunc(out[near:], twin) {
			continue
		}
		at := len(out)
		for i := len(out) - 1; i >= near; i-- {
			o := out[i]
			overlap := o.End > e.Start
			rival := o.fix != e.fix && o.Start == e.Start && o.End == e.End
			switch {
			case overlap, rival && !(isImportLine(o.New) && isImportLine(e.New)):
				return nil, fmt.Errorf("%s: fixes conflict: %q and %q", where(e.TextEdit), o.New, e.New)
			case rival && importPath(e.New) < importPath(o.New):
				at = i
			}
		}
		out = slices.Insert(out, at, e)
	}
	var edits []TextEdit
	for _, e := range out {
		edits = append(edits, e.TextEdit)
	}
	return edits, nil
}

// isImportLine reports whether an inserted text is one line of an import group.
func isImportLine(text string) bool { return importPath(text) != "" }

// importPath returns the quoted path of a line of an import group, "" if text
// is something else.
func importPath(text string) string {
	text, ok := strings.CutPrefix(text, "\t")
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	i := strings.IndexByte(text, '"')
	if !ok || i < 0 || strings.Count(text, `"`) != 2 || !strings.HasSuffix(text, `"`) {
		return ""
	}
	if name := text[:i]; name != "" && !token.IsIdentifier(strings.TrimSuffix(name, " ")) {
		return ""
	}
	return text[i:]
}

// Tidy returns text, which edits have made of src, as gofmt prints it if src was
// gofmt'd. Edits of which each is right by itself may disagree about the columns
// that fields and comments are aligned in. Line ends and a byte-order mark stay.
func Tidy(src, text []byte) ([]byte, error) {
	now := newSource(text)
	if formatted(now.text) || !formatted(newSource(src).text) {
		return text, nil
	}
	out, err := goformat.Source([]byte(now.text))
	if err != nil {
		return nil, err
	}
	return Apply(text, now.edits("", minimal(now.text, string(out))))
}
