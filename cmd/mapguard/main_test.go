package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mapguard/mapguard/cmd/internal/report"
)

var update = flag.Bool("update", false, "rewrite the goldens of testdata/cli and of the renderings")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mapguard": main})
}

const scripts = "../../testdata/cli"

// TestCommand plays the archives of testdata/cli. On top of what testscript
// knows they have two commands:
//
//	exits N COMMAND...   runs the command, which must exit with status N
//	ids FILE VAR...      sets the variables to the IDs in a JSON report
//
// and the variable TOOL, the name of mapguard for other commands to run.
func TestCommand(t *testing.T) {
	entries, err := os.ReadDir(scripts)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".txtar" {
			t.Errorf("%s/%s is never played: only *.txtar are", scripts, e.Name())
		}
	}
	goEnv := goEnv(t)
	testscript.Run(t, testscript.Params{
		Dir:                scripts,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, goEnv...)
			env.Vars = append(env.Vars, "TOOL="+tool(t))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "ids": ids,
		},
	})
}

// goEnv returns the variables that let the go command and git work without a
// home, a network, or the habits of whoever runs the tests.
func goEnv(t *testing.T) []string {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPATH"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	vars := []string{
		"GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
	}
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		vars = append(vars, names[i]+"="+value)
	}
	return vars
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

func ids(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ids file variable...")
	}
	var got report.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &got))
	if len(got.Findings) != len(args)-1 {
		ts.Fatalf("%d findings, want %d", len(got.Findings), len(args)-1)
	}
	for i, name := range args[1:] {
		ts.Setenv(name, got.Findings[i].ID)
	}
}
