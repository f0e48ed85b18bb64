package rules

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/link"
)

var (
	soakPackages = flag.String("packages", "", "soak: the packages whose maps are all repaired, as the go command takes them")
	soakDir      = flag.String("dir", "", "soak: where the go command runs")
	soakBatch    = flag.Int("batch", 10, "soak: how many packages are loaded at a time")
	soakUnsafe   = flag.Bool("unsafe", false, "soak: take unsafe fixes too")
	soakTests    = flag.Bool("tests", false, "soak: run the tests of a third of the edited packages; not as root without -sandbox")
	soakSandbox  = flag.String("sandbox", "", "soak: a program that runs the tests, as go test -exec takes it")
	soakSeed     = flag.Uint64("seed", 1, "soak: which third")
	soakKeep     = flag.String("keep", "", "soak: a folder that the edited files are written to")
)

// TestSoak repairs every map of some packages as if it were shared, in memory,
// and holds the fixes to what they promise: the edited packages type-check with
// their tests and copy no lock, as go vet sees it; each fix can be taken back; a
// second run changes nothing; and, if that is asked for, no test of theirs fails
// or hangs that did not before. Without -packages it repairs a small program.
//
//	go test ./rules -run Soak -v -timeout 0 -packages=./... -dir=DIR -tests
func TestSoak(t *testing.T) {
	if *soakPackages == "" {
		*soakPackages, *soakDir = "./...", filepath.Join("..", "testdata", "demo")
	}
	if *soakTests && *soakSandbox == "" && os.Geteuid() == 0 {
		t.Fatal("-tests runs the tests of other people: as root they may change the machine (one that saves its configuration to /dev/null replaces the device), so be another user, or give -sandbox a program that becomes one")
	}
	dir, err := filepath.Abs(*soakDir)
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{t: t, dir: dir, files: make(map[string][]byte), packages: make(map[string]bool), tally: newTally(t)}
	paths := s.list(strings.Fields(strings.ReplaceAll(*soakPackages, ",", " ")))
	for batch := range slices.Chunk(paths, *soakBatch) {
		s.repair(batch)
	}
	s.idempotent(paths)
	if len(s.files) > 0 {
		s.vet()
		s.runTests()
	}
	s.tally.log(len(paths), len(s.packages), len(s.files))
	if len(s.tally.levels) == 0 {
		t.Error("no maps in these packages")
	}
}

// A soak is one run of TestSoak.
type soak struct {
	t        *testing.T
	dir      string
	files    map[string][]byte // edited, by absolute name
	packages map[string]bool   // edited, by import path
	counting map[string]bool   // packages whose maps have not been counted
	tally    *tally
}

// list returns the packages that patterns match.
func (s *soak) list(patterns []string) []string {
	out := s.golang(10*time.Minute, append([]string{"list", "-e", "-f", "{{if or .GoFiles .CgoFiles}}{{.ImportPath}}{{end}}"}, patterns...)...)
	if out.err != nil {
		s.t.Fatalf("go list: %v\n%s", out.err, out.text)
	}
	return strings.Fields(out.text)
}

// config has every map judged to be shared.
func (s *soak) config() Config {
	return Config{Rules: []string{judge.SharedMap}, judge: s.everyMap}
}

func (s *soak) load(paths []string) *load.Program {
	p, err := load.Load(context.Background(), load.Config{Dir: s.dir, Patterns: paths, Overlay: s.files})
	if err != nil {
		s.t.Errorf("%v: %v", paths, err)
		return nil
	}
	return p
}

// repair takes all fixes that can be taken in some packages.
func (s *soak) repair(paths []string) {
	p := s.load(paths)
	if p == nil {
		return
	}
	begin := time.Now()
	s.counting = make(map[string]bool)
	for _, path := range paths {
		s.counting[path] = true
	}
	fixed, err := Fix(context.Background(), p, s.config(), func(f *judge.Finding) bool {
		s.takeBack(p, f)
		return s.take(f)
	})
	if err != nil {
		s.t.Errorf("%v: %v", paths, err)
		return
	}
	for _, f := range fixed.Applied {
		s.tally.repaired(f)
	}
	for _, f := range fixed.Left {
		if f.Rule == judge.SharedMap {
			s.tally.left(f)
		}
	}
	for _, sk := range fixed.Skipped {
		s.t.Logf("not analysed: %s: %s", sk.Path, sk.Errors[0])
		if strings.Contains(sk.Errors[0], "internal error") {
			s.t.Errorf("%s: %s", sk.Path, strings.Join(sk.Errors, "\n"))
		}
	}
	for name, now := range fixed.Files {
		s.formatted(p, name, now)
	}
	maps.Copy(s.files, fixed.Files)
	for name := range fixed.Files {
		if pkg, _ := p.File(name); pkg != nil {
			s.packages[pkg.Path] = true
		}
	}
	s.t.Logf("%s and %d more: %d repaired, %d left, %.0fs", paths[0], len(paths)-1, len(fixed.Applied), len(fixed.Left), time.Since(begin).Seconds())
}

// formatted checks that a file that was gofmt'd still is.
func (s *soak) formatted(p *load.Program, name string, now []byte) {
	src, err := p.Source(name)
	if err != nil {
		s.t.Errorf("%s: %v", name, err)
		return
	}
	if tidy, err := format.Source(src); err != nil || !bytes.Equal(tidy, src) {
		return
	}
	if tidy, err := format.Source(now); err != nil || !bytes.Equal(tidy, now) {
		s.tally.fail("gofmt", "%s is no longer gofmt'd: %v\n%s", name, err, edit.Unified(name, now, tidy))
	}
}

func (s *soak) take(f *judge.Finding) bool {
	return f.Fix.Applicability == edit.Safe || *soakUnsafe && f.Fix.Applicability == edit.Unsafe
}

// takeBack checks that the reverse of a fix gives the bytes of before. A fix of
// a later round does not fit p, and is left out.
func (s *soak) takeBack(p *load.Program, f *judge.Finding) {
	byFile := make(map[string][]edit.TextEdit)
	for _, e := range f.Fix.Edits {
		byFile[e.File] = append(byFile[e.File], e)
	}
	for name, edits := range byFile {
		src, err := p.Source(name)
		if err != nil {
			s.t.Errorf("%s: %v", f.Map, err)
			continue
		}
		now, err := edit.Apply(src, edits)
		if err != nil {
			continue
		}
		back, err := edit.Apply(now, reverse(src, edits))
		if err != nil || !bytes.Equal(back, src) {
			s.t.Errorf("%s: %s: the fix cannot be taken back: %v", f.Map, name, err)
		}
	}
}

// reverse returns the edits that undo others, which are in order.
func reverse(src []byte, edits []edit.TextEdit) []edit.TextEdit {
	var out []edit.TextEdit
	shift := 0
	for _, e := range edits {
		start := e.Start + shift
		out = append(out, edit.TextEdit{File: e.File, Start: start, End: start + len(e.New), New: string(src[e.Start:e.End])})
		shift += len(e.New) - (e.End - e.Start)
	}
	return out
}

// idempotent repairs the edited packages again, loaded afresh.
func (s *soak) idempotent(paths []string) {
	for batch := range slices.Chunk(paths, *soakBatch) {
		if !slices.ContainsFunc(batch, func(path string) bool { return s.packages[path] }) {
			continue
		}
		p := s.load(batch)
		if p == nil {
			continue
		}
		again, err := Fix(context.Background(), p, s.config(), s.take)
		if err != nil {
			s.t.Errorf("%v: %v", batch, err)
			continue
		}
		for _, f := range again.Applied {
			s.tally.fail("second run", "%s: %s: a second run changes it again: %s", f.Pos, f.Map, f.Fix.Title)
		}
	}
}

// everyMap finds every map that is used after the start of the program, whoever
// uses it, and that is not guarded by one lock.
func (s *soak) everyMap(prog *link.Program, main func(string) bool, text func(access.Pos) string) ([]*judge.Finding, []judge.Broken) {
	out, broken := judge.Findings(prog, main, text)
	out = slices.DeleteFunc(out, func(f *judge.Finding) bool { return f.Rule != judge.SharedMap })
	found := make(map[access.Location]bool)
	for _, f := range out {
		found[f.Map] = true
		if f.Evidence == judge.Possible {
			for i := range f.Sites {
				if x := &f.Sites[i]; !spared(x.Op, x.Exempt, x.Base) {
					x.Exempt = ""
				}
			}
		}
	}
	for loc, sites := range prog.Sites() {
		if !main(loc.Pkg) || found[loc] {
			continue
		}
		f := s.forced(loc, sites)
		if f != nil {
			out = append(out, f)
		}
		if s.counting[loc.Pkg] && f == nil {
			s.tally.idle[loc] = true
		}
	}
	s.counting = nil
	judge.Sort(out)
	return out, broken
}

// atStart is why an access during package initialisation needs no lock.
const atStart = "package initialisation"

// spared reports whether an access needs no lock though the soak has goroutines
// everywhere: during initialisation, and where a new object is given its map, in a
// literal as a rule, where no lock can be taken. A method that gives one to its
// receiver may be run at any time.
func spared(op access.Op, exempt string, base access.Path) bool {
	made := base.Root.Kind != access.Param && base.Root.Kind != access.GlobalVar
	return exempt == atStart || exempt != "" && op == access.Replace && made
}

// forced makes a finding of a map that judge is content with because only one
// goroutine can use it, or nobody changes it: the soak does not want to know. Nil
// if one lock is held at all accesses that need one.
func (s *soak) forced(loc access.Location, sites []*link.Site) *judge.Finding {
	f := &judge.Finding{
		ID: fmt.Sprint("M-", loc), Key: loc.String(), Rule: judge.SharedMap, Map: loc,
		Evidence: judge.Possible, Message: "map " + loc.Short() + " is there",
	}
	var needy []*link.Site
	for _, site := range sites {
		if site.Op != access.Format && !spared(site.Op, site.Exempt, site.Path.Base()) {
			needy = append(needy, site)
		}
	}
	if guarded(slices.DeleteFunc(slices.Clone(needy), func(s *link.Site) bool { return s.Exempt != "" })) || guarded(needy) {
		return nil
	}
	for _, site := range needy {
		f.Sites = append(f.Sites, judge.Site{Op: site.Op, Pkg: site.Pkg, Func: site.Func, Pos: site.Pos, Locks: site.Locks, Base: site.Path.Base()})
	}
	if len(f.Sites) == 0 {
		return nil
	}
	f.Pos, f.Accesses = f.Sites[0].Pos, []judge.Access{{Site: f.Sites[0]}}
	return f
}

// guarded reports whether one lock is held at all of some sites. Local locks go
// by their names: a literal does not know which variable it has captured.
func guarded(sites []*link.Site) bool {
	var common map[string]bool
	for _, site := range sites {
		held := make(map[string]bool)
		for _, l := range site.Locks {
			name := l.ID.String()
			if l.ID.Kind != access.Field && l.ID.Kind != access.Global {
				name = l.Path.String()
			}
			if l.Mode == access.Exclusive || !site.Op.Writes() {
				held[name] = common == nil || common[name]
			}
		}
		common = held
	}
	return slices.Contains(slices.Collect(maps.Values(common)), true)
}

// An output is what a command said.
type output struct {
	text string
	err  error
}

// golang runs the go command with the edited files in the place of the original
// ones.
func (s *soak) golang(limit time.Duration, args ...string) output {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = s.dir
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil || args[0] != "list" {
		stdout.Write(stderr.Bytes())
	}
	return output{stdout.String(), err}
}
