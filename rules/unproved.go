package rules

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// unproved takes a fix that gives a struct a mutex for unsafe if packages of the
// module that may copy the struct were not loaded: the proof knows nothing of
// them.
func (a *analysis) unproved(ctx context.Context, fs []*judge.Finding) error {
	if a.cfg.judge != nil { // the soak has all of them vetted
		return nil
	}
	for _, f := range fs {
		if f.Fix.Applicability != edit.Safe || f.Rule != judge.SharedMap || f.Guard != nil || f.Map.Kind != access.Field {
			continue
		}
		left, err := a.prog.Unloaded(ctx, f.Map.Pkg)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			continue
		}
		f.Fix.Applicability = edit.Unsafe
		f.Fix.Reason = fmt.Sprintf("%s imports %s and was not looked at: it may copy the new lock", left[0], path.Base(f.Map.Pkg))
		if n := len(left) - 1; n > 0 {
			f.Fix.Reason = fmt.Sprintf("%s and %d more import %s and were not looked at: they may copy the new lock", left[0], n, path.Base(f.Map.Pkg))
		}
		f.Fix.Reason += "; analyse ./... of the whole module"
		f.Fix.Proved = slices.DeleteFunc(slices.Clone(f.Fix.Proved), func(s string) bool { return strings.HasPrefix(s, typeChecked) || s == copiesNoLock })
	}
	return nil
}
