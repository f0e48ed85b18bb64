package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/link"
)

// A Way is how an access is reached without the lock that guards the map,
// where that does not show in the function that makes the access.
type Way struct {
	From  string   // the function in which it begins
	Calls []Frame  // from there to the access; empty if From makes it itself
	Held  []string // functions that come to the same access with the lock held
	// Kept is the call, made with the lock held, that is given the function
	// which makes the access: there is a way if that keeps it for later.
	Kept *Frame
}

// bare returns a site that goes around v's guard, with the way there.
func (j *judge) bare(v *verdict, s *link.Site) Access {
	a := Access{Site: site(s), Released: s.Released()}
	if b := j.prog.Bare(s, v.loc, v.guard.Lock.Location); b != nil && !heldShared(s, v.guard.Lock) {
		a.Way = &Way{From: b.From, Calls: frames(b.Via), Held: b.Held}
		if b.Kept != nil {
			a.Way.Kept = &Frame{Pos: b.Kept.Pos, Text: b.Kept.Text}
		}
	}
	return a
}

// maxRunners is how many goroutines are noted for an access.
const maxRunners = 8

// addRunners notes in inferred findings about v's map which goroutines may come to
// accesses of which no goroutine is shown: whether a second one is likely at all
// is what a reader asks first.
func (j *judge) addRunners(v *verdict, fs []*Finding) {
	for _, f := range fs {
		if f.Evidence != Inferred {
			continue
		}
		for i := range f.Accesses {
			a := &f.Accesses[i]
			k := slices.IndexFunc(v.sites, func(s *link.Site) bool { return s.Pos == a.Pos })
			if k < 0 || len(a.Goroutine) > 0 {
				continue
			}
			for _, c := range j.prog.Runners(v.sites[k]) {
				if _, held := j.prog.Way(c, v.sites[k]); held && len(v.sites[k].Locks) == 0 || !c.Spawn.IsValid() {
					continue // it comes here under a lock: none of those that forget it
				}
				run := side(link.Side{Acc: &link.Acc{Site: v.sites[k]}, Thread: &link.Thread{Spawn: c.Spawn, Text: c.Text, Entry: c.Entry}}, "")
				a.Runners = append(a.Runners, run.Goroutine...)
				if len(a.Runners) == maxRunners {
					break
				}
			}
		}
	}
}

// discipline says how far the guard is kept to, and where else it is not; shown
// are the accesses that the finding shows.
func (v *verdict) discipline(shown ...*link.Site) string {
	var s string
	lock := lockName(v.guard.Lock)
	switch {
	case v.guard.Held == 1 && v.guard.Total <= 2:
		s = lock + " is held at the other access"
	case v.guard.Held >= v.guard.Total-1 && v.guard.Held < len(v.needy):
		s = fmt.Sprintf("%s is held at all %d other accesses that need a lock", lock, v.guard.Held)
	default:
		s = fmt.Sprintf("%s is held at %d of the %d accesses that need a lock", lock, v.guard.Held, v.guard.Total)
		if v.guard.Declared {
			s += ", and the map is declared under it"
		}
	}
	return s + v.needless() + v.elsewhere(shown)
}

// needless says how many accesses need no lock, and why the first does not.
func (v *verdict) needless() string {
	var why []string
	n := 0
	for _, s := range v.sites {
		if s.Exempt != "" {
			n++
			if !slices.Contains(why, s.Exempt) {
				why = append(why, s.Exempt)
			}
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" (1 more needs none: %s)", why[0])
	}
	return fmt.Sprintf(" (%d more need none: %s)", n, strings.Join(why, ", or "))
}

// maxElsewhere bounds how many further accesses are named.
const maxElsewhere = 4

// elsewhere names the other accesses that go around the guard.
func (v *verdict) elsewhere(shown []*link.Site) string {
	var places []string
	for _, s := range v.broken {
		if p := line(s.Pos); !slices.ContainsFunc(shown, s.Same) && !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	if len(places) == 0 || len(shown) == 0 {
		return ""
	}
	if n := len(places) - maxElsewhere; n > 0 {
		places = append(places[:maxElsewhere], fmt.Sprintf("%d more", n))
	}
	return "; it is not held at " + strings.Join(places, ", ") + " either"
}
