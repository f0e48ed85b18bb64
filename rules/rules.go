package rules

import (
	_ "embed"
	"strings"
)

// A Rule is one kind of finding.
type Rule struct {
	Name    string // lower-case, one word
	Summary string // what it reports, lower-case, no full stop
	Doc     string // plain text; begins with "Name: Summary"
}

// All lists the rules in name order.
var All = []*Rule{
	newRule("deepformat"),
	newRule("sharedmap"),
}

//go:embed doc.go
var docs string

// newRule makes a rule from its section of the package documentation, so that
// web page, help text and code have one source.
func newRule(name string) *Rule {
	_, doc, ok := strings.Cut(docs, "// # Rule "+name+"\n//\n")
	if !ok {
		panic("invariant: doc.go has a section for every rule: " + name)
	}
	var b strings.Builder
	for line := range strings.Lines(doc) {
		text, isComment := strings.CutPrefix(line, "//")
		if !isComment || strings.HasPrefix(text, " # ") {
			break
		}
		b.WriteString(strings.TrimPrefix(text, " "))
	}
	text := strings.TrimSpace(b.String()) + "\n"
	first, _, _ := strings.Cut(text, "\n")
	return &Rule{Name: name, Summary: strings.TrimPrefix(first, name+": "), Doc: text}
}

// names returns the names of all rules.
func names() []string {
	out := make([]string, len(All))
	for i, r := range All {
		out[i] = r.Name
	}
	return out
}
