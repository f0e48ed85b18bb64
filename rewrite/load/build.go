package load

import (
	"context"
	"fmt"
	"go/build"
	"go/build/constraint"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A Build is a build configuration: what decides which files a package has.
type Build struct {
	GOOS, GOARCH string
	Tags         []string // beyond those of Config.Tags
}

// String returns a Build as ParseBuild takes it.
func (b Build) String() string {
	s := b.GOOS + "/" + b.GOARCH
	for _, tag := range b.Tags {
		s += "+" + tag
	}
	return s
}

// The platforms that ParseBuild knows, which are those of "go tool dist list".
var (
	systems       = strings.Fields("aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows")
	architectures = strings.Fields("386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm")
)

// ParseBuild reads GOOS, GOOS/GOARCH, GOOS/GOARCH+TAG+TAG or +TAG. What is left
// out is as the go command of here has it.
func ParseBuild(s string) (Build, error) {
	platform, tags, tagged := strings.Cut(s, "+")
	goos, arch, both := strings.Cut(platform, "/")
	b := here()
	switch {
	case platform == "" && !tagged, both && !slices.Contains(architectures, arch), platform != "" && !slices.Contains(systems, goos):
		return Build{}, fmt.Errorf("%q is no build configuration: write windows, windows/arm64, linux/amd64+TAG or +TAG", s)
	case platform != "":
		b.GOOS = goos
	}
	if both {
		b.GOARCH = arch
	} else if goos == "js" || goos == "wasip1" {
		b.GOARCH = "wasm"
	}
	if tagged {
		b.Tags = strings.Split(tags, "+")
	}
	return b, nil
}

// here returns the build configuration that the go command has by itself.
func here() Build {
	b := Build{GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}
	if v := os.Getenv("GOOS"); v != "" {
		b.GOOS = v
	}
	if v := os.Getenv("GOARCH"); v != "" {
		b.GOARCH = v
	}
	return b
}

// maxBuilds bounds how many configurations MentionedBuilds returns.
const maxBuilds = 4

// MentionedBuilds returns build configurations which together have the files of
// some folders that this one leaves out, a handful at most. Files that no build
// has, or only one with cgo, are passed over.
func (p *Program) MentionedBuilds(dirs []string) []Build {
	var out []Build
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // no files mention none
		}
		for _, e := range entries {
			name := e.Name()
			if !strings.HasSuffix(name, ".go") || e.IsDir() || len(p.owners[filepath.Join(dir, name)]) > 0 {
				continue
			}
			if slices.ContainsFunc(out, func(b Build) bool { return p.has(b, dir, name) }) {
				continue
			}
			if b, ok := p.buildWith(dir, name); ok && len(out) < maxBuilds {
				out = append(out, b)
			}
		}
	}
	return out
}

// has reports whether a build has a file.
func (p *Program) has(b Build, dir, name string) bool {
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled = b.GOOS, b.GOARCH, false
	c.BuildTags = append(slices.Clone(b.Tags), splitTags(p.cfg.Tags)...)
	ok, err := c.MatchFile(dir, name)
	return ok && err == nil
}

func splitTags(tags string) []string {
	return strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ' ' })
}

// buildWith returns the build with a file that differs least from this one: in
// the tags that the file mentions, the system, the architecture.
func (p *Program) buildWith(dir, name string) (Build, bool) {
	src, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return Build{}, false
	}
	words := mentioned(name, string(src))
	own := here()
	goos := []string{own.GOOS}
	arch := []string{own.GOARCH}
	var tags []string
	for _, w := range words {
		switch {
		case slices.Contains(systems, w):
			goos = append(goos, w)
		case slices.Contains(architectures, w):
			arch = append(arch, w)
		case w == "ignore" || w == "cgo" || w == "gc" || w == "gccgo" || w == "unix" || w == "race" || w == "msan" || w == "asan" || strings.HasPrefix(w, "go1."):
		default:
			tags = append(tags, w)
		}
	}
	goos = append(goos, "linux", "windows", "darwin") // for what is said of all others
	arch = append(arch, "amd64", "arm64")
	sets := [][]string{nil}
	for _, tag := range tags {
		sets = append(sets, []string{tag})
	}
	sets = append(sets, tags)
	for _, set := range sets {
		for _, a := range arch {
			for _, o := range goos {
				b := Build{GOOS: o, GOARCH: a, Tags: set}
				if o == "js" || o == "wasip1" {
					b.GOARCH = "wasm"
				}
				if p.has(b, dir, name) {
					return b, true
				}
			}
		}
	}
	return Build{}, false
}

// mentioned returns the words of a file's name and build constraint that may be
// tags, in order.
func mentioned(name, src string) []string {
	words := strings.Split(strings.TrimSuffix(name, ".go"), "_")[1:]
	words = slices.DeleteFunc(words, func(w string) bool {
		return !slices.Contains(systems, w) && !slices.Contains(architectures, w)
	})
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "package ") {
			break
		}
		if expr, err := constraint.Parse(line); err == nil && constraint.IsGoBuild(line) {
			words = append(words, tagsOf(expr)...)
		}
	}
	seen := make(map[string]bool)
	return slices.DeleteFunc(words, func(w string) bool {
		defer func() { seen[w] = true }()
		return seen[w]
	})
}

func tagsOf(e constraint.Expr) []string {
	switch e := e.(type) {
	case *constraint.AndExpr:
		return append(tagsOf(e.X), tagsOf(e.Y)...)
	case *constraint.OrExpr:
		return append(tagsOf(e.X), tagsOf(e.Y)...)
	case *constraint.NotExpr:
		return tagsOf(e.X)
	case *constraint.TagExpr:
		return []string{e.Tag}
	}
	return nil
}

// Under loads the packages of some folders as another build has them, with the
// edits that this program has. There is no cgo.
func (p *Program) Under(ctx context.Context, b Build, dirs []string) (*Program, error) {
	cfg := p.cfg
	cfg.Patterns = dirs
	cfg.Env = append(slices.Clone(p.cfg.Env), "GOOS="+b.GOOS, "GOARCH="+b.GOARCH, "CGO_ENABLED=0")
	cfg.Tags = strings.Join(append(splitTags(p.cfg.Tags), b.Tags...), ",")
	cfg.Overlay = maps.Clone(p.cfg.Overlay)
	for name, s := range p.sources {
		if s.given != nil {
			if cfg.Overlay == nil {
				cfg.Overlay = make(map[string][]byte)
			}
			cfg.Overlay[name] = s.given
		}
	}
	return Load(ctx, cfg)
}

// Owns reports whether a file belongs to a package of the user's that may be
// edited.
func (p *Program) Owns(file string) bool { return len(p.owners[file]) > 0 }
