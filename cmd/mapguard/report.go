package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/judge"
)

// report prints a result: findings or the diff on stdout, what could not be
// done and the summary on stderr.
func (s *session) report(res *result) error {
	v := newView(s.program, res.changes)
	out := bufio.NewWriter(s.stdout)
	var err error
	switch {
	case s.format == "json":
		err = writeJSON(out, v, res)
	case s.diff:
		for _, c := range res.changes {
			writeDiff(out, s.paint, edit.Unified(v.rel(c.File), c.Old, c.New))
		}
	default:
		t := text{w: out, paint: s.paint, view: v}
		for _, f := range res.applied {
			t.applied(f)
		}
		for _, f := range res.findings {
			t.finding(f)
		}
		if res.verified != nil {
			t.verified(res.verified)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	for _, sk := range res.skipped {
		fmt.Fprintf(s.stderr, "mapguard: could not analyse %s:\n", sk.Path)
		for _, message := range sk.Errors {
			fmt.Fprintf(s.stderr, "\t%s\n", strings.ReplaceAll(v.shorten(message), "\n", "\n\t"))
		}
	}
	s.reportUnresolved(res)
	for _, name := range res.dirty {
		fmt.Fprintf(s.stderr, "mapguard: left %s alone: it has uncommitted changes: commit or stash them, or use --allow-dirty\n", v.rel(name))
	}
	if line := s.summary(res); line != "" {
		fmt.Fprintln(s.stderr, line)
	}
	return err
}

// summary says how many findings there were and what to do about those left;
// nothing if there were none.
func (s *session) summary(res *result) string {
	var parts []string
	if n := len(res.applied); n > 0 {
		verb := "fixed"
		if s.diff {
			verb = "would fix"
		}
		parts = append(parts, fmt.Sprintf("%s %s in %s", verb, count(n, "finding"), count(len(res.changes), "file")))
	}
	if len(res.findings) > 0 {
		parts = append(parts, s.left(res.findings))
	}
	return strings.Join(parts, "; ")
}

// left counts findings by what can be done about them.
func (s *session) left(findings []*judge.Finding) string {
	var n [3]int // by applicability
	for _, f := range findings {
		if f.Fix == nil {
			n[edit.Manual]++
		} else {
			n[f.Fix.Applicability]++
		}
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	if s.fix || s.diff { // those of a kind that was asked for stood in the way of others, or in dirty files
		add(n[edit.Safe], "with a safe fix not applied")
	} else {
		add(n[edit.Safe], "with a safe fix: run mapguard --fix")
	}
	if s.unsafe {
		add(n[edit.Unsafe], "with an unsafe fix not applied")
	} else {
		add(n[edit.Unsafe], "with an unsafe fix: review it with --diff --unsafe-fixes")
	}
	add(n[edit.Manual], "for a person to decide")
	head := count(len(findings), "finding")
	if s.fix || s.diff {
		head += " left"
	}
	return head + ": " + strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// writeDiff prints a unified diff, in colour if wanted.
func writeDiff(w io.Writer, p paint, diff string) {
	for line := range strings.Lines(diff) {
		body, end := strings.CutSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "---"):
			body = p.bold(body)
		case strings.HasPrefix(line, "@@"):
			body = p.cyan(body)
		case strings.HasPrefix(line, "+"):
			body = p.green(body)
		case strings.HasPrefix(line, "-"):
			body = p.red(body)
		}
		if end {
			body += "\n"
		}
		io.WriteString(w, body)
	}
}

// files returns the names of the files that a fix edits, each once.
func files(fix *edit.Fix) []string {
	var names []string
	for _, e := range fix.Edits {
		names = append(names, e.File)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
