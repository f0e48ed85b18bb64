package rules

import (
	"context"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/repair"
)

// oneMutex gives the maps of one struct one fix, with one mutex for all of them,
// where that is safe. It returns the fixes that those maps had by themselves.
func (a *analysis) oneMutex(fs []*judge.Finding, session *repair.Session) map[*judge.Finding]*edit.Fix {
	alone := make(map[*judge.Finding]*edit.Fix)
	for _, group := range repair.Groups(fs) {
		fix := recovering(session, func() *edit.Fix { return session.Together(group) })
		if fix == nil {
			// One of the maps is for a person. That is no reason to lock the
			// others one within the other.
			group = slices.DeleteFunc(group, func(f *judge.Finding) bool { return f.Fix.Applicability != edit.Safe })
			if len(group) < 2 {
				continue
			}
			fix = recovering(session, func() *edit.Fix { return session.Together(group) })
		}
		if fix == nil || len(fix.Edits) == 0 {
			continue
		}
		for _, f := range group {
			shared := *fix
			alone[f], f.Fix = f.Fix, &shared
		}
	}
	return alone
}

// sameFix reports whether two findings have one fix between them.
func sameFix(f, g *judge.Finding) bool {
	return len(f.Fix.Edits) > 0 && len(g.Fix.Edits) > 0 && &f.Fix.Edits[0] == &g.Fix.Edits[0]
}

// byPointer tries a lock behind a pointer for the maps that are left without a
// fix, as copies of a struct may be what speaks against a lock inside it.
func (a *analysis) byPointer(ctx context.Context, fs []*judge.Finding, session *repair.Session) error {
	var tried []*judge.Finding
	before := make(map[*judge.Finding]*edit.Fix)
	for _, f := range fs {
		if len(f.Fix.Edits) > 0 {
			continue
		}
		if fix := recovering(session, func() *edit.Fix { return session.ByPointer(f) }); fix != nil && len(fix.Edits) > 0 {
			before[f], f.Fix = f.Fix, fix
			tried = append(tried, f)
		}
	}
	err := a.proveAll(ctx, tried)
	for _, f := range tried {
		if len(f.Fix.Edits) == 0 {
			f.Fix = before[f]
		}
	}
	return err
}
