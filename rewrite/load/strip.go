package load

import "bytes"

// blankBodies overwrites the bodies of a file's functions with blanks, so that
// parsing the declarations of a dependency takes neither the time nor the
// memory that its statements would. Offsets and line numbers stay. It leaves
// alone what it is not sure of.
//
//	func (x T) f(a struct{ b int }) interface{ g() } { return a }
//	                                                  -----------
func blankBodies(src []byte) {
	// Positions after a directive in a body would change with it.
	if bytes.Contains(src, []byte("//line ")) || bytes.Contains(src, []byte("/*line ")) {
		return
	}
	for i := 0; i < len(src); {
		if startsFunc(src, i) {
			open, end := findBody(src, i+len("func"))
			if open >= 0 {
				blank(src[open+1 : end-1])
			}
			i = end
			continue
		}
		i = next(src, i)
	}
}

// startsFunc reports whether a function declaration starts at i. gofmt puts it
// at the start of a line; inside parentheses and blocks nothing else is there
// but in files that are not formatted, where findBody finds the end of a
// function literal as well.
func startsFunc(src []byte, i int) bool {
	return (i == 0 || src[i-1] == '\n') && bytes.HasPrefix(src[i:], []byte("func "))
}

// findBody returns the offsets of the brace that opens the body of the function
// whose signature starts at i, and after the one that closes it. Without a body
// open is negative and end is where the signature ends.
func findBody(src []byte, i int) (open, end int) {
	depth := 0   // of parentheses and brackets
	typ := false // the last word was struct or interface: a brace belongs to a type
	for i < len(src) {
		switch c := src[i]; {
		case c == '(' || c == '[':
			depth++
			i++
		case c == ')' || c == ']':
			depth--
			i++
		case c == '{':
			close := closing(src, i)
			if close < 0 {
				return -1, len(src)
			}
			if !typ && depth == 0 {
				return i, close
			}
			i = close
		case c == '\n' && depth <= 0:
			return -1, i
		case isLetter(c):
			start := i
			for i < len(src) && isLetter(src[i]) {
				i++
			}
			word := string(src[start:i])
			typ = word == "struct" || word == "interface"
			continue
		case c == ' ' || c == '\t':
			i++
			continue
		default:
			i = next(src, i)
		}
		typ = false
	}
	return -1, i
}

// closing returns the offset after the brace that closes the one at i, or -1.
func closing(src []byte, i int) int {
	depth := 0
	for i < len(src) {
		switch src[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i = next(src, i)
	}
	return -1
}

// next returns the offset after the character, literal or comment at i.
func next(src []byte, i int) int {
	switch c := src[i]; {
	case c == '"' || c == '\'':
		for i++; i < len(src) && src[i] != c && src[i] != '\n'; i++ {
			if src[i] == '\\' {
				i++
			}
		}
	case c == '`':
		for i++; i < len(src) && src[i] != '`'; i++ {
		}
	case c == '/' && i+1 < len(src) && src[i+1] == '/':
		if n := bytes.IndexByte(src[i:], '\n'); n >= 0 {
			return i + n // the line break counts
		}
		return len(src)
	case c == '/' && i+1 < len(src) && src[i+1] == '*':
		if n := bytes.Index(src[i+2:], []byte("*/")); n >= 0 {
			return i + 2 + n + 2
		}
		return len(src)
	}
	return min(i+1, len(src))
}

func isLetter(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

// blank overwrites text with blanks, but for line breaks.
func blank(text []byte) {
	for i, c := range text {
		if c != '\n' && c != '\r' {
			text[i] = ' '
		}
	}
}
