package load

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseBuild(t *testing.T) {
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "amd64")
	for _, tt := range []struct{ in, want string }{
		{"windows", "windows/amd64"},
		{"windows/arm64", "windows/arm64"},
		{"js", "js/wasm"},
		{"+e2e", "linux/amd64+e2e"},
		{"darwin+a+b", "darwin/amd64+a+b"},
		{"", ""},
		{"amd64", ""},
		{"linux/amd64/x", ""},
		{"nowhere+e2e", ""},
	} {
		b, err := ParseBuild(tt.in)
		if err == nil != (tt.want != "") || err == nil && b.String() != tt.want {
			t.Errorf("%q: %s, %v; want %q", tt.in, b, err, tt.want)
		}
	}
}

// The builds that the files of a folder mention have those files, and there is
// one for all that go together.
func TestMentionedBuilds(t *testing.T) {
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "amd64")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":           "module example.com/a\n\ngo 1.26\n",
		"a.go":             "package a\n",
		"a_linux.go":       "package a\n",
		"b_windows.go":     "package a\n",
		"c_windows.go":     "//go:build !never\n\npackage a\n",
		"d_test.go":        "//go:build e2e && !race\n\npackage a\n",
		"e.go":             "//go:build !linux && !windows\n\npackage a\n",
		"f.go":             "//go:build ignore\n\npackage main\n",
		"g.go":             "//go:build cgo && !linux\n\npackage a\n",
		"h_plan9_arm.go":   "package a\n",
		"i_solaris.go":     "package a\n",
		"sub/j_windows.go": "package sub\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Load(context.Background(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range p.MentionedBuilds([]string{p.Dir}) {
		got = append(got, b.String())
	}
	want := "windows/amd64 linux/amd64+e2e darwin/amd64 plan9/arm" // four; solaris would be the fifth
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, b := range p.MentionedBuilds([]string{p.Dir}) {
		q, err := p.Under(context.Background(), b, []string{p.Dir})
		if err != nil || !q.Owns(filepath.Join(p.Dir, "a.go")) {
			t.Errorf("%s: %v", b, err)
		}
	}
}
