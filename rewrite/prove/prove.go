// Package prove checks an edited program against the original one, in memory:
// what was whole must still be whole.
//
// It knows two of the obligations of a fix, those that need no analysis of
// locks: (1) every package that contains or imports an edited file still
// type-checks, tests included, and (7) none of them copies a value that holds
// a lock where it did not before.
package prove

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"golang.org/x/tools/go/packages"
)

// Obligations that Compile checks.
const (
	TypeChecks = 1
	NoCopies   = 7
)

// A Failure is an obligation that an edited program does not meet, at a
// position in the edited files.
type Failure struct {
	Obligation int
	Pos        token.Position
	Message    string
}

func (f Failure) String() string { return f.Pos.String() + ": " + f.Message }

// Compile returns the program with edits applied, and what is broken in it that
// was whole before, by position. No failures means that the obligations are
// met in every package that can tell the difference: the edited ones and their
// importers, with their tests; or the edited ones alone if only bodies of
// functions have changed (see load.Program.WithOverlay).
//
// The original program stays as it is, but that those test variants in it are
// checked that are needed for the comparison. The error is about edits that
// overlap or lie outside of the user's files.
func Compile(p *load.Program, edits []edit.TextEdit) (*load.Program, []Failure, error) {
	files, err := Apply(p, edits)
	if err != nil {
		return nil, nil, err
	}
	q, after, err := p.WithOverlay(files)
	if err != nil {
		return nil, nil, err
	}
	before := baseline(p, after)
	p.Check(before...)

	var failures []Failure
	var sound []int // packages without errors before and after
	for i, pkg := range after {
		failures = append(failures, newErrors(before[i], pkg)...)
		if len(pkg.Errors) == 0 && len(before[i].Errors) == 0 {
			sound = append(sound, i)
		}
	}
	failures = append(failures, newCopies(p.Fset, before, after, sound)...)
	return q, ordered(failures), nil
}

// Apply returns the new contents of the edited files, by name, as they are
// written if the proof holds.
func Apply(p *load.Program, edits []edit.TextEdit) (map[string][]byte, error) {
	byFile := make(map[string][]edit.TextEdit)
	for _, e := range edits {
		byFile[e.File] = append(byFile[e.File], e)
	}
	files := make(map[string][]byte)
	for name, edits := range byFile {
		src, err := p.Source(name)
		if err != nil {
			return nil, err
		}
		if files[name], err = edit.Apply(src, edits); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if files[name], err = edit.Tidy(src, files[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// baseline returns the packages of p that those of after replace.
func baseline(p *load.Program, after []*load.Package) []*load.Package {
	byID := make(map[string]*load.Package, len(p.All))
	for _, pkg := range p.All {
		byID[pkg.ID] = pkg
	}
	before := make([]*load.Package, len(after))
	for i, pkg := range after {
		before[i] = byID[pkg.ID]
	}
	return before
}

// newErrors returns the errors of a package that it did not have before.
func newErrors(before, after *load.Package) (failures []Failure) {
	old := make(map[problem]int)
	for _, err := range before.Errors {
		old[errorOf(err)]++
	}
	for _, err := range after.Errors {
		if key := errorOf(err); old[key] > 0 {
			old[key]--
			continue
		}
		failures = append(failures, Failure{TypeChecks, position(err.Pos), "does not compile: " + err.Msg})
	}
	return failures
}

// A problem is what is said about a file. It has no line, since edits move
// lines: what was said twice and is said three times now is new once.
type problem struct{ file, message string }

var linesInText = regexp.MustCompile(`:\d+(:\d+)?`)

func errorOf(err packages.Error) problem {
	// An error about a broken import quotes the position of the reason.
	return problem{position(err.Pos).Filename, linesInText.ReplaceAllString(err.Msg, "")}
}

// position parses file:line:column, of which the last two may be missing.
func position(s string) token.Position {
	var numbers []int
	for range 2 {
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			break
		}
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			break
		}
		s, numbers = s[:i], append(numbers, n)
	}
	pos := token.Position{Filename: s}
	switch len(numbers) {
	case 1:
		pos.Line = numbers[0]
	case 2:
		pos.Column, pos.Line = numbers[0], numbers[1]
	}
	if pos.Filename != "-" {
		pos.Filename = filepath.Clean(pos.Filename)
	}
	return pos
}

// ordered returns failures by position, each once: those in a file are found
// again in every variant of its package.
func ordered(failures []Failure) []Failure {
	slices.SortFunc(failures, func(x, y Failure) int {
		return cmp.Or(
			cmp.Compare(x.Pos.Filename, y.Pos.Filename),
			cmp.Compare(x.Pos.Line, y.Pos.Line),
			cmp.Compare(x.Pos.Column, y.Pos.Column),
			cmp.Compare(x.Obligation, y.Obligation),
			cmp.Compare(x.Message, y.Message))
	})
	return slices.Compact(failures)
}
