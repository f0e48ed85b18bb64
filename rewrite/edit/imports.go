package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A newImport is an import that the file does not have yet.
type newImport struct {
	path  string
	name  string // "" if the package's own will do
	local string
}

// spec returns the import specification.
func (n newImport) spec() string {
	if n.name != "" {
		return n.name + " " + strconv.Quote(n.path)
	}
	return strconv.Quote(n.path)
}

// Import makes a package usable and returns the identifier for it. The package
// calls itself name. An import that the file has is used under its own name;
// otherwise one is added, under another name if name is taken.
//
// Without positions of use a name is taken if anything in the file or, with
// WithScope, the package bears it. With positions and WithScope's info it is
// taken if something else bears it there.
func (t *Tree) Import(path, name string, uses ...token.Pos) (string, error) {
	for _, n := range t.adds {
		if n.path == path {
			return n.local, nil
		}
	}
	if path == "C" || path == "" || name == "" {
		return "", fmt.Errorf("cannot import %q as %q", path, name)
	}
	if t.pkg != nil && t.pkg.Path() == path {
		return "", fmt.Errorf("package %s cannot import itself", path)
	}
	for _, spec := range t.given.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p != path {
			continue
		}
		local := name
		if spec.Name != nil {
			local = spec.Name.Name
		} else if pn := t.pkgName(spec); pn != nil {
			local = pn.Name()
		}
		if local != "." && local != "_" && !t.shadowed(local, spec, uses) {
			return local, nil
		}
	}
	local := name
	for i := 0; t.taken(local, uses); i++ {
		local = fresh(path, name, i)
	}
	add := newImport{path: path, local: local}
	if local != name {
		add.name = local
	}
	t.adds = append(t.adds, add)
	return local, nil
}

// isStd reports whether an import path is of the standard library.
func isStd(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// A group is a run of imports without a blank line between.
type group []*ast.ImportSpec

func pathOf(spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	return path
}

// nameOf returns the name that a specification gives a package, "" if none.
func nameOf(spec *ast.ImportSpec) string {
	if spec.Name == nil {
		return ""
	}
	return spec.Name.Name
}

// importEdits returns the edits that add the new imports: where a person would
// put them, or else, if comments stand in odd places there, in a declaration of
// their own.
func (t *Tree) importEdits() ([]udiff.Edit, error) {
	if len(t.adds) == 0 {
		return nil, nil
	}
	adds := slices.SortedFunc(slices.Values(t.adds), func(a, b newImport) int {
		if isStd(a.path) != isStd(b.path) {
			return map[bool]int{true: -1, false: 1}[isStd(a.path)]
		}
		return strings.Compare(a.path, b.path)
	})
	var grouped, single []*ast.GenDecl
	last := t.syn.Name.End() // the end of the last import, or of the package clause
	for _, d := range t.syn.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.IMPORT {
			break
		}
		last = gen.End()
		switch {
		case len(gen.Specs) == 1 && pathOf(gen.Specs[0].(*ast.ImportSpec)) == "C", len(gen.Specs) == 0:
		case gen.Lparen.IsValid():
			grouped = append(grouped, gen)
		default:
			single = append(single, gen)
		}
	}
	var best []udiff.Edit
	switch {
	case len(grouped) > 0:
		for _, n := range adds {
			best = append(best, t.addToGroups(grouped, n))
		}
	case len(single) == 1:
		best = t.makeGroup(single[0], adds)
	case len(single) > 1:
		best = t.addSingles(single, adds)
	}
	own := []udiff.Edit{t.newDecl(last, adds)}
	header := t.src.text[:t.lineEnd(last)+1]
	for _, strict := range []bool{formatted(header), false} {
		for _, list := range [][]udiff.Edit{best, own} {
			if len(list) > 0 && importsAdded(header, list, len(adds), strict) {
				return list, nil
			}
		}
	}
	return nil, errors.New("imports cannot be added")
}

// importsAdded reports whether edits add n imports to the part of a file that
// ends with the imports, and do no harm to its comments.
func importsAdded(header string, list []udiff.Edit, n int, strict bool) bool {
	list = slices.Clone(list)
	udiff.SortEdits(list)
	text, err := udiff.Apply(header, list)
	if err != nil || strict && !formatted(strings.TrimRight(text, "\n")+"\n") {
		return false
	}
	count := func(text string) int {
		syn, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
		if err != nil {
			return -1
		}
		return len(syn.Imports)
	}
	return count(header)+n == count(text) && len(newNotes(header, text)) == 0
}

func (t *Tree) off(pos token.Pos) int { return t.fset.Position(pos).Offset }

// lineStart returns the offset of the start of the line that a position is on.
func (t *Tree) lineStart(pos token.Pos) int {
	return strings.LastIndexByte(t.src.text[:t.off(pos)], '\n') + 1
}

// lineEnd returns the offset of the newline of the line that a position is on,
// or of the line on which a comment ends that starts there.
func (t *Tree) lineEnd(pos token.Pos) int {
	off := t.off(pos)
	end := off + strings.IndexByte(t.src.text[off:], '\n')
	for _, group := range t.syn.Comments {
		for _, c := range group.List {
			if from, to := t.off(c.Pos()), t.off(c.End()); off <= from && from < end && to > end {
				end = to + strings.IndexByte(t.src.text[to:], '\n')
			}
		}
	}
	return end
}

func insertion(off int, text string) udiff.Edit {
	return udiff.Edit{Start: off, End: off, New: text}
}

// groups splits the specifications of a declaration at its blank lines.
func (t *Tree) groups(gen *ast.GenDecl) []group {
	var out []group
	lastLine := 0
	for _, s := range gen.Specs {
		spec := s.(*ast.ImportSpec)
		line := t.fset.Position(specStart(spec)).Line
		// A comment between two groups makes the distance larger, too.
		if lastLine == 0 || line > lastLine+1 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], spec)
		lastLine = t.fset.Position(spec.End()).Line
	}
	return out
}

func specStart(spec *ast.ImportSpec) token.Pos {
	if spec.Doc != nil {
		return spec.Doc.Pos()
	}
	return spec.Pos()
}

// addToGroups adds one import to the group it fits: a standard one to the first
// standard group, another to the group with the longest common path. Groups
// are neither sorted nor merged.
func (t *Tree) addToGroups(decls []*ast.GenDecl, n newImport) udiff.Edit {
	var best group
	score := -1
	for _, d := range decls {
		for _, g := range t.groups(d) {
			for _, spec := range g {
				if s := affinity(pathOf(spec), n.path); s > score {
					best, score = g, s
				}
			}
		}
	}
	if score >= 0 {
		return t.addToGroup(best, n)
	}
	d := decls[0]
	line := "\t" + n.spec() + "\n"
	if isStd(n.path) {
		first := d.Specs[0].(*ast.ImportSpec)
		if t.fset.Position(d.Lparen).Line == t.fset.Position(first.Pos()).Line {
			return insertion(t.off(d.Lparen)+1, n.spec()+"; ")
		}
		return insertion(t.lineEnd(d.Lparen)+1, line+"\n")
	}
	d = decls[len(decls)-1]
	lastSpec := d.Specs[len(d.Specs)-1]
	if t.fset.Position(d.Rparen).Line == t.fset.Position(lastSpec.End()).Line {
		return insertion(t.off(lastSpec.End()), "; "+n.spec())
	}
	return insertion(t.lineStart(d.Rparen), "\n"+line)
}

// affinity says how well a new import fits beside an old one; -1: not at all.
func affinity(old, new string) int {
	if old == "C" || isStd(old) != isStd(new) {
		return -1
	}
	if isStd(new) {
		return 0
	}
	a, b := strings.Split(old, "/"), strings.Split(new, "/")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// addToGroup adds an import before the first of a group that sorts after it.
func (t *Tree) addToGroup(g group, n newImport) udiff.Edit {
	for _, spec := range g {
		if old := pathOf(spec); old < n.path || old == n.path && nameOf(spec) <= n.name {
			continue
		}
		start := specStart(spec)
		at := t.lineStart(start)
		if strings.TrimSpace(t.src.text[at:t.off(start)]) != "" {
			return insertion(t.off(start), n.spec()+"; ")
		}
		return insertion(at, "\t"+n.spec()+"\n")
	}
	end := g[len(g)-1].End()
	rest := strings.TrimSpace(t.src.text[t.off(end):t.lineEnd(end)])
	if rest != "" && !strings.HasPrefix(rest, "/") {
		return insertion(t.off(end), "; "+n.spec())
	}
	return insertion(t.lineEnd(end)+1, "\t"+n.spec()+"\n")
}

// makeGroup turns `import "fmt"` into a group with the new imports.
func (t *Tree) makeGroup(gen *ast.GenDecl, adds []newImport) []udiff.Edit {
	spec := gen.Specs[0].(*ast.ImportSpec)
	old := pathOf(spec)
	var above, below strings.Builder
	var stdAbove, other bool
	for _, n := range adds {
		switch {
		case isStd(n.path) && (!isStd(old) || n.path < old), !isStd(n.path) && !isStd(old) && n.path < old:
			if stdAbove && !isStd(n.path) {
				above.WriteString("\n")
				stdAbove = false
			}
			stdAbove = stdAbove || isStd(n.path)
			above.WriteString("\t" + n.spec() + "\n")
		default:
			if isStd(old) && !isStd(n.path) && !other {
				below.WriteString("\n")
				other = true
			}
			below.WriteString("\t" + n.spec() + "\n")
		}
	}
	if stdAbove && !isStd(old) {
		above.WriteString("\n")
	}
	end := t.off(spec.End())
	if rest := t.src.text[end:t.lineEnd(spec.End())]; strings.HasPrefix(strings.TrimSpace(rest), "/") {
		end += len(strings.TrimRight(rest, " \t"))
	}
	return []udiff.Edit{
		insertion(t.off(spec.Pos()), "(\n"+above.String()+"\t"),
		insertion(end, "\n"+below.String()+")"+t.blankLine(end)),
	}
}

// addSingles adds imports to a list of import declarations without groups.
func (t *Tree) addSingles(decls []*ast.GenDecl, adds []newImport) []udiff.Edit {
	var out []udiff.Edit
	for _, n := range adds {
		line := "import " + n.spec()
		at := insertion(t.lineEnd(decls[len(decls)-1].End()), "\n"+line)
		for _, d := range decls {
			old := pathOf(d.Specs[0].(*ast.ImportSpec))
			if isStd(n.path) && !isStd(old) || isStd(n.path) == isStd(old) && old > n.path {
				start := d.Pos()
				if d.Doc != nil {
					start = d.Doc.Pos()
				}
				at = insertion(t.lineStart(start), line+"\n")
				break
			}
		}
		out = append(out, at)
	}
	return out
}

// newDecl adds an import declaration below the line that pos is on.
func (t *Tree) newDecl(pos token.Pos, adds []newImport) udiff.Edit {
	text := "\n\nimport " + adds[0].spec()
	if len(adds) > 1 {
		text = "\n\nimport (\n"
		for i, n := range adds {
			if i > 0 && isStd(adds[i-1].path) && !isStd(n.path) {
				text += "\n"
			}
			text += "\t" + n.spec() + "\n"
		}
		text += ")"
	}
	end := t.lineEnd(pos)
	return insertion(end, text+t.blankLine(end))
}

// blankLine returns the blank line that is needed behind imports that end at an
// offset: "" if there is one, or nothing follows.
func (t *Tree) blankLine(end int) string {
	rest := strings.TrimLeft(t.src.text[end:], " \t")
	if rest == "\n" || strings.HasPrefix(rest, "\n\n") {
		return ""
	}
	return "\n"
}
