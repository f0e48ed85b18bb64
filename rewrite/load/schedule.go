package load

import (
	"context"
	"go/ast"
	"runtime"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A job is a package to be parsed and checked.
type job struct {
	pkg    *Package
	bodies bool
	files  []*ast.File
	errs   []packages.Error
	waits  int    // imports to be checked before it, and one for its own parsing
	next   []*job // jobs that wait for it
}

// A schedule hands out jobs to workers. Packages are checked as soon as they
// can be; a worker that finds none to check parses the next package in
// dependency order, so that a long chain of imports keeps all of them busy.
type schedule struct {
	program *Program
	mu      sync.Mutex
	wake    *sync.Cond
	ready   []*job // parsed, all imports checked
	parse   []*job // not parsed yet
	left    int    // not checked yet
}

// check type-checks packages and all that they import, as far as that has not
// been done: the user's packages with bodies, others for their declarations. The error is that of the context.
func (p *Program) check(ctx context.Context, pkgs []*Package) error {
	jobs := jobsFor(pkgs)
	if len(jobs) == 0 {
		return ctx.Err()
	}
	bodies := 0
	for _, j := range jobs {
		if j.bodies {
			bodies++
		}
	}
	p.cfg.Progress("type-checking %d packages and the declarations of %d more", bodies, len(jobs)-bodies)

	s := &schedule{program: p, parse: jobs, left: len(jobs)}
	s.wake = sync.NewCond(&s.mu)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() { s.work(ctx) })
	}
	workers.Wait()
	return ctx.Err()
}

// jobsFor returns the packages to be checked, dependencies first.
func jobsFor(pkgs []*Package) []*job {
	byPkg := make(map[*Package]*job)
	var jobs []*job
	var visit func(pkg *Package) *job
	visit = func(pkg *Package) *job {
		if j, ok := byPkg[pkg]; ok || pkg.checked {
			return j
		}
		j := &job{pkg: pkg, bodies: pkg.Main, waits: 1}
		byPkg[pkg] = j
		seen := make(map[*job]bool)
		for _, path := range sortedKeys(pkg.Imports) {
			if imp := visit(pkg.Imports[path]); imp != nil && !seen[imp] {
				seen[imp] = true
				imp.next = append(imp.next, j)
				j.waits++
			}
		}
		jobs = append(jobs, j)
		return j
	}
	for _, pkg := range pkgs {
		visit(pkg)
	}
	return jobs
}

// work parses and checks packages until none is left or ctx is done.
func (s *schedule) work(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.left > 0 && ctx.Err() == nil {
		switch {
		case len(s.ready) > 0:
			j := s.ready[len(s.ready)-1]
			s.ready = s.ready[:len(s.ready)-1]
			s.unlocked(func() { s.program.checkFiles(j.pkg, j.bodies, j.files, j.errs) })
			j.files = nil
			s.left--
			for _, next := range j.next {
				s.arrive(next)
			}
		case len(s.parse) > 0:
			j := s.parse[0]
			s.parse = s.parse[1:]
			s.unlocked(func() { j.files, j.errs = s.program.parsePackage(j.pkg, j.bodies) })
			s.arrive(j)
		default:
			s.wake.Wait()
		}
	}
	s.wake.Broadcast()
}

// arrive notes that something which j waited for has happened.
func (s *schedule) arrive(j *job) {
	if j.waits--; j.waits == 0 {
		s.ready = append(s.ready, j)
		s.wake.Signal()
	}
}

func (s *schedule) unlocked(f func()) {
	s.mu.Unlock()
	defer s.mu.Lock()
	f()
}
