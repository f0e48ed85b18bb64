package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/repair"
)

// alternatives adds to findings of deepformat what else a person may want, as
// far as it type-checks, and where the same sort of value is printed with %p
// already.
func (a *analysis) alternatives(ctx context.Context, fs []*judge.Finding) error {
	var offers []*judge.Finding // each with an alternative in the place of its fix
	of := make(map[*judge.Finding]*judge.Finding)
	for _, f := range fs {
		if f.Rule != judge.DeepFormat {
			continue
		}
		f.Why += a.consistency(f)
		for _, fix := range a.choices(f) {
			offer := *f
			offer.Fix = fix
			offers = append(offers, &offer)
			of[&offer] = f
		}
	}
	for _, group := range compatible(offers) {
		// Those that do not type-check lose their edits.
		if _, _, err := a.compiling(ctx, slices.Clone(group)); err != nil {
			return err
		}
	}
	for _, offer := range offers {
		if len(offer.Fix.Edits) > 0 {
			f := of[offer]
			f.Alternatives = append(f.Alternatives, offer.Fix)
		}
	}
	return nil
}

// choices returns the alternatives of one finding. A panic is a bug of ours,
// and costs no more than these.
func (a *analysis) choices(f *judge.Finding) (fixes []*edit.Fix) {
	defer func() {
		if recover() != nil {
			fixes = nil
		}
	}()
	return repair.DeepChoices(a.prog, f)
}

// consistency names calls that print such a value with %p already.
func (a *analysis) consistency(f *judge.Finding) string {
	at := repair.PrintedAsPointer(a.prog, f)
	if len(at) == 0 {
		return ""
	}
	const most = 3
	var lines []string
	for _, pos := range at[:min(len(at), most)] {
		lines = append(lines, place(pos))
	}
	s := fmt.Sprintf("; such a value is printed with %%p at %d other sites (%s", len(at), strings.Join(lines, ", "))
	if len(at) == 1 {
		s = fmt.Sprintf("; such a value is printed with %%p at another site (%s", lines[0])
	}
	if len(at) > most {
		s += ", ..."
	}
	return s + ")"
}

// place returns the base name of a file and a line.
func place(p access.Pos) string {
	return fmt.Sprintf("%s:%d", p.File[strings.LastIndexAny(p.File, `/\`)+1:], p.Line)
}
