package edit

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/decorator"
)

// A Tree is one file open for editing.
//
// Its operations take nodes of the syntax tree given to Open, whatever was
// done to the tree before, and Go source text. An operation that cannot be
// done returns an error and leaves the tree as it was.
type Tree struct {
	name string // as the file set has it
	src  *source
	syn  *ast.File      // our own parse of src.text
	fset *token.FileSet // of syn
	own  map[ast.Node]ast.Node
	dec  *decorator.Decorator
	file *dst.File
	base string // file printed before any operation

	home   map[dst.Stmt]dst.Node    // the block or clause in whose list a statement stands
	label  map[dst.Stmt]dst.Stmt    // the labelled statement that a statement is the body of
	span   map[dst.Stmt][2]dst.Stmt // first and last of the statements that replaced one
	follow map[dst.Stmt]dst.Node    // the statement or block that a statement was put behind
	inside map[dst.Node]bool        // nodes whose own children an operation changed
	dirty  bool                     // whether an operation changed file
	adds   []newImport              // in the order asked for
	pkg    *types.Package           // nil if unknown
	info   *types.Info              // nil if unknown
	given  *ast.File
	forced bool // generated files too
}

// An Option changes how Open opens a file.
type Option func(*Tree)

// WithScope tells Import which identifiers are taken: those that pkg declares
// and, at the positions of use, those of the scopes in info. Either may be nil.
func WithScope(pkg *types.Package, info *types.Info) Option {
	return func(t *Tree) { t.pkg, t.info = pkg, info }
}

// AllowGenerated makes Open accept files marked as generated.
func AllowGenerated() Option {
	return func(t *Tree) { t.forced = true }
}

// Open decorates a file for editing. The file must have been parsed from src.
// The error says why a file cannot be edited: it is generated, its positions
// are not its own (cgo output, //line), or src is not what was parsed.
func Open(fset *token.FileSet, file *ast.File, src []byte, opts ...Option) (t *Tree, err error) {
	tf := fset.File(file.Package)
	if tf == nil {
		return nil, errors.New("the file is not in the file set")
	}
	name := filepath.Base(tf.Name())
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("%s: cannot be decorated: %v", name, r)
		}
	}()
	if fset.PositionFor(file.Package, false) != fset.PositionFor(file.Package, true) {
		return nil, fmt.Errorf("%s: positions are those of another file (cgo output or //line)", name)
	}
	if tf.Size() != len(src) {
		return nil, fmt.Errorf("%s: has changed since it was loaded", name)
	}
	t = &Tree{name: tf.Name(), src: newSource(src), given: file}
	for _, opt := range opts {
		opt(t)
	}
	t.fset = token.NewFileSet()
	t.syn, err = parser.ParseFile(t.fset, tf.Name(), t.src.text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("does not parse: %w", err)
	}
	if err := t.editable(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := t.match(tf, file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t.dec = decorator.NewDecorator(t.fset)
	if t.file, err = t.dec.DecorateFile(t.syn); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t.index()
	if t.base, err = t.print(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// editable returns an error if the file says that it should not be edited.
func (t *Tree) editable() error {
	if ast.IsGenerated(t.syn) && !t.forced {
		return errors.New("is generated")
	}
	for _, group := range t.syn.Comments {
		for _, c := range group.List {
			line := strings.HasPrefix(c.Text, "//line ") && t.fset.Position(c.Slash).Column == 1 ||
				strings.HasPrefix(c.Text, "/*line ")
			if line {
				return errors.New("has //line directives")
			}
		}
	}
	return nil
}

// match pairs the nodes of file, which is in tf, with those of t.syn.
func (t *Tree) match(tf *token.File, file *ast.File) error {
	theirs, ours := nodes(file), nodes(t.syn)
	changed := errors.New("has changed since it was loaded")
	if len(theirs) != len(ours) {
		return changed
	}
	t.own = make(map[ast.Node]ast.Node, len(ours))
	base := t.fset.File(t.syn.Package).Base()
	for i, n := range theirs {
		o := ours[i]
		if reflect.TypeOf(n) != reflect.TypeOf(o) || n.Pos().IsValid() != o.Pos().IsValid() {
			return changed
		}
		if n.Pos().IsValid() && int(n.Pos())-tf.Base() != t.src.original(int(o.Pos())-base) {
			return changed
		}
		if id, ok := n.(*ast.Ident); ok && id.Name != o.(*ast.Ident).Name {
			return changed
		}
		t.own[n] = o
	}
	return nil
}

// nodes returns the nodes of a file in source order, comments left out.
func nodes(file *ast.File) []ast.Node {
	var list []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.CommentGroup, *ast.Comment:
			return false
		}
		list = append(list, n)
		return true
	})
	return list
}

// index finds where every statement stands.
func (t *Tree) index() {
	t.home = make(map[dst.Stmt]dst.Node)
	t.label = make(map[dst.Stmt]dst.Stmt)
	t.span = make(map[dst.Stmt][2]dst.Stmt)
	t.follow = make(map[dst.Stmt]dst.Node)
	t.inside = make(map[dst.Node]bool)
	dst.Inspect(t.file, func(n dst.Node) bool {
		if list := listOf(n); list != nil {
			for _, s := range *list {
				t.home[s] = n
			}
		}
		if l, ok := n.(*dst.LabeledStmt); ok {
			t.label[l.Stmt] = l
		}
		return true
	})
}

// listOf returns the statement list of a block or clause, nil for other nodes.
func listOf(n dst.Node) *[]dst.Stmt {
	switch n := n.(type) {
	case *dst.BlockStmt:
		return &n.List
	case *dst.CaseClause:
		return &n.Body
	case *dst.CommClause:
		return &n.Body
	}
	return nil
}

// node returns the decorated node of a node of the file given to Open.
func (t *Tree) node(n ast.Node) (dst.Node, error) {
	if d, ok := t.dec.Dst.Nodes[t.own[n]]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("%s: %T is not a node of the file", filepath.Base(t.name), n)
}

// errorf returns an error that names the file and the line of n, which must be
// a node of the file given to Open.
func (t *Tree) errorf(n ast.Node, format string, args ...any) error {
	at := filepath.Base(t.name)
	if o := t.own[n]; o != nil {
		at = fmt.Sprintf("%s:%d", at, t.fset.Position(o.Pos()).Line)
	}
	return fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...))
}

// print prints the tree as gofmt would, but for the order of imports and the
// layout of doc comments, which it leaves alone.
func (t *Tree) print() (string, error) { return render(t.file) }

func render(file *dst.File) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be printed: %v", r)
		}
	}()
	fset, syn, err := decorator.RestoreFile(file)
	if err != nil {
		return "", err
	}
	return format(fset, syn)
}

// format prints a file as gofmt does, but does not sort imports.
func format(fset *token.FileSet, syn *ast.File) (string, error) {
	var b bytes.Buffer
	config := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if err := config.Fprint(&b, fset, syn); err != nil {
		return "", err
	}
	return b.String(), nil
}
