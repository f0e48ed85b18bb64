package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

// maxStderrLines is how much is printed of what a failed run said.
const maxStderrLines = 12

// writeText prints a result for people.
func writeText(out io.Writer, r *result) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "before  %v\nafter   %v\n\n", r.Before, r.After)
	for _, c := range r.Repositories {
		fmt.Fprintf(w, "%s: %s; %s\n", c.Name, c.headline(), costs(&c.Before, &c.After))
		for _, line := range troubles(c) {
			fmt.Fprintf(w, "  %s\n", line)
		}
		for _, line := range c.lines() {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	fmt.Fprintln(w)
	for _, line := range r.totals() {
		fmt.Fprintln(w, line)
	}
	return w.Flush()
}

// troubles returns lines on what went wrong with the runs on a repository.
func troubles(c *comparison) []string {
	return append(c.Before.troubles("before"), c.After.troubles("after")...)
}

func (o *outcome) troubles(side string) []string {
	var lines []string
	if !o.ok() {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", side, o.Status, o.Reason))
		if !strings.Contains(o.Reason, o.Stderr) { // which may be all that it says
			lines = append(lines, said(o.Stderr)...)
		}
	}
	if o.Internal > 0 {
		lines = append(lines, fmt.Sprintf("%s: %s", side, count(o.Internal, "internal error")))
	}
	return lines
}

// said returns the first lines of what a failed run said.
func said(stderr string) []string {
	var lines []string
	for line := range strings.Lines(stderr) {
		lines = append(lines, "    "+strings.TrimRight(line, "\r\n"))
	}
	if more := len(lines) - maxStderrLines; more > 0 {
		lines = append(lines[:maxStderrLines], fmt.Sprintf("    ... %d more lines", more))
	}
	return lines
}

// lines returns what differs, in the manner of a diff: lines that start with +,
// - or, for a finding that changed, with !.
func (c *comparison) lines() []string {
	if c.difference == nil {
		return nil
	}
	var lines []string
	for _, f := range c.Removed {
		lines = append(lines, "- "+describe(f))
	}
	for _, f := range c.Added {
		lines = append(lines, "+ "+describe(f))
	}
	for _, ch := range c.Changed {
		lines = append(lines, ch.lines()...)
	}
	for _, e := range c.ErrorsRemoved {
		lines = append(lines, "- "+failure(e))
	}
	for _, e := range c.ErrorsAdded {
		lines = append(lines, "+ "+failure(e))
	}
	return lines
}

// lines returns a finding that changed, and how. For edits that is what they
// make of the files, if it is known.
func (ch *change) lines() []string {
	lines := []string{"! " + describe(ch.After)}
	for _, a := range ch.Aspects {
		if a.Name != edits || ch.Diff == "" {
			lines = append(lines, a.lines()...)
		}
	}
	for line := range strings.Lines(ch.Diff) {
		mark, text := line[:1], strings.TrimRight(line[1:], "\r\n")
		switch {
		case strings.HasPrefix(line, "--- a/"):
			continue // the next line has the name too
		case strings.HasPrefix(line, "+++ b/"):
			mark, text = "!", "    repaired "+strings.TrimPrefix(text, "++ b/")
		case strings.HasPrefix(line, "@@"):
			mark, text = "!", "      @"+text
		default:
			text = "      " + text
		}
		lines = append(lines, strings.TrimRight(mark+" "+strings.ReplaceAll(text, "\t", "    "), " "))
	}
	return lines
}

// lines returns what changed about a finding: one line if that is a word, a
// line each for what went and what came otherwise.
func (a aspect) lines() []string {
	const word = 40
	if len(a.Removed) == 1 && len(a.Added) == 1 && len(a.Removed[0]) <= word && len(a.Added[0]) <= word {
		return []string{fmt.Sprintf("!     %s: %s -> %s", a.Name, a.Removed[0], a.Added[0])}
	}
	lines := []string{fmt.Sprintf("!     %s:", a.Name)}
	for _, text := range a.Removed {
		lines = append(lines, "-       "+text)
	}
	for _, text := range a.Added {
		lines = append(lines, "+       "+text)
	}
	return lines
}

// describe returns a finding in one line.
func describe(f report.Finding) string {
	return fmt.Sprintf("%s: %s: %s [%s] (%s, fix: %s)", position(f.Position), f.Rule, f.Message, f.ID, f.Evidence, applicability(f.Fix))
}

func applicability(fix *report.Fix) string {
	if fix == nil {
		return "none"
	}
	return fix.Applicability
}

// failure returns an error in one line; more of it is in the JSON.
func failure(e report.Error) string {
	first, rest, _ := strings.Cut(e.Message, "\n")
	if rest != "" {
		first += " ..."
	}
	return fmt.Sprintf("error in %s: %s", e.Package, first)
}

// totals returns the lines at the end.
func (r *result) totals() []string {
	t := &r.Total
	d := fmt.Sprintf("%d added, %d removed, %d changed", t.Added, t.Removed, t.Changed)
	if t.ErrorsAdded+t.ErrorsRemoved > 0 {
		d += fmt.Sprintf(", %s added, %s removed", count(t.ErrorsAdded, "error"), count(t.ErrorsRemoved, "error"))
	}
	lines := []string{
		fmt.Sprintf("total: %s, %d compared, %d different: %s", repositories(t.Repositories), t.Compared, t.Different, d),
		fmt.Sprintf("findings %d -> %d (%s)", t.Before.Findings, t.After.Findings, moved(t.Before.Evidence, t.After.Evidence)),
		fmt.Sprintf("fixes %s", moved(t.Before.Fixes, t.After.Fixes)),
	}
	if t.Before.Errors+t.After.Errors > 0 {
		lines = append(lines, fmt.Sprintf("errors %d -> %d, internal errors %d -> %d", t.Before.Errors, t.After.Errors, t.Before.Internal, t.After.Internal))
	}
	lines = append(lines, fmt.Sprintf("wall time %s -> %s, processor time %s -> %s, peak memory %s -> %s",
		seconds(t.Before.Seconds), seconds(t.After.Seconds), seconds(t.Before.CPUSeconds), seconds(t.After.CPUSeconds),
		megabytes(t.Before.PeakBytes), megabytes(t.After.PeakBytes)))
	if r.Repeat > 1 && t.NotRun == 0 {
		lines = append(lines, fmt.Sprintf("%d runs of each build gave the same bytes for every repository", r.Repeat))
	}
	if t.NotRun > 0 {
		lines = append(lines, fmt.Sprintf("%s not run as they should be", repositories(t.NotRun)))
	}
	return lines
}

// moved returns how many there are of each kind before and after.
func moved(before, after map[string]int) string {
	kinds := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(kinds)
	var parts []string
	for _, kind := range slices.Compact(kinds) {
		parts = append(parts, fmt.Sprintf("%s %d -> %d", kind, before[kind], after[kind]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// costs returns the findings, time and memory of both builds.
func costs(before, after *outcome) string {
	return fmt.Sprintf("findings %d -> %d, exit %d -> %d, %s -> %s, %s -> %s", before.Findings, after.Findings,
		before.ExitCode, after.ExitCode, seconds(before.Seconds), seconds(after.Seconds),
		megabytes(before.PeakBytes), megabytes(after.PeakBytes))
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}

func megabytes(n int64) string {
	if n == 0 {
		return "? MB"
	}
	return fmt.Sprintf("%d MB", (n+1<<19)>>20)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func repositories(n int) string {
	if n == 1 {
		return "1 repository"
	}
	return fmt.Sprintf("%d repositories", n)
}
