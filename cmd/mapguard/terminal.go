package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// terminal returns the terminal that w writes to, or nil.
func terminal(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// A paint colours text, or leaves it as it is.
type paint bool

// newPaint returns the paint for a stream under --color.
func newPaint(color string, w io.Writer) paint {
	switch color {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(w) != nil
}

func (p paint) sgr(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.sgr("1", s) }
func (p paint) dim(s string) string    { return p.sgr("2", s) }
func (p paint) red(s string) string    { return p.sgr("31", s) }
func (p paint) green(s string) string  { return p.sgr("32", s) }
func (p paint) yellow(s string) string { return p.sgr("33", s) }
func (p paint) cyan(s string) string   { return p.sgr("36", s) }

// progressDelay is how long a run may be silent: a short one says nothing.
const progressDelay = time.Second

// A progress shows the step that a long run is at, on one line of a terminal.
// Its methods may be called from any goroutine.
type progress struct {
	out   io.Writer // nil if stderr is no terminal
	width int

	mu    sync.Mutex // guards the rest
	start *time.Timer
	shown bool // the line may be drawn
	ended bool
	line  string
}

func newProgress(stderr io.Writer) *progress {
	p := &progress{}
	f := terminal(stderr)
	if f == nil || os.Getenv("TERM") == "dumb" {
		return p
	}
	p.out, p.width = f, 80
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		p.width = width
	}
	p.start = time.AfterFunc(progressDelay, p.show)
	return p
}

// step says what is being done now.
func (p *progress) step(format string, args ...any) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line, _, _ = strings.Cut(fmt.Sprintf(format, args...), "\n")
	p.draw()
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	p.draw()
}

// draw replaces the line. The caller holds p.mu.
func (p *progress) draw() {
	if !p.shown || p.ended || p.line == "" {
		return
	}
	line := []rune("mapguard: " + p.line)
	if len(line) >= p.width { // the last column may wrap
		line = line[:p.width-1]
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", string(line))
}

// done erases the line; steps after it are not shown.
func (p *progress) done() {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start.Stop()
	if p.shown && !p.ended {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.ended = true
}
