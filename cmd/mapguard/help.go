package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/ignore"
)

const usageHead = `mapguard finds Go maps that two goroutines use without a common lock, and log
calls that walk somebody else's map, and repairs both.

Usage:
  mapguard [flags] [packages]   find; packages are as for go build, ./... if none
  mapguard --witness crash.log [flags] [packages]
                                find and repair what a crash or a race report names
  mapguard explain RULE         what a rule reports, why, and how far to trust its fixes
  mapguard explain deepformat FILE:LINE [packages]
                                what the format calls on a line walk, and why they are
                                reported or not
  mapguard version
  mapguard help [RULE]
  go vet -vettool=$(command -v mapguard) [packages]
  go fix -fixtool=$(command -v mapguard) [packages]
                                one package at a time, kept in the go command's cache:
                                what a package and its imports show, and the fixes
                                that no importer can make wrong

Flags:
`

const usageTail = `
Fixes:
  safe     every obligation was checked again on the edited program; written by --fix
  unsafe   it compiles, and may change what the program does; needs --unsafe-fixes
  manual   described, never written: a person has to decide
  A fix is written to all of its files or to none. Files with changes that git
  does not keep yet are left alone, and named; files outside git are not held
  back. Generated and vendored files are never edited.

Witnesses:
  --witness reads what Go printed, raw or inside another log: fatal errors about
  maps of any Go since 1.16, with GOTRACEBACK=single or more (all has the other
  goroutine too), and the race detector's reports. Only the maps that they name
  are reported and repaired, with the calls that print them; directives that
  ignore findings do not count. What names no map is answered with the reason:
  no stack, code that was not loaded, no map at all.
  --verify 'go test -race ./pkg -run X' runs on a copy of the repository (the
  nearest git work tree or module), in the shell, for 15 minutes at most, and
  with -count=1 in GOFLAGS: up to three times before, until it shows the witness,
  and as often after the fixes. They pass if the witness has gone and the command
  succeeds, or fails for other reports only, as it did before.

Ignoring:
  //mapguard:ignore RULE reason
  on or above a line, or on a declaration; see mapguard explain ignore.

Exit status:
  0  nothing found, or everything fixed
  1  findings, or with --diff a diff
  2  wrong usage, or nothing could be analysed or written; no witness names a map
  3  some packages could not be analysed, or some witnesses not be matched with the
     code; the findings of the others are printed
`

// help prints the manual, or what a rule does.
func help(w io.Writer, args []string) error {
	if len(args) > 0 {
		return explain(w, args)
	}
	o := &options{format: "text", color: "auto", evidenceName: "inferred"}
	_, err := io.WriteString(w, usageHead+o.flags().FlagUsagesWrapped(90)+"\nRules:\n"+ruleList()+usageTail)
	return err
}

// ruleList returns a line for each rule.
func ruleList() string {
	var b strings.Builder
	for _, r := range rules.All {
		fmt.Fprintf(&b, "  %-11s %s\n", r.Name, r.Summary)
	}
	fmt.Fprintf(&b, "  %-11s %s\n", ignore.Name, ignore.Summary)
	return b.String()
}

// explain prints the page of a rule.
func explain(w io.Writer, args []string) error {
	known := append(ruleNames(), ignore.Name)
	if len(args) > 1 && args[0] == "deepformat" {
		return explainCalls(w, args[1], args[2:])
	}
	if len(args) != 1 {
		return usagef("explain takes one rule: %s", strings.Join(known, ", "))
	}
	doc := ignore.Doc
	if args[0] != ignore.Name {
		r := rule(args[0])
		if r == nil {
			return usagef("no rule %q: there are %s", args[0], strings.Join(known, ", "))
		}
		doc = r.Doc
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(doc))
	return err
}

// explainCalls prints what the format calls at a position walk. The position is
// relative to the current directory; its own package is loaded if none is named.
func explainCalls(w io.Writer, position string, patterns []string) error {
	file, number, ok := strings.Cut(position, ":")
	number, _, _ = strings.Cut(number, ":") // a column may follow
	line, err := strconv.Atoi(number)
	if !ok || err != nil {
		return usagef("explain deepformat takes a position such as pkg/conn.go:12, not %q", position)
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		patterns = []string{filepath.Dir(file)}
	}
	ctx := context.Background()
	p, err := load.Load(ctx, load.Config{Patterns: patterns})
	if err != nil {
		return err
	}
	rows, err := readRows(p.Dir, "")
	if err != nil {
		return err
	}
	lib, err := table(p, rows)
	if err != nil {
		return err
	}
	text, err := rules.ExplainCalls(ctx, p, lib, file, line)
	if err != nil {
		return usagef("%v", err)
	}
	_, err = io.WriteString(w, text)
	return err
}

// version returns the version of the module that mapguard was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// versionLine returns the version with the commit and the Go version.
func versionLine() string {
	line := "mapguard " + version()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return line
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			line += " " + s.Value
		}
	}
	return line + " " + info.GoVersion
}
