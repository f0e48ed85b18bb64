package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
)

// options is the command line.
type options struct {
	args []string // what is not a flag: packages, or a subcommand and its arguments

	diff, fix, unsafe bool
	only, skip, rules []string
	evidenceName      string
	evidence          judge.Evidence // of that name
	tests, generated  bool
	tags, dir         string
	configs           []string
	builds            []load.Build // that configs names
	rows, guard       string
	allowDirty, help  bool
	format, color     string
	witness           []string // files with crashes and race reports
	verify            string   // a command that shows them
}

// A usageError is the user's mistake; it says what to do instead.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// flags returns the flags, which set o.
func (o *options) flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("mapguard", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	fs.BoolVar(&o.diff, "diff", false, "print the fixes as a unified diff; write nothing")
	fs.BoolVar(&o.fix, "fix", false, "write the safe fixes")
	fs.BoolVar(&o.unsafe, "unsafe-fixes", false, "with --diff or --fix: the unsafe fixes too")
	fs.StringSliceVar(&o.only, "only", nil, "report and fix only the finding with this `ID`; repeatable")
	fs.StringSliceVar(&o.skip, "skip", nil, "leave out the finding with this `ID`; repeatable")
	fs.StringSliceVar(&o.rules, "rules", nil, "apply only these `RULES`, comma-separated")
	fs.Var(choice{&o.evidenceName, evidenceNames()}, "evidence", "the weakest evidence reported: "+strings.Join(evidenceNames(), ", "))
	fs.BoolVar(&o.tests, "tests", false, "check test files too")
	fs.BoolVar(&o.generated, "generated", false, "report what is found in generated files; they are never edited")
	fs.StringVar(&o.tags, "tags", "", "build `TAGS`, comma-separated")
	fs.StringSliceVar(&o.configs, "configs", nil, "other build `CONFIGS` that a fix must not break, comma-separated: windows, linux/arm64, +tag, none; those that the files of the edited packages mention if not given")
	fs.StringVarP(&o.dir, "chdir", "C", "", "run in this `DIR`; paths are relative to it")
	fs.StringVar(&o.rows, "config", "", "rows for libraries that mapguard does not know, from this `FILE`; "+known.FileName+" beside go.mod if not given")
	fs.Var(choice{&o.guard, []string{"mutex", "rwmutex"}}, "guard", "what a new lock is: mutex, or rwmutex, which is locked for reading where the map is only read")
	fs.BoolVar(&o.allowDirty, "allow-dirty", false, "with --fix: edit files with uncommitted changes too")
	fs.Var(choice{&o.format, []string{"text", "json"}}, "format", "text or json")
	fs.Var(choice{&o.color, []string{"auto", "always", "never"}}, "color", "auto, always or never; auto honours NO_COLOR")
	fs.StringArrayVar(&o.witness, "witness", nil, "report and repair what the crash or race in this `FILE` names, and nothing else; - is standard input; repeatable")
	fs.StringVar(&o.verify, "verify", "", "with --witness: run this `COMMAND` on a copy of the tree, before and after the fixes, and say whether the witness went away; --fix then writes only if it did")
	fs.BoolVarP(&o.help, "help", "h", false, "print this")
	return fs
}

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := &options{format: "text", color: "auto", guard: "mutex", evidenceName: judge.Inferred.String()}
	fs := o.flags()
	if err := fs.Parse(args); err != nil {
		for _, arg := range args {
			name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && fs.Lookup(name) != nil {
				return nil, usagef("unknown flag %s: write -%s", arg, arg)
			}
		}
		return nil, usageError(err.Error())
	}
	if fs.Changed("verify") && strings.TrimSpace(o.verify) == "" || slices.Contains(o.witness, "") {
		return nil, usagef("--witness or --verify is empty: is it a variable of the shell that is not set?")
	}
	o.args = fs.Args()
	o.evidence = judge.Witnessed - judge.Evidence(slices.Index(evidenceNames(), o.evidenceName))
	return o, o.check()
}

// check returns an error for flags that do not go together.
func (o *options) check() error {
	switch {
	case o.diff && o.fix:
		return usagef("--diff writes nothing and --fix writes: use one of them")
	case o.unsafe && !o.diff && !o.fix && o.verify == "":
		return usagef("--unsafe-fixes says which fixes to take: use it with --diff or --fix")
	case o.allowDirty && !o.fix:
		return usagef("--allow-dirty says which files to write: use it with --fix")
	case o.verify != "" && len(o.witness) == 0:
		return usagef("--verify looks for what a witness shows: use it with --witness")
	case o.verify != "" && o.diff:
		return usagef("--verify says what came of the fixes, and --diff prints them: use one of them")
	case stdins(o.witness) > 1:
		return usagef("--witness - reads standard input to its end: give it once")
	case o.diff && o.format == "json":
		return usagef("--diff prints a diff: leave out --diff, the JSON has the edits of each fix")
	}
	if !slices.Equal(o.configs, []string{"none"}) {
		for _, name := range o.configs {
			b, err := load.ParseBuild(name)
			if err != nil {
				return usagef("--configs: %v", err)
			}
			o.builds = append(o.builds, b)
		}
	}
	for _, name := range o.rules {
		if rule(name) == nil {
			return usagef("--rules: no rule %q: there are %s", name, strings.Join(ruleNames(), ", "))
		}
	}
	return nil
}

// chosen reports whether a finding is to be reported. One that --only names is,
// however weak its evidence.
func (o *options) chosen(f *judge.Finding) bool {
	if slices.Contains(o.skip, f.ID) {
		return false
	}
	if len(o.only) > 0 {
		return slices.Contains(o.only, f.ID)
	}
	return f.Evidence >= o.evidence
}

// checkIDs returns an error for an --only or --skip that names no finding.
func (o *options) checkIDs(seen map[string]bool) error {
	var errs []error
	for _, flag := range []struct {
		name string
		ids  []string
	}{{"only", o.only}, {"skip", o.skip}} {
		for _, id := range flag.ids {
			if !seen[id] {
				errs = append(errs, usagef("--%s: no finding has the ID %q: run mapguard without it to see the IDs", flag.name, id))
			}
		}
	}
	return errors.Join(errs...)
}

// applies reports whether a fix is of a kind that the flags ask for.
func (o *options) applies(fix *edit.Fix) bool {
	return fix != nil && (fix.Applicability == edit.Safe || o.unsafe && fix.Applicability == edit.Unsafe)
}

// A choice is a flag with a few values.
type choice struct {
	value *string
	of    []string
}

func (c choice) String() string { return *c.value }
func (c choice) Type() string   { return "WORD" }

func (c choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.of, ", "))
	}
	*c.value = s
	return nil
}

// evidenceNames returns the levels, strongest first.
func evidenceNames() []string {
	var names []string
	for e := judge.Witnessed; e >= judge.Possible; e-- {
		names = append(names, e.String())
	}
	return names
}

// rule returns the rule of that name, or nil.
func rule(name string) *rules.Rule {
	for _, r := range rules.All {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func ruleNames() []string {
	var names []string
	for _, r := range rules.All {
		names = append(names, r.Name)
	}
	return names
}
