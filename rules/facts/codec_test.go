package facts

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type leaf struct {
	A, B string
	N    int
}

type tree struct {
	Leaf  leaf
	Leaf2 *leaf
	List  []leaf
	Kids  []*tree
	Fixed [3]leaf
	Map   map[leaf]int8
	Flag  bool
	U     uint16
	F     float64
}

// What is encoded comes back, and encodes to the same bytes again.
func TestRoundTrip(t *testing.T) {
	x, y := leaf{"x", "", -1}, leaf{"x", "y", 1 << 40}
	for _, v := range []tree{
		{},
		{Leaf: x},
		{Leaf: x, Leaf2: &x, List: []leaf{x, y, x, {}}},
		{Kids: []*tree{nil, {Leaf: y}, {Leaf: y, Kids: []*tree{{Flag: true}}}}},
		{Fixed: [3]leaf{{}, x, {}}, U: 1<<16 - 1, F: -0.5},
		{Map: map[leaf]int8{x: 1, y: -2, {}: 3, {"z", "z", 0}: 4}},
	} {
		data := encode(v)
		for range 10 {
			var got tree
			if err := decode(data, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, v) {
				t.Fatalf("got %+v, want %+v", got, v)
			}
			if again := encode(got); !bytes.Equal(again, data) {
				t.Fatalf("%+v: encoded again: %x, want %x", v, again, data)
			}
		}
	}
}

// An empty slice is as good as none, wherever it is.
func TestEmptySlices(t *testing.T) {
	if got, want := encode(tree{List: []leaf{}, Kids: []*tree{{List: []leaf{}}}}), encode(tree{Kids: []*tree{{}}}); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// Equal structs and strings are written once.
func TestSharing(t *testing.T) {
	long := leaf{A: strings.Repeat("a", 100), B: "b"}
	one, many := len(encode([]leaf{long})), len(encode([]leaf{long, long, long, long, long}))
	if many > one+5 {
		t.Errorf("five equal structs take %d bytes, one takes %d", many, one)
	}
}

// Damaged data is an error, and nothing worse.
func TestDamage(t *testing.T) {
	data := encode(tree{Kids: []*tree{{Leaf: leaf{"abc", "de", 5}, List: []leaf{{}, {"f", "", 0}}}}, Map: map[leaf]int8{{}: 1}})
	for i := range data {
		if err := decode(data[:i], new(tree)); !errors.Is(err, errTruncated) {
			t.Errorf("%d of %d bytes: error %v, want %v", i, len(data), err, errTruncated)
		}
		for _, b := range []byte{0, 0x7f, 0xff} {
			bad := bytes.Clone(data)
			bad[i] = b
			if err := decode(bad, new(tree)); err != nil && !errors.Is(err, errTruncated) {
				t.Errorf("byte %d is %#x: error %v", i, b, err)
			}
		}
	}
	if err := decode(append(data, 0), new(tree)); !errors.Is(err, errTruncated) {
		t.Errorf("a byte more: error %v", err)
	}
}

// A summary has no field that would stay behind.
func TestSummariesTravelWhole(t *testing.T) {
	if err := Check(); err != nil {
		t.Error(err)
	}
}

type function struct{ F func() }

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[tree](), ""},
		{reflect.TypeFor[strings.Builder](), "strings.Builder.addr is not exported"},
		{reflect.TypeFor[[]map[string]*strings.Builder](), "strings.Builder.addr is not exported"},
		{reflect.TypeFor[function](), "facts.function.F: a func cannot be written down"},
		{reflect.TypeFor[struct{ X any }](), "a interface cannot be written down"},
		{reflect.TypeFor[map[*int]int](), "keys of type *int cannot be put in order"},
	} {
		err := check(tt.typ)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.typ, err, tt.want)
		}
	}
}

// Importers that were told of one package by several others pass it on once,
// in the same order whoever came first.
func TestMerge(t *testing.T) {
	a, b, c := Section{Path: "a"}, Section{Path: "b"}, Section{Path: "c", Own: true}
	v := Version{"m", "v1"}
	x, y := &Fact{Sections: []Section{a, b}, Versions: []Version{v}}, &Fact{Sections: []Section{b, a}, Versions: []Version{{"k", "v2"}, v}}
	want := &Fact{Sections: []Section{a, b, c}, Versions: []Version{{"k", "v2"}, v}}
	for _, imports := range [][]*Fact{{x, y}, {y, x}} {
		if got := Merge(imports, &c, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
