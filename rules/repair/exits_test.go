package repair

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// stmts parses the statements of a function body.
func stmts(t *testing.T, code string) []ast.Stmt {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package p\nfunc f() {\n"+code+"\n}\n", parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return file.Decls[0].(*ast.FuncDecl).Body.List
}

func TestEnds(t *testing.T) {
	for code, want := range map[string]bool{
		"return":                                             true,
		"panic(1)":                                           true,
		"x()":                                                false,
		"if a { return }":                                    false,
		"if a { return } else { panic(1) }":                  true,
		"if a { return } else if b { return }":               false,
		"for { x() }":                                        true,
		"for { break }":                                      false,
		"for { for { break } }":                              true,
		"for { switch { case a: break } }":                   true,
		"for a { return }":                                   false,
		"L: for { for { break L } }":                         false,
		"L: for { for { continue L } }":                      true,
		"for range a { return }":                             false,
		"switch { case a: return }":                          false,
		"switch { default: return }":                         true,
		"switch { case a: break; default: return}":           false,
		"switch a := b.(type) { default: panic(a) }":         true,
		"select { case <-a: return; case b <- 1: return }":   true,
		"select { case <-a: break; case b <- 1: return }":    false,
		"{ x(); return }":                                    true,
		"func() { return }()":                                false,
		"switch { case a: fallthrough; default: return }":    true,
		"if a { for { break } } else { return }":             false,
		"for { func() { for { break } }(); if a { return }}": true,
	} {
		list := stmts(t, code)
		if got := ends(list[len(list)-1]); got != want {
			t.Errorf("ends(%s) = %v", code, got)
		}
	}
}

func TestExits(t *testing.T) {
	for code, want := range map[string]int{
		"x()":                                 0,
		"return":                              1,
		"panic(1)":                            1,
		"break":                               1,
		"for { break }":                       0,
		"for { continue }":                    0,
		"for { switch { case a: break } }":    0,
		"for { switch { case a: continue } }": 0,
		"switch { case a: break }":            0,
		"switch { case a: continue }":         1,
		"select { case <-a: break; default: continue }":     1,
		"switch { case a: fallthrough; default: }":          0,
		"if a { return }; if b { break } else { goto out }": 3,
		"L: for { for { break L } }":                        0,
		"for { break L }":                                   1,
		"for { func() { return }() }":                       0,
		"defer func() { panic(1) }()":                       0,
		"for range a { if b { return }; continue }":         1,
		"goto in; in: x()":                                  0,
	} {
		j := &job{}
		if got := len(j.exits(stmts(t, code))); got != want {
			t.Errorf("%d exits of %s, want %d", got, code, want)
		}
	}
}
