package main

import (
	"encoding/json"
	"io"

	"github.com/mapguard/mapguard/cmd/internal/report"
	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// writeJSON prints a result as one JSON object.
func writeJSON(w io.Writer, v *view, res *result) error {
	out := report.Report{Version: version(), Findings: []report.Finding{}, Errors: []report.Error{}}
	for _, f := range res.findings {
		out.Findings = append(out.Findings, v.jsonFinding(f))
	}
	for _, sk := range res.skipped {
		for _, message := range sk.Errors {
			out.Errors = append(out.Errors, report.Error{Package: sk.Path, Message: v.shorten(message)})
		}
	}
	for _, u := range res.unresolved {
		out.Unresolved = append(out.Unresolved, report.Unresolved{Log: u.Report.Log, Line: u.Report.Line, Reason: u.Reason, NoMap: u.NoMap, Guarded: u.Guarded})
	}
	if v := res.verified; v != nil {
		out.Verification = &report.Verification{Passed: v.passed, Text: v.said}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func (v *view) jsonFinding(f *judge.Finding) report.Finding {
	out := report.Finding{
		ID: f.ID, Rule: f.Rule, Evidence: f.Evidence.String(), Message: f.Message, Why: f.Why,
		Position: v.jsonPos(f.Pos), Accesses: []report.Access{}, Fix: v.jsonFix(f.Fix),
	}
	if !f.Map.IsZero() {
		out.Map = f.Map.String()
	}
	for _, fix := range f.Alternatives {
		out.Alternatives = append(out.Alternatives, *v.jsonFix(fix))
	}
	for _, a := range f.Accesses {
		out.Accesses = append(out.Accesses, v.jsonAccess(a))
	}
	for _, s := range f.Seen {
		out.Seen = append(out.Seen, report.Seen{Log: s.Log, Line: s.Line, Text: s.Text, Count: s.Count})
	}
	return out
}

func (v *view) jsonPos(p access.Pos) report.Position {
	return report.Position{File: v.rel(p.File), Line: p.Line, Column: p.Column}
}

func (v *view) jsonAccess(a judge.Access) report.Access {
	out := report.Access{
		Op: a.Op.String(), Function: a.Func, Position: v.jsonPos(a.Pos),
		Locks: []string{}, Goroutine: []report.Frame{},
	}
	for _, l := range a.Locks {
		out.Locks = append(out.Locks, v.lock(a.Site, l)+" ("+mode(l)+")")
	}
	for _, frame := range a.Goroutine {
		out.Goroutine = append(out.Goroutine, report.Frame{Position: v.jsonPos(frame.Pos), Text: frame.Text})
	}
	for _, frame := range a.Runners {
		out.Runners = append(out.Runners, report.Frame{Position: v.jsonPos(frame.Pos), Text: frame.Text})
	}
	return out
}

func (v *view) jsonFix(fix *edit.Fix) *report.Fix {
	if fix == nil {
		return nil
	}
	out := &report.Fix{Applicability: fix.Applicability.String(), Title: fix.Title, Reason: v.shorten(fix.Reason), Edits: []report.Edit{}}
	for _, e := range fix.Edits {
		out.Edits = append(out.Edits, report.Edit{File: v.rel(e.File), Start: e.Start, End: e.End, New: e.New})
	}
	return out
}

// mode says how a lock is held.
func mode(l access.Lock) string {
	if l.Mode == access.Shared {
		return "shared"
	}
	return "exclusive"
}
