package sinks

import (
	"go/types"
	"slices"
	"strings"
	"testing"
)

// Whatever way a value is formatted in, one of Classes walks the same maps.
func TestClasses(t *testing.T) {
	c := check(t, "example.com/p", "p.go", footprintSrc)
	fp := NewFootprints([]*types.Package{c.pkg})
	var hows []Traversal
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw!" {
		for _, flags := range []string{"", "+", "#", "+#"} {
			hows = append(hows, Traversal{Family: Fmt, Verb: verb, Flags: flags})
		}
	}
	hows = append(hows, Traversal{Family: Fmt, Verb: 'w', Raw: true})
	for f := JSON; f <= PanicValue; f++ { // the two after these are always one of them
		hows = append(hows, Traversal{Family: f, Lazy: true})
	}
	for _, verb := range "vTdsqpwx!" {
		hows = append(hows, Traversal{Family: Spew, Verb: verb}, Traversal{Family: Spew, Verb: verb, Flags: "#"})
	}
	walked := 0
	for _, pkg := range []*types.Package{c.pkg, checkShapes(t)} {
		for _, name := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(name)
			if _, ok := obj.(*types.Func); ok || isInterface(obj.Type()) {
				continue
			}
			for _, typ := range []types.Type{obj.Type(), types.NewPointer(obj.Type())} {
				for _, how := range hows {
					got, want := spellWalks(fp, typ, how.class()), spellWalks(fp, typ, how)
					if got != want {
						t.Errorf("%s with %s walks %s, its class %s", typ, how, want, got)
					}
					if want == "" {
						continue
					}
					walked++
					if !slices.Contains(Classes, how.class()) && PointerLike(typ) {
						t.Errorf("%s with %s walks %s, and is in no class", typ, how, want)
					}
				}
			}
		}
	}
	if walked == 0 {
		t.Error("nothing was walked")
	}
}

func spellWalks(fp *Footprints, t types.Type, how Traversal) string {
	walks, _ := fp.Of(t, how)
	var out []string
	for _, w := range walks {
		out = append(out, spellWalk(w))
	}
	return strings.Join(out, ", ")
}

// What stands behind an interface out of sight is walked too, and nothing is if
// there is too much of it.
func TestBehind(t *testing.T) {
	c := check(t, "example.com/p", "p.go", footprintSrc)
	many := false
	fp := NewFootprints([]*types.Package{c.pkg})
	fp.Behind = func(iface types.Type, known []types.Type, how Traversal) ([]Walk, bool) {
		if len(known) != 4 || how != (Traversal{Family: Fmt, Verb: 's'}) {
			t.Errorf("asked about %s, known %v, %v", iface, known, how)
		}
		return []Walk{{Chain: "(*q.hidden).m"}}, !many
	}
	conn := c.pkg.Scope().Lookup("iface").Type()
	if got := spellWalks(fp, conn, Traversal{Family: Fmt, Verb: 's'}); !strings.Contains(got, "(*q.hidden).m") || !strings.Contains(got, "(*p.conn).streams") {
		t.Errorf("walks %s", got)
	}
	many = true
	if got := spellWalks(fp, conn, Traversal{Family: Fmt, Verb: 'q'}); got != "" {
		t.Errorf("too many implementers: walks %s", got)
	}
}
