package sinks

import (
	"fmt"
	"go/types"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rules/access"
)

const footprintSrc = `package p

import (
	"context"
	"net/http"
	"sync"
)

type Conn interface{ Streams() int }

type conn struct {
	mu      sync.Mutex
	streams map[int]string
	deep    inner
}

type inner struct{ names map[string]bool }

func (*conn) Streams() int { return 0 }

type byValue struct{ m map[int]int }

func (byValue) Streams() int { return 0 }

type embedded struct{ *conn }

type Table map[string]int

func (Table) Streams() int { return 0 }

type Holder struct {
	sync.RWMutex
	conn Conn
	list []inner
	maps []map[string]map[string]int
	anon struct{ z map[string]int }
}

type Box[T any] struct{ items map[string]T }

type Base struct{ mu sync.Mutex }

type Derived struct {
	Base
	m map[string]int
}

type Fails struct {
	Before map[string]int
	Broken chan int
	After  map[string]int
}

type MayFail struct {
	Broken *chan int
	Zero   func() ` + "`json:\",omitzero\"`" + `
	After  map[string]int
}

var (
	ptr      *conn
	value    conn
	iface    Conn
	holder   *Holder
	self     map[string]map[string]int
	list     []map[string]int
	box      *Box[inner]
	derived  *Derived
	fails    *Fails
	mayFail  *MayFail
	err      error
	empty    any
	ctx      context.Context
	request  *http.Request
	stringer interface{ String() string }
)
`

// TestWalks spells each walk as chain @ location [steps], ! for guarded.
func TestWalks(t *testing.T) {
	c := check(t, "example.com/p", "p.go", footprintSrc)
	fp := NewFootprints([]*types.Package{c.pkg, nil, c.pkg})
	deep := Traversal{Family: Fmt, Verb: 'v', Flags: "+"}
	tests := []struct {
		name string
		how  Traversal
		want []string
	}{
		{"ptr", deep, []string{
			"(*p.conn).streams @ p.conn.streams [conn.streams] !",
			"(*p.conn).deep.names @ p.inner.names [conn.deep inner.names]",
		}},
		{"value", deep, []string{
			"p.conn.streams @ p.conn.streams [conn.streams] !",
			"p.conn.deep.names @ p.inner.names [conn.deep inner.names]",
		}},
		{"iface", deep, []string{
			"p.Table @ - [] as Table",
			"p.byValue.m @ p.byValue.m [byValue.m] as byValue",
			"(*p.conn).streams @ p.conn.streams [conn.streams] ! as conn",
			"(*p.conn).deep.names @ p.inner.names [conn.deep inner.names] as conn",
		}},
		{"holder", deep, []string{
			"(*p.Holder).conn @ p.Holder.conn [Holder.conn] ! as Table",
			"(*p.Holder).conn.(p.byValue).m @ p.byValue.m [Holder.conn byValue.m] as byValue",
			"(*p.Holder).list[].names @ p.inner.names [Holder.list [] inner.names]",
			"(*p.Holder).maps @ p.Holder.maps [Holder.maps] !",
			"(*p.Holder).anon.z @ - [Holder.anon z]",
		}},
		{"self", deep, []string{"map[string]map[string]int @ - []"}},
		{"list", deep, []string{"[]map[string]int @ - []"}},
		{"box", deep, []string{
			"(*p.Box[p.inner]).items @ p.Box.items [Box.items]",
			"(*p.Box[p.inner]).items[].names @ p.inner.names [Box.items [] inner.names]",
		}},
		{"derived", deep, []string{"(*p.Derived).m @ p.Derived.m [Derived.m] !"}},
		{"fails", Traversal{Family: JSON}, []string{"(*p.Fails).Before @ p.Fails.Before [Fails.Before]"}},
		{"mayFail", Traversal{Family: JSON}, []string{"(*p.MayFail).After @ p.MayFail.After [MayFail.After]"}},
		{"fails", Traversal{Family: LogrAny}, []string{"(*p.Fails).Before @ p.Fails.Before [Fails.Before]"}},
		{"ptr", Traversal{Family: LogrAny}, nil},
		{"ptr", Traversal{Family: KlogJSON}, nil},
		{"ptr", Traversal{Family: Fmt, Verb: 'p'}, nil},
		{"ptr", Traversal{Family: Fmt, Verb: 'T'}, nil},
		{"err", deep, nil},
		{"empty", deep, nil},
		{"ctx", deep, nil},
		{"stringer", deep, nil},
	}
	for _, tt := range tests {
		walks, _ := fp.Of(c.pkg.Scope().Lookup(tt.name).Type(), tt.how)
		var got []string
		for _, w := range walks {
			got = append(got, spellWalk(w))
		}
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s with %s:\ngot  %s\nwant %s", tt.name, tt.how, strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
		}
	}
}

func spellWalk(w Walk) string {
	loc := "-"
	if !w.Location.IsZero() {
		loc = w.Location.Short()
	}
	var steps []string
	for _, s := range w.Steps {
		if s == access.Elem || s.Type == "" {
			steps = append(steps, s.Name)
		} else {
			steps = append(steps, s.Type+"."+s.Name)
		}
	}
	s := fmt.Sprintf("%s @ %s [%s]", w.Chain, loc, strings.Join(steps, " "))
	if w.Guarded {
		s += " !"
	}
	if w.Impl != nil {
		s += " as " + w.Impl.Obj().Name()
	}
	return s
}

// TestMethods spells each method with the steps to its receiver.
func TestMethods(t *testing.T) {
	c := check(t, "p", "p.go", `package p
type S struct{ m map[string]int }
func (*S) String() string { return "" }
type H struct{ F *S; f *S; E S }
var ptr *S
var held *H
`)
	fp := NewFootprints([]*types.Package{c.pkg})
	for name, want := range map[string]string{
		"ptr":  "(*p.S).String []",
		"held": "(*p.H).F.String [{p H F true}]",
	} {
		_, methods := fp.Of(c.pkg.Scope().Lookup(name).Type(), Traversal{Family: Fmt, Verb: 'v'})
		var got []string
		for _, m := range methods {
			got = append(got, fmt.Sprint(m.Chain, " ", m.Steps))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestVagueInterface shows that an interface with too many implementers walks
// nothing, and still has all its implementers.
func TestVagueInterface(t *testing.T) {
	var b strings.Builder
	b.WriteString("package p\ntype I interface{ M() }\nvar v I\n")
	for i := range maxImplementers + 1 {
		fmt.Fprintf(&b, "type T%d struct{ m map[string]int }\nfunc (*T%d) M() {}\n", i, i)
	}
	c := check(t, "p", "p.go", b.String())
	fp := NewFootprints([]*types.Package{c.pkg})
	v := c.pkg.Scope().Lookup("v").Type()
	if walks, _ := fp.Of(v, Traversal{Family: Fmt, Verb: 'v'}); len(walks) > 0 {
		t.Errorf("walks %v", walks)
	}
	if impls, ok := fp.Implementers(v); !ok || len(impls) != maxImplementers+1 {
		t.Errorf("%d implementers, %v", len(impls), ok)
	}
}

// TestByPointer shows that a type which is handled by pointer stands behind an
// interface as one, though embedding gives the type itself the methods.
func TestByPointer(t *testing.T) {
	c := check(t, "p", "p.go", `package p
import "sync"
type I interface{ M() }
type base struct{}
func (*base) M() {}
type locked struct {
	*base
	mu sync.Mutex
	m  map[string]int
}
type named struct {
	*base
	m map[string]int
}
func (*named) String() string { return "" }
type plain struct {
	*base
	m map[string]int
}
var v I
`)
	fp := NewFootprints([]*types.Package{c.pkg})
	impls, _ := fp.Implementers(c.pkg.Scope().Lookup("v").Type())
	var got []string
	for _, t := range impls {
		got = append(got, types.TypeString(t, nil))
	}
	if want := "*p.base *p.locked *p.named p.plain"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestDoubles shows that what only tests put behind an interface is not walked.
func TestDoubles(t *testing.T) {
	const src = `
type I interface{ M() }
type T struct{ m map[string]int }
func (*T) M() {}
type FakeT struct{ calls map[string]int }
func (*FakeT) M() {}
var v I
`
	real, double := check(t, "example.com/p", "p.go", "package p"+src), check(t, "example.com/p/pfakes", "p.go", "package pfakes"+src)
	fp := NewFootprints([]*types.Package{real.pkg, double.pkg})
	v := real.pkg.Scope().Lookup("v").Type()
	walks, _ := fp.Of(v, Traversal{Family: Fmt, Verb: 'v'})
	if len(walks) != 1 || walks[0].Location.String() != "example.com/p.T.m" {
		t.Errorf("walks %v", walks)
	}
	if impls, _ := fp.Implementers(v); len(impls) != 4 {
		t.Errorf("%d implementers, want all 4", len(impls))
	}
}

// TestSecondCopy shows that an interface of one copy of a package finds the
// implementers in another copy.
func TestSecondCopy(t *testing.T) {
	const src = `package p
type Arg struct{}
type I interface{ M(*Arg) []Arg }
type T struct{ m map[string]int }
func (*T) M(*Arg) []Arg { return nil }
var v I
`
	one, two := check(t, "p", "p.go", src), check(t, "p [p.test]", "p.go", src)
	walks, _ := NewFootprints([]*types.Package{one.pkg}).Of(two.pkg.Scope().Lookup("v").Type(), Traversal{Family: Fmt, Verb: 'v'})
	if len(walks) != 1 || walks[0].Location.String() != "p.T.m" {
		t.Errorf("walks %v", walks)
	}
}
