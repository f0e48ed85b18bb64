// Command shop crashes in the way that its argument names.
package main

import (
	"os"
	"time"

	"example.com/shop/cart"
	stock "example.com/shop/stock.v2"
)

var visits = make(map[string]int)

func main() {
	c, s := cart.New("ann"), cart.NewShelf()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"} {
		c.Set(name, 1)
		s.Put(name, 100)
	}
	var a, b func()
	switch os.Args[1] {
	case "write":
		a, b = func() { c.Set("a", 1) }, func() { c.Set("b", 2) }
	case "delete":
		a, b = func() { c.Set("a", 1) }, func() { c.Drop("b") }
	case "read":
		a, b = func() { c.Set("a", 1) }, func() { c.Count("a") }
	case "iterate":
		a, b = func() { c.Set("a", 1) }, func() { c.Total() }
	case "format":
		a, b = func() { c.Set("a", 1) }, func() { c.Describe() }
	case "json":
		a, b = func() { c.Set("a", 1) }, func() { c.JSON() }
	case "passed":
		a, b = func() { c.Buy("a") }, func() { c.Buy("b") }
	case "shelf":
		a, b = func() { s.Sale() }, func() { s.Peek("a") }
	case "global":
		a, b = visit, visit
	case "dotted":
		a, b = func() { stock.Take("a") }, func() { stock.Take("a") }
	case "value":
		set := c.Set
		a, b = func() { set("a", 1) }, func() { set("b", 2) }
	case "panic":
		var none map[string]int
		none["a"] = 1
	}
	for i := 0; i < 2; i++ {
		go forever(a)
		go forever(b)
	}
	time.Sleep(10 * time.Second)
}

//go:noinline
func visit() {
	visits["home"]++
}

func forever(f func()) {
	for {
		f()
	}
}
