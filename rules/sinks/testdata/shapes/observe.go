package shapes

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var sentinel = regexp.MustCompile(`\bk([A-Z]|[a-z]\b|self|inner)|[<(\\u003c]*\b(String|Error|GoString|Format|MarshalJSON|MarshalText|MarshalLog|MarshalLogObject|MarshalZerologObject|LogValue)(>|\)|\\u003e)`)

// Observed returns the sentinels in a text: maps by the name of their holder,
// methods by name with parentheses.
func Observed(text string) []string {
	seen := make(map[string]bool)
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

// unhex decodes the texts that %x and %X printed.
func unhex(text string) string {
	return hexes.ReplaceAllStringFunc(text, func(s string) string {
		b, err := hex.DecodeString(strings.TrimPrefix(strings.ToLower(s), "0x"))
		if err != nil {
			return s
		}
		return string(b)
	})
}
