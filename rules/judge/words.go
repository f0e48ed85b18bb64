package judge

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/link"
)

// best returns the pair that convinces a reader soonest: goroutines that one
// function starts before those that only share a type, go statements before
// registrations, writes before reads, short ways before long ones.
func best(pairs []link.Pair) *link.Pair {
	var top *link.Pair
	for i := range pairs {
		if top == nil || score(&pairs[i]) > score(top) {
			top = &pairs[i]
		}
	}
	return top
}

// strength returns what a pair proves: less if it takes a library's word for
// one of the goroutines, or if one of them waits to be told to go on.
func strength(p *link.Pair) Evidence {
	if assumed(p) != nil || p.Waits {
		return Inferred
	}
	return Shown
}

// assumed returns the goroutine of a pair that only a library could start.
func assumed(p *link.Pair) *link.Thread {
	for _, side := range []link.Side{p.A, p.B} {
		if side.Thread != nil && side.Thread.Assumed {
			return side.Thread
		}
	}
	return nil
}

func score(p *link.Pair) int {
	s := 0
	if assumed(p) != nil {
		s -= 2000
	}
	if p.Waits {
		s -= 1500
	}
	if p.Exact {
		s += 1000
	}
	for _, side := range []link.Side{p.A, p.B} {
		if side.Acc.Op.Writes() {
			s += 40
		}
		if side.Thread != nil && side.Thread.Local {
			s += 100
		}
		if side.Acc.Site.Test {
			s -= 500
		}
		for v := side.Acc.Via; v != nil; v = v.Next {
			s -= 10
		}
		if side.Thread != nil {
			for v := side.Thread.Via; v != nil; v = v.Next {
				s -= 10
			}
		}
	}
	if p.Same {
		s -= 5
	}
	return s
}

// side renders one access of a pair; in is the function that shows both.
func side(s link.Side, in string) Access {
	a := Access{Site: site(s.Acc.Site)}
	a.Locks = slices.Clone(s.Acc.Locks)
	for i, l := range a.Locks { // named as the function that makes the access does
		for _, own := range s.Acc.Site.Locks {
			if own.ID.Location == l.ID.Location {
				a.Locks[i].Path = own.Path
			}
		}
	}
	if t := s.Thread; t != nil {
		a.Goroutine = append(a.Goroutine, frames(t.Via)...)
		text := t.Text
		switch {
		case strings.HasPrefix(text, "go "):
			text = strings.Replace(text, "func literal", "func() { … }", 1) + "()"
		default:
			text += " runs " + entry(s)
		}
		a.Goroutine = append(a.Goroutine, Frame{Pos: t.Spawn, Text: text})
	} else {
		a.Goroutine = append(a.Goroutine, Frame{Text: in + " goes on"})
	}
	a.Goroutine = append(a.Goroutine, frames(s.Acc.Via)...)
	return a
}

// entry returns the function in which the goroutine of a side begins.
func entry(s link.Side) string {
	if s.Acc.Entry != "" {
		return s.Acc.Entry
	}
	return s.Thread.Entry
}

func frames(v *link.Via) []Frame {
	var out []Frame
	for ; v != nil; v = v.Next {
		out = append(out, Frame{Pos: v.Pos, Text: v.Text})
	}
	return out
}

// describe says what two goroutines do to a map.
func describe(p, q access.Op) string {
	a, b := past(p), past(q)
	if a == b {
		return a + " by two goroutines without a common lock"
	}
	return fmt.Sprintf("%s by one goroutine and %s by another without a common lock", a, b)
}

func past(op access.Op) string {
	switch op {
	case access.Read:
		return "read"
	case access.Iterate:
		return "iterated over"
	case access.Format:
		return "formatted"
	case access.Write:
		return "written"
	}
	return "replaced"
}

// why says in one sentence why the two accesses of a pair may overlap.
func why(p *link.Pair) string {
	if t := assumed(p); t != nil && strings.Contains(t.Text, ".Register") && strings.HasSuffix(t.Text, "Server") {
		if p.B.Thread == t && p.A.Thread != t {
			return fmt.Sprintf("%s implements the service that %s registers, and a server runs any number of calls at once", entry(p.B), t.Text)
		}
		return fmt.Sprintf("%s implements the service that %s registers, and a server runs any number of calls at once", entry(p.A), t.Text)
	}
	if t := assumed(p); t != nil {
		return fmt.Sprintf("%s keeps %s, and by its name runs it on a goroutine of its own", t.Text, t.Entry)
	}
	switch {
	case p.Same && p.A.Thread.Multi && entry(p.A) != entry(p.B):
		return fmt.Sprintf("%s and %s may run at the same time, any number of each", entry(p.A), entry(p.B))
	case p.Same && p.A.Thread.Multi:
		return fmt.Sprintf("%s may run any number of times at once", entry(p.A))
	case p.Same && !p.A.Thread.Local:
		return fmt.Sprintf("%s at %s is in a loop, so that what it runs overlaps", p.A.Thread.Text, line(p.A.Thread.Spawn))
	case p.Same:
		return fmt.Sprintf("the go statement at %s is in a loop, so that its goroutines overlap", line(p.A.Thread.Spawn))
	case p.Waits:
		return fmt.Sprintf("%s goes on after it has started the goroutine at %s, which may receive what it waits for by then", p.In, line(p.A.Thread.Spawn))
	case p.B.Thread == nil:
		return fmt.Sprintf("%s goes on after it has started the goroutine at %s, and does not wait for it", p.In, line(p.A.Thread.Spawn))
	case p.Exact && p.In != "" && !p.A.Thread.Local && !p.B.Thread.Local:
		return fmt.Sprintf("%s hands both to something that may run them at the same time", p.In)
	case p.Exact && p.In != "":
		return fmt.Sprintf("%s starts both goroutines and waits for neither in between", p.In)
	case p.Exact:
		return fmt.Sprintf("both goroutines, started at %s and %s, use the one package variable", line(p.A.Thread.Spawn), line(p.B.Thread.Spawn))
	}
	return fmt.Sprintf("the goroutines started at %s and %s are given the same kind of object; if it is one object, they overlap", line(p.A.Thread.Spawn), line(p.B.Thread.Spawn))
}

func line(p access.Pos) string { return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line) }

// shortName strips the directories from a callee's import path, and the major
// version that ends it: k8s.io/klog/v2.ErrorS is klog.ErrorS.
func shortName(callee string) string {
	pkg := known.PackageOf(callee)
	base := path.Base(pkg)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(pkg))
	}
	return strings.Replace(callee, pkg, base, 1)
}

// lockName names a lock as its declaration does.
func lockName(id access.LockID) string {
	if id.Owner != "" {
		return id.Owner + "." + id.Name
	}
	return id.Name
}
