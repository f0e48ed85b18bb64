package main

import (
	"strings"
	"testing"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

// compared returns what is printed of a repository in which a finding with a
// message is new.
func compared(name, message string) *comparison {
	none, one := &report.Report{}, &report.Report{Findings: []report.Finding{{ID: "M-1", Message: message}}}
	return &comparison{
		Name:   name,
		Before: outcome{Status: statusOK, report: none}, After: outcome{Status: statusOK, report: one},
		difference: compare(none, one),
	}
}

func markdown(t *testing.T, repos ...*comparison) string {
	t.Helper()
	res := &result{Before: &build{Name: "old"}, After: &build{Name: "new"}, Repositories: repos}
	res.count()
	var b strings.Builder
	if err := writeMarkdown(&b, res); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A comment stays within what forges take; the repositories whose differences
// are left out for that are named, and later ones that fit are shown.
func TestMarkdownLength(t *testing.T) {
	text := markdown(t, compared("big", strings.Repeat("long ", maxComment/5)), compared("small", "short"))
	if len(text) > 65_000 {
		t.Errorf("%d characters", len(text))
	}
	for _, want := range []string{"Too long to be shown here: big.", "| big | 1 added |", "<summary>small: 1 added</summary>", "short [M-1]"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// What is in a report cannot end the block that it is shown in, nor the cell.
func TestMarkdownQuotes(t *testing.T) {
	text := markdown(t, compared("a|<b>", "walks ``` there"))
	for _, want := range []string{"\n````diff\n", "\n````\n", `| a\|&lt;b> |`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
