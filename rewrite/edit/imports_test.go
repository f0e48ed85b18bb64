package edit

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// add imports packages under their last path element.
func add(paths ...string) func(s *script) error {
	return func(s *script) error {
		for _, p := range paths {
			name := p
			for i := range p {
				if p[i] == '/' {
					name = p[i+1:]
				}
			}
			if _, err := s.Import(p, name); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestImport(t *testing.T) {
	runFiles(t, []fileCase{
		{"sorted", `
package p

import (
	"fmt"
	"os" // for the arguments
	"time"

	"example.com/a"
)
`, add("sync", "bytes", "unicode"), `
package p

import (
	"bytes"
	"fmt"
	"os" // for the arguments
	"sync"
	"time"
	"unicode"

	"example.com/a"
)
`}, {"one place", `
package p

import (
	"errors"
	"time"
)
`, add("sync", "fmt", "os"), `
package p

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)
`}, {"doc comment", `
package p

import (
	"fmt"
	// for testing
	_ "testing"
)
`, add("sync"), `
package p

import (
	"fmt"
	"sync"
	// for testing
	_ "testing"
)
`}, {"third party only", `
package p

import (
	"example.com/a"
	"example.com/c/d"
)
`, add("sync"), `
package p

import (
	"sync"

	"example.com/a"
	"example.com/c/d"
)
`}, {"third party", `
package p

import (
	"fmt"

	"k8s.io/klog"

	"example.com/a"
	"example.com/c/d"
)
`, add("example.com/c/b", "k8s.io/api"), `
package p

import (
	"fmt"

	"k8s.io/api"
	"k8s.io/klog"

	"example.com/a"
	"example.com/c/b"
	"example.com/c/d"
)
`}, {"third party beside std only", `
package p

import (
	"fmt"
)
`, add("example.com/a"), `
package p

import (
	"fmt"

	"example.com/a"
)
`}, {"one import", `
package p

// A comment.
import "fmt" // for printing

func f() {}
`, add("sync"), `
package p

// A comment.
import (
	"fmt" // for printing
	"sync"
)

func f() {}
`}, {"one import, later", `
package p

import t "time"
`, add("sync", "example.com/a"), `
package p

import (
	"sync"
	t "time"

	"example.com/a"
)
`}, {"one import of third party", `
package p

import "example.com/b"
`, add("sync", "example.com/a"), `
package p

import (
	"sync"

	"example.com/a"
	"example.com/b"
)
`}, {"single imports", `
package p

import "fmt"
import "time"
`, add("sync"), `
package p

import "fmt"
import "sync"
import "time"
`}, {"none", `
//go:build linux

// Package p is a package.
package p // import "example.com/p"

func f() {}
`, add("sync"), `
//go:build linux

// Package p is a package.
package p // import "example.com/p"

import "sync"

func f() {}
`}, {"none, two", `
package p

func f() {}
`, add("sync", "example.com/a"), `
package p

import (
	"sync"

	"example.com/a"
)

func f() {}
`}, {"nothing else", `
package p
`, add("sync"), `
package p

import "sync"
`}, {"cgo", `
package p

// #include <stdio.h>
import "C"

func f() {}
`, add("sync"), `
package p

// #include <stdio.h>
import "C"

import "sync"

func f() {}
`}, {"cgo and others", `
package p

// #include <stdio.h>
import "C"

import (
	"fmt"
)
`, add("sync"), `
package p

// #include <stdio.h>
import "C"

import (
	"fmt"
	"sync"
)
`}, {"there already", `
package p

import (
	. "fmt"
	_ "os"
	"sync"
)
`, add("sync"), `
package p

import (
	. "fmt"
	_ "os"
	"sync"
)
`}, {"blank and dot", `
package p

import (
	. "fmt"
	_ "sync"
)
`, add("sync", "fmt"), `
package p

import (
	"fmt"
	. "fmt"
	"sync"
	_ "sync"
)
`}, {"not gofmt'd", `
package p
import ( "fmt"; "time"
  "example.com/a")
func f() {  }
`, add("sync"), `
package p
import ( "fmt"; "sync"; "time"
  "example.com/a")
func f() {  }
`},
	})
}

func TestImportNames(t *testing.T) {
	const src = `package p

import (
	lock "sync"
	"fmt"
	tt "time"
)

type strings int

func os() {}

func f(errors int) { fmt.Println(); _ = lock.Mutex{}; var x struct{ sort int } }

func g(fmt int) { var tt int }

func h() { io.Discard() }
`
	for _, c := range []struct{ path, name, want string }{
		{"sync", "sync", "lock"},
		{"fmt", "fmt", "stdfmt"}, // fmt is shadowed in g
		{"time", "time", "time"}, // so is tt
		{"strings", "strings", "stdstrings"},
		{"os", "os", "stdos"},
		{"errors", "errors", "stderrors"},
		{"example.com/tt", "tt", "tt2"},
		{"sort", "sort", "sort"}, // a field
		{"io", "io", "stdio"},    // of the package, in another file
	} {
		s := open(t, src)
		got, err := s.Import(c.path, c.name)
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.path, got, err, c.want)
		}
		if again, _ := s.Import(c.path, c.name); again != got {
			t.Errorf("%s: got %s, then %s", c.path, got, again)
		}
		s.result()
	}
}

func TestImportScope(t *testing.T) {
	const src = `package p

import "sync"

func f() { var _ sync.Mutex }

func g(sync int) { _ = sync }
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "/x/a.go", src, parser.ParseComments)
	must(t, err)
	other, err := parser.ParseFile(fset, "/x/b.go", "package p\n\nvar os int\n", 0)
	must(t, err)
	info := &types.Info{Scopes: make(map[ast.Node]*types.Scope), Implicits: make(map[ast.Node]types.Object)}
	conf := types.Config{Importer: importer.Default()}
	pkg, err := conf.Check("p", fset, []*ast.File{file, other}, info)
	must(t, err)
	tree, err := Open(fset, file, []byte(src), WithScope(pkg, info))
	must(t, err)
	f := file.Decls[1].(*ast.FuncDecl).Body.Lbrace + 1
	g := file.Decls[2].(*ast.FuncDecl).Body.Lbrace + 1
	for _, c := range []struct {
		path string
		at   token.Pos
		want string
	}{{"sync", f, "sync"}, {"os", f, "stdos"}, {"fmt", f, "fmt"}, {"sync", g, "stdsync"}} {
		got, err := tree.Import(c.path, c.path, c.at)
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.path, got, err, c.want)
		}
	}
	if _, err := tree.Import("p", "p"); err == nil {
		t.Error("a package imported itself")
	}
}
