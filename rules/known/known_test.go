package known

import (
	"slices"
	"strings"
	"testing"
)

func TestDocumentedSafe(t *testing.T) {
	for doc, want := range map[string]bool{
		"A Cache is safe for concurrent use by multiple goroutines.": true,
		"Pool is goroutine-safe.":                                    true,
		"A Buffer is not safe for concurrent use.":                   false,
		"Set is a set of strings.":                                   false,
		"It is thread-safe,\nunlike the type before.":                true,
	} {
		if got := DocumentedSafe(doc); got != want {
			t.Errorf("DocumentedSafe(%q) = %v", doc, got)
		}
	}
}

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"fmt.Println":                        "fmt",
		"(*net/http.Server).ListenAndServe":  "net/http",
		"(sync.Locker).Lock":                 "sync",
		"gopkg.in/yaml.v3.Unmarshal":         "gopkg.in/yaml.v3",
		"(*gopkg.in/yaml.v3.Decoder).Decode": "gopkg.in/yaml.v3",
		"k8s.io/klog/v2.ErrorS":              "k8s.io/klog/v2",
	} {
		if got := PackageOf(name); got != want {
			t.Errorf("PackageOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestKeeps(t *testing.T) {
	for name, want := range map[string]bool{
		"(*github.com/nats-io/nats.go.Conn).Subscribe":   true,
		"(github.com/eclipse/paho.Client).AddRoute":      false,
		"github.com/example/bus.OnMessage":               true,
		"github.com/example/bus.Once":                    false,
		"(*github.com/spf13/cobra.Command).RegisterFlag": false, // runs on the caller's goroutine
		"net/http.HandleFunc":                            false, // in Starters
	} {
		if got := Default().Keeps(name); got != want {
			t.Errorf("Keeps(%q) = %v", name, got)
		}
	}
}

func TestLifecycle(t *testing.T) {
	for name, want := range map[string]bool{
		"(*Server).Start": true,
		"NewCache":        true,
		"(*T).closeAll":   true,
		"(*Cache).Get":    false,
		"(*Cache).Delete": false,
	} {
		if got := Lifecycle(name); got != want {
			t.Errorf("Lifecycle(%q) = %v", name, got)
		}
	}
}

// The comment of a mutex speaks of the maps above it by name or as the maps.
func TestSpeaksOf(t *testing.T) {
	for comment, want := range map[string]bool{
		"thread-safety for maps":             true,
		"protects the fields above":          true,
		"guards jobs":                        true,
		"guards jobsByName":                  false,
		"protects what follows":              false,
		"one writer at a time for the maps":  false,
		"Guards JOBS and the mapping of it.": false,
	} {
		if got := SpeaksOf(comment, "jobs"); got != want {
			t.Errorf("SpeaksOf(%q) = %v", comment, got)
		}
	}
}

// No word of the lists is there for nothing: another would do.
func TestWords(t *testing.T) {
	for i, w := range registering {
		if !Default().Keeps("example.com/bus." + w) {
			t.Errorf("Keeps does not know %s", w)
		}
		rest := slices.Delete(slices.Clone(registering), i, i+1)
		if slices.ContainsFunc(rest, func(o string) bool { return begins(w, o) }) {
			t.Errorf("registering: %s begins with another word of the list", w)
		}
	}
	for i, w := range lifecycle {
		if !Lifecycle("(*T)." + w) {
			t.Errorf("Lifecycle does not know %s", w)
		}
		rest := slices.Delete(slices.Clone(lifecycle), i, i+1)
		if slices.ContainsFunc(rest, func(o string) bool { return strings.HasPrefix(w, o) }) {
			t.Errorf("lifecycle: %s begins with another word of the list", w)
		}
	}
	for i, w := range safeWords {
		if !DocumentedSafe("It is " + w + " use.") {
			t.Errorf("DocumentedSafe does not know %q", w)
		}
		if DocumentedSafe("It is not " + w + " use.") {
			t.Errorf("DocumentedSafe believes a denial of %q", w)
		}
		rest := slices.Delete(slices.Clone(safeWords), i, i+1)
		if slices.ContainsFunc(rest, func(o string) bool { return strings.Contains(w, o) }) {
			t.Errorf("safeWords: %q contains another entry of the list", w)
		}
	}
}
