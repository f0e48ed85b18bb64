package rules_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
)

const objectArchive = `
-- go.mod --
module example.com/objects

go 1.26

require k8s.io/klog/v2 v2.90.1

replace k8s.io/klog/v2 v2.90.1 => ./klog
-- a.go --
package objects

import (
	"sync"

	"k8s.io/klog/v2"
)

type Pod struct {
	mu     sync.Mutex
	Labels map[string]string
}

func (p *Pod) GetName() string      { return "name" }
func (p *Pod) GetNamespace() string { return "space" }

func (p *Pod) Label(k, v string) {
	p.mu.Lock()
	p.Labels[k] = v
	p.mu.Unlock()
}

func (p *Pod) Unlabel(k string) {
	p.mu.Lock()
	delete(p.Labels, k)
	p.mu.Unlock()
}

func Log(p *Pod) {
	klog.InfoS("pod", "pod", p)
	klog.Infof("pod %p", p)
}
-- klog/go.mod --
module k8s.io/klog/v2

go 1.26
-- klog/klog.go --
package klog

type ObjectRef struct{ Name, Namespace string }

func KObj(obj interface {
	GetName() string
	GetNamespace() string
}) ObjectRef {
	return ObjectRef{}
}

func InfoS(msg string, keysAndValues ...any) {}
func Infof(format string, args ...any)       {}
`

// TestAlternatives shows what a finding offers beside its fix.
func TestAlternatives(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(objectArchive)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := rules.Analyze(context.Background(), p, rules.Config{Rules: []string{judge.DeepFormat}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 {
		t.Fatalf("%d findings, want 1", len(res.Findings))
	}
	f := res.Findings[0]
	if f.Fix.Applicability != edit.Safe || f.Fix.Title != "Print the pointer p instead of walking it" {
		t.Errorf("fix %s: %s", f.Fix.Applicability, f.Fix.Title)
	}
	if !strings.Contains(f.Why, "printed with %p at another site (a.go:31)") {
		t.Errorf("why: %s", f.Why)
	}
	var titles []string
	for _, fix := range f.Alternatives {
		titles = append(titles, fix.Title)
		if fix.Applicability != edit.Unsafe || len(fix.Edits) == 0 {
			t.Errorf("%s: %s, %d edits", fix.Title, fix.Applicability, len(fix.Edits))
		}
	}
	if want := []string{"Print the name of p with klog.KObj", "Print the type of p"}; !slices.Equal(titles, want) {
		t.Fatalf("alternatives %q, want %q", titles, want)
	}
	src, err := p.Source(filepath.Join(dir, "a.go"))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := edit.Apply(src, f.Alternatives[0].Edits)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(changed), `klog.InfoS("pod", "pod", klog.KObj(p))`) {
		t.Errorf("changed to:\n%s", changed)
	}
}
