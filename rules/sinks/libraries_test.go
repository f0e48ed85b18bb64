package sinks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"go/ast"
	"go/constant"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// probeDir is a module of its own, so that the libraries are no dependencies of
// the tool.
var probeDir = filepath.Join("..", "..", "testdata", "probe")

// builds are the programs that format with the real libraries.
var builds = []struct {
	name, pkg string
	flags     []string
	test      bool // a test, as testing itself is among what it probes
}{
	{name: "logs", pkg: "./logs", test: true},
	{name: "klog v2.140.0", pkg: "./klogs"},
	{name: "klog v2.100.1", pkg: "./klogs", flags: []string{"-modfile=klog-v2.100.1.mod"}},
	{name: "klog v2.90.1", pkg: "./klogs", flags: []string{"-modfile=klog-v2.90.1.mod", "-tags=klog90"}},
	{name: "klog v2.60.1", pkg: "./klogs", flags: []string{"-modfile=klog-v2.60.1.mod", "-tags=oldklog"}},
}

const most = 40 // disagreements that are listed for one build

// TestLibraries compares what the table says with what the libraries do, for
// every row, every verb and every shape of argument. It downloads modules, and
// is left out where it cannot, but not in CI.
func TestLibraries(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs twenty libraries")
	}
	covered := make(map[key]bool)
	for _, b := range builds {
		download(t, b.flags)
		p := loadProbe(t, b.pkg, b.flags)
		maps.Copy(covered, p.covered)
		wrong := 0
		for _, r := range runProbe(t, b.pkg, b.flags, b.test) {
			if msg := p.check(r); msg != "" {
				if wrong++; wrong <= most {
					t.Errorf("%s: %s: %s with %q: %s", b.name, r.Pos, r.Shape, r.Format, msg)
				}
			}
		}
		if wrong > most {
			t.Errorf("%s: %d more", b.name, wrong-most)
		}
	}
	for k, r := range NewTable(unversioned).rows {
		if r.kind != plain && !covered[k] {
			t.Errorf("no probe calls %s %s.%s", k.pkg, k.recv, k.name)
		}
	}
}

// download fetches what the probe module needs.
func download(t *testing.T, flags []string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"mod", "download"}, modfile(flags)...)...)
	cmd.Dir = probeDir
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("go mod download: %v\n%s", err, out)
	default:
		t.Skipf("the libraries cannot be downloaded here, so the table is not compared with them: %v\n%s", err, out)
	}
}

func modfile(flags []string) (out []string) {
	for _, f := range flags {
		if strings.HasPrefix(f, "-modfile") {
			out = append(out, f)
		}
	}
	return out
}

// An observation is what one call of a library showed; see harness.Result.
type observation struct {
	Pos, Output, Format, Shape string
	Seen                       []string
	Late                       bool
}

// runProbe runs a probe program.
func runProbe(t *testing.T, pkg string, flags []string, test bool) (all []observation) {
	t.Helper()
	args := append([]string{"run"}, flags...)
	if test {
		args = append([]string{"test", "-v", "-vet=off", "-count=1"}, flags...)
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = probeDir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go run %s: %v\n%s", pkg, err, stderr.Bytes())
	}
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		if !bytes.HasPrefix(sc.Bytes(), []byte("{")) {
			continue // what go test has to say
		}
		var r observation
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// A probeProgram is what the analysis knows of a probe program.
type probeProgram struct {
	fp      *Footprints
	shapes  []*types.Package
	probes  map[string]*probeCall
	covered map[key]bool
}

// A probeCall is a call of a library in a probe.
type probeCall struct {
	pkg    *packages.Package
	tables map[string]*Table // by the output that the probes are told to have
	table  *Table            // one of them
	call   *ast.CallExpr
	format ast.Expr // nil if it has none
}

// loadProbe type-checks a probe program and finds its calls.
func loadProbe(t *testing.T, pattern string, flags []string) *probeProgram {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedImports | packages.NeedDeps | packages.NeedModule | packages.NeedExportFile,
		Dir: probeDir, BuildFlags: flags,
	}, pattern)
	if err != nil {
		t.Fatal(err)
	}
	if packages.PrintErrors(pkgs) > 0 || len(pkgs) != 1 {
		t.Fatalf("cannot load %s", pattern)
	}
	pkg := pkgs[0]
	versions := make(map[string]string)
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if p.Module != nil {
			versions[p.Module.Path] = p.Module.Version
		}
	})
	shapes := checkShapes(t)
	p := &probeProgram{
		fp:      NewFootprints([]*types.Package{shapes, pkg.Types}),
		shapes:  []*types.Package{shapes, pkg.Types},
		probes:  make(map[string]*probeCall),
		covered: make(map[key]bool),
	}
	for _, file := range pkg.Syntax {
		p.addFile(t, pkg, file, func(module string) string { return versions[module] })
	}
	return p
}

// tablesOf returns the tables for the probes of a file: each output is a program
// of its own in that it is the only one that is made for the logger.
func tablesOf(pkg *packages.Package, file *ast.File, version func(string) string) map[string]*Table {
	tables := make(map[string]*Table)
	outputs := []string{""}
	ast.Inspect(file, func(n ast.Node) bool {
		if name, ok := outputOf(n); ok {
			outputs = append(outputs, name)
		}
		return true
	})
	for _, output := range outputs {
		own := *pkg.TypesInfo
		own.Uses = make(map[*ast.Ident]types.Object)
		ast.Inspect(file, func(n ast.Node) bool {
			if name, ok := outputOf(n); ok && name != output {
				return false
			}
			if id, ok := n.(*ast.Ident); ok && pkg.TypesInfo.Uses[id] != nil {
				own.Uses[id] = pkg.TypesInfo.Uses[id]
			}
			return true
		})
		tables[output] = NewTable(version)
		tables[output].Observe(&own)
	}
	return tables
}

// outputOf returns the name that a call of harness.Output has.
func outputOf(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	lit, isLit := call.Args[0].(*ast.BasicLit)
	if !ok || !isLit || sel.Sel.Name != "Output" {
		return "", false
	}
	name, err := strconv.Unquote(lit.Value)
	return name, err == nil
}

// addFile finds the probes of a file.
func (p *probeProgram) addFile(t *testing.T, pkg *packages.Package, file *ast.File, version func(string) string) {
	tables := tablesOf(pkg, file, version)
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); !ok || id.Name != "harness" {
			return true
		}
		lit, ok := call.Args[0].(*ast.FuncLit)
		if !ok {
			return true
		}
		pc := &probeCall{pkg: pkg, tables: tables, table: tables[""]}
		if !pc.find(lit) {
			t.Errorf("%s: no sink formats the value", pkg.Fset.Position(call.Pos()))
			return true
		}
		p.cover(pc)
		posn := pkg.Fset.Position(call.Pos())
		p.probes[filepath.Base(posn.Filename)+":"+strconv.Itoa(posn.Line)] = pc
		return true
	})
}

// cover notes which row of the table a probe is about.
func (p *probeProgram) cover(pc *probeCall) {
	fn, r := pc.table.lookup(pc.pkg.TypesInfo, pc.call)
	k := key{pkg: fn.Pkg().Path(), name: fn.Name()}
	if recv := fn.(*types.Func).Signature().Recv(); recv != nil {
		k.recv = typeName(recv.Type())
	}
	if r.kind == tail {
		k.name = anyFormat
	}
	p.covered[k] = true
}

// find finds the call in a probe that formats the value.
func (pc *probeCall) find(lit *ast.FuncLit) bool {
	ast.Inspect(lit, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || pc.table.Callee(pc.pkg.TypesInfo, call) == nil {
			return true
		}
		if _, ok := pc.arg(call); ok && pc.call == nil {
			pc.call = call
		}
		return true
	})
	if pc.call == nil {
		return false
	}
	for _, a := range pc.call.Args {
		if id, ok := a.(*ast.Ident); ok && id.Name == "format" {
			pc.format = a
		}
	}
	return true
}

// arg returns how call formats the value of the probe.
func (pc *probeCall) arg(call *ast.CallExpr) (Traversal, bool) {
	for _, a := range pc.table.Classify(pc.pkg.TypesInfo, call) {
		if id, ok := a.Expr.(*ast.Ident); ok && slices.Contains([]string{"v", "s", "err", "obj"}, id.Name) {
			return a.How, true
		}
	}
	return Traversal{}, false
}

// with returns how the call formats the value if its format is this one.
func (pc *probeCall) with(format string) (Traversal, bool) {
	if pc.format == nil {
		return pc.arg(pc.call)
	}
	info := pc.pkg.TypesInfo
	old := info.Types[pc.format]
	tv := old
	tv.Value = constant.MakeString(format)
	info.Types[pc.format] = tv
	defer func() { info.Types[pc.format] = old }()
	return pc.arg(pc.call)
}

// check compares one observation with the table; "" if they agree.
func (p *probeProgram) check(r observation) string {
	pc := p.probes[r.Pos]
	if pc == nil {
		return "no call of the table there"
	}
	pc.table = pc.tables[r.Output]
	how, ok := pc.with(r.Format)
	if !ok {
		return "the value is not formatted, says the table"
	}
	if r.Shape == "" {
		if how.Lazy != r.Late {
			return "lazy: the table says " + strconv.FormatBool(how.Lazy) + ", the library " + strconv.FormatBool(r.Late)
		}
		return ""
	}
	var obj types.Object
	for _, pkg := range p.shapes {
		if o := pkg.Scope().Lookup(r.Shape); o != nil {
			obj = o
		}
	}
	if obj == nil {
		return "no such shape"
	}
	walks, methods := p.fp.Of(obj.Type(), how)
	if got := predicted(walks, methods); !slices.Equal(got, r.Seen) {
		return "predicted " + strings.Join(got, " ") + "; observed " + strings.Join(r.Seen, " ")
	}
	return ""
}
