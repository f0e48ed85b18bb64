package sinks

import (
	"go/ast"
	"strings"
	"testing"
)

func TestOlder(t *testing.T) {
	for _, tt := range []struct {
		v, w string
		want bool
	}{
		{"v2.90.1", "v2.100.1", true},
		{"v2.100.1", "v2.100.1", false},
		{"v2.100.1-0.20230427000000-abcdefabcdef", "v2.100.1", true},
		{"v2.130.1", "v2.100.1", false},
		{"v2.4.0+incompatible", "v2.100.1", true},
		{"v3.0.0", "v2.100.1", false},
	} {
		if got := older(tt.v, tt.w); got != tt.want {
			t.Errorf("older(%s, %s) = %v", tt.v, tt.w, got)
		}
	}
}

// TestEras shows that klog's release decides, and that the table says so.
func TestEras(t *testing.T) {
	const src = `package p
import "k8s.io/klog/v2"
func f(v any) { klog.InfoS("m", "k", v) }
func g(v any) { klog.Infof("%v", v) }
`
	for version, want := range map[string]struct {
		family Family
		note   string
	}{
		"v2.2.0":   {KlogPlain, "k8s.io/klog/v2 v2.2.0 formats values with %+v, which walks unexported fields (before v2.100.1)"},
		"v2.90.1":  {KlogText, "v2.90.1 formats values with %+v"},
		"v2.100.1": {KlogEarlyJSON, "k8s.io/klog/v2 v2.100.1 formats values as encoding/json does, which skips unexported fields (since v2.100.1)"},
		"v2.140.0": {KlogJSON, "v2.140.0 formats values as encoding/json"},
		"":         {KlogJSON, "of unknown version"},
	} {
		c := check(t, "p", "p.go", src)
		table := NewTable(func(module string) string {
			if module != klog2 {
				t.Errorf("asked for %s", module)
			}
			return version
		})
		calls := callsOf(c)
		if got := table.Classify(c.info, calls[0])[0].How.Family; got != want.family {
			t.Errorf("%s: family %d, want %d", version, got, want.family)
		}
		if note := table.Note(c.info, calls[0]); !strings.Contains(note, want.note) {
			t.Errorf("%s: note %q", version, note)
		}
		if note := table.Note(c.info, calls[1]); note != "" {
			t.Errorf("%s: note on Infof %q", version, note)
		}
	}
}

// TestObserve shows that a program's handlers decide how its loggers format.
func TestObserve(t *testing.T) {
	for src, want := range map[string]Family{
		`slog.Info("m", "k", v)`:                                                               SlogText,
		`slog.Info("m", "k", v); slog.NewJSONHandler(nil, nil)`:                                SlogJSON,
		`slog.Info("m", "k", v); slog.NewJSONHandler(nil, nil); slog.NewTextHandler(nil, nil)`: SlogText,
		`logrus.WithField("k", v)`:                                                             Fmt,
		`logrus.WithField("k", v); _ = logrus.JSONFormatter{}`:                                 LogrusJSON,
	} {
		imp := `"log/slog"`
		if strings.HasPrefix(src, "logrus") {
			imp = `"` + logrus + `"`
		}
		c := check(t, "p", "p.go", "package p\nimport "+imp+"\nfunc f(v any) { "+src+" }")
		table := NewTable(unversioned)
		table.Observe(c.info)
		if got := table.Classify(c.info, callsOf(c)[0])[0].How.Family; got != want {
			t.Errorf("%s: family %d, want %d", src, got, want)
		}
	}
}

func hasOutput(logger string) bool {
	for _, os := range outputs {
		for _, o := range os {
			if o.logger == logger {
				return true
			}
		}
	}
	return false
}

func callsOf(c *checked) (calls []*ast.CallExpr) {
	ast.Inspect(c.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

// TestRows shows that no two rows claim one function, and that every row is
// whole.
func TestRows(t *testing.T) {
	seen := make(map[key]bool)
	for _, r := range rows {
		if r.kind == 0 || r.pkg == "" || r.recv == "" || r.names == "" {
			t.Errorf("incomplete row %+v", r)
		}
		if r.byOutput && !hasOutput(r.logger()) {
			t.Errorf("row %s %s waits for an output that nothing makes", r.pkg, r.names)
		}
		for recv := range strings.FieldsSeq(r.recv) {
			for name := range strings.FieldsSeq(r.names) {
				k := key{r.pkg, recv, name}
				if seen[k] {
					t.Errorf("two rows for %v", k)
				}
				seen[k] = true
			}
		}
	}
}
