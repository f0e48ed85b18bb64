package load

import (
	"go/ast"
	"path/filepath"
	"strconv"

	"golang.org/x/tools/go/packages"
)

// maxErrors is how many errors of a package are kept: nobody reads more.
const maxErrors = 10

// distinct returns the first errors of the lists, each once. The go command
// and the parser report the same syntax error, one with the file's name as the
// user would write it and one with its absolute name.
func distinct(lists ...[]packages.Error) []packages.Error {
	var out []packages.Error
	seen := make(map[packages.Error]bool)
	for _, list := range lists {
		for _, err := range list {
			key := packages.Error{Pos: filepath.Base(err.Pos), Msg: err.Msg}
			if !seen[key] && len(out) < maxErrors {
				seen[key] = true
				out = append(out, err)
			}
		}
	}
	return out
}

// importPath returns the path of an import, or "" if it is ill-formed.
func importPath(imp *ast.ImportSpec) string {
	path, err := strconv.Unquote(imp.Path.Value)
	if err != nil {
		return ""
	}
	return path
}

// reason returns an error as the reason of another.
func reason(err packages.Error) string {
	if err.Pos == "" || err.Pos == "-" {
		return err.Msg
	}
	return err.Error()
}
