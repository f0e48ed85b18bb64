//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// measured runs the play of some lines in a new folder.
func measured(t *testing.T, ctx context.Context, limit time.Duration, lines string) (sample, error) {
	t.Helper()
	binary, err := exec.LookPath("new")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "new"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return measure(ctx, limit, program{binary: binary, dir: dir, temp: dir})
}

// A process that a run started ends with it: if it did not, it would hold
// stdout open for all of killDelay.
func TestTimeoutEndsChildren(t *testing.T) {
	s, err := measured(t, t.Context(), time.Second, "spawn\nsleep")
	if err != nil {
		t.Fatal(err)
	}
	if !s.timeout {
		t.Errorf("no timeout: %+v", s)
	}
	if s.wall < time.Second || s.wall >= killDelay {
		t.Errorf("ended after %v, want little more than a second", s.wall)
	}
}

func TestInterrupt(t *testing.T) {
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(why) })
	if _, err := measured(t, ctx, time.Minute, "sleep"); !errors.Is(err, why) {
		t.Errorf("got the error %v, want that of the context", err)
	}
}

// The peak is that of the run, in bytes.
func TestPeak(t *testing.T) {
	const eaten = 100 << 20
	small, err := measured(t, t.Context(), time.Minute, "exit 0")
	if err != nil {
		t.Fatal(err)
	}
	large, err := measured(t, t.Context(), time.Minute, "eat 100")
	if err != nil {
		t.Fatal(err)
	}
	if small.peak <= 0 || large.peak < eaten || large.peak > small.peak+2*eaten {
		t.Errorf("%d and %d bytes, want little, and somewhat more than %d", small.peak, large.peak, eaten)
	}
}
