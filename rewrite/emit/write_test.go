package emit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// errKilled stands for the end of the process: nothing after it runs.
var errKilled = errors.New("killed")

// files writes named contents to a new folder and returns it.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range contents {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// expect compares every file under dir with the contents wanted; others must
// not be there.
func expect(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		got[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range got {
		if w, ok := want[name]; !ok {
			t.Errorf("%s is left behind", name)
		} else if data != w {
			t.Errorf("%s holds %q, want %q", name, data, w)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
}

func change(dir, name, old, new string) Change {
	return Change{File: filepath.Join(dir, name), Old: []byte(old), New: []byte(new)}
}

// twoFiles is the program that most tests change, and how.
func twoFiles(t *testing.T) (dir string, changes []Change) {
	dir = files(t, map[string]string{"a.go": "old a", "sub/b.go": "old b", "c.go": "c"})
	return dir, []Change{
		change(dir, "a.go", "old a", "new a"), change(dir, "sub/b.go", "old b", "new b"), change(dir, "c.go", "c", "c"),
	}
}

var (
	allOld = map[string]string{"a.go": "old a", "sub/b.go": "old b", "c.go": "c"}
	allNew = map[string]string{"a.go": "new a", "sub/b.go": "new b", "c.go": "c"}
)

func TestWrite(t *testing.T) {
	dir, changes := twoFiles(t)
	if err := os.Chmod(changes[0].File, 0o751); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, changes); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, allNew)
	if info, _ := os.Stat(changes[0].File); info.Mode() != 0o751 {
		t.Errorf("the mode became %v", info.Mode())
	}
}

func TestWriteFollowsLinks(t *testing.T) {
	dir := files(t, map[string]string{"real/a.go": "old"})
	if err := os.Symlink(filepath.Join("real", "a.go"), filepath.Join(dir, "a.go")); err != nil {
		t.Skip(err)
	}
	if err := Write(dir, []Change{change(dir, "a.go", "old", "new")}); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, map[string]string{"real/a.go": "new", "a.go": "new"})
	if info, _ := os.Lstat(filepath.Join(dir, "a.go")); info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, tt := range []struct {
		want  string
		spoil func(b, journal string) error
	}{
		{"b.go has changed on disk", func(b, _ string) error { return os.WriteFile(b, []byte("mine"), 0o644) }},
		{"b.go is read-only", func(b, _ string) error { return os.Chmod(b, 0o444) }},
		{"b.go: no such file", func(b, _ string) error { return os.Remove(b) }},
		{"another mapguard is writing", func(_, journal string) error { return os.WriteFile(journal, nil, 0o600) }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			dir, changes := twoFiles(t)
			if err := tt.spoil(changes[1].File, filepath.Join(dir, journalName)); err != nil {
				t.Fatal(err)
			}
			err := Write(dir, changes)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "nothing was written") {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
			if a, err := os.ReadFile(changes[0].File); err != nil || string(a) != "old a" {
				t.Errorf("a.go holds %q, %v", a, err)
			}
		})
	}
}

// A rename that fails takes back the ones before it.
func TestWriteUndoes(t *testing.T) {
	dir, changes := twoFiles(t)
	full := errors.New("disk full")
	n := 0
	err := write(dir, changes, func(old, new string) error {
		if n++; n == 2 {
			return full
		}
		return os.Rename(old, new)
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("error %v", err)
	}
	expect(t, dir, allOld)
}

// killAt runs Write on two files and stops it at the n'th rename.
func killAt(t *testing.T, n int) (dir string) {
	dir, changes := twoFiles(t)
	defer func() {
		if r := recover(); r != errKilled && r != nil {
			panic(r)
		}
	}()
	i := 0
	write(dir, changes, func(old, new string) error {
		if i++; i == n {
			panic(errKilled)
		}
		return os.Rename(old, new)
	})
	return dir
}

func TestRecover(t *testing.T) {
	for _, tt := range []struct {
		name      string
		kill      int
		edit      string // a file that somebody changes afterwards
		pending   string // what Pending says; "" is nothing
		says      string // by Recover, as a statement or an error
		want      map[string]string
		wantError bool
	}{
		{name: "before", kill: 1, says: "before it had changed a file", want: allOld},
		{
			name: "between", kill: 2, pending: "a.go has it, sub/b.go does not",
			says: "sub/b.go now written, a.go before", want: allNew,
		},
		{
			name: "edited since", kill: 2, edit: "sub/b.go", pending: "sub/b.go changed since",
			says: "sub/b.go changed since", wantError: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := killAt(t, tt.kill)
			if tt.edit != "" {
				if err := os.WriteFile(filepath.Join(dir, tt.edit), []byte("mine"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			statement, err := Pending(dir)
			if said := says(statement, err); !strings.Contains(said, tt.pending) || tt.pending == "" && said != "" {
				t.Errorf("Pending says %q, want %q", said, tt.pending)
			}
			statement, err = Recover(dir)
			if said := says(statement, err); !strings.Contains(said, tt.says) || (err != nil) != tt.wantError {
				t.Errorf("Recover says %q, %v, want %q", statement, err, tt.says)
			}
			if tt.wantError {
				return
			}
			expect(t, dir, tt.want)
			if statement, err := Recover(dir); statement != "" || err != nil {
				t.Errorf("a second Recover says %q, %v", statement, err)
			}
		})
	}
}

// A journal that its writer did not finish means that nothing was changed.
func TestRecoverTornJournal(t *testing.T) {
	dir, _ := twoFiles(t)
	if err := os.WriteFile(filepath.Join(dir, journalName), []byte(`{"files":[{"fi`), 0o600); err != nil {
		t.Fatal(err)
	}
	if statement, err := Recover(dir); err != nil || statement == "" {
		t.Errorf("Recover says %q, %v", statement, err)
	}
	expect(t, dir, allOld)
}

func says(statement string, err error) string {
	if err != nil {
		return err.Error()
	}
	return statement
}
