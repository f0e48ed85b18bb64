package judge

import (
	"fmt"
	"runtime/debug"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/link"
)

// A Broken is a map that a rule panicked over, which is a bug of the rule. It
// costs that map and no other.
type Broken struct {
	Rule  string
	Map   access.Location
	Sites []access.Pos
	What  any    // the value of the panic
	Stack []byte // of where it happened
}

func (b Broken) String() string {
	return fmt.Sprintf("internal error of rule %s in package %s, map %s: %v", b.Rule, b.Map.Pkg, b.Map.Short(), b.What)
}

// whole is location, but that a panic is noted.
func (j *judge) whole(loc access.Location, sites []*link.Site) (out []*Finding) {
	defer func() {
		if r := recover(); r != nil {
			b := Broken{Rule: j.rule, Map: loc, What: r, Stack: debug.Stack()}
			for _, s := range sites {
				b.Sites = append(b.Sites, s.Pos)
			}
			j.broken = append(j.broken, b)
		}
	}()
	return j.location(loc, sites)
}
