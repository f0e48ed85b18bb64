package emit

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var kills = flag.Int("kills", 20, "how many processes TestKill kills while they write")

// victimEnv has the folder that TestVictim, run by TestKill as a process of its
// own, writes in, and what it does there.
const victimEnv = "MAPGUARD_EMIT_VICTIM"

// killedFiles is how many files the fix has that is killed.
const killedFiles = 50

func killedName(i int) string { return fmt.Sprintf("p%d/f%02d.go", i%5, i) }

func killedText(i int, word string) string {
	return strings.Repeat(fmt.Sprintf("// %s %d\n", word, i), 200)
}

// TestVictim is no test: it writes, or finishes what another one wrote, until
// somebody kills it.
func TestVictim(t *testing.T) {
	task, dir, ok := strings.Cut(os.Getenv(victimEnv), ":")
	if !ok {
		t.Skip("only by TestKill")
	}
	var changes []Change
	for i := range killedFiles {
		changes = append(changes, change(dir, killedName(i), killedText(i, "old"), killedText(i, "new")))
	}
	fmt.Println("ready")
	var err error
	if task == "recover" {
		_, err = Recover(dir)
	} else {
		err = write(dir, changes, func(from, to string) error {
			time.Sleep(200 * time.Microsecond) // or hardly anyone would be killed between two files
			return os.Rename(from, to)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A process that is killed while it writes a fix of many files, at any moment,
// and another one while it finishes that, leave every file whole; if only some
// of them are new, Pending says so, and Recover makes all of them new.
func TestKill(t *testing.T) {
	runs := *kills
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	k := &killing{t: t, r: r, full: 10 * time.Second}
	k.victim("write", k.dir(), false) // how long it takes
	for i := range runs {
		dir := k.dir()
		k.victim("write", dir, true)
		before := k.state(dir)
		if before == "some" {
			k.some++
		}
		k.pending(dir, before)
		if r.IntN(2) == 0 {
			k.victim("recover", dir, true)
		}
		said, err := Recover(dir)
		if err != nil {
			t.Errorf("run %d: Recover: %v", i, err)
		}
		if got := k.state(dir); got == "some" || before == "some" && got != "new" {
			t.Errorf("run %d: Recover says %q and leaves %s of the files new", i, said, got)
		}
		k.tidy(dir)
		if t.Failed() {
			t.Fatalf("seed %d, run %d", seed, i)
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d runs, %d killed between two files", runs, k.some)
	if k.some == 0 && runs >= 100 {
		t.Error("no run was killed between two files: this shows nothing")
	}
}

type killing struct {
	t    *testing.T
	r    *rand.Rand
	full time.Duration // that a write takes
	some int
}

func (k *killing) dir() string {
	old := make(map[string]string)
	for i := range killedFiles {
		old[killedName(i)] = killedText(i, "old")
	}
	return files(k.t, old)
}

// victim starts a process, and kills it at a random moment after it is ready,
// or else waits and notes how long it took.
func (k *killing) victim(task, dir string, kill bool) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+task+":"+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		k.t.Fatalf("the victim says %q, %v", line, err)
	}
	begin := time.Now()
	if kill {
		time.Sleep(time.Duration(k.r.Int64N(int64(k.full))))
		sig := os.Kill
		if k.r.IntN(4) == 0 {
			sig = os.Interrupt // nothing catches it
		}
		cmd.Process.Signal(sig)
	}
	err = cmd.Wait()
	if !kill {
		k.full = time.Since(begin) * 11 / 10
		if err != nil || k.state(dir) != "new" {
			k.t.Fatalf("left alone, the victim ends with %v, and %s of the files are new", err, k.state(dir))
		}
	}
}

// state says which of the files are new: "no", "some" or "new". All of them must
// be whole.
func (k *killing) state(dir string) string {
	n := 0
	for i := range killedFiles {
		data, err := os.ReadFile(filepath.Join(dir, killedName(i)))
		switch {
		case err != nil:
			k.t.Error(err)
		case string(data) == killedText(i, "new"):
			n++
		case string(data) != killedText(i, "old"):
			k.t.Errorf("%s is broken: %d bytes", killedName(i), len(data))
		}
	}
	switch n {
	case 0:
		return "no"
	case killedFiles:
		return "new"
	}
	return "some"
}

// pending checks what a run that writes nothing says.
func (k *killing) pending(dir, state string) {
	said, err := Pending(dir)
	if err != nil {
		k.t.Errorf("Pending: %v", err)
	}
	if half := strings.Contains(said, "run mapguard --fix to finish"); half != (state == "some") {
		k.t.Errorf("%s of the files are new, and Pending says %q", state, said)
	}
}

// tidy looks for what must not be left behind.
func (k *killing) tidy(dir string) {
	filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() && strings.HasPrefix(d.Name(), ".") {
			k.t.Errorf("%s is left behind, %v", name, err)
		}
		return nil
	})
}
