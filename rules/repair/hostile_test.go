package repair

import (
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

const guarded = `package a

import "sync"

type C struct {
	mu sync.Mutex
	m  map[string]int
}

func (c *C) put(k string) { c.m[k] = 1 }

func reset(p *[]*C) {
	*p = append(*p, &C{m: make(map[string]int)})
}
`

// What the engine could not relate, or the syntax does not show, is for a person
// to decide, and no panic.
func TestUnrelated(t *testing.T) {
	for _, c := range []struct {
		name string
		mod  func(*judge.Finding)
		want string
	}{
		{"no fields", func(f *judge.Finding) { f.Guard.Fields = nil }, "which object's lock it is"},
		{"no fields, up", func(f *judge.Finding) { f.Guard.Fields, f.Guard.Up = nil, 3 }, "which object's lock it is"},
		{"far up", func(f *judge.Finding) { f.Guard.Up = 7 }, "cannot name the lock"},
		{"in a literal", func(f *judge.Finding) {
			s := f.Sites[0]
			s.Op, s.Pos.Line, s.Pos.Column = access.Replace, 13, 24
			f.Sites = append(f.Sites, s)
		}, "the literal here sets the map"},
	} {
		w := loadFiles(t, map[string]string{"a.go": guarded})
		f := w.finding("example.com/a", "C.m", "C.mu")
		c.mod(f)
		fix := SharedMap(w.p, w.effects(f), f)
		if fix.Applicability != edit.Manual || !strings.Contains(fix.Reason, c.want) {
			t.Errorf("%s: %s: %s; want manual: %s", c.name, fix.Applicability, fix.Reason, c.want)
		}
	}
}
