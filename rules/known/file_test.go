package known

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rules/access"
)

func TestParse(t *testing.T) {
	file, err := Parse("rows.json", []byte(`{
  "goroutines": [
    {"func": "(*example.com/p.Pool).Submit", "arg": 1, "method": "Run", "overlaps_itself": true,
      "starts_at_once": true, "in_turn": true, "waited_for_by": "Wait"},
    {"func": "example.com/p.Each", "arg": -1, "ended_on_return": true}
  ],
  "callbacks": [{"field": "example.com/p.v3.Options.Handler", "method": "Handle", "overlaps_itself": true}],
  "handlers": [{"signature": "func(*example.com/web.Ctx, ...string) error"}, {"method": "Serve", "signature": "func()"}],
  "services": [{"registrar": "*example.com/rpc.Server"}],
  "synchronous": [{"func": "(example.com/p.Walker).Walk"}, {"module": "example.com/cli"}],
  "maps": [{"func": "(example.com/p.Set).Add", "arg": -1, "does": "write"}, {"func": "example.com/p.Dump", "arg": 2, "does": "iterate"}]
}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Rows{
		Starters: []Starter{
			{Func: "(*example.com/p.Pool).Submit", Arg: 1, Method: "Run", Multi: true, Now: true, Turns: true, Wait: "Wait"},
			{Func: "example.com/p.Each", Arg: -1, Ends: true},
		},
		Fields:      []Field{{Step: access.Step{Pkg: "example.com/p.v3", Type: "Options", Name: "Handler"}, Method: "Handle", Multi: true}},
		Handlers:    []Handler{{"", "func(*example.com/web.Ctx, ...string) error"}, {"Serve", "func()"}},
		Registrars:  []Registrar{{"*example.com/rpc.Server"}},
		Synchronous: []Synchronous{{Func: "(example.com/p.Walker).Walk"}, {Module: "example.com/cli"}},
		MapCalls:    []MapCall{{"(example.com/p.Set).Add", Receiver, access.Write}, {"example.com/p.Dump", 2, access.Iterate}},
	}); !reflect.DeepEqual(file.Rows, want) {
		t.Errorf("rows:\n%+v\nwant:\n%+v", file.Rows, want)
	}
	if ref := file.Refs[1]; ref.Where != "rows.json:5: goroutines[1]" || ref.Func != "example.com/p.Each" {
		t.Errorf("the second reference is %+v", ref)
	}
}

// Each mistake is said with its line, and with what is expected there.
func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "f:1: the file ends too early"},
		{"[]", "f:1: expected {, found [: an object with the lists goroutines"},
		{"{\n", "f:2: the file ends too early"},
		{"{} {}", "f:1: nothing may follow the closing brace"},
		{"{\n\"goroutines\": {}}", `f:2: expected [, found {: "goroutines" is a list of rows`},
		{"{\n\"hooks\": []}", `f:2: there is no list "hooks": there are goroutines,`},
		{"{\"maps\": [],\n\"maps\": []}", `f:2: the list "maps" is here twice`},
		{"{\"maps\": [\n\"a\"]}", `f:2: maps[0]: a row is an object, not a string`},
		{"{\"maps\": [{},\n{\"file\": 1}]}", `f:1: maps[0]: "func" is ""`},
		{"{\"services\": [\n{\n\"type\": 1}]}", `f:3: services[0]: there is no field "type": there are registrar`},
		{"{\"goroutines\": [{\"func\": \"p.F\",\n\"arg\": true}]}", `f:2: goroutines[0]: "arg" is a int, not a bool`},
		{`{"goroutines": [{"func": "F", "arg": 0}]}`, `goroutines[0]: "func" is "F": write "example.com/pkg.Func"`},
		{`{"goroutines": [{"func": "*p.T.F", "arg": 0}]}`, `write "example.com/pkg.Func"`},
		{`{"goroutines": [{"func": "p.F"}]}`, `"arg" is missing`},
		{`{"goroutines": [{"func": "p.F", "arg": -2}]}`, `"arg" is -2`},
		{`{"goroutines": [{"func": "p.F", "arg": 0, "ended_on_return": true, "starts_at_once": true}]}`, `leave out "starts_at_once"`},
		{`{"goroutines": [{"func": "p.F", "arg": 0, "waited_for_by": "Wait"}]}`, `"p.F" is not a method of a pointer`},
		{`{"callbacks": [{"field": "p.T"}]}`, `write "example.com/pkg.Type.Field"`},
		{`{"handlers": [{"signature": "(p.T)"}]}`, `write "func(*example.com/pkg.Context, string) error"`},
		{`{"handlers": [{"method": "Serve"}]}`, `"signature" is ""`},
		{`{"services": [{"registrar": "Server"}]}`, `write the type of the first parameter`},
		{`{"synchronous": [{}]}`, `write either "func" or "module"`},
		{`{"synchronous": [{"func": "p.F", "module": "p"}]}`, `write either "func" or "module"`},
		{`{"maps": [{"func": "p.F", "arg": 0}]}`, `"does" is "": read, iterate or write`},
		{`{"maps": [{"func": "p.F", "does": "read"}]}`, `"arg" is the index`},
	} {
		_, err := Parse("f", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// What a user says of a function takes the place of what is built in.
func TestLaterRows(t *testing.T) {
	table := NewTable(true, Builtin(), Rows{
		Starters:    []Starter{{Func: "time.AfterFunc", Arg: 1, Multi: true}, {Func: "io/fs.WalkDir", Arg: 2}},
		Synchronous: []Synchronous{{Func: "context.AfterFunc"}},
		MapCalls:    []MapCall{{"maps.Copy", 1, access.Write}},
	})
	if s := table.Starters("time.AfterFunc"); len(s) != 1 || !s[0].Multi || s[0].Now {
		t.Errorf("time.AfterFunc: %+v", s)
	}
	if table.Here("io/fs.WalkDir") || len(table.Starters("io/fs.WalkDir")) != 1 {
		t.Error("io/fs.WalkDir is still synchronous")
	}
	if !table.Here("context.AfterFunc") || len(table.Starters("context.AfterFunc")) != 0 {
		t.Error("context.AfterFunc still starts a goroutine")
	}
	if m := table.MapCalls("maps.Copy"); len(m) != 1 || m[0].Arg != 1 {
		t.Errorf("maps.Copy: %+v", m)
	}
}

// The example of the README is one.
func TestReadmeRows(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "```json\n")
	text, _, ok := strings.Cut(text, "```")
	if !ok {
		t.Fatal("README.md has no JSON")
	}
	file, err := Parse("README.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Rows.Starters) == 0 || len(file.Rows.Fields) == 0 {
		t.Errorf("rows of the README: %+v", file.Rows)
	}
}
