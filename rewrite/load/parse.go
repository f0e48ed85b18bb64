package load

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A source is a file of the user's. It is read and parsed once, however many
// variants of its package there are.
type source struct {
	name  string
	given []byte // the contents, if they are not those on disk

	once     sync.Once
	src      []byte
	syntax   *ast.File // may be there in part if parseErr; nil if readErr
	readErr  error
	parseErr error
}

// parse fills in the file's contents and syntax.
func (s *source) parse(fset *token.FileSet) {
	s.once.Do(func() {
		if s.src = s.given; s.src == nil {
			if s.src, s.readErr = os.ReadFile(s.name); s.readErr != nil {
				return
			}
		}
		s.syntax, s.parseErr = parser.ParseFile(fset, s.name, s.src, parser.ParseComments|parser.SkipObjectResolution)
	})
}

// parsePackage returns the syntax of a package: of the user's files whole and
// shared, of others without comments and, unless bodies, without the bodies of
// functions.
func (p *Program) parsePackage(pkg *Package, bodies bool) (files []*ast.File, errs []packages.Error) {
	for _, name := range pkg.Files {
		var f *ast.File
		var err error
		if s := p.sources[name]; s != nil {
			s.parse(p.Fset)
			if f, err = s.syntax, s.parseErr; s.readErr != nil {
				err = s.readErr
			}
		} else {
			f, err = p.parseDependency(name, bodies)
		}
		if f != nil {
			files = append(files, f)
		}
		errs = append(errs, parseErrors(name, err)...)
	}
	return files, errs
}

func (p *Program) parseDependency(name string, bodies bool) (*ast.File, error) {
	src, err := p.Source(name)
	if err != nil {
		return nil, err
	}
	mode := parser.SkipObjectResolution
	if bodies {
		mode |= parser.ParseComments
	} else if _, overlaid := p.cfg.Overlay[name]; !overlaid { // those bytes are not ours to change
		blankBodies(src)
	}
	return parser.ParseFile(p.Fset, name, src, mode)
}

// parseErrors returns an error of reading or parsing a file as package errors.
func parseErrors(name string, err error) []packages.Error {
	if err == nil {
		return nil
	}
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		if path := (*os.PathError)(nil); errors.As(err, &path) {
			err = path.Err
		}
		return []packages.Error{{Pos: name + ":1", Msg: err.Error(), Kind: packages.ParseError}}
	}
	var errs []packages.Error
	for _, e := range list {
		errs = append(errs, packages.Error{Pos: e.Pos.String(), Msg: e.Msg, Kind: packages.ParseError})
	}
	return errs
}
