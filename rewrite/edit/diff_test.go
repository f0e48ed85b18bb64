package edit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnifiedApplies checks that git accepts the diffs at the very lines that
// they name, and that they give the new text.
func TestUnifiedApplies(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git")
	}
	old := strings.Repeat("same\n", 4) + "a\n" + strings.Repeat("b\n", 9) + "c\nd\n" + strings.Repeat("e\n", 20) + "f\ng"
	for name, edited := range map[string]string{
		"two edits in one hunk, one in another": strings.NewReplacer("a\n", "1\n2\n3\na\n", "c\n", "", "f\n", "f\nF\n").Replace(old),
		"first line":                            "new\n" + old,
		"last line without newline":             old + "h",
		"removed":                               strings.Replace(old, "d\n", "", 1),
		"everything":                            "x\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "x.txt")
			if err := os.WriteFile(file, []byte(old), 0o666); err != nil {
				t.Fatal(err)
			}
			diff := Unified("x.txt", []byte(old), []byte(edited))
			cmd := exec.Command(git, "apply", "--unidiff-zero", "-")
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git apply: %v\n%s\n%s", err, out, diff)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != edited {
				t.Errorf("got %q, want %q", got, edited)
			}
			checkNewLines(t, diff, edited)
		})
	}
}

// checkNewLines checks that the new side of every hunk stands at the line that
// its header names, which git does not insist on.
func checkNewLines(t *testing.T, diff, edited string) {
	lines := strings.SplitAfter(edited, "\n")
	at := 0
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "@@ "):
			_, _, n := hunkHeader(line)
			fmt.Sscanf(strings.Fields(line)[2], "+%d", &at)
			if n == 0 {
				at++
			}
		case line[0] == ' ', line[0] == '+':
			if lines[at-1] != line[1:] && lines[at-1]+"\n" != line[1:] {
				t.Errorf("line %d is %q, and the diff says %q:\n%s", at, lines[at-1], line[1:], diff)
				return
			}
			at++
		}
	}
}
