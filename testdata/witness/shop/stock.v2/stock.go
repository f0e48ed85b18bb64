// Package stock has a dot in its import path, which the linker writes as %2e.
package stock

var left = map[string]int{}

// Take takes one off the stock.
func Take(name string) {
	left[name]--
}
