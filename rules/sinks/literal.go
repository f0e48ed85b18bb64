package sinks

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// A literal maps bytes of a constant string to where they stand in the source.
type literal struct {
	pos []token.Pos     // of each byte; NoPos where it is not written out
	lit []*ast.BasicLit // that holds it
}

// newLiteral maps the constant string e: literals, concatenated or not. Parts
// that are named constants have no position.
func newLiteral(info *types.Info, e ast.Expr) *literal {
	l := new(literal)
	l.add(info, e)
	return l
}

func (l *literal) add(info *types.Info, e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		if l.basic(e) {
			return
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			l.add(info, e.X)
			l.add(info, e.Y)
			return
		}
	}
	if v := info.Types[e].Value; v != nil && v.Kind() == constant.String {
		n := len(constant.StringVal(v))
		l.pos = append(l.pos, make([]token.Pos, n)...)
		l.lit = append(l.lit, make([]*ast.BasicLit, n)...)
	}
}

// basic maps a string literal; false if it is none that we can map.
func (l *literal) basic(lit *ast.BasicLit) bool {
	if lit.Kind != token.STRING || len(lit.Value) < 2 {
		return false
	}
	body, start := lit.Value[1:len(lit.Value)-1], lit.Pos()+1
	if lit.Value[0] == '`' {
		// Beware: a raw string drops carriage returns, and the scanner has
		// dropped them from Value already, so positions would lie.
		if lit.End()-lit.Pos() != token.Pos(len(lit.Value)) || strings.Contains(body, "\r") {
			return false
		}
		for i := range len(body) {
			l.pos = append(l.pos, start+token.Pos(i))
			l.lit = append(l.lit, lit)
		}
		return true
	}
	var pos []token.Pos
	for rest := body; rest != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return false
		}
		n := 1
		if multibyte {
			n = len(string(r))
		}
		for range n {
			pos = append(pos, start+token.Pos(len(body)-len(rest)))
		}
		rest = tail
	}
	l.pos = append(l.pos, pos...)
	for range pos {
		l.lit = append(l.lit, lit)
	}
	return true
}

// span returns where bytes [start, end) of the string stand, if one literal
// spells them out one to one; otherwise NoPos.
func (l *literal) span(start, end int) (pos, after token.Pos) {
	if end > len(l.pos) || !l.pos[start].IsValid() {
		return token.NoPos, token.NoPos
	}
	for i := start; i < end; i++ {
		if l.lit[i] != l.lit[start] || l.pos[i] != l.pos[start]+token.Pos(i-start) {
			return token.NoPos, token.NoPos
		}
	}
	return l.pos[start], l.pos[start] + token.Pos(end-start)
}
