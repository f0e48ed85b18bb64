package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mapguard/mapguard/rewrite/emit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/witness"
)

// The exit codes. help.go tells the user.
const (
	exitClean    = 0 // nothing found, or everything fixed
	exitFindings = 1
	exitFailed   = 2 // usage, or nothing could be analysed or written
	exitPartial  = 3 // some packages could not be analysed
)

// run is the whole command but for os.Exit.
func run(args []string, stdout, stderr io.Writer) int {
	code, err := command(args, stdout, stderr)
	if err == nil {
		return code
	}
	fmt.Fprintf(stderr, "mapguard: %v\n", err)
	if usage := usageError(""); errors.As(err, &usage) {
		fmt.Fprintln(stderr, "mapguard help lists the flags.")
	}
	return exitFailed
}

func command(args []string, stdout, stderr io.Writer) (int, error) {
	o, err := parse(args)
	if err != nil {
		return exitFailed, err
	}
	if o.help {
		return exitClean, help(stdout, nil)
	}
	if len(o.args) > 0 {
		switch rest := o.args[1:]; o.args[0] {
		case "help":
			return exitClean, help(stdout, rest)
		case "explain":
			return exitClean, explain(stdout, rest)
		case "version":
			_, err := fmt.Fprintln(stdout, versionLine())
			return exitClean, err
		}
	}
	return newSession(o, stdout, stderr).run(context.Background())
}

// A session is one search for findings.
type session struct {
	*options
	stdin          io.Reader
	stdout, stderr io.Writer
	paint          paint // for stdout
	progress       *progress
	program        *load.Program
	root           string // of the write journal
	known          *known.Table
	reports        []*witness.Report
}

func newSession(o *options, stdout, stderr io.Writer) *session {
	return &session{
		options: o, stdin: os.Stdin, stdout: stdout, stderr: stderr,
		paint: newPaint(o.color, stdout), progress: newProgress(stderr),
	}
}

func (s *session) run(ctx context.Context) (int, error) {
	defer s.progress.done()
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return exitFailed, err
	}
	s.root = emit.Root(dir)
	if err := s.endEarlierWrite(); err != nil {
		return exitFailed, err
	}
	rows, err := readRows(dir, s.rows)
	if err != nil {
		return exitFailed, err
	}
	if err := s.readWitnesses(); err != nil {
		return exitFailed, err
	}
	patterns := s.args
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	s.program, err = load.Load(ctx, load.Config{
		Dir: s.dir, Patterns: patterns, Tags: s.tags, Tests: s.tests, Progress: s.progress.step,
	})
	if err != nil {
		return exitFailed, err
	}
	if s.known, err = table(s.program, rows); err != nil {
		return exitFailed, err
	}
	find := s.find
	if s.diff || s.fix || s.verify != "" {
		find = s.repair
	}
	res, err := find(ctx)
	if err != nil {
		return exitFailed, err
	}
	if s.verify != "" {
		if err := s.verifyFixes(ctx, res); err != nil {
			return exitFailed, err
		}
	}
	if s.fix {
		if err := emit.Write(s.root, res.changes); err != nil {
			return exitFailed, err
		}
	}
	s.progress.done()
	return s.status(res), s.report(res)
}

// endEarlierWrite completes what an earlier --fix was stopped in, or says that
// it wants completing if this run writes nothing.
func (s *session) endEarlierWrite() error {
	act := emit.Pending
	if s.fix {
		act = emit.Recover
	}
	said, err := act(s.root)
	if said != "" {
		fmt.Fprintf(s.stderr, "mapguard: %s\n", said)
	}
	return err
}

// status returns the exit code.
func (s *session) status(res *result) int {
	if len(res.skipped) > 0 {
		skipped := make(map[string]bool)
		for _, sk := range res.skipped {
			skipped[sk.Path] = true
		}
		for _, root := range s.program.Roots {
			if !skipped[root.Path] {
				return exitPartial
			}
		}
		return exitFailed
	}
	if code := s.witnessStatus(res); code != exitClean {
		return code
	}
	if len(res.findings) > 0 || s.diff && len(res.changes) > 0 {
		return exitFindings
	}
	return exitClean
}
