package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mapguard/mapguard/rewrite/emit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/witness"
)

// This file runs the command of --verify on a copy of the user's tree.

const (
	// verifyTries is how often the command is run until it shows the witness:
	// a race needs luck.
	verifyTries = 3
	// verifyTimeout bounds one run. The go command ends a test that hangs
	// after ten minutes by itself.
	verifyTimeout = 15 * time.Minute
	// verifyTail is how much of the output of a run that fails is shown.
	verifyTail = 2000
)

// A verification is what came of running the command before and after.
type verification struct {
	passed bool
	said   string
	tail   string // of the output that the verdict is about; "" if it passed
}

// A trial is one run of the command.
type trial struct {
	err  error // how it ended; nil for status 0
	log  *witness.Log
	tail string
}

// verifyFixes runs the command before and after the fixes of res. If they do
// not pass, or are not to be written, they go back to the findings.
func (s *session) verifyFixes(ctx context.Context, res *result) error {
	v := &verification{said: "no fix is to be applied, so there is nothing to verify"}
	if len(res.changes) > 0 {
		// An interrupt has to reach what was started, which is in a group of
		// its own, and the copy is to go.
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		var err error
		v, err = s.runTrials(ctx, res)
		switch {
		case ctx.Err() != nil:
			return errors.New("--verify: interrupted, so nothing is written")
		case err != nil:
			return fmt.Errorf("--verify: %w", err)
		}
	}
	res.verified = v
	if !s.fix || !v.passed {
		res.findings = append(res.applied, res.findings...)
		judge.Sort(res.findings)
		res.applied, res.changes = nil, nil
	}
	return nil
}

func (s *session) runTrials(ctx context.Context, res *result) (*verification, error) {
	tree, err := s.copyTree(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { os.RemoveAll(tree.top) }()
	before, seen, tries, err := s.before(ctx, tree, res)
	switch {
	case err != nil:
		return nil, err
	case !seen:
		return &verification{tail: before.tail, said: fmt.Sprintf("not verified: the command did not show the witness in %d runs before the fix (%s): is it the command that crashed?", tries, ended(before.err))}, nil
	}
	// What the command left behind may be why it does not fail again.
	if err := os.RemoveAll(tree.top); err != nil {
		return nil, err
	}
	again, err := s.copyTree(ctx)
	if err != nil {
		return nil, err
	}
	tree = again
	if err := tree.apply(res.changes); err != nil {
		return nil, err
	}
	fixed, err := s.fixedProgram(res)
	if err != nil {
		return nil, err
	}
	times := "once"
	if tries > 1 {
		times = fmt.Sprintf("%d times", tries)
	}
	for range tries {
		s.progress.step("running the command on the fixed tree")
		after, err := tree.run(ctx, s.verify)
		if err != nil {
			return nil, err
		}
		left, others, err := s.shown(ctx, fixed, after.log, res.applied)
		switch {
		case err != nil:
			return nil, err
		case len(left) > 0:
			return &verification{tail: after.tail, said: fmt.Sprintf("the witness is still there: after the fix the command shows %s again", strings.Join(left, ", "))}, nil
		case after.err != nil && (others == 0 || before.err == nil):
			return &verification{tail: after.tail, said: fmt.Sprintf("the witness went away, but after the fix the command fails: %s", ended(after.err))}, nil
		case after.err != nil:
			return &verification{passed: true, said: fmt.Sprintf("the witness went away: the command showed it before the fix, and not after (%s); it still fails, for %s that these fixes are not about", times, count(others, "report"))}, nil
		}
	}
	return &verification{passed: true, said: fmt.Sprintf("the witness went away: the command showed it before the fix; after it, run %s, it does not, and ends with status 0", times)}, nil
}

// before runs the command until it shows what the fixes are about.
func (s *session) before(ctx context.Context, tree *tree, res *result) (t *trial, seen bool, tries int, err error) {
	for tries = 1; ; tries++ {
		s.progress.step("running the command on a copy of the tree")
		if t, err = tree.run(ctx, s.verify); err != nil {
			return nil, false, tries, err
		}
		left, _, err := s.shown(ctx, s.program, t.log, res.applied)
		if err != nil || len(left) > 0 || tries == verifyTries {
			return t, len(left) > 0, tries, err
		}
	}
}

// shown returns the maps of findings that a log names, and counts its other
// reports.
func (s *session) shown(ctx context.Context, p *load.Program, log *witness.Log, fs []*judge.Finding) (maps []string, others int, err error) {
	if len(log.Reports) == 0 {
		return nil, 0, nil
	}
	cfg := s.config()
	cfg.Witnesses, cfg.Rules, cfg.Evidence, cfg.Tests = log.Reports, nil, 0, cfg.Tests || inTests(log.Reports)
	named, unresolved, err := rules.Named(ctx, p, cfg)
	if err != nil {
		return nil, 0, err
	}
	add := func(m access.Location) {
		if slices.ContainsFunc(fs, func(g *judge.Finding) bool { return g.Map == m }) {
			maps = append(maps, m.Short())
		} else {
			others++
		}
	}
	for _, u := range unresolved {
		add(u.Map)
	}
	for _, f := range named {
		if f.Evidence == judge.Witnessed {
			add(f.Map)
		}
	}
	slices.Sort(maps)
	return slices.Compact(maps), others, nil
}

// fixedProgram returns the program with the changes made, in memory.
func (s *session) fixedProgram(res *result) (*load.Program, error) {
	files := make(map[string][]byte)
	for _, c := range res.changes {
		files[c.File] = c.New
	}
	p, _, err := s.program.WithOverlay(files)
	return p, err
}

// A tree is a copy of the user's.
type tree struct {
	from string // what was copied
	top  string // the copy
	dir  string // of the program, in the copy
}

// copyTree copies the repository that the program is in.
func (s *session) copyTree(ctx context.Context) (*tree, error) {
	t := &tree{from: s.root}
	for _, pkg := range s.program.All {
		if pkg.Main && len(pkg.Files) > 0 && !within(t.from, physical(pkg.Files[0])) {
			return nil, fmt.Errorf("%s is outside of %s, so a copy of that would not build", pkg.Files[0], t.from)
		}
		if m := pkg.Module; m != nil && m.Replace != nil && build.IsLocalImport(m.Replace.Path) && !within(t.from, physical(m.Dir)) {
			return nil, fmt.Errorf("%s is replaced by %s, which is outside of %s, so a copy of that would not build: name that directory in full", m.Path, m.Replace.Path, t.from)
		}
	}
	rel, err := filepath.Rel(t.from, physical(s.program.Dir))
	if err != nil {
		return nil, err
	}
	s.progress.step("copying %s", t.from)
	if t.top, err = os.MkdirTemp("", "mapguard-verify-"); err != nil {
		return nil, err
	}
	t.top = physical(t.top)
	t.dir = filepath.Join(t.top, rel)
	if err := copyDir(ctx, t.from, t.top); err != nil {
		return nil, errors.Join(err, os.RemoveAll(t.top))
	}
	return t, nil
}

// physical returns a file name without symbolic links, as the name of the
// repository is.
func physical(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}

func within(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// copyDir copies a directory into one that is there, but for git's own and the
// other itself. Symbolic links are copied as they are, unless they name a file
// in the directory in full: those lead into the copy.
func copyDir(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(name string, d os.DirEntry, err error) error {
		if err = cmp.Or(err, ctx.Err()); err != nil || name == from {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case name == to:
			return filepath.SkipDir
		case d.Name() == ".git":
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&os.ModeSymlink != 0:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			if filepath.IsAbs(link) && within(from, physical(link)) {
				if rel, err = filepath.Rel(from, physical(link)); err != nil {
					return err
				}
				link = filepath.Join(to, rel)
			}
			return os.Symlink(link, target)
		case !d.Type().IsRegular():
			return nil // a socket or the like
		}
		return copyFile(name, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// apply makes the changes in the copy.
func (t *tree) apply(changes []emit.Change) error {
	for _, c := range changes {
		rel, err := filepath.Rel(t.from, physical(c.File))
		if err != nil {
			return err
		}
		if !filepath.IsLocal(rel) {
			return fmt.Errorf("%s is a link to a file outside of %s, which a copy of that does not have", c.File, t.from)
		}
		if err := os.WriteFile(filepath.Join(t.top, rel), c.New, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// run runs the command in the copy, by the shell, and reads what it prints.
func (t *tree) run(ctx context.Context, command string) (*trial, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	r, w := io.Pipe()
	tail := &tailWriter{}
	cmd := exec.CommandContext(ctx, name, flag, command)
	cmd.Dir = t.dir
	cmd.Stdout = io.MultiWriter(w, tail)
	cmd.Stderr = cmd.Stdout
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "PWD="+t.dir, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -count=1"))
	killGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	out := &trial{}
	read := make(chan error, 1)
	go func() {
		var err error
		out.log, err = witness.Read(r, "the command")
		r.CloseWithError(err)
		read <- err
	}()
	out.err = cmd.Wait()
	w.Close()
	if err := <-read; err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		out.err = fmt.Errorf("stopped after %v", verifyTimeout)
	}
	out.tail = tail.String()
	return out, nil
}

// ended says how a command ended.
func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// A tailWriter keeps the end of what is written to it.
type tailWriter struct{ b []byte }

func (t *tailWriter) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 2*verifyTail {
		t.b = append(t.b[:0], t.b[len(t.b)-verifyTail:]...)
	}
	return len(p), nil
}

// String returns whole lines.
func (t *tailWriter) String() string {
	s := string(t.b)
	if len(s) > verifyTail {
		s = s[len(s)-verifyTail:]
		_, s, _ = strings.Cut(s, "\n")
	}
	return s
}
