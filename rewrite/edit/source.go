package edit

import (
	"sort"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A source is a file's bytes in the form the parser and the printer agree on:
// no byte-order mark, LF line ends, a final newline. It remembers what it took
// away, so that edits on text become edits on the bytes as they were.
type source struct {
	size    int    // of the original bytes
	bom     int    // 3 if the file starts with a byte-order mark
	text    string // what is edited
	crlf    []int  // offsets in text of the newlines that were CRLF, ascending
	endless bool   // the file has no final newline; text has
}

const byteOrderMark = "\uFEFF"

func newSource(raw []byte) *source {
	s := &source{size: len(raw)}
	text := string(raw)
	if strings.HasPrefix(text, byteOrderMark) {
		s.bom = len(byteOrderMark)
		text = text[s.bom:]
	}
	if strings.Contains(text, "\r\n") {
		var b strings.Builder
		for {
			i := strings.Index(text, "\r\n")
			if i < 0 {
				break
			}
			b.WriteString(text[:i])
			s.crlf = append(s.crlf, b.Len())
			b.WriteByte('\n')
			text = text[i+2:]
		}
		b.WriteString(text)
		text = b.String()
	}
	if !strings.HasSuffix(text, "\n") {
		s.endless = true
		text += "\n"
	}
	s.text = text
	return s
}

// original returns the offset in the file's bytes of an offset in text.
func (s *source) original(off int) int {
	return min(s.bom+off+sort.SearchInts(s.crlf, off), s.size)
}

// line returns the 1-based line of an offset in text.
func (s *source) line(off int) int {
	return 1 + strings.Count(s.text[:min(off, len(s.text))], "\n")
}

// eol returns the line end in use at an offset in text: that of the line
// before it, or of the line it is on.
func (s *source) eol(off int) string {
	nl := strings.LastIndexByte(s.text[:off], '\n')
	if nl < 0 {
		nl = strings.IndexByte(s.text[off:], '\n') + off
	}
	i := sort.SearchInts(s.crlf, nl)
	if i < len(s.crlf) && s.crlf[i] == nl {
		return "\r\n"
	}
	return "\n"
}

// edits turns edits on text into edits on the file's bytes.
func (s *source) edits(file string, list []udiff.Edit) []TextEdit {
	var out []TextEdit
	for _, e := range list {
		line := s.line(e.Start)
		if end := len(s.text) - 1; s.endless && e.End > end {
			// The last newline is ours: do not touch it.
			if e.Start > end {
				e.Start, e.New = end, "\n"+e.New
			}
			e.End, e.New = end, strings.TrimSuffix(e.New, "\n")
			if e.Start == e.End && e.New == "" {
				continue
			}
		}
		if eol := s.eol(e.Start); eol != "\n" {
			e.New = strings.ReplaceAll(e.New, "\n", eol)
		}
		out = append(out, TextEdit{
			File:  file,
			Line:  line,
			Start: s.original(e.Start),
			End:   s.original(e.End),
			New:   e.New,
		})
	}
	return out
}
