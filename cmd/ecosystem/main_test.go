package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// old and new stand for two builds of mapguard.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ecosystem": main, "old": play, "new": play})
}

const scripts = "testdata/script"

// TestScripts plays the archives of testdata/script. On top of what testscript
// knows they have the variables $OLD and $NEW, two executables that do what the
// file old or new in their working directory says (see play), and
//
//	exits N COMMAND...   runs the command, which must exit with status N
func TestScripts(t *testing.T) {
	entries, err := os.ReadDir(scripts)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".txtar" {
			t.Errorf("%s/%s is never played: only *.txtar are", scripts, e.Name())
		}
	}
	vars := goEnv(t)
	for name, command := range map[string]string{"OLD": "old", "NEW": "new"} {
		path, err := exec.LookPath(command)
		if err != nil {
			t.Fatal(err)
		}
		vars = append(vars, name+"="+path)
	}
	testscript.Run(t, testscript.Params{
		Dir:                scripts,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, vars...)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
	})
}

// goEnv returns the variables that let the go command and git work without a
// home, a network, or the habits of whoever runs the tests.
func goEnv(t *testing.T) []string {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"GOCACHE=" + strings.TrimSpace(string(cache)), "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s exited with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// play stands for mapguard. It does what the lines of the file of its name say:
//
//	print FILE   prints the file
//	say TEXT     prints the text on stderr
//	args         prints its arguments on stderr
//	times N LINE does what the line says, in the first N runs only
//	spawn        starts a process that inherits stdout and does not end
//	eat N        fills so many megabytes of memory
//	panic, die, sleep, exit N
func play() {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	lines, err := os.ReadFile(name)
	must(err)
	runs := 1
	if text, err := os.ReadFile(name + ".runs"); err == nil {
		runs = len(text) + 1
	}
	must(os.WriteFile(name+".runs", []byte(strings.Repeat("x", runs)), 0o644))
	sc := bufio.NewScanner(strings.NewReader(string(lines)))
	for sc.Scan() {
		do(sc.Text(), runs)
	}
}

func do(line string, runs int) {
	verb, rest, _ := strings.Cut(line, " ")
	n, _ := strconv.Atoi(rest)
	switch verb {
	case "print":
		f, err := os.Open(rest)
		must(err)
		_, err = io.Copy(os.Stdout, f)
		must(err)
	case "say":
		fmt.Fprintln(os.Stderr, rest)
	case "args":
		fmt.Fprintf(os.Stderr, "%q\n", os.Args[1:])
	case "times":
		most, line, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(most)
		must(err)
		if runs <= n {
			do(line, runs)
		}
	case "spawn":
		must(os.WriteFile("new", []byte("sleep"), 0o644))
		cmd := exec.Command("new")
		cmd.Stdout = os.Stdout
		must(cmd.Start())
	case "eat":
		eaten = make([]byte, n<<20)
		for i := range eaten {
			eaten[i] = 1
		}
	case "panic":
		panic("out of ideas")
	case "die":
		self, err := os.FindProcess(os.Getpid())
		must(err)
		must(self.Kill())
		time.Sleep(time.Minute)
	case "sleep":
		time.Sleep(time.Minute)
	case "exit":
		os.Exit(n)
	default:
		panic("no such line: " + line)
	}
}

var eaten []byte

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}
