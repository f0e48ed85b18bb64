package known

import (
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

func TestBlocks(t *testing.T) {
	for name, want := range map[string]bool{
		"time.Sleep":                true,
		"time.Now":                  false,
		"(*net/http.Client).Do":     true,
		"(net/http.Header).Get":     false,
		"net/http.ParseHTTPVersion": false,
		"net/http.Get":              true,
		"os.ReadFile":               true,
		"os.Getenv":                 false,
		"fmt.Sprintf":               false,
		"fmt.Printf":                true,
		"(*database/sql.DB).Query":  true,
	} {
		if got := Blocks(name) != ""; got != want {
			t.Errorf("Blocks(%q) = %q", name, Blocks(name))
		}
	}
}

// A row for a function that does not exist, or that another row hides, says
// nothing.
func TestBlockingRows(t *testing.T) {
	names := make(map[string][]string) // by package, of the standard library
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(blocking)), slices.Sorted(maps.Keys(quiet)), slices.Sorted(maps.Keys(harmless))) {
		if path := PackageOf(name); !strings.Contains(path, ".") {
			names[path] = append(names[path], name)
		}
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes}, slices.Sorted(maps.Keys(names))...)
	if err != nil || len(pkgs) != len(names) {
		t.Fatalf("%d packages of %d: %v", len(pkgs), len(names), err)
	}
	for _, pkg := range pkgs {
		for _, err := range pkg.Errors {
			t.Errorf("%s: %v", pkg.PkgPath, err)
		}
		for _, name := range names[pkg.PkgPath] {
			if name != pkg.PkgPath && !declares(pkg.Types, name) {
				t.Errorf("%s: the package declares no such function", name)
			}
		}
	}
	for name := range quiet {
		if _, ok := blocking[PackageOf(name)]; !ok {
			t.Errorf("%s is said to be quiet, and its package does not block", name)
		}
	}
	for path := range harmless {
		if why, ok := blocking[path]; ok {
			t.Errorf("package %s is said to be harmless, and to block: %s", path, why)
		}
	}
}

// declares reports whether a package has the function of a table's name.
func declares(pkg *types.Package, name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	recv, _, isMethod := strings.Cut(strings.TrimLeft(name, "(*"), ")")
	if !isMethod {
		_, ok := pkg.Scope().Lookup(last).(*types.Func)
		return ok
	}
	tn, ok := pkg.Scope().Lookup(recv[strings.LastIndexByte(recv, '.')+1:]).(*types.TypeName)
	if !ok {
		return false
	}
	obj, _, _ := types.LookupFieldOrMethod(tn.Type(), true, pkg, last)
	_, ok = obj.(*types.Func)
	return ok
}
