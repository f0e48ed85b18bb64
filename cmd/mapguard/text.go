package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// maxFrames is how many steps of a goroutine are printed: a finding should fit
// on a screen. The start and the end matter most.
const maxFrames = 7

// maxHeld is how many functions are named that take the lock on their way to an
// access which others reach without it.
const maxHeld = 4

// maxSeen is how many reports of one map are listed.
const maxSeen = 3

// maxLine is how long a line of text gets, and how much of a source line is
// printed.
const maxLine = 110

// A text prints findings for people, in the manner of a race report.
type text struct {
	w     io.Writer
	paint paint
	view  *view
	fixed []*judge.Finding // whose fixes have been printed
}

func (t *text) printf(format string, args ...any) { fmt.Fprintf(t.w, format, args...) }

// finding prints one finding and a blank line.
func (t *text) finding(f *judge.Finding) {
	t.header(f, f.Message)
	t.seen(f.Seen)
	for i, a := range f.Accesses {
		if i > 0 && sameAccess(a, f.Accesses[i-1]) {
			t.printf("  and the same on another goroutine like it\n")
			continue
		}
		t.access(a)
	}
	if f.Why != "" {
		t.wrapped(fmt.Sprintf("  Why (%s): ", f.Evidence), f.Why)
	}
	if f.Fix != nil {
		t.fix(f)
		for _, fix := range f.Alternatives {
			t.printf("  Or: %s\n", fix.Title)
		}
	}
	t.printf("\n")
}

// seen prints where the logs name the map.
func (t *text) seen(all []judge.Seen) {
	for i, s := range all {
		if i == maxSeen && len(all) > maxSeen+1 {
			t.printf("  and in %d more reports\n", len(all)-maxSeen)
			break
		}
		t.printf("  Seen in %s\n", s)
	}
}

// verified prints what came of --verify.
func (t *text) verified(v *verification) {
	label := t.paint.red("Verify: ")
	if v.passed {
		label = t.paint.green("Verify: ")
	}
	t.wrapped(label, v.said)
	for line := range strings.Lines(v.tail) {
		t.printf("  | %s\n", strings.TrimRight(line, "\r\n"))
	}
}

// applied prints that a finding has been fixed.
func (t *text) applied(f *judge.Finding) {
	t.header(f, t.paint.green("fixed: ")+f.Fix.Title)
}

func (t *text) header(f *judge.Finding, says string) {
	t.printf("%s: %s: %s %s\n", t.paint.bold(t.view.pos(f.Pos)), f.Rule, says, t.paint.dim("["+f.ID+"]"))
}

func (t *text) access(a judge.Access) {
	t.printf("  %s at %s in %s, %s\n", t.paint.red(title(a.Op.String())), t.view.pos(a.Pos), a.Func, t.holding(a.Site)+t.released(a))
	t.source("      ", a.Pos)
	if len(a.Goroutine) > 0 {
		t.printf("    goroutine:\n")
		t.frames(a.Goroutine)
	}
	t.runners(a.Runners)
	if a.Way != nil {
		t.way(a.Way)
	}
}

// runners prints which goroutines may come to an access.
func (t *text) runners(all []judge.Frame) {
	if len(all) == 0 {
		return
	}
	one := fmt.Sprintf("%s  %s", t.view.pos(all[0].Pos), all[0].Text)
	if len(all) > 1 {
		one += ", among others"
	}
	t.wrapped("    may run on ", one)
}

// way prints how an access is reached without the lock that others hold.
func (t *text) way(w *judge.Way) {
	if k := w.Kept; k != nil {
		t.wrapped("    ", fmt.Sprintf("in a function that %s is given at %s, where the lock is held: without it if that runs it later", k.Text, t.view.pos(k.Pos)))
		return
	}
	if len(w.Calls) > 0 {
		t.printf("    reached without the lock from %s:\n", w.From)
		t.frames(w.Calls)
	} else {
		t.printf("    reached without the lock by whoever calls %s from elsewhere\n", w.From)
	}
	if held := w.Held; len(held) > 0 {
		if n := len(held) - maxHeld; n > 0 {
			held = append(slices.Clone(held[:maxHeld]), fmt.Sprintf("%d more", n))
		}
		t.wrapped("    and with it from ", strings.Join(held, ", "))
	}
}

// frames prints how an access is reached. Of a long way the middle is left out.
func (t *text) frames(frames []judge.Frame) {
	const ends = maxFrames / 2
	for i, frame := range frames {
		long := len(frames) > maxFrames
		if long && i == ends {
			t.printf("      ... %d more calls\n", len(frames)-2*ends)
		}
		switch {
		case long && i >= ends && i < len(frames)-ends:
		case !frame.Pos.IsValid(): // a goroutine that was there already
			t.printf("      %s\n", frame.Text)
		default:
			t.printf("      %s  %s\n", t.view.pos(frame.Pos), frame.Text)
		}
	}
}

// source prints the source line of a position, of a long one the part around it.
func (t *text) source(indent string, p access.Pos) {
	line := t.view.line(p)
	if line == "" {
		return
	}
	if cut := []rune(line); len(cut) > maxLine {
		from := 0
		if at := t.view.column(p); at > maxLine*3/4 {
			from = min(at-maxLine/2, len(cut)-maxLine)
		}
		line = string(cut[from : from+maxLine])
		if from > 0 {
			line = "..." + line
		}
		if from+maxLine < len(cut) {
			line += "..."
		}
	}
	t.printf("%s%s\n", indent, t.paint.dim(line))
}

// holding says which locks are held at a site.
func (t *text) holding(s judge.Site) string {
	if len(s.Locks)+len(s.Keyed) == 0 {
		return "holding no lock"
	}
	var names []string
	for _, l := range s.Locks {
		name := t.view.lock(s, l)
		if l.Mode == access.Shared {
			name += " for reading"
		}
		if !slices.Contains(names, name) { // by the function and by its callers
			names = append(names, name)
		}
	}
	for _, l := range s.Keyed {
		names = append(names, l.Path.String()+"(key)")
	}
	return "holding " + strings.Join(names, " and ")
}

// released names the locks that the function has let go of before an access: a
// reader sees them taken, and must not think that they are held.
func (t *text) released(a judge.Access) string {
	var names []string
	for _, l := range a.Released {
		names = append(names, t.view.lock(a.Site, l))
	}
	if len(names) == 0 {
		return ""
	}
	return ", after it released " + strings.Join(names, " and ")
}

// sameAccess reports whether two goroutines come to one access in the same way.
func sameAccess(a, b judge.Access) bool {
	return a.Pos == b.Pos && len(a.Goroutine) > 0 && slices.Equal(a.Goroutine, b.Goroutine) && slices.Equal(a.Locks, b.Locks)
}

// fix prints a fix with the reason for how far it can be trusted.
func (t *text) fix(f *judge.Finding) {
	fix := f.Fix
	color := [...]func(string) string{edit.Manual: t.paint.cyan, edit.Unsafe: t.paint.yellow, edit.Safe: t.paint.green}
	t.printf("  Fix (%s): %s\n", color[fix.Applicability](fix.Applicability.String()), fix.Title)
	reason, holds := "    reason: ", "    proved: "
	if fix.Applicability == edit.Unsafe { // what speaks against it comes first, and the rest is no more than it is
		reason, holds = "    unsafe: ", "    apart from that: "
	}
	if fix.Reason != "" {
		t.wrapped(reason, t.view.shorten(fix.Reason))
	}
	if len(fix.Proved) > 0 {
		t.wrapped(holds, strings.Join(fix.Proved, "; "))
	}
	for _, g := range t.fixed {
		if len(fix.Edits) > 0 && slices.Equal(g.Fix.Edits, fix.Edits) {
			t.printf("      the edits are those of %s above\n", g.ID)
			return
		}
	}
	t.fixed = append(t.fixed, f)
	t.edits(f, fix)
}

// wrapped prints text behind a label, in lines of maxLine, the further ones
// indented.
func (t *text) wrapped(label, text string) {
	column := len(label)
	t.printf("%s", label)
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > maxLine:
			t.printf("\n      ")
			column = 6
		default:
			t.printf(" ")
			column++
		}
		t.printf("%s", word)
		column += len(word)
	}
	t.printf("\n")
}

// title returns a word with a capital.
func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
