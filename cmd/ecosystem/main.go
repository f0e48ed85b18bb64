// Command ecosystem shows what a change of mapguard does to real code: it runs
// two builds over the same repositories and prints the findings that appeared,
// disappeared or changed, with time and memory of both.
//
// ecosystem --help is its manual.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// The builds run in process groups of their own, so that an interrupt has
	// to be passed on to them; temporary folders go away too.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
