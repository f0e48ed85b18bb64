package shapes

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var sentinel = regexp.MustCompile(`\bk([A-Z]|[a-z]\b|self|inner)|(?:<|\(|\\u003c)(String|Error|GoString|Format|MarshalJSON|MarshalText|MarshalLog|MarshalLogObject|MarshalLogArray|MarshalZerologObject|LogValue)(?:>|\)|\\u003e)`)

// Observed returns the sentinels in a text: maps by the name of their holder,
// methods by name with parentheses. The stacks of a crash are not looked at.
func Observed(text string) []string {
	seen := make(map[string]bool)
	text, _, _ = strings.Cut(text, "goroutine ")
	for _, text := range []string{text, unhex(text)} {
		for _, m := range sentinel.FindAllStringSubmatch(text, -1) {
			switch {
			case m[2] != "":
				seen[m[2]+"()"] = true
			case m[1] != "inner":
				seen[m[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

var hexes = regexp.MustCompile(`(0[xX])?[0-9a-fA-F]{4,}`)

// unhex decodes the texts that %x and %X printed, and leaves addresses alone.
func unhex(text string) string {
	return hexes.ReplaceAllStringFunc(text, func(s string) string {
		b, err := hex.DecodeString(strings.TrimPrefix(strings.ToLower(s), "0x"))
		if err != nil || slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c > '~' }) {
			return s
		}
		return string(b)
	})
}
