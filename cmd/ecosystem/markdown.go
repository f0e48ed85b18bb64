package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxComment is how much Markdown is printed: forges refuse comments that are
// much longer.
const maxComment = 60_000

// writeMarkdown prints a result for a comment on a pull request: a table, and
// what differs behind folds. Where that gets too long, folds are left out, and
// the repositories named.
func writeMarkdown(out io.Writer, r *result) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "### mapguard: %s → %s\n\n", code(r.Before.String()), code(r.After.String()))
	for _, line := range r.totals() {
		fmt.Fprintf(w, "- %s\n", arrows(line))
	}
	table := "\n| repository | difference | findings | exit | time | peak memory |\n|---|---|---|---|---|---|\n"
	for _, c := range r.Repositories {
		b, a := &c.Before, &c.After
		table += fmt.Sprintf("| %s | %s | %d → %d | %d → %d | %s → %s | %s → %s |\n",
			cell(c.Name), arrows(c.headline()), b.Findings, a.Findings, b.ExitCode, a.ExitCode,
			seconds(b.Seconds), seconds(a.Seconds), megabytes(b.PeakBytes), megabytes(a.PeakBytes))
	}
	io.WriteString(w, table)
	left := maxComment - len(table)
	var omitted []string
	for _, c := range r.Repositories {
		text := fold(c)
		if len(text) > left {
			omitted = append(omitted, cell(c.Name))
			continue
		}
		left -= len(text)
		io.WriteString(w, text)
	}
	if len(omitted) > 0 {
		fmt.Fprintf(w, "\nToo long to be shown here: %s.\n", strings.Join(omitted, ", "))
	}
	return w.Flush()
}

// fold returns what differs on a repository and what went wrong, behind a
// fold; "" if there is neither.
func fold(c *comparison) string {
	lines := append(troubles(c), c.lines()...)
	if len(lines) == 0 {
		return ""
	}
	body := strings.Join(lines, "\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	return fmt.Sprintf("\n<details><summary>%s: %s</summary>\n\n%sdiff\n%s\n%s\n\n</details>\n",
		cell(c.Name), arrows(c.headline()), fence, body, fence)
}

// arrows writes arrows as Markdown readers see them.
func arrows(text string) string { return strings.ReplaceAll(text, " -> ", " → ") }

// cell makes text safe for a table and for HTML around it.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "&", "&amp;", "\n", " ").Replace(text)
}

// code returns text as code in a line.
func code(text string) string { return "`" + strings.ReplaceAll(text, "`", "'") + "`" }
