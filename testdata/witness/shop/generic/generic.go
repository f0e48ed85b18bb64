// Package generic has what Go 1.16 cannot compile.
package generic

// A Cache keeps values by key.
type Cache[K comparable, V any] struct {
	values map[K]V
}

// New returns an empty cache.
func New[K comparable, V any]() *Cache[K, V] { return &Cache[K, V]{values: make(map[K]V)} }

// Put keeps a value.
func (c *Cache[K, V]) Put(k K, v V) { c.values[k] = v }

// Each calls f for every value.
func (c *Cache[K, V]) Each(f func(K, V)) {
	for k, v := range c.values {
		f(k, v)
	}
}
