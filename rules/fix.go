package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rewrite/prove"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
	"github.com/mapguard/mapguard/rules/repair"
	"github.com/mapguard/mapguard/rules/resolve"
)

// repair attaches to every finding a fix, and proves those that have edits.
func (a *analysis) repair(ctx context.Context, fs []*judge.Finding) error {
	a.cfg.progress("repairing %d findings", len(fs))
	session := repair.NewSession(a.prog, effects{a.link.Effects()})
	session.RWMutex = a.cfg.RWMutex
	for _, f := range fs {
		f.Fix = a.repairOne(f, session)
	}
	if a.outside != nil {
		a.withhold(fs)
		if err := a.proveAll(ctx, fs); err != nil {
			return err
		}
		if err := a.together(fs); err != nil {
			return err
		}
		return a.alternatives(ctx, fs)
	}
	alone := a.oneMutex(fs, session)
	if err := a.proveAll(ctx, fs); err != nil {
		return err
	}
	var again []*judge.Finding
	for _, f := range fs {
		if fix := alone[f]; fix != nil && len(f.Fix.Edits) == 0 {
			f.Fix = fix
			again = append(again, f)
		}
	}
	if err := a.proveAll(ctx, again); err != nil {
		return err
	}
	if err := a.byPointer(ctx, fs, session); err != nil {
		return err
	}
	if err := a.unproved(ctx, fs); err != nil {
		return err
	}
	if err := a.otherBuilds(ctx, fs); err != nil {
		return err
	}
	return a.alternatives(ctx, fs)
}

// proveAll proves those fixes that have edits.
func (a *analysis) proveAll(ctx context.Context, fs []*judge.Finding) error {
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
func (a *analysis) repairOne(f *judge.Finding, session *repair.Session) *edit.Fix {
	return recovering(session, func() *edit.Fix {
		switch {
		case f.Elsewhere != "":
			return unlockable(f)
		case f.Rule == judge.DeepFormat:
			return session.DeepFormat(f)
		}
		fix := session.SharedMap(f)
		if fix.Applicability == edit.Manual && f.Evidence == judge.Witnessed {
			fix = a.harder(f, fix, session)
		}
		if f.Doubt != "" && len(fix.Edits) > 0 {
			fix.Applicability = edit.Unsafe
			fix.Reason = strings.TrimSuffix(f.Doubt+"; "+fix.Reason, "; ")
		}
		return fix
	})
}

func recovering(session *repair.Session, repair func() *edit.Fix) (fix *edit.Fix) {
	defer func() {
		if r := recover(); r != nil {
			session.Forget()
			fix = &edit.Fix{Title: "No fix", Reason: fmt.Sprintf("mapguard: internal error while repairing: %v (please report this)", r)}
		}
	}()
	return repair()
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
			if merged, err := edit.Merge(edits[i], f.Fix.Edits); err == nil && (shareFix(groups[i], f) || !shareCode(edits[i], f.Fix.Edits)) {
				groups[i], edits[i] = append(groups[i], f), merged
				continue next
			}
		}
		groups = append(groups, []*judge.Finding{f})
		edits = append(edits, f.Fix.Edits)
	}
	return groups
}

// shareFix reports whether f has its fix in common with one of fs.
func shareFix(fs []*judge.Finding, f *judge.Finding) bool {
	return slices.ContainsFunc(fs, func(g *judge.Finding) bool { return sameFix(f, g) })
}

// shareCode reports whether two lists have an edit in common that is no import:
// two fixes that insert one Lock and two Unlocks do not go together.
func shareCode(a, b []edit.TextEdit) bool {
	return slices.ContainsFunc(a, func(x edit.TextEdit) bool {
		return !isImport(x.New) && slices.ContainsFunc(b, func(y edit.TextEdit) bool {
			return x.File == y.File && x.Start == y.Start && x.End == y.End && x.New == y.New
		})
	})
}

// isImport reports whether inserted text is an import specification or
// declaration and nothing else.
func isImport(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "import ") || strings.HasSuffix(text, `"`) && strings.Count(text, `"`) == 2 && !strings.ContainsAny(text, "(){}=")
}

// proveGroup checks the fixes of a group on the edited program, all at once.
// Those that fail lose their edits, and the rest is checked again without
// them, so that a bad fix is found out and the good ones keep their standing.
func (a *analysis) proveGroup(ctx context.Context, group []*judge.Finding) error {
	a.cfg.progress("proving %d fixes", len(group))
	group, apart, err := a.compiling(ctx, group)
	if err != nil {
		return err
	}
	for len(group) > 0 {
		failed, err := a.prove(ctx, group)
		if err != nil {
			return err
		}
		if len(failed) == 0 {
			break
		}
		for _, f := range group {
			for _, g := range group {
				if failed[f] == nil && failed[g] != nil && sameFix(f, g) {
					failed[f] = failed[g]
				}
			}
		}
		group = slices.DeleteFunc(group, func(f *judge.Finding) bool {
			why, ok := failed[f]
			if ok {
				refuse(f, why)
			}
			return ok
		})
	}
	for _, f := range group {
		if f.Fix.Applicability != edit.Manual {
			f.Fix.Proved = a.proved(f)
		}
	}
	if len(apart) > 0 {
		return a.proveGroup(ctx, apart)
	}
	return nil
}

// refuse takes back a fix that was found to be wrong.
func refuse(f *judge.Finding, why error) {
	f.Fix.Applicability, f.Fix.Edits, f.Fix.Proved = edit.Manual, nil, nil
	f.Fix.Reason = why.Error()
}

// compiling returns the findings of a group whose fixes type-check together and
// copy no lock; apart are those that do so on their own, but not with the
// others. Fixes that do neither are refused. Of a group that does not
// type-check, each half is tried by itself.
func (a *analysis) compiling(ctx context.Context, group []*judge.Finding) (together, apart []*judge.Finding, err error) {
	if err := ctx.Err(); err != nil || len(group) == 0 {
		return nil, nil, err
	}
	failure, err := a.compiles(group)
	switch {
	case err != nil:
		return nil, nil, err
	case failure == nil:
		return group, nil, nil
	case len(group) == 1:
		refuse(group[0], failure)
		return nil, nil, nil
	}
	half := len(group) / 2
	first, apart, err := a.compiling(ctx, slices.Clone(group[:half]))
	if err != nil {
		return nil, nil, err
	}
	second, more, err := a.compiling(ctx, slices.Clone(group[half:]))
	if err != nil {
		return nil, nil, err
	}
	apart = append(apart, more...)
	both := append(slices.Clone(first), second...)
	if len(first) == 0 || len(second) == 0 {
		return both, apart, nil
	}
	switch failure, err := a.compiles(both); {
	case err != nil:
		return nil, nil, err
	case failure != nil:
		return first, append(second, apart...), nil
	}
	return both, apart, nil
}

// compiles reports what keeps the program from type-checking, or makes it copy
// a lock, with the fixes of a group; nil if nothing does.
func (a *analysis) compiles(group []*judge.Finding) (failure, err error) {
	edits, err := merged(group)
	if err != nil {
		return err, nil // they do not go together
	}
	_, failures, err := prove.Compile(a.prog, edits)
	if err != nil || len(failures) == 0 {
		return nil, err
	}
	return fmt.Errorf("%s: %s", failures[0].Pos, failures[0].Message), nil
}

func merged(group []*judge.Finding) ([]edit.TextEdit, error) {
	var all [][]edit.TextEdit
	for _, f := range group {
		all = append(all, f.Fix.Edits)
	}
	return edit.Merge(all...)
}

// prove applies the fixes of findings in memory and analyses the edited
// program again. It returns those that failed, with what is wrong.
func (a *analysis) prove(ctx context.Context, group []*judge.Finding) (failed map[*judge.Finding]error, err error) {
	edits, err := merged(group)
	if err != nil {
		return nil, err
	}
	edited, failures, err := prove.Compile(a.prog, edits)
	if err != nil {
		return nil, err
	}
	failed = make(map[*judge.Finding]error)
	if len(failures) > 0 { // good on their own, and bad together
		for _, f := range group {
			failed[f] = fmt.Errorf("%s: %s", failures[0].Pos, failures[0].Message)
		}
		return failed, nil
	}
	again := newAnalysis(edited, a.cfg, a)
	left, err := again.find(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return a.blame(ctx, group, err)
	}
	if why := a.brokeMore(again); why != "" {
		return a.blame(ctx, group, errors.New(why))
	}
	for _, f := range group {
		if i := stillThere(f, group, a.found, left); i >= 0 {
			failed[f] = fmt.Errorf("%s: after the fix, %s still: %s", left[i].Pos, f.Map.Short(), left[i].Message)
		}
	}
	if len(failed) > 0 {
		return failed, nil
	}
	if why := a.lockedWell(again, group); why != nil {
		return a.blame(ctx, group, why)
	}
	return nil, nil
}

// stillThere returns the index in left of a finding that f's fix should have
// removed, -1 if it did. Of several findings that only a count tells apart, as
// many must be gone as were fixed. A copy removes what somebody else does with
// the map; that there may be two goroutines who do the rest is another question.
func stillThere(f *judge.Finding, fixed, before, left []*judge.Finding) int {
	same := func(g *judge.Finding) bool {
		return g.Key == f.Key && (f.Copy == "" || g.Copy != "" || g.Evidence >= f.Evidence)
	}
	count := func(fs []*judge.Finding) (n int) {
		for _, g := range fs {
			if same(g) {
				n++
			}
		}
		return n
	}
	if count(left) <= count(before)-count(fixed) {
		return -1
	}
	return slices.IndexFunc(left, same)
}

// blame finds out which fixes of a group misuse a lock, by halves.
func (a *analysis) blame(ctx context.Context, group []*judge.Finding, why error) (map[*judge.Finding]error, error) {
	if len(group) == 1 {
		return map[*judge.Finding]error{group[0]: why}, nil
	}
	failed := make(map[*judge.Finding]error)
	for _, half := range [][]*judge.Finding{group[:len(group)/2], group[len(group)/2:]} {
		bad, err := a.prove(ctx, half)
		if err != nil {
			return nil, err
		}
		for f, w := range bad {
			failed[f] = w
		}
	}
	if len(failed) == 0 { // only together
		for _, f := range group {
			failed[f] = why
		}
	}
	return failed, nil
}

// lockedWell compares what the edited program does with its locks with what it
// did before: no lock of a fix is taken while it is held, or in both orders
// with another one.
func (a *analysis) lockedWell(edited *analysis, fixed []*judge.Finding) error {
	before, after := a.link.Locking(), edited.link.Locking()
	ours := func(loc access.Location) bool {
		return !before.Taken[loc] || slices.ContainsFunc(fixed, func(f *judge.Finding) bool {
			return f.Guard != nil && f.Guard.Lock.Location == loc
		})
	}
	count := make(map[access.LockID]int)
	for _, id := range before.Reentries {
		count[id]++
	}
	for _, id := range after.Reentries {
		count[id]--
	}
	for pos, id := range after.Reentries {
		if ours(id.Location) && count[id] < 0 {
			return fmt.Errorf("%s: %s would be taken while it is held", pos, id.Short())
		}
	}
	if o, at, ok := after.Cycle(before, ours); ok {
		return fmt.Errorf("%s: %s would be taken while %s is held, and the other way round elsewhere", at, o.Then.Short(), o.First.Short())
	}
	return nil
}

const (
	typeChecked  = "all packages that use the edited ones type-check, tests included"
	copiesNoLock = "no lock is copied"
)

// proved lists what prove has checked, in words.
func (a *analysis) proved(f *judge.Finding) []string {
	out := []string{typeChecked}
	if len(a.skipped()) > 0 {
		out[0] += ", but those that do not as they are"
	}
	switch {
	case f.Narrow:
		out = append(out, "every access in the functions that the witness names holds the lock")
	case f.Rule == judge.DeepFormat:
		return append(out, "the call no longer walks the map")
	case f.Copy != "":
		return append(out, "what is changed is no longer the map that others have", copiesNoLock)
	default:
		out = append(out, "every access that needs the lock holds it")
	}
	return append(out, "no path that can be followed takes it twice, or two locks in both orders", copiesNoLock)
}

// Fixed is the outcome of applying fixes.
type Fixed struct {
	Files   map[string][]byte // new contents by absolute name
	Applied []*judge.Finding
	Left    []*judge.Finding // still there afterwards
	Skipped []Skipped
	// Unresolved are the witnesses that no map could be named for.
	Unresolved []*resolve.Unresolved
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
			out.Skipped, out.Unresolved = a.skipped(), a.unresolved
		}
		out.Left = fs
		chosen, _, err := a.compiling(ctx, firstOf(fs, take)) // those apart are for the next round
		if err != nil {
			return nil, err
		}
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
	overlay, err := prove.Apply(a.prog, edits)
	if err != nil {
		return nil, err
	}
	maps.Copy(out.Files, overlay)
	next, _, err := a.prog.WithOverlay(overlay)
	if err != nil {
		return nil, err
	}
	out.Applied = append(out.Applied, chosen...)
	return next, nil
}
