package known

import (
	"regexp"
	"strings"
)

// copyName are the names of methods and functions that return a deep copy.
var copyName = regexp.MustCompile(`^(Deep)?(Copy|Clone)(Object|Deep)?$|^(deep)?(copy|clone)$`)

// Copies reports whether a function's name, without package and receiver, says
// that it returns a copy that shares nothing with the original.
func Copies(name string) bool { return copyName.MatchString(name) }

// DoublesPackage reports whether a package holds test doubles, going by its name:
// mock, gatewayfakes.
func DoublesPackage(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, word := range []string{"mock", "mocks", "fake", "fakes", "stub", "stubs"} {
		if strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}
