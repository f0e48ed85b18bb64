package witness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mapguard/mapguard/rules/access"
)

const logs = "../../testdata/witness/logs"

func readLog(t *testing.T, text string) *Log {
	t.Helper()
	log, err := Read(strings.NewReader(text), "log")
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// TestStack reads every part of a dump that has all of them.
func TestStack(t *testing.T) {
	log := readLog(t, `starting
fatal error: concurrent map read and map write

goroutine 21 gp=0xc000003a40 m=5 mp=0xc000100008 [running, locked to thread]:
internal/runtime/maps.fatal({0x4f1fa8?, 0x0?})
	/usr/local/go/src/runtime/panic.go:1181 +0x18 fp=0xc000 sp=0xc001 pc=0x1
example.com/p.(*Cache[...]).Get(...)
	/src/p/cache.go:12
example.com/p.(*Cache[go.shape.struct { A int }]).all(0xc000, {0x1, 0x2})
	/src/p/cache.go:20 +0x33
...additional frames elided...
created by example.com/p.Start in goroutine 7
	/src/p/start.go:9 +0x8d

goroutine 1 [select, 5 minutes]:
main.main()
	/src/main.go:3 +0x1
exit status 2
`)
	want := &Report{
		Kind: Fatal, Log: "log", Line: 2, Message: "concurrent map read and map write", Count: 1, Headed: true,
		Stacks: []*Stack{
			{
				ID: 21, State: "running, locked to thread", Op: access.Read, CreatedBy: 7, Count: 1, Elided: 1,
				Frames: []Frame{
					{Func: "internal/runtime/maps.fatal", File: "/usr/local/go/src/runtime/panic.go", Line: 1181},
					{Func: "example.com/p.(*Cache[...]).Get", File: "/src/p/cache.go", Line: 12, Inline: true},
					{Func: "example.com/p.(*Cache[go.shape.struct { A int }]).all", File: "/src/p/cache.go", Line: 20},
				},
				Created: []Frame{{Func: "example.com/p.Start", File: "/src/p/start.go", Line: 9}},
			},
			{ID: 1, State: "select, 5 minutes", CreatedBy: -1, Count: 1, Frames: []Frame{{Func: "main.main", File: "/src/main.go", Line: 3}}},
		},
	}
	if len(log.Reports) != 1 || !reflect.DeepEqual(log.Reports[0], want) {
		t.Fatalf("%s", render(log))
	}
}

// TestNotAWitness has lines that look like parts of a dump, in logs without one.
func TestNotAWitness(t *testing.T) {
	for _, text := range []string{
		"", "\n\n", "goroutine 5 done\n", "see runtime.mapassign for details\n",
		"panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1\n",
		"goroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1\n",
		"fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/src/main.go:3 +0x1\n",
		`{"msg":"no goroutine 5 [running]: here"}` + "\n",
		"Previous write at 0xzz by goroutine 5:\n",
	} {
		if log := readLog(t, text); len(log.Reports) > 0 {
			t.Errorf("%q has a report:\n%s", text, render(log))
		}
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string]Symbol{
		"main.main":                                           {"main", "main"},
		"main.(*T).M.func1.2":                                 {"main", "(*T).M.func1.2"},
		"example.com/a/b.T.M-fm":                              {"example.com/a/b", "T.M-fm"},
		"example.com/a/b%2ev2.F":                              {"example.com/a/b.v2", "F"},
		"example.com/a.v2/b.F":                                {"example.com/a.v2/b", "F"},
		"x.org/m/vendor/y.org/n.F":                            {"y.org/n", "F"},
		"vendor/golang.org/x/net/http.F":                      {"golang.org/x/net/http", "F"},
		"p.(*C[...]).Put":                                     {"p", "(*C).Put"},
		"p.(*C[go.shape.*uint8_0,example.com/q.T]).Put.func1": {"p", "(*C).Put.func1"},
		"nodot": {"", "nodot"},
	} {
		if got := Split(name); got != want {
			t.Errorf("Split(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestWrapping takes a dump and a race through the things that logs do to
// lines; all must read alike.
func TestWrapping(t *testing.T) {
	for _, name := range []string{"fatal-iterate-go1.26-all.log", "fatal-format-go1.16.log", "race-test.log"} {
		raw, err := os.ReadFile(filepath.Join(logs, name))
		if err != nil {
			t.Fatal(err)
		}
		want := render(readLog(t, string(raw)))
		if want == "" {
			t.Fatalf("%s: no report", name)
		}
		for how, wrap := range wrappings() {
			var b strings.Builder
			for line := range strings.Lines(string(raw)) {
				b.WriteString(wrap(strings.TrimSuffix(line, "\n")) + "\n")
			}
			if got := render(readLog(t, b.String())); got != want {
				t.Errorf("%s wrapped by %s:\n%s\nwant\n%s", name, how, got, want)
			}
		}
	}
}

func wrappings() map[string]func(string) string {
	return map[string]func(string) string{
		"timestamp": func(l string) string { return "2026-03-01T10:00:00.123Z " + l },
		"klog":      func(l string) string { return "E0301 10:00:00.123456       1 main.go:42] " + l },
		"colour":    func(l string) string { return "\x1b[31;1m" + l + "\x1b[0m" },
		"hyperlink": func(l string) string { return "\x1b]8;;http://ci\x1b\\" + l },
		"crlf":      func(l string) string { return l + "\r" },
		"pod":       func(l string) string { return "[pod/web-1/app] " + l },
		"compose":   func(l string) string { return "web-1  | " + l },
		"syslog":    func(l string) string { return "Mar  1 10:00:00 h p[1]: " + strings.ReplaceAll(l, "\t", "#011") },
		"spaces":    func(l string) string { return "  " + strings.ReplaceAll(l, "\t", "    ") },
		"docker":    func(l string) string { return fmt.Sprintf(`{"log":%q,"stream":"stderr"}`, l+"\n") },
		"nested":    func(l string) string { return fmt.Sprintf(`{"jsonPayload":{"message":%q}}`, l) },
		"bytes": func(l string) string {
			return `{"MESSAGE":` + strings.ReplaceAll(fmt.Sprint([]byte(l)), " ", ",") + `}`
		},
	}
}

// TestMixedStreams tells the lines of two containers apart.
func TestMixedStreams(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(logs, "wrapped-kubectl-mixed.log"))
	if err != nil {
		t.Fatal(err)
	}
	log := readLog(t, string(raw))
	if len(log.Reports) != 2 {
		t.Fatalf("%d reports, want 2", len(log.Reports))
	}
	for _, r := range log.Reports {
		if n := len(r.Crashed().Frames); n < 3 || r.Crashed().Frames[n-1].Func != "main.forever" {
			t.Errorf("the frames are mixed:\n%s", render(log))
		}
	}
}

// TestRepeated counts what a log says again.
func TestRepeated(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(logs, "fatal-write-go1.26.log"))
	if err != nil {
		t.Fatal(err)
	}
	log := readLog(t, strings.Repeat(string(raw)+"exit status 2\n", 3))
	if len(log.Reports) != 1 || log.Reports[0].Count != 3 {
		t.Fatalf("%s", render(log))
	}
}

// TestBounds reads more than is kept: goroutines, frames and reports.
func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("fatal error: concurrent map writes\n\ngoroutine 1 [running]:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "p.f%d()\n\t/p.go:%d\n", i, i)
	}
	for i := range 3 * maxStacks {
		fmt.Fprintf(&b, "\ngoroutine %d [select]:\np.g()\n\t/p.go:%d\n", i+2, i)
	}
	for i := range 2 * MaxReports {
		fmt.Fprintf(&b, "fatal error: concurrent map writes\n\ngoroutine 1 [running]:\np.f()\n\t/p.go:%d\n", i)
	}
	log := readLog(t, b.String())
	r := log.Reports[0]
	if first := r.Crashed(); len(first.Frames) != maxFrames || first.Elided != 1000-maxFrames || first.Frames[maxFrames-1].Func != "p.f999" {
		t.Errorf("%d frames, %d elided", len(first.Frames), first.Elided)
	}
	if len(r.Stacks) != maxStacks || r.Omitted != 2*maxStacks+1 {
		t.Errorf("%d stacks, %d omitted", len(r.Stacks), r.Omitted)
	}
	if len(log.Reports) != MaxReports || log.Dropped != MaxReports+1 {
		t.Errorf("%d reports, %d dropped", len(log.Reports), log.Dropped)
	}
}

// TestLongLine passes over a line that is too long, and reads on.
func TestLongLine(t *testing.T) {
	long := bytes.Repeat([]byte("goroutine "), maxLine/10+1)
	text := string(long) + "\nfatal error: concurrent map writes\n"
	if log := readLog(t, text); len(log.Reports) != 1 || log.Reports[0].Line != 2 {
		t.Fatalf("%s", render(log))
	}
}

// TestReadError returns what was read until then, and says where.
func TestReadError(t *testing.T) {
	text := "x\nfatal error: concurrent map writes\n"
	log, err := Read(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))), "log")
	if err == nil || !strings.HasPrefix(err.Error(), "log: line ") || log == nil {
		t.Fatalf("error %v", err)
	}
}

// TestSpeed reads 20 MB in a small part of the time that a person waits.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	line := "2026-01-02T03:04:05.678Z INFO request path=/api/v1/things status=200 dur=12ms goroutine pool 12\n"
	frames := "goroutine 7 [select]:\nexample.com/p.(*S).run(0xc000, {0x1, 0x2})\n\t/src/p/s.go:10 +0x1e5\n\n"
	text := strings.Repeat(line, 10<<20/len(line)) + "fatal error: concurrent map writes\n\n" + strings.Repeat(frames, 10<<20/len(frames))
	start := time.Now()
	if log := readLog(t, text); len(log.Reports) != 1 || len(log.Reports[0].Stacks) > 2 {
		t.Fatalf("%d reports", len(log.Reports))
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("20 MB took %v", d)
	}
}

// render writes what was read, but for the lines of the log.
func render(log *Log) string {
	var b strings.Builder
	for _, r := range log.Reports {
		fmt.Fprintf(&b, "%d %q %d times\n", r.Kind, r.Message, r.Count)
		for _, s := range r.Stacks {
			fmt.Fprintf(&b, " goroutine %d [%s] %s created by %d, %d alike, %d elided, lost %v\n", s.ID, s.State, s.Op, s.CreatedBy, s.Count, s.Elided, s.Lost)
			for _, f := range s.Frames {
				fmt.Fprintf(&b, "  %s %s:%d\n", f.Func, f.File, f.Line)
			}
			for _, f := range s.Created {
				fmt.Fprintf(&b, "  from %s %s:%d\n", f.Func, f.File, f.Line)
			}
		}
	}
	return b.String()
}

// FuzzRead reads anything. What comes out is bounded and well-formed, and does
// not depend on how the bytes come in.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds in %s: %v", logs, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		log, err := Read(bytes.NewReader(raw), "log")
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(iotest.HalfReader(bytes.NewReader(raw)), "log")
		if err != nil || !reflect.DeepEqual(log, again) {
			t.Fatalf("read in parts:\n%s\nat once:\n%s", render(again), render(log))
		}
		checkLog(t, log)
	})
}

func checkLog(t *testing.T, log *Log) {
	if len(log.Reports) > MaxReports || len(log.Other) > maxOther {
		t.Fatalf("%d reports, %d others", len(log.Reports), len(log.Other))
	}
	seen := make(map[string]bool)
	for _, r := range log.Reports {
		if key := r.key(); seen[key] {
			t.Fatalf("one report twice:\n%s", render(log))
		} else {
			seen[key] = true
		}
		if r.Count < 1 || r.Line < 1 || r.Kind == Race && len(r.Stacks) > 2 || len(r.Stacks) > 2*maxStacks {
			t.Fatalf("report out of shape:\n%s", render(log))
		}
		for _, s := range r.Stacks {
			if len(s.Frames) > maxFrames || len(s.Created) > maxFrames || s.Elided < 0 {
				t.Fatalf("stack out of shape:\n%s", render(log))
			}
			for _, fr := range append(s.Frames, s.Created...) {
				if !isFuncName(fr.Func) && len(fr.Func) < maxName || fr.File == "" || fr.Line < 0 || len(fr.Func) > maxName || len(fr.File) > maxName {
					t.Fatalf("frame out of shape: %+v", fr)
				}
			}
		}
	}
}

// TestQuoted reads a dump that a log has on one line, with its line breaks
// escaped, in whatever member or field it stands.
func TestQuoted(t *testing.T) {
	const dump = "fatal error: concurrent map writes\n\ngoroutine 19 [running]:\nexample.com/p.put(0x1, {0x2, \"a\"})\n\t/src/p/p.go:11 +0x45\ncreated by example.com/p.Run in goroutine 1\n\t/src/p/p.go:7 +0x1\n"
	const race = "WARNING: DATA RACE\nWrite at 0x00c0 by goroutine 8:\n  example.com/p.put()\n      /src/p/p.go:11 +0x1\n\nPrevious write at 0x00c0 by goroutine 7:\n  example.com/p.put()\n      /src/p/p.go:11 +0x1\n"
	object := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, text := range []string{dump, race} {
		for _, line := range []string{
			object(map[string]any{"level": "fatal", "last_words": text}),
			object(map[string]any{"a": map[string]any{"b": []any{1, map[string]any{"c": text}}}}),
			object(map[string]any{"msg": object(map[string]any{"out": text})}),
			object(map[string]any{"msg": "exit status 2", "output": text}),
			fmt.Sprintf("time=12:00 level=error msg=%q", text),
			object(map[string]any{"last_words": strings.TrimSuffix(text, "\n"), "z": 1}),
			"Nov  2 12:00:00 host app[7]: " + strings.NewReplacer("\n", "#012", "\t", "#011").Replace(text),
		} {
			log := readLog(t, "starting\n"+line+"\n")
			if len(log.Reports) != 1 || len(log.Reports[0].Stacks) == 0 {
				t.Errorf("%s\nhas %d reports, or no stack", line, len(log.Reports))
				continue
			}
			f := log.Reports[0].Stacks[0].Frames
			if want := (Frame{Func: "example.com/p.put", File: "/src/p/p.go", Line: 11}); len(f) == 0 || f[0] != want {
				t.Errorf("%s\nhas the frames %v, want %v", line, f, want)
			}
		}
	}
}
