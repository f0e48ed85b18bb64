package rules

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// overlay writes the edited files for the -overlay flag of the go command, and
// returns the flag.
func (s *soak) overlay() string {
	dir := *soakKeep
	if dir == "" {
		dir = s.t.TempDir()
	}
	replace := make(map[string]string)
	for _, name := range sorted(s.files) {
		rel, err := filepath.Rel(s.dir, name)
		if err != nil {
			s.t.Fatal(err)
		}
		to := filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(rel), "../", "up/"))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(to, s.files[name], 0o666); err != nil {
			s.t.Fatal(err)
		}
		replace[name] = to
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		s.t.Fatal(err)
	}
	return "-overlay=" + file
}

// vet has go vet type-check the edited packages and all of the given ones that
// import them, with their tests, and look for copied locks: what it says of the
// original files too does not count.
func (s *soak) vet() {
	args := append([]string{"vet", "-copylocks", s.overlay()}, s.importers()...)
	now := s.golang(time.Hour, args...)
	if now.err == nil {
		return
	}
	before := s.golang(time.Hour, append([]string{"vet", "-copylocks"}, args[3:]...)...)
	known := make(map[string]int)
	for line := range strings.Lines(before.text) {
		known[unplaced(line)]++
	}
	for line := range strings.Lines(now.text) {
		key := unplaced(line)
		if known[key]--; known[key] < 0 && !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			s.tally.fail("go vet", "%s", strings.TrimSpace(line))
		}
	}
}

var placeInLine = regexp.MustCompile(`^(vet: )?\S*?([^/\s]*\.go):\d+(:\d+)?:`)

// unplaced returns a line of a tool's output without line numbers.
func unplaced(line string) string { return placeInLine.ReplaceAllString(line, "$2:") }

// importers returns the edited packages, and those that were asked for and
// import one of them directly or not.
func (s *soak) importers() []string {
	patterns := strings.Fields(strings.ReplaceAll(*soakPackages, ",", " "))
	out := s.golang(5*time.Minute, append([]string{"list", "-e", "-f", "{{.ImportPath}} {{join .Deps \" \"}}"}, patterns...)...)
	paths := sorted(s.packages)
	for line := range strings.Lines(out.text) {
		fields := strings.Fields(line)
		if len(fields) > 0 && !s.packages[fields[0]] && slices.ContainsFunc(fields[1:], func(path string) bool { return s.packages[path] }) {
			paths = append(paths, fields[0])
		}
	}
	return paths
}

// The watchdog: a package whose tests run longer is taken to hang.
const (
	testTimeout = "4m"
	testLimit   = 10 * time.Minute // with building
)

// runTests runs the tests of a random third of the edited packages.
func (s *soak) runTests() {
	if !*soakTests {
		return
	}
	paths := sorted(s.packages)
	r := rand.New(rand.NewPCG(*soakSeed, 0))
	r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	paths = paths[:(len(paths)+2)/3]
	s.t.Logf("seed %d: testing %s", *soakSeed, strings.Join(paths, " "))
	flag := s.overlay()
	for _, path := range paths {
		s.tally.tested++
		args := []string{"test", "-short", "-count=1", "-vet=off", "-timeout=" + testTimeout}
		if *soakSandbox != "" {
			args = append(args, "-exec="+*soakSandbox)
		}
		now := s.golang(testLimit, append(args, flag, path)...)
		if now.err == nil {
			continue
		}
		before := s.golang(testLimit, append(args, path)...)
		old := failedTests(before)
		s.t.Logf("%s: with the fix: %v; without: %v", path, failedTests(now), old)
		for _, name := range failedTests(now) {
			if !slices.Contains(old, name) {
				s.tally.fail("test", "%s: %s fails with the fix and not without:\n%s", path, name, tail(now.text, 4000))
				break
			}
		}
	}
}

var failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: test timed out|fatal error: .*|panic: .*|FAIL\s.*\[build failed\])`)

// failedTests returns the names of the tests that failed, or how the run broke.
func failedTests(out output) []string {
	var names []string
	for _, m := range failLine.FindAllStringSubmatch(out.text, -1) {
		names = append(names, m[1]+m[2])
	}
	if out.err != nil && len(names) == 0 {
		names = append(names, out.err.Error())
	}
	return names
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
