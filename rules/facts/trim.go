package facts

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file leaves out of a summary what cannot make a difference to importers,
// which is most of it: the calls of other people's code, and the functions that
// do nothing else. What critical sections may call is lost with them, so no fix
// may rely on the calls of a trimmed function.

// Trim returns what importers need of the summary of a package of the user's.
// imports are those of the packages that it imports, trimmed.
func Trim(p *summarise.Package, imports []*summarise.Package) *summarise.Package {
	t := &trimmer{
		kept: make(map[summarise.FuncID]bool), known: make(map[summarise.FuncID]bool),
		setters: make(map[summarise.FuncID]bool), holders: make(map[access.Step]bool),
	}
	for _, pkg := range append(slices.Clip(imports), p) {
		for _, f := range pkg.Funcs {
			if pkg == p {
				t.kept[f.ID] = true
			} else {
				t.known[f.ID] = true
			}
			for _, e := range f.Events {
				if e.Kind == summarise.Access && e.Loc.Kind == access.Field {
					t.holders[access.Step{Pkg: e.Loc.Pkg, Type: e.Loc.Owner}] = true
				}
			}
		}
	}
	for _, s := range p.Stored {
		t.setters[s.In] = true
	}
	// A function goes if it does nothing but call functions that go.
	for changed := true; changed; {
		changed = false
		for _, f := range p.Funcs {
			if t.kept[f.ID] && !t.matters(f) {
				t.kept[f.ID], changed = false, true
			}
		}
	}
	out := *p
	out.Funcs = nil
	for _, f := range p.Funcs {
		if t.kept[f.ID] {
			out.Funcs = append(out.Funcs, t.trim(f))
		}
	}
	return &out
}

type trimmer struct {
	kept    map[summarise.FuncID]bool // of this package
	known   map[summarise.FuncID]bool // of its imports
	setters map[summarise.FuncID]bool // functions that store a function in a field
	holders map[access.Step]bool      // types that hold a map which is used
}

// matters reports whether f does anything that a caller could notice.
func (t *trimmer) matters(f *summarise.Func) bool {
	if len(f.Acquires)+len(f.Releases) > 0 || t.setters[f.ID] || len(t.allocs(f)) > 0 {
		return true
	}
	for _, ps := range f.Results {
		if slices.ContainsFunc(ps, func(q access.Path) bool { return t.tells(f, q) }) {
			return true
		}
	}
	return slices.ContainsFunc(f.Events, func(e summarise.Event) bool {
		switch e.Kind {
		case summarise.Access, summarise.Spawn, summarise.Wait, summarise.Signal, summarise.Acquire:
			return true
		case summarise.Publish:
			return e.Path.Root.Kind == access.Param
		case summarise.Alias:
			return e.Path.Root.Kind == access.Param || e.Path.Root.Kind == access.GlobalVar
		case summarise.Call:
			return t.calls(&e) || len(located(&e)) > 0
		}
		return false
	})
}

// allocs returns the types that hold maps of which f makes objects.
func (t *trimmer) allocs(f *summarise.Func) []access.Step {
	return slices.DeleteFunc(slices.Clone(f.Allocs), func(s access.Step) bool { return !t.holders[s] })
}

// tells reports whether a result says anything about the object returned: that
// of a call does if the callee is known.
func (t *trimmer) tells(f *summarise.Func, q access.Path) bool {
	if q.Root.Kind != access.CallResult {
		return q.Root.Kind != access.Unknown
	}
	return slices.ContainsFunc(f.Events, func(e summarise.Event) bool {
		return e.Kind == summarise.Call && e.Call == q.Root.Index && t.calls(&e)
	})
}

// calls reports whether a call may reach anything that matters.
func (t *trimmer) calls(e *summarise.Event) bool {
	if e.Once || slices.ContainsFunc(e.Fns, func(ts []summarise.Target) bool { return len(ts) > 0 }) {
		return true
	}
	return slices.ContainsFunc(e.Targets, func(g summarise.Target) bool {
		switch g.Kind {
		case summarise.Static:
			return t.kept[g.ID] || t.known[g.ID]
		case summarise.Interface:
			return !quiet(g.Iface)
		}
		return true
	})
}

// quiet reports whether a set of methods is that of error or context.Context,
// whose methods touch no shared map.
func quiet(iface string) bool {
	return iface == "Error func() string\n" || strings.HasPrefix(iface, "Deadline func() (time.Time, bool)\nDone func() <-chan (struct{})\n")
}

// located returns the arguments of a call that are fields or variables: passed
// to code that nobody sees, a map among them may be written.
func located(e *summarise.Event) []access.Path {
	var out []access.Path
	add := func(pss ...[]access.Path) {
		for _, ps := range pss {
			for _, q := range ps {
				if !q.Location().IsZero() {
					out = append(out, q)
				}
			}
		}
	}
	add(e.Args...)
	for _, g := range e.Targets {
		add(g.Free...)
	}
	return out
}

// trim returns f without the events that matter to nobody.
func (t *trimmer) trim(f *summarise.Func) *summarise.Func {
	out := *f
	out.Events, out.Allocs = nil, t.allocs(f)
	busy := t.busy(f)
	var passed []access.Path
	for i := range f.Events {
		e := f.Events[i]
		switch e.Kind {
		case summarise.Block:
			continue
		case summarise.Exit, summarise.Make:
			if !busy {
				continue // they order other events
			}
			e.Pos, e.Locks, e.Keyed = access.Pos{}, nil, nil
		case summarise.Alias, summarise.Publish:
			e.Pos, e.Locks, e.Keyed = access.Pos{}, nil, nil
		case summarise.Call:
			e.Blocks, e.Paren = "", access.Pos{}
			if !t.calls(&e) {
				for _, q := range located(&e) {
					if !slices.Contains(passed, q) {
						passed = append(passed, q)
					}
				}
				continue
			}
		}
		out.Events = append(out.Events, e)
	}
	if len(passed) > 0 {
		out.Events = append(out.Events, summarise.Event{
			Kind: summarise.Call, Call: -1, Block: max(len(f.Succs)-1, 0), Args: [][]access.Path{passed},
		})
	}
	return &out
}

// busy reports whether f does more than to make and return objects.
func (t *trimmer) busy(f *summarise.Func) bool {
	return slices.ContainsFunc(f.Events, func(e summarise.Event) bool {
		switch e.Kind {
		case summarise.Access, summarise.Spawn, summarise.Wait, summarise.Signal, summarise.Acquire:
			return true
		case summarise.Call:
			return t.calls(&e)
		}
		return false
	})
}

// TrimLibrary returns what importers need of the summary of a library: which
// locks its code holds at the maps that have a mutex beside them. It is nil if
// there are none.
func TrimLibrary(p *summarise.Package) *summarise.Package {
	guarded := make(map[string]bool)
	for _, t := range p.Types {
		guarded[t.Name] = len(t.Mutexes) > 0
	}
	touches := func(e *summarise.Event) bool {
		return e.Kind == summarise.Access && (e.Loc.IsZero() || e.Loc.Pkg == p.Path && e.Loc.Kind == access.Field && guarded[e.Loc.Owner])
	}
	kept := make(map[summarise.FuncID]bool)
	for changed := true; changed; {
		changed = false
		for _, f := range p.Funcs {
			if !kept[f.ID] && slices.ContainsFunc(f.Events, func(e summarise.Event) bool { return touches(&e) || reaches(&e, kept) }) {
				kept[f.ID], changed = true, true
			}
		}
	}
	out := &summarise.Package{Path: p.Path, Types: p.Types}
	any := false
	for _, f := range p.Funcs {
		if !kept[f.ID] {
			continue
		}
		g := *f
		g.Events = nil
		for _, e := range f.Events {
			switch e.Kind {
			case summarise.Access:
				if !touches(&e) {
					continue
				}
				any = any || !e.Loc.IsZero()
			case summarise.Call, summarise.Spawn:
				if !reaches(&e, kept) {
					continue
				}
				e.Blocks, e.Paren = "", access.Pos{}
			case summarise.Acquire, summarise.Publish:
			case summarise.Exit, summarise.Make, summarise.Alias:
				e.Pos, e.Locks, e.Keyed = access.Pos{}, nil, nil
			default:
				continue
			}
			g.Events = append(g.Events, e)
		}
		out.Funcs = append(out.Funcs, &g)
	}
	if !any {
		return nil
	}
	return out
}

// reaches reports whether an event calls or starts one of some functions.
func reaches(e *summarise.Event, funcs map[summarise.FuncID]bool) bool {
	is := func(g summarise.Target) bool { return g.Kind == summarise.Static && funcs[g.ID] }
	return slices.ContainsFunc(e.Targets, is) || slices.ContainsFunc(e.Fns, func(ts []summarise.Target) bool { return slices.ContainsFunc(ts, is) })
}
