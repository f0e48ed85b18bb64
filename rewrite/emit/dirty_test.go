package emit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestDirty(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	names := []string{"clean.go", "ignored.go", "modified.go", "new [1].go", "staged.go", "sub/new.go"}
	contents := map[string]string{".gitignore": "ignored.go\n"}
	for _, name := range names {
		contents[name] = "package a\n"
	}
	dir := files(t, contents)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	var all []string
	for _, name := range names {
		all = append(all, filepath.Join(dir, name))
	}

	if got, err := Dirty(context.Background(), all); err != nil || len(got) > 0 {
		t.Errorf("outside of git: %v, %v, want none", got, err)
	}
	git("init", "-q")
	git("add", ".gitignore", "clean.go", "modified.go", "staged.go")
	git("commit", "-q", "-m", "first")
	for _, name := range []string{"modified.go", "staged.go"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("package b\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "staged.go")

	got, err := Dirty(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range got {
		rel, _ := filepath.Rel(dir, name)
		got[i] = filepath.ToSlash(rel)
	}
	if want := []string{"modified.go", "new [1].go", "staged.go", "sub/new.go"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	// An unreadable repository is not a clean one.
	if err := os.WriteFile(filepath.Join(dir, ".git", "HEAD"), []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Dirty(context.Background(), all); err == nil {
		t.Errorf("a broken repository gives %q and no error", got)
	}
}
