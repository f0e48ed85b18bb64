package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

const usageHead = `ecosystem runs two builds of mapguard over the same repositories and prints the
findings that were added, removed or changed, with time and memory of both.

Usage:
  ecosystem --before BUILD --after BUILD [flags] DIR... [-- MAPGUARD-FLAGS]

  A BUILD is an executable, or a git revision of the repository in --source.
  A DIR is a repository if it has a go.mod; if not, every folder in it that has
  one is. What follows -- is given to mapguard, such as: -- --evidence possible

Flags:
`

const usageTail = `
Findings are matched by ID; of what is left, those of one rule and map are taken
for one finding that changed. Everything in a report counts: evidence, message,
accesses with their locks and goroutines, and the edits of the fix.

Time is that of the fastest run, memory the most that one process of a run had
(which is never less than what ecosystem itself needs). The first run of a
repository may have to compile what the second finds in the go command's cache:
compare times with --repeat 2 or more, and --jobs 1.

Exit status:
  0  no difference
  1  differences
  2  wrong usage
  3  a build could not be made or run, crashed, took too long, or gave two
     outputs for one repository; the rest is reported all the same
`

// options is the command line.
type options struct {
	dirs  []string
	flags []string // for mapguard

	before, after, source string
	list                  string
	patterns              []string
	timeout               time.Duration
	jobs, repeat          int
	format                string
	help                  bool
}

// A usageError is the user's mistake; it says what to do instead.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

var formats = []string{"text", "json", "markdown"}

// flagSet returns the flags, which set o.
func (o *options) flagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("ecosystem", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	fs.StringVar(&o.before, "before", "", "the `BUILD` to compare with")
	fs.StringVar(&o.after, "after", "", "the `BUILD` that is compared")
	fs.StringVar(&o.source, "source", ".", "the `DIR` of the git repository that revisions are of")
	fs.StringVar(&o.list, "list", "", "a `FILE` with a repository a line: its folder, relative to the file, and its patterns if they are not --pattern; # starts a comment")
	fs.StringArrayVar(&o.patterns, "pattern", []string{"./..."}, "the `PACKAGES` to analyse in each repository; repeatable")
	fs.DurationVar(&o.timeout, "timeout", 10*time.Minute, "end a run after this `TIME`")
	fs.IntVar(&o.jobs, "jobs", 1, "compare `N` repositories at a time; more than 1 blurs the times")
	fs.IntVar(&o.repeat, "repeat", 1, "run each build `N` times, and check that its output is the same each time")
	fs.StringVar(&o.format, "format", "text", "the `FORM` of the output: text, json, or markdown for a comment on a pull request")
	fs.BoolVarP(&o.help, "help", "h", false, "print this")
	return fs
}

func help(w io.Writer) error {
	_, err := io.WriteString(w, usageHead+new(options).flagSet().FlagUsagesWrapped(90)+usageTail)
	return err
}

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := new(options)
	fs := o.flagSet()
	if err := fs.Parse(args); err != nil {
		return nil, usageError(err.Error())
	}
	o.dirs = fs.Args()
	if dash := fs.ArgsLenAtDash(); dash >= 0 {
		o.dirs, o.flags = fs.Args()[:dash], fs.Args()[dash:]
	}
	if o.help {
		return o, nil
	}
	return o, o.check()
}

// check returns an error for a command line that makes no sense.
func (o *options) check() error {
	switch {
	case o.before == "" || o.after == "":
		return usagef("name two builds: --before BUILD --after BUILD")
	case len(o.dirs) == 0 && o.list == "":
		return usagef("name the repositories, or a folder of them: ecosystem --before BUILD --after BUILD DIR")
	case o.timeout <= 0:
		return usagef("--timeout %v: it must be more than 0", o.timeout)
	case o.jobs < 1:
		return usagef("--jobs %d: it must be 1 or more", o.jobs)
	case o.repeat < 1:
		return usagef("--repeat %d: it must be 1 or more", o.repeat)
	case !slices.Contains(formats, o.format):
		return usagef("--format %s: it must be one of %s", o.format, strings.Join(formats, ", "))
	}
	return checkPassed(o.flags)
}

// checkPassed returns an error for flags that mapguard may not be given: those
// that write to the repositories, and those that are set here.
func checkPassed(flags []string) error {
	for _, flag := range flags {
		name, _, _ := strings.Cut(flag, "=")
		switch {
		case name == "--fix":
			return usagef("-- %s: repositories are compared, not changed: leave it out", name)
		case name == "--format" || name == "--diff":
			return usagef("-- %s: findings are read as JSON, with the edits of each fix: leave it out", name)
		case name == "--chdir" || strings.HasPrefix(name, "-C"):
			return usagef("-- %s: mapguard runs in each repository: leave it out", name)
		}
	}
	return nil
}
