package known

import "regexp"

// copyName are the names of methods and functions that return a deep copy.
var copyName = regexp.MustCompile(`^(Deep)?(Copy|Clone)(Object|Deep)?$|^(deep)?(copy|clone)$`)

// Copies reports whether a function's name, without package and receiver, says
// that it returns a copy that shares nothing with the original.
func Copies(name string) bool { return copyName.MatchString(name) }
