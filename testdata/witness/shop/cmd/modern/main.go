// Command modern crashes on the map of a generic type.
package main

import (
	"time"

	"example.com/shop/generic"
)

func main() {
	c := generic.New[string, int]()
	for i := 0; i < 2; i++ {
		go func() {
			for {
				c.Put("a", i)
			}
		}()
		go func() {
			for {
				c.Each(func(string, int) {})
			}
		}()
	}
	time.Sleep(10 * time.Second)
}
