package edit

import (
	"cmp"
	"fmt"
	goformat "go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// Edits returns the smallest text edits that bring the file to the state of the
// tree, imports included, in order. They were applied and parsed.
//
// Imports are edits of their own, and depend on nothing but the file and what
// is imported: two fixes that import the same package have identical edits.
func (t *Tree) Edits() ([]TextEdit, error) {
	var list []udiff.Edit
	if t.dirty {
		mod, err := t.print()
		if err == nil {
			list, err = t.bodyEdits(mod)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(t.name), err)
		}
	}
	imports, err := t.importEdits()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(t.name), err)
	}
	list = append(list, imports...)
	slices.SortStableFunc(list, func(a, b udiff.Edit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	text, err := udiff.Apply(t.src.text, list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(t.name), err)
	}
	mode := parser.ParseComments | parser.SkipObjectResolution
	if _, err := parser.ParseFile(token.NewFileSet(), t.name, text, mode); err != nil {
		return nil, fmt.Errorf("edited file does not parse: %w", err)
	}
	return t.src.edits(t.name, list), nil
}

// bodyEdits returns the edits that turn the source into mod, the tree printed.
func (t *Tree) bodyEdits(mod string) ([]udiff.Edit, error) {
	if t.base == t.src.text {
		return minimal(t.base, mod), nil
	}
	list, err := splice(t.src.text, t.base, mod)
	if err != nil || !formatted(t.src.text) {
		return list, err
	}
	// The file is gofmt'd: it is dst that does not keep it so, and so do not we.
	text, err := udiff.Apply(t.src.text, list)
	if err != nil {
		return nil, err
	}
	out, err := goformat.Source([]byte(text))
	if err != nil {
		return nil, err
	}
	return minimal(t.src.text, string(out)), nil
}

// formatted reports whether gofmt would leave a text alone.
func formatted(text string) bool {
	out, err := goformat.Source([]byte(text))
	return err == nil && string(out) == text
}

// minimal returns the edits from old to new: whole lines where lines come or
// go, parts of a line where a line changes.
func minimal(old, new string) []udiff.Edit {
	var out []udiff.Edit
	for _, e := range lineEdits(old, new) {
		out = append(out, refine(old, e)...)
	}
	return out
}

// refine splits an edit of whole lines. Lines that differ in spaces only (they
// were realigned) are paired first; what lies between pairs is trimmed.
func refine(old string, e udiff.Edit) []udiff.Edit {
	a, b := strings.SplitAfter(old[e.Start:e.End], "\n"), strings.SplitAfter(e.New, "\n")
	a, b = a[:len(a)-1], b[:len(b)-1] // nothing follows the last newline
	if len(a) == 0 || len(b) == 0 {
		return []udiff.Edit{e}
	}
	var out []udiff.Edit
	off, i, j := e.Start, 0, 0
	flush := func(i2, j2 int) {
		text := strings.Join(a[i:i2], "")
		if i2-i == j2-j {
			for k := range i2 - i {
				out = append(out, trim(udiff.Edit{Start: off, End: off + len(a[i+k]), New: b[j+k]}, a[i+k])...)
				off += len(a[i+k])
			}
		} else {
			out = append(out, trim(udiff.Edit{Start: off, End: off + len(text), New: strings.Join(b[j:j2], "")}, text)...)
			off += len(text)
		}
		i, j = i2, j2
	}
	for _, d := range difference(squeeze(a), squeeze(b)) {
		for i < d.Start {
			flush(i+1, j+1)
		}
		flush(d.End, d.ReplEnd)
	}
	for i < len(a) {
		flush(i+1, j+1)
	}
	return out
}

// squeeze makes lines that differ in spaces only equal.
func squeeze(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.Join(strings.Fields(l), " ")
	}
	return out
}

// trim takes from a replacement of text what is common at both ends.
func trim(e udiff.Edit, text string) []udiff.Edit {
	if text == e.New {
		return nil
	}
	if text == "" || e.New == "" {
		return []udiff.Edit{e}
	}
	n := 0
	for n < len(text) && n < len(e.New) && text[n] == e.New[n] {
		n++
	}
	for n > 0 && (n < len(text) && !utf8.RuneStart(text[n]) || n < len(e.New) && !utf8.RuneStart(e.New[n])) {
		n--
	}
	text, e.New, e.Start = text[n:], e.New[n:], e.Start+n
	n = 0
	for n < len(text) && n < len(e.New) && text[len(text)-1-n] == e.New[len(e.New)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(text[len(text)-n]) {
		n--
	}
	e.New, e.End = e.New[:len(e.New)-n], e.End-n
	return []udiff.Edit{e}
}
