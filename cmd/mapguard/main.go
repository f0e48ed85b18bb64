// Command mapguard finds maps that two goroutines use without a common lock,
// and log calls that walk somebody else's map, and repairs both.
//
// mapguard help is its manual.
package main

import "os"

func main() {
	if calledByGo(os.Args[1:]) {
		vetTool()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
