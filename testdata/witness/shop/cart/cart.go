// Package cart keeps what customers are about to buy.
package cart

import (
	"encoding/json"
	"fmt"
	"sync"
)

// A Cart counts items by name.
type Cart struct {
	owner string
	items map[string]int
	tags  map[string]int
}

// New returns an empty cart.
func New(owner string) *Cart {
	return &Cart{owner: owner, items: make(map[string]int), tags: make(map[string]int)}
}

// Add puts an item into the cart.
func (c *Cart) Add(name string) {
	c.items[name]++
}

// Set says how many there are of an item.
func (c *Cart) Set(name string, n int) {
	c.items[name] = n
}

// Drop takes an item out.
func (c *Cart) Drop(name string) { delete(c.items, name) }

// Count returns how many there are of an item.
func (c *Cart) Count(name string) int { return c.items[name] }

// Total counts everything.
func (c *Cart) Total() int {
	n := 0
	for _, m := range c.items {
		n += m
	}
	return n
}

// Describe returns the cart as a text.
func (c *Cart) Describe() string {
	return fmt.Sprintf("cart %+v", c)
}

// JSON returns the items.
func (c *Cart) JSON() []byte {
	b, err := json.Marshal(c.items)
	if err != nil {
		panic(err)
	}
	return b
}

// Tag marks the cart.
func (c *Cart) Tag(name string) { bump(c.tags, name) }

// Buy puts an item into the cart by way of bump.
func (c *Cart) Buy(name string) { bump(c.items, name) }

// bump is given one map or the other.
//
//go:noinline
func bump(m map[string]int, name string) {
	m[name]++
}

// A Shelf has a lock that Peek forgets.
type Shelf struct {
	mu    sync.Mutex
	price map[string]int
}

// NewShelf returns an empty shelf.
func NewShelf() *Shelf { return &Shelf{price: make(map[string]int)} }

// Put sets a price.
func (s *Shelf) Put(name string, p int) {
	s.mu.Lock()
	s.price[name] = p
	s.mu.Unlock()
}

// Sale halves all prices.
func (s *Shelf) Sale() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.price {
		s.price[name] = p / 2
	}
}

// Peek returns a price.
func (s *Shelf) Peek(name string) int {
	return s.price[name]
}
