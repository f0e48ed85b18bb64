package rules_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/tools/go/packages"

	"github.com/mapguard/mapguard/rules"
)

const (
	modulePath = "github.com/mapguard/mapguard"
	dstPath    = "github.com/dave/dst"
	pflagPath  = "github.com/spf13/pflag"
)

// rooms are the top folders, and what each may import of the others.
var rooms = map[string][]string{
	"rewrite": {"rewrite"},
	"rules":   {"rewrite", "rules"},
	"cmd":     {"rewrite", "rules", "cmd"},
}

// TestImports keeps the arrows cmd -> rules -> rewrite, dst behind one package
// and flags in the command.
func TestImports(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports, Dir: "..", Tests: true}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 5 {
		t.Fatalf("only %d packages found", len(pkgs))
	}
	usesDst := make(map[string]bool)
	for _, pkg := range pkgs {
		if strings.HasSuffix(pkg.PkgPath, ".test") {
			continue // made up by go test
		}
		path := strings.TrimSuffix(pkg.PkgPath, "_test")
		rel, _ := strings.CutPrefix(path, modulePath+"/")
		room, _, _ := strings.Cut(rel, "/")
		allowed, ok := rooms[room]
		if !ok {
			t.Errorf("%s is in none of the rooms cmd, rules and rewrite", pkg.PkgPath)
		}
		for imp := range pkg.Imports {
			switch rel, ours := strings.CutPrefix(imp, modulePath+"/"); {
			case ours && imp != path:
				if other, _, _ := strings.Cut(rel, "/"); !slices.Contains(allowed, other) {
					t.Errorf("%s imports %s: imports run cmd -> rules -> rewrite", pkg.PkgPath, imp)
				}
			case within(imp, dstPath):
				usesDst[path] = true
			case within(imp, pflagPath) && room != "cmd":
				t.Errorf("%s imports pflag: flags are for cmd", pkg.PkgPath)
			}
		}
	}
	if len(usesDst) > 1 {
		t.Errorf("dst is imported in %d packages, one was meant: %v", len(usesDst), usesDst)
	}
}

// within reports whether a package is that of a module, or below it.
func within(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// TestRuleList checks what a rule declares about itself.
func TestRuleList(t *testing.T) {
	var names []string
	for _, r := range rules.All {
		names = append(names, r.Name)
		if r.Summary == "" || strings.HasSuffix(r.Summary, ".") || unicode.IsUpper(rune(r.Summary[0])) {
			t.Errorf("%s: the summary %q is not a lower-case line without full stop", r.Name, r.Summary)
		}
		if !strings.HasPrefix(r.Doc, r.Name+": ") {
			t.Errorf("%s: the page does not start with %q", r.Name, r.Name+": ")
		}
		for _, section := range []string{"\nNot reported:", "\nFix safety:"} {
			if !strings.Contains(r.Doc, section) {
				t.Errorf("%s: the page has no section %q", r.Name, section)
			}
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("the rules are not in name order: %v", names)
	}
}

// TestFolders finds archives that no test plays.
func TestFolders(t *testing.T) {
	played := map[string]bool{"cli": true, "rows": true} // by cmd/mapguard and TestRows
	for _, r := range rules.All {
		played[r.Name] = true
	}
	archives, err := filepath.Glob(filepath.Join(testdata, "*", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		if dir := filepath.Base(filepath.Dir(name)); !played[dir] {
			t.Errorf("%s is never played: %s is no rule", name, dir)
		}
	}
	if strays, _ := filepath.Glob(filepath.Join(testdata, "*.*")); len(strays) > 0 {
		t.Errorf("testdata holds stray files: %v", strays)
	}
	if _, err := os.Stat(filepath.Join(testdata, "cli")); err != nil {
		t.Error(err)
	}
}
