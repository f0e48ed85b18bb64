package sinks

import "unicode/utf8"

// A Directive is one directive of a printf format. Offsets are bytes of the
// format itself, not of the literal that denotes it.
type Directive struct {
	Start, End int    // "%-10.3[2]*v", from the % past the verb
	VerbAt     int    // of the verb
	Verb       rune   // 0 for the zero Directive
	Flags      string // those of "+-# 0" present, as written
	Arg        int    // index of the operand, -1 if it has none
	Indexed    bool   // it uses an explicit [n]
	Stars      bool   // its width or precision is an operand too
}

// ParseFormat returns the directives of a format for nargs operands, in the
// order of the text, and the operands that fmt appends as surplus. It follows
// fmt.doPrintf step by step.
func ParseFormat(format string, nargs int) (ds []Directive, surplus []int) {
	p := &scanner{format: format, nargs: nargs}
	for p.i < len(format) {
		if format[p.i] != '%' {
			p.i++
			continue
		}
		d, ok := p.directive()
		if !ok {
			break
		}
		ds = append(ds, d)
	}
	if !p.reordered {
		for n := p.arg; n < nargs; n++ {
			surplus = append(surplus, n)
		}
	}
	return ds, surplus
}

// A scanner is the state of fmt.doPrintf that decides which operand is next.
type scanner struct {
	format     string
	i          int
	nargs      int
	arg        int // the next operand
	afterIndex bool
	goodIndex  bool
	reordered  bool
}

// directive parses the directive at p.i; false if the format ends within it.
func (p *scanner) directive() (Directive, bool) {
	d := Directive{Start: p.i, Arg: -1}
	p.goodIndex, p.afterIndex = true, false
	p.i++
	for p.i < len(p.format) && isFlag(p.format[p.i]) {
		p.i++
	}
	d.Flags = p.format[d.Start+1 : p.i]
	p.index(&d)
	p.width(&d)
	p.precision(&d)
	if !p.afterIndex {
		p.index(&d)
	}
	if p.i >= len(p.format) {
		return d, false
	}
	verb, size := utf8.DecodeRuneInString(p.format[p.i:])
	d.Verb, d.VerbAt, d.End = verb, p.i, p.i+size
	p.i = d.End
	if verb != '%' && p.goodIndex && p.arg < p.nargs {
		d.Arg = p.arg
		p.arg++
	}
	return d, true
}

func isFlag(c byte) bool {
	switch c {
	case '#', '0', '+', '-', ' ':
		return true
	}
	return false
}

// index parses an optional explicit operand index, [n].
func (p *scanner) index(d *Directive) {
	p.afterIndex = false
	if p.i >= len(p.format) || p.format[p.i] != '[' {
		return
	}
	p.reordered, d.Indexed = true, true
	n, wid, ok := bracketed(p.format[p.i:])
	p.i += wid
	p.afterIndex = ok
	if ok && 0 <= n && n < p.nargs {
		p.arg = n
		return
	}
	p.goodIndex = false
}

// bracketed parses [n] at the start of s; n counts from zero.
func bracketed(s string) (n, wid int, ok bool) {
	if len(s) < 3 {
		return 0, 1, false
	}
	for i := 1; i < len(s); i++ {
		if s[i] != ']' {
			continue
		}
		n, ok, end := number(s, 1, i)
		if !ok || end != i {
			return 0, i + 1, false
		}
		return n - 1, i + 1, true
	}
	return 0, 1, false
}

// number parses digits of s[start:end].
func number(s string, start, end int) (n int, ok bool, next int) {
	const tooLarge = 1e6
	if start >= end {
		return 0, false, end
	}
	for next = start; next < end && '0' <= s[next] && s[next] <= '9'; next++ {
		if n > tooLarge {
			return 0, false, end
		}
		n = n*10 + int(s[next]-'0')
		ok = true
	}
	return n, ok, next
}

// star takes the operand of a *, if there is one.
func (p *scanner) star(d *Directive) {
	p.i++
	d.Stars = true
	p.afterIndex = false
	if p.arg < p.nargs {
		p.arg++
	}
}

func (p *scanner) width(d *Directive) {
	if p.i < len(p.format) && p.format[p.i] == '*' {
		p.star(d)
		return
	}
	_, present, next := number(p.format, p.i, len(p.format))
	p.i = next
	if p.afterIndex && present { // "%[3]2d"
		p.goodIndex = false
	}
}

func (p *scanner) precision(d *Directive) {
	if p.i+1 >= len(p.format) || p.format[p.i] != '.' {
		return
	}
	p.i++
	if p.afterIndex { // "%[3].2d"
		p.goodIndex = false
	}
	p.index(d)
	if p.i < len(p.format) && p.format[p.i] == '*' {
		p.star(d)
		return
	}
	_, _, p.i = number(p.format, p.i, len(p.format))
}
