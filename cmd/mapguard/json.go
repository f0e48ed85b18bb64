package main

import (
	"encoding/json"
	"io"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// The JSON output. Its shape is a promise: fields may be added, none may be
// renamed, removed or change meaning. Lists are never null.
type (
	jsonReport struct {
		Version  string        `json:"version"`
		Findings []jsonFinding `json:"findings"`
		Errors   []jsonError   `json:"errors"`
	}
	jsonFinding struct {
		ID       string       `json:"id"`
		Rule     string       `json:"rule"`
		Map      string       `json:"map"` // "" for the rule ignore
		Evidence string       `json:"evidence"`
		Message  string       `json:"message"`
		Position jsonPos      `json:"position"`
		Why      string       `json:"why,omitempty"`
		Accesses []jsonAccess `json:"accesses"`
		Fix      *jsonFix     `json:"fix"`
	}
	jsonPos struct {
		File   string `json:"file"` // relative to the working directory, forward slashes; "" if there is none
		Line   int    `json:"line"`
		Column int    `json:"column"` // in bytes, from 1
	}
	jsonAccess struct {
		Op        string      `json:"op"`
		Function  string      `json:"function"`
		Position  jsonPos     `json:"position"`
		Locks     []string    `json:"locks"` // "c.mu (exclusive)", "c.mu (shared)"
		Goroutine []jsonFrame `json:"goroutine"`
	}
	jsonFrame struct {
		Position jsonPos `json:"position"`
		Text     string  `json:"text"`
	}
	jsonFix struct {
		Applicability string     `json:"applicability"`
		Title         string     `json:"title"`
		Reason        string     `json:"reason"`
		Edits         []jsonEdit `json:"edits"`
	}
	jsonEdit struct {
		File  string `json:"file"`
		Start int    `json:"start"` // byte offsets into the file
		End   int    `json:"end"`
		New   string `json:"new"`
	}
	jsonError struct {
		Package string `json:"package"`
		Message string `json:"message"`
	}
)

// writeJSON prints a result as one JSON object.
func writeJSON(w io.Writer, v *view, res *result) error {
	out := jsonReport{Version: version(), Findings: []jsonFinding{}, Errors: []jsonError{}}
	for _, f := range res.findings {
		out.Findings = append(out.Findings, v.jsonFinding(f))
	}
	for _, sk := range res.skipped {
		for _, message := range sk.Errors {
			out.Errors = append(out.Errors, jsonError{Package: sk.Path, Message: v.shorten(message)})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func (v *view) jsonFinding(f *judge.Finding) jsonFinding {
	out := jsonFinding{
		ID: f.ID, Rule: f.Rule, Evidence: f.Evidence.String(), Message: f.Message, Why: f.Why,
		Position: v.jsonPos(f.Pos), Accesses: []jsonAccess{}, Fix: v.jsonFix(f.Fix),
	}
	if !f.Map.IsZero() {
		out.Map = f.Map.String()
	}
	for _, a := range f.Accesses {
		out.Accesses = append(out.Accesses, v.jsonAccess(a))
	}
	return out
}

func (v *view) jsonPos(p access.Pos) jsonPos {
	return jsonPos{File: v.rel(p.File), Line: p.Line, Column: p.Column}
}

func (v *view) jsonAccess(a judge.Access) jsonAccess {
	out := jsonAccess{
		Op: a.Op.String(), Function: a.Func, Position: v.jsonPos(a.Pos),
		Locks: []string{}, Goroutine: []jsonFrame{},
	}
	for _, l := range a.Locks {
		out.Locks = append(out.Locks, v.lock(a.Site, l)+" ("+mode(l)+")")
	}
	for _, frame := range a.Goroutine {
		out.Goroutine = append(out.Goroutine, jsonFrame{Position: v.jsonPos(frame.Pos), Text: frame.Text})
	}
	return out
}

func (v *view) jsonFix(fix *edit.Fix) *jsonFix {
	if fix == nil {
		return nil
	}
	out := &jsonFix{Applicability: fix.Applicability.String(), Title: fix.Title, Reason: v.shorten(fix.Reason), Edits: []jsonEdit{}}
	for _, e := range fix.Edits {
		out.Edits = append(out.Edits, jsonEdit{File: v.rel(e.File), Start: e.Start, End: e.End, New: e.New})
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
