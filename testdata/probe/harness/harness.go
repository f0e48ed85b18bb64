// Package harness formats the shapes of argument with real libraries, and
// prints which maps and methods turn up in the text. A test of rules/sinks
// reads the calls in the source of this module, and compares.
package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/mapguard/mapguard/rules/sinks/testdata/shapes"
)

// Out is where loggers are to write, if they let themselves be told.
var Out writer

// child names the one probe that this process is to run: number, format, shape.
var child = os.Getenv("PROBE_CHILD")

// A writer keeps what is written, unless the process is about to end.
type writer struct{ buf bytes.Buffer }

func (o *writer) Write(p []byte) (int, error) {
	if child != "" {
		return os.Stderr.Write(p)
	}
	return o.buf.Write(p)
}

// A Result is what one call showed.
type Result struct {
	Pos           string // file:line of the probe
	Output        string // see the function Output
	Format, Shape string
	Seen          []string
	Late          bool // what was added after the call turned up too
}

// A probe is one call of a library.
type probe struct {
	pos     string
	output  string
	run     func(format string, v any)
	late    func(v any) (emit func())
	formats bool
	exits   bool
}

var (
	probes []probe
	output string // of the probes that are added
)

// Output adds the calls that f adds as those of a program of their own, whose
// logger has the output that f makes.
func Output(name string, f func()) {
	output = name
	f()
	output = ""
}

// Value adds a call that formats one value.
func Value(f func(v any)) { add(probe{run: func(_ string, v any) { f(v) }}) }

// Format adds a call with a format.
func Format(f func(format string, v any)) { add(probe{run: f, formats: true}) }

// Exits adds a call that ends the process.
func Exits(f func(format string, v any)) { add(probe{run: f, formats: true, exits: true}) }

// Later adds a call that makes something which formats the value when it is
// made or when it is used.
func Later(f func(v any) (emit func())) {
	add(probe{run: func(_ string, v any) { f(v)() }, late: f})
}

// Test adds a call in a test, which may fail or skip it.
func Test(f func(t *testing.T, format string, v any)) {
	add(probe{formats: true, run: func(format string, v any) {
		matchAll := func(string, string) (bool, error) { return true, nil }
		testing.RunTests(matchAll, []testing.InternalTest{{Name: "Probe", F: func(t *testing.T) { f(t, format, v) }}})
	}})
}

func add(p probe) {
	_, file, line, _ := runtime.Caller(2)
	p.pos, p.output = filepath.Base(file)+":"+strconv.Itoa(line), output
	probes = append(probes, p)
}

// Skip leaves out a value that the call cannot be given.
func Skip() { panic(skipped{}) }

type skipped struct{}

// As returns v as a T, if it is one.
func As[T any](v any) T {
	t, ok := v.(T)
	if !ok {
		Skip()
	}
	return t
}

// Say adds to the output what a call returned.
func Say(text string) { io.WriteString(&Out, text) }

var (
	stdout   = os.Stdout
	captured *os.File
)

// Whatever insists on the standard streams gets a file.
func init() {
	if child != "" {
		return
	}
	var err error
	if captured, err = os.CreateTemp("", "probe"); err != nil {
		panic(err)
	}
	os.Stdout, os.Stderr = captured, captured
}

// Verbs are the verbs that every format is tried with; v also with flags.
const Verbs = "vsqdxXpTtcobOUeEfFgGwzé"

func formats() []string {
	out := []string{"%+v", "%#v", "%+s", "%#x", "%-5v", "none"}
	for _, verb := range Verbs {
		out = append(out, "%"+string(verb))
	}
	return out
}

// lately shows when it is formatted, by walking it or by its method.
type lately struct{ M map[string]int }

func (l *lately) Error() string { return fmt.Sprint(l.M) }

// Main runs all probes, or the one that this process is for.
func Main(extra map[string]any) {
	all := make(map[string]any)
	for _, m := range []map[string]any{shapes.All, extra} {
		for name, v := range m {
			all[name] = v
		}
	}
	if child != "" {
		args := strings.Split(child, " ")
		i, _ := strconv.Atoi(args[0])
		probes[i].run(args[1], all[args[2]])
		os.Exit(0)
	}
	enc := json.NewEncoder(stdout)
	for i, p := range probes {
		switch {
		case p.exits:
			for _, shape := range []string{"PtrHidden", "ValueExported", "PtrStringV", "SlicePtrs", "PtrErr", "PtrJSONP"} {
				if v, ok := all[shape]; ok && v != nil {
					enc.Encode(Result{Pos: p.pos, Output: p.output, Format: "%+v", Shape: shape, Seen: shapes.Observed(inChild(i, "%+v", shape))})
				}
			}
			continue
		case p.late != nil:
			v := &lately{map[string]int{"kM": 1}}
			ok, text := run(func() {
				emit := p.late(v)
				v.M["late"] = 1
				emit()
			})
			enc.Encode(Result{Pos: p.pos, Output: p.output, Late: ok && strings.Contains(text, "late")})
		}
		forms := []string{""}
		if p.formats {
			forms = formats()
		}
		for _, format := range forms {
			for shape, v := range all {
				f := format
				if f == "none" {
					f = ""
				}
				if ok, text := run(func() { p.run(f, v) }); ok {
					enc.Encode(Result{Pos: p.pos, Output: p.output, Format: f, Shape: shape, Seen: shapes.Observed(text)})
				}
			}
		}
	}
	os.Remove(captured.Name())
}

// inChild runs a probe in another process, and returns what that printed.
func inChild(i int, format, shape string) string {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), "PROBE_CHILD="+strconv.Itoa(i)+" "+format+" "+shape)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return fmt.Sprint("did not exit: ", string(out))
	}
	return string(out)
}

// run returns what f printed; false if the value was not for it.
func run(f func()) (ok bool, text string) {
	Out.buf.Reset()
	ok = true
	func() {
		defer func() {
			if _, skip := recover().(skipped); skip {
				ok = false
			}
		}()
		f()
	}()
	return ok, Out.buf.String() + drain()
}

// drain returns what has been written to the standard streams, and empties it.
func drain() string {
	n, err := captured.Seek(0, io.SeekCurrent)
	if err != nil || n == 0 {
		return ""
	}
	b := make([]byte, n)
	if _, err := captured.ReadAt(b, 0); err != nil {
		panic(err)
	}
	captured.Truncate(0)
	captured.Seek(0, io.SeekStart)
	return string(b)
}
