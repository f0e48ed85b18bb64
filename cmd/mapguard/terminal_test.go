package main

import (
	"strings"
	"testing"
	"time"
)

// The progress line is drawn once a run has been silent for long enough, fits
// the terminal, and is gone at the end.
func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &progress{out: &out, width: 20, start: time.NewTimer(time.Hour)}
	p.step("listing packages")
	if out.Len() > 0 {
		t.Errorf("a short run draws %q", out.String())
	}
	p.show()
	p.step("checking %d packages", 1000)
	p.done()
	p.step("too late")
	p.done()
	const want = "\rmapguard: listing p\x1b[K" + "\rmapguard: checking \x1b[K" + "\r\x1b[K"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// What is no terminal gets no progress.
func TestNoProgress(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	p.step("listing packages")
	p.done()
	if out.Len() > 0 {
		t.Errorf("got %q", out.String())
	}
}
