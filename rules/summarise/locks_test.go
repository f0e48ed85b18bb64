package summarise

import (
	"testing"

	"github.com/mapguard/mapguard/rules/access"
)

// held returns a lock of the n'th parameter.
func held(n int, mode access.Mode) access.Lock {
	return access.Lock{Path: access.Path{Root: access.Root{Kind: access.Param, Index: n}}, Mode: mode}
}

// TestMeetLaws checks that locksets form a semilattice under meet, up to order:
// what the fixed point of the must-analysis rests on.
func TestMeetLaws(t *testing.T) {
	var sets []lockset
	modes := []access.Mode{0, access.Shared, access.Exclusive}
	for _, a := range modes {
		for _, b := range modes {
			ls := lockset{}
			if a != 0 {
				ls = ls.with(held(0, a))
			}
			if b != 0 {
				ls = ls.with(held(1, b))
			}
			sets = append(sets, ls)
		}
	}
	same := func(a, b lockset) bool { return len(a) == len(b) && len(a.meet(b)) == len(a) && modesEqual(a, b) }
	for _, a := range sets {
		if !same(a.meet(a), a) {
			t.Errorf("meet of %v with itself is %v", a, a.meet(a))
		}
		if got := a.meet(lockset{}); len(got) != 0 {
			t.Errorf("meet of %v with nothing held is %v", a, got)
		}
		for _, b := range sets {
			if !same(a.meet(b), b.meet(a)) {
				t.Errorf("meet of %v and %v depends on their order", a, b)
			}
			for _, c := range sets {
				if !same(a.meet(b).meet(c), a.meet(b.meet(c))) {
					t.Errorf("meet of %v, %v and %v depends on grouping", a, b, c)
				}
			}
		}
	}
}

func modesEqual(a, b lockset) bool {
	for _, l := range a {
		for _, m := range b {
			if l.Path == m.Path && l.Mode != m.Mode {
				return false
			}
		}
	}
	return true
}

func TestLocksetSteps(t *testing.T) {
	ls := lockset{}.with(held(0, access.Shared)).with(held(1, access.Exclusive))
	if got := ls.with(held(0, access.Exclusive)); len(got) != 2 {
		t.Errorf("taking a lock twice holds %d locks, want 2", len(got))
	}
	if got := ls.without(held(1, access.Exclusive).Path); len(got) != 1 || got[0] != held(0, access.Shared) {
		t.Errorf("after the release: %v", got)
	}
}
