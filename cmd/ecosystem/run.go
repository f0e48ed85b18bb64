package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// The exit codes. flags.go tells the user.
const (
	exitSame    = 0
	exitDiffers = 1
	exitUsage   = 2
	exitNotRun  = 3 // a build could not be made or run, or contradicts itself
)

// run is the whole command but for signals and os.Exit.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	code, err := command(ctx, args, stdout, stderr)
	if err == nil {
		return code
	}
	fmt.Fprintf(stderr, "ecosystem: %v\n", err)
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(stderr, "ecosystem --help lists the flags.")
		return exitUsage
	}
	return exitNotRun
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	o, err := parse(args)
	if err != nil {
		return exitUsage, err
	}
	if o.help {
		return exitSame, help(stdout)
	}
	repos, err := o.repositories()
	if err != nil {
		return exitUsage, err
	}
	before, err := newBuild(ctx, "before", o.before, o.source)
	if err != nil {
		return exitUsage, err
	}
	after, err := newBuild(ctx, "after", o.after, o.source)
	if err != nil {
		return exitUsage, err
	}
	temp, err := os.MkdirTemp("", "ecosystem")
	if err != nil {
		return exitNotRun, err
	}
	defer os.RemoveAll(temp)
	for _, b := range []*build{before, after} {
		if err := b.compile(ctx, o.source, temp); err != nil {
			return exitNotRun, err
		}
	}
	res, err := (&pair{o, before, after, temp}).compareAll(ctx, repos, stderr)
	if err != nil {
		return exitNotRun, err
	}
	write := map[string]func(io.Writer, *result) error{"text": writeText, "json": writeJSON, "markdown": writeMarkdown}
	return res.status(), write[o.format](stdout, res)
}

// A pair is two builds with what is needed to run them.
type pair struct {
	*options
	before, after *build
	temp          string // folder for temporary files
}

// compareAll runs both builds on all repositories, and says on stderr how far
// it is. The error is that of ctx.
func (p *pair) compareAll(ctx context.Context, repos []*repository, stderr io.Writer) (*result, error) {
	res := &result{
		Before: p.before, After: p.after, Flags: append([]string{}, p.flags...), Repeat: p.repeat,
		Repositories: make([]*comparison, len(repos)),
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // guards done and stderr
		done int
		errs = make([]error, len(repos))
		slot = make(chan struct{}, p.jobs)
	)
	for i, repo := range repos {
		slot <- struct{}{}
		wg.Go(func() {
			defer func() { <-slot }()
			c, err := p.compareOne(ctx, repo)
			res.Repositories[i], errs[i] = c, err
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			fmt.Fprintf(stderr, "ecosystem: %d/%d %s: %s\n", done, len(repos), c.Name, c.headline())
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	res.count()
	return res, nil
}

// compareOne runs both builds on one repository. They take turns, the first
// being another one each time, so that whatever slows the machine down or
// fills its caches is shared out.
func (p *pair) compareOne(ctx context.Context, repo *repository) (*comparison, error) {
	c := &comparison{Name: repo.name, Dir: repo.dir, Patterns: repo.patterns}
	args := slices.Concat([]string{"--format", "json"}, p.flags, []string{"--"}, repo.patterns)
	sides := []struct {
		build *build
		*outcome
		over bool
	}{{build: p.before, outcome: &c.Before}, {build: p.after, outcome: &c.After}}
	for range p.repeat {
		for i := range sides {
			side := &sides[i]
			if side.over {
				continue
			}
			s, err := measure(ctx, p.timeout, program{side.build.binary, args, repo.dir, p.temp})
			if err != nil {
				return nil, err
			}
			side.over = !side.add(s, p.timeout)
		}
		slices.Reverse(sides)
	}
	if c.Before.report != nil && c.After.report != nil {
		c.difference = compare(c.Before.report, c.After.report)
		for i := range c.Changed {
			ch := &c.Changed[i]
			ch.Diff = repaired(repo.dir, ch.Before.Fix, ch.After.Fix)
		}
	}
	c.Before.stdout, c.After.stdout = nil, nil
	return c, nil
}
