package rules_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/witness"
)

// TestWitnessLogs resolves every log of testdata/witness/logs against the
// program that most of them are of, and compares what was found with
// testdata/witness/want.txt. The logs were printed by that program, built by Go
// 1.16, 1.18, 1.21 and 1.26, and then wrapped, cut and moved about.
func TestWitnessLogs(t *testing.T) {
	dir := filepath.Join(testdata, "witness")
	p, err := load.Load(context.Background(), load.Config{Dir: filepath.Join(dir, "shop"), Patterns: []string{"./..."}, Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "*"))
	if err != nil || len(logs) < 40 {
		t.Fatalf("%d logs, %v", len(logs), err)
	}
	var b strings.Builder
	for _, name := range logs {
		fmt.Fprintf(&b, "== %s\n", filepath.Base(name))
		renderLog(t, &b, p, name)
	}
	golden := filepath.Join(dir, "want.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wants := strings.SplitAfter(string(want), "\n")
	for i, line := range strings.SplitAfter(b.String(), "\n") {
		if i >= len(wants) || line != wants[i] {
			t.Fatalf("%s:%d: have %q: read the difference that go test ./rules -run WitnessLogs -update makes", golden, i+1, line)
		}
	}
	if b.String() != string(want) {
		t.Fatalf("%s has lines that are not found any more", golden)
	}
}

func renderLog(t *testing.T, b *strings.Builder, p *load.Program, name string) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := witness.Read(f, "log")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range log.Other {
		fmt.Fprintf(b, "another crash: %s\n", o.Text)
	}
	if len(log.Reports) == 0 {
		return
	}
	found, unresolved, err := rules.Named(context.Background(), p, rules.Config{Tests: true, Witnesses: log.Reports})
	if err != nil {
		t.Fatal(err)
	}
	at := func(pos access.Pos) string { return fmt.Sprintf("%s:%d", filepath.Base(pos.File), pos.Line) }
	for _, f := range found {
		fmt.Fprintf(b, "%s %s: %s\n", f.Rule, f.Map.Short(), f.Message)
		for _, s := range f.Seen {
			fmt.Fprintf(b, "  %s\n", s)
		}
		for _, a := range f.Accesses {
			fmt.Fprintf(b, "  %s at %s in %s\n", a.Op, at(a.Pos), a.Func)
			for _, g := range a.Goroutine {
				fmt.Fprintf(b, "    %s %s\n", at(g.Pos), g.Text)
			}
		}
		fmt.Fprintf(b, "  %s: %s\n", f.Evidence, f.Why)
	}
	for _, u := range unresolved {
		fmt.Fprintf(b, "%s:%d: no map (other variable: %v): %s\n", u.Report.Log, u.Report.Line, u.NoMap, u.Reason)
	}
}
