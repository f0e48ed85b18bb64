package cart

import (
	"sync"
	"testing"
)

func TestShared(t *testing.T) {
	c := New("ben")
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(2)
		go func() {
			defer wg.Done()
			c.Add("x")
		}()
		go func() {
			defer wg.Done()
			_ = c.Total()
		}()
	}
	wg.Wait()
}

func TestInTest(t *testing.T) {
	c := New("cat")
	done := make(chan bool)
	go func() {
		c.items["mine"] = 1
		done <- true
	}()
	c.items["yours"] = 2
	<-done
}
