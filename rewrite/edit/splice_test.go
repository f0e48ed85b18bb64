package edit

import "testing"

func TestNotFormatted(t *testing.T) {
	const in = `package p
import ( "os"
  "fmt" )
type T struct { a int;  m map[string]int }

func f( c *T )  {
    x:=1 // beside


    c.m["a"]=x   // write
    // dangling
  fmt.Println( os.Args,(x) ) ; c.m["b"]  = 0X1F
   /* block
        comment */
}
func g(c *T) { c.m["c"]=1 }
`
	const want = `package p
import ( "os"
  "fmt" )
type T struct { a int;  m map[string]int }

func f( c *T )  {
    x:=1 // beside


    mu.Lock()
    c.m["a"]=x   // write
    mu.Unlock()
    // dangling
  fmt.Println( os.Args,(x) )
  mu.Lock()
  c.m["b"]  = 0X1F
  mu.Unlock()
   /* block
        comment */
}
func g(c *T) {
  mu.Lock()
  c.m["c"]=1
  mu.Unlock()
}
`
	s := open(t, in)
	for _, at := range []string{`c.m["a"]`, `c.m["b"]`, `c.m["c"]`} {
		for _, err := range lockUnlock(at)(s) {
			must(t, err)
		}
	}
	check(t, s, s.result(), want)
}
