package edit

import (
	"errors"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// A tok is a token or comment of a text. Semicolons are left out: which of
// them are written depends on the line breaks.
type tok struct {
	off, end int
	key      string // equal for what gofmt treats as equal
	comment  bool
}

// tokens scans a text.
func tokens(text string) []tok {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), func(token.Position, string) {}, scanner.ScanComments)
	var out []tok
	for {
		pos, kind, lit := s.Scan()
		switch kind {
		case token.EOF:
			return out
		case token.SEMICOLON:
			continue
		}
		if lit == "" {
			lit = kind.String()
		}
		t := tok{off: file.Offset(pos), key: lit}
		t.end = t.off + len(lit)
		switch kind {
		case token.COMMENT:
			t.comment = true
			t.key = commentKey(lit)
		case token.INT, token.FLOAT, token.IMAG:
			t.key = strings.ToLower(lit)
		}
		out = append(out, t)
	}
}

// commentKey makes comments equal that differ in indentation and spaces at
// line ends.
func commentKey(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

// align pairs the tokens of two texts: for each of a the index in b, or -1.
func align(a, b []tok) []int {
	keys := func(list []tok) []string {
		out := make([]string, len(list))
		for i, t := range list {
			out[i] = t.key
		}
		return out
	}
	out := make([]int, len(a))
	i, j := 0, 0
	for _, d := range append(difference(keys(a), keys(b)), lcs.Diff{Start: len(a), End: len(a)}) {
		for ; i < d.Start; i, j = i+1, j+1 {
			out[i] = j
		}
		for ; i < d.End; i++ {
			out[i] = -1
		}
		j = d.ReplEnd // at the end nobody asks
	}
	return out
}

// agree returns an error unless what became of src is the same program as what
// became of base, and both got and lost the same comments.
func agree(src, got, base, want string) error {
	code1, err := code(got)
	if err != nil {
		return err
	}
	code2, err := code(want)
	if err != nil {
		return err
	}
	if !slices.Equal(code1, code2) {
		return errors.New("the tokens differ")
	}
	if !slices.Equal(newNotes(src, got), newNotes(base, want)) {
		return errors.New("the comments differ")
	}
	return nil
}

// code returns the tokens of a text, printed anew, without comments.
func code(text string) ([]string, error) {
	fset := token.NewFileSet()
	syn, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	out, err := format(fset, syn)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, t := range tokens(out) {
		if !t.comment {
			keys = append(keys, t.key)
		}
	}
	return keys, nil
}

// newNotes returns the comments that new has more than old, marked "+", and
// those that it has less, marked "-", sorted.
func newNotes(old, new string) []string {
	count := make(map[string]int)
	for _, t := range tokens(new) {
		if t.comment {
			count[t.key]++
		}
	}
	for _, t := range tokens(old) {
		if t.comment {
			count[t.key]--
		}
	}
	var out []string
	for key, n := range count {
		for ; n > 0; n-- {
			out = append(out, "+"+key)
		}
		for ; n < 0; n++ {
			out = append(out, "-"+key)
		}
	}
	slices.Sort(out)
	return out
}
