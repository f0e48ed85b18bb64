package repair

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// hammered is a program that calls everything at once, from many goroutines. A
// lock that is held while the callback runs, or while a method is called that
// takes it, would be waited for forever.
const hammered = `package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
)

type Cache struct {
	n   int
	m   map[string]int
	tag map[string]string
}

var (
	cache    = &Cache{}
	callback = func(n int) int { return n + cache.Size() }
	seen     = map[string]string{}
)

func (c *Cache) Size() int { return len(c.m) }

func (c *Cache) Get(k string) (int, bool) {
	v, ok := c.m[k]
	return v, ok
}

func (c *Cache) Put(k string, v int) {
	if c.m == nil {
		c.m = make(map[string]int)
	}
	c.m[k] = v
}

func (c *Cache) Once(k string) bool {
	if _, ok := c.m[k]; ok {
		return false
	}
	c.Put(k, 1)
	return true
}

func (c *Cache) Each() (sum int) {
	for _, v := range c.m {
		sum += callback(v)
	}
	return sum
}

func (c *Cache) Load(k string) int {
	if c.m[k] > 100 {
		callback(1)
	}
	if v, ok := c.m[k]; ok && v > 3 {
		return callback(v)
	}
	switch c.m[k] {
	case 1:
		return callback(c.m[k])
	}
	return c.m[k] + c.Size()
}

func (c *Cache) Store(k string) { c.m[k] = callback(1) }

func (c *Cache) Find(n int) string {
	for k, v := range c.m {
		if v == n {
			return k
		}
	}
	callback(n)
	return ""
}

func (c *Cache) Bump(k string) int {
	defer func() {
		delete(c.m, k+"x")
	}()
	for i := range 3 {
		if c.m[k] > i {
			continue
		}
		c.m[k]++
	}
	go func(n int) { callback(n) }(c.m[k])
	callback(0)
	return c.m[k]
}

func changed(k, v string) string {
	prev, ok := seen[k]

	if !ok || prev != v {
		log.Println("changed", k, prev, v)
	}

	seen[k] = v

	return v
}

func main() {
	log.SetOutput(os.Stderr)
	cache.Put("a", 1)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 30 {
				k := strconv.Itoa(i % 7)
				cache.Put(k, i)
				cache.Get(k)
				cache.Once(k)
				cache.Each()
				cache.Load(k)
				cache.Store(k)
				cache.Find(g)
				cache.Bump(k)
				changed(k, strconv.Itoa(g))
			}
		}()
	}
	wg.Wait()
	fmt.Println("done", cache.Size() > 0)
}
`

// The program has races, and none once it is repaired; nor does it deadlock.
func TestRepairedProgramRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds with -race")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	w := loadFiles(t, map[string]string{"main.go": hammered})
	if out, err := w.run(); err == nil || !strings.Contains(out, "concurrent map") && !strings.Contains(out, "DATA RACE") {
		if strings.Contains(out, "-race requires cgo") || strings.Contains(out, "C compiler") {
			t.Skip("no race detector here: ", out)
		}
		t.Errorf("the program should race before it is repaired: %v\n%s", err, out)
	}
	for _, variable := range []string{"Cache.m", "seen"} {
		fix, files := w.repair("example.com/a", variable, "")
		if fix.Applicability == edit.Manual {
			t.Fatal(fix.Reason)
		}
		for name, text := range files {
			if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		w = w.with(files)
	}
	if out, err := w.run(); err != nil || !strings.Contains(out, "done true") {
		src, _ := os.ReadFile(filepath.Join(w.dir, "main.go"))
		t.Errorf("%v\n%s\n%s", err, out, src)
	}
}

// run runs the program under the race detector, for a minute at most.
func (w *world) run() (string, error) {
	bin := filepath.Join(w.dir, "prog")
	build := exec.Command("go", "build", "-race", "-o", bin, ".")
	build.Dir = w.dir
	if out, err := build.CombinedOutput(); err != nil {
		return string(out), err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin).CombinedOutput()
	return string(out), err
}
