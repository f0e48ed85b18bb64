package rules

import (
	"context"
	"fmt"
	"slices"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rewrite/prove"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/repair"
)

// repair attaches to every finding a fix, and proves those that have edits.
func (a *analysis) repair(ctx context.Context, fs []*judge.Finding) error {
	a.cfg.progress("repairing %d findings", len(fs))
	session := repair.NewSession(a.prog, effects{a.link.Effects()})
	for _, f := range fs {
		f.Fix = a.repairOne(f, session)
	}
	for _, group := range compatible(fs) {
		if err := a.proveGroup(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// effects presents what link knows of calls as repair wants it.
type effects struct{ *link.Effects }

// Call implements repair.Effects.
func (e effects) Call(pos access.Pos) repair.Effect { return repair.Effect(e.Effects.Call(pos)) }

// repairOne makes the fix of one finding. A panic is a bug of ours, and leaves
// the finding without an automatic fix.
func (a *analysis) repairOne(f *judge.Finding, session *repair.Session) (fix *edit.Fix) {
	defer func() {
		if r := recover(); r != nil {
			fix = &edit.Fix{Title: "No fix", Reason: fmt.Sprintf("mapguard: internal error while repairing: %v (please report this)", r)}
		}
	}()
	if f.Rule == judge.DeepFormat {
		return repair.DeepFormat(a.prog, f)
	}
	return session.SharedMap(f)
}

// compatible splits findings whose fixes have edits into groups whose edits do
// not conflict.
func compatible(fs []*judge.Finding) [][]*judge.Finding {
	var groups [][]*judge.Finding
	var edits [][]edit.TextEdit
next:
	for _, f := range fs {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		for i := range groups {
			if merged, err := edit.Merge(edits[i], f.Fix.Edits); err == nil {
				groups[i], edits[i] = append(groups[i], f), merged
				continue next
			}
		}
		groups = append(groups, []*judge.Finding{f})
		edits = append(edits, f.Fix.Edits)
	}
	return groups
}

// proveGroup checks the fixes of a group on the edited program, all at once;
// if anything fails, each half on its own, so that a bad fix is found out and
// the good ones keep their standing.
func (a *analysis) proveGroup(ctx context.Context, group []*judge.Finding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.cfg.progress("proving %d fixes", len(group))
	failed, err := a.prove(ctx, group)
	if err != nil {
		return err
	}
	switch {
	case failed == nil:
		return nil
	case len(group) > 1:
		if err := a.proveGroup(ctx, group[:len(group)/2]); err != nil {
			return err
		}
		return a.proveGroup(ctx, group[len(group)/2:])
	}
	fix := group[0].Fix
	fix.Applicability, fix.Edits, fix.Proved = edit.Manual, nil, nil
	fix.Reason = failed.Error()
	return nil
}

// prove applies the fixes of findings in memory and checks the obligations
// that a fix can be checked for afterwards. It returns what failed.
func (a *analysis) prove(ctx context.Context, group []*judge.Finding) (failed, err error) {
	var all [][]edit.TextEdit
	for _, f := range group {
		all = append(all, f.Fix.Edits)
	}
	edits, err := edit.Merge(all...)
	if err != nil {
		return err, nil
	}
	edited, failures, err := prove.Compile(a.prog, edits)
	if err != nil {
		return nil, err
	}
	if len(failures) > 0 {
		return fmt.Errorf("%s: %s", failures[0].Pos, failures[0].Message), nil
	}
	again := newAnalysis(edited, a.cfg, a)
	left, err := again.find(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range group {
		if i := slices.IndexFunc(left, func(g *judge.Finding) bool { return g.ID == f.ID }); i >= 0 {
			return fmt.Errorf("%s: after the fix, %s still: %s", left[i].Pos, f.Map.Short(), left[i].Message), nil
		}
	}
	if err := a.lockedWell(again); err != nil {
		return err, nil
	}
	for _, f := range group {
		if f.Fix.Applicability != edit.Manual {
			f.Fix.Proved = proved(f)
		}
	}
	return nil, nil
}

// lockedWell compares what the edited program does with its locks with what it
// did before: no lock taken while it is held, no two locks in both orders.
func (a *analysis) lockedWell(edited *analysis) error {
	before, after := a.link.Locking(), edited.link.Locking()
	count := make(map[access.LockID]int)
	for _, id := range before.Reentries {
		count[id]++
	}
	for _, id := range after.Reentries {
		count[id]--
	}
	for pos, id := range after.Reentries {
		if count[id] < 0 {
			return fmt.Errorf("%s: %s would be taken while it is held", pos, id.Short())
		}
	}
	if o, at, ok := after.Cycle(before); ok {
		return fmt.Errorf("%s: %s would be taken while %s is held, and the other way round elsewhere", at, o.Then.Short(), o.First.Short())
	}
	return nil
}

// proved lists what prove has checked, in words.
func proved(f *judge.Finding) []string {
	out := []string{"the edited packages and all that import them type-check, tests included"}
	if f.Rule == judge.DeepFormat {
		return append(out, "the call no longer walks the map")
	}
	return append(out,
		"analysed again, every access that needs the lock holds it",
		"no path that can be followed takes the lock while holding it, or two locks in both orders",
		"no value that holds a lock is copied")
}

// Fixed is the outcome of applying fixes.
type Fixed struct {
	Files   map[string][]byte // new contents by absolute name
	Applied []*judge.Finding
	Left    []*judge.Finding // still there afterwards
	Skipped []Skipped
}

// maxRounds bounds how often fixes are applied to what earlier ones left.
const maxRounds = 8

// Fix applies the fixes that take accepts, and again to what is left, until
// nothing changes. Nothing is written to disk.
func Fix(ctx context.Context, p *load.Program, cfg Config, take func(*judge.Finding) bool) (*Fixed, error) {
	out := &Fixed{Files: make(map[string][]byte)}
	var earlier *analysis
	for range maxRounds {
		a := newAnalysis(p, cfg, earlier)
		fs, err := a.report(ctx)
		if err != nil {
			return nil, err
		}
		if earlier == nil {
			out.Skipped = a.skipped()
		}
		out.Left = fs
		chosen := firstOf(fs, take)
		if len(chosen) == 0 {
			return out, nil
		}
		next, err := a.apply(chosen, out)
		if err != nil {
			return nil, err
		}
		p, earlier = next, a
	}
	return out, nil
}

// firstOf returns the findings of one round: those taken, deepformat's first,
// since a map that is no longer walked may need no lock any more; and of
// fixes that conflict, the first.
func firstOf(fs []*judge.Finding, take func(*judge.Finding) bool) []*judge.Finding {
	var chosen []*judge.Finding
	for _, rule := range []string{judge.DeepFormat, judge.SharedMap} {
		for _, f := range fs {
			if f.Rule == rule && f.Fix != nil && len(f.Fix.Edits) > 0 && take(f) {
				chosen = append(chosen, f)
			}
		}
		if len(chosen) > 0 {
			break
		}
	}
	if groups := compatible(chosen); len(groups) > 0 {
		return groups[0]
	}
	return nil
}

// apply edits the program in memory and notes the new contents.
func (a *analysis) apply(chosen []*judge.Finding, out *Fixed) (*load.Program, error) {
	var all [][]edit.TextEdit
	for _, f := range chosen {
		all = append(all, f.Fix.Edits)
	}
	edits, err := edit.Merge(all...)
	if err != nil {
		return nil, err
	}
	byFile := make(map[string][]edit.TextEdit)
	for _, e := range edits {
		byFile[e.File] = append(byFile[e.File], e)
	}
	overlay := make(map[string][]byte)
	for file, es := range byFile {
		src, err := a.prog.Source(file)
		if err != nil {
			return nil, err
		}
		if overlay[file], err = edit.Apply(src, es); err != nil {
			return nil, err
		}
		out.Files[file] = overlay[file]
	}
	next, _, err := a.prog.WithOverlay(overlay)
	if err != nil {
		return nil, err
	}
	out.Applied = append(out.Applied, chosen...)
	return next, nil
}
