package rules_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/judge"
)

// A want is the announcement of one finding.
type want struct {
	file         string
	line         int
	message, fix *regexp.Regexp // fix may be nil
	taken        bool
}

func (w *want) String() string {
	s := "`" + w.message.String() + "`"
	if w.fix != nil {
		s += " fix `" + w.fix.String() + "`"
	}
	return s
}

type wants []*want

var (
	wantComment = regexp.MustCompile(`// want (.*)$`)
	wantWord    = regexp.MustCompile("^(?:(fix) +)?(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`) *")
)

// parseWants returns the want comments of an archive's Go files.
func parseWants(ar *txtar.Archive) (wants, error) {
	var all wants
	for _, f := range ar.Files {
		if !strings.HasSuffix(f.Name, ".go") {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			m := wantComment.FindStringSubmatch(strings.TrimSuffix(line, "\r"))
			if m == nil {
				continue
			}
			list, err := parseWant(m[1])
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", f.Name, i+1, err)
			}
			for _, w := range list {
				w.file, w.line = f.Name, i+1
			}
			all = append(all, list...)
		}
	}
	return all, nil
}

// parseWant reads the strings of one comment.
func parseWant(text string) (list wants, err error) {
	for text != "" {
		m := wantWord.FindStringSubmatch(text)
		if m == nil || m[1] == "fix" && len(list) == 0 {
			return nil, fmt.Errorf("want: cannot read %s", text)
		}
		text = text[len(m[0]):]
		expr, err := strconv.Unquote(m[2])
		if err != nil {
			return nil, fmt.Errorf("want %s: %w", m[2], err)
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return nil, fmt.Errorf("want: %w", err)
		}
		if m[1] == "fix" {
			list[len(list)-1].fix = re
		} else {
			list = append(list, &want{message: re})
		}
	}
	return list, nil
}

// take reports whether a finding was announced, once.
func (ws wants) take(file string, f *judge.Finding) bool {
	for _, w := range ws {
		if w.taken || w.file != file || w.line != f.Pos.Line || !w.message.MatchString(f.Message) {
			continue
		}
		if w.fix == nil || w.fix.MatchString(strings.TrimPrefix(describeFix(f), "; fix ")) {
			w.taken = true
			return true
		}
	}
	return false
}

func (ws wants) left() wants {
	return slices.DeleteFunc(slices.Clone(ws), func(w *want) bool { return w.taken })
}

// describeFix returns a finding's fix as want comments match it, for the end
// of a message.
func describeFix(f *judge.Finding) string {
	if f.Fix == nil {
		return "; fix none"
	}
	s := "; fix " + f.Fix.Applicability.String() + ": " + f.Fix.Title
	if f.Fix.Reason != "" {
		s += ": " + f.Fix.Reason
	}
	return s
}

// styleProblems says where a finding's texts are not in the house style.
func styleProblems(f *judge.Finding) (problems []string) {
	check := func(what, text string, capital bool) {
		word, _, _ := strings.Cut(text, " ")
		r, _ := utf8.DecodeRuneInString(word)
		name := strings.ContainsAny(word, "._") || word == f.Map.Name || word == f.Map.Owner
		switch {
		case text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "\n"):
			problems = append(problems, fmt.Sprintf("the %s %q is not one line of text", what, text))
		case strings.HasSuffix(text, "."):
			problems = append(problems, fmt.Sprintf("the %s %q ends with a full stop", what, text))
		case capital && unicode.IsLower(r) || !capital && !name && unicode.IsUpper(r) && word != strings.ToUpper(word):
			problems = append(problems, fmt.Sprintf("the %s %q starts with the wrong case", what, text))
		}
	}
	check("message", f.Message, false)
	for _, a := range f.Accesses {
		for _, frame := range a.Goroutine {
			check("frame", frame.Text, false)
		}
	}
	if f.Fix != nil {
		check("fix title", f.Fix.Title, true)
		if f.Fix.Applicability != edit.Safe {
			check("reason", f.Fix.Reason, false)
		}
	}
	return problems
}
