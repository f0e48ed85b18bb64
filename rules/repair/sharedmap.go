// Package repair makes fixes for findings.
//
// SharedMap puts a lock around the accesses to a map. It works in four steps,
// each with a file or more of its own:
//
//	locate   the syntax of every site of the finding, and the object whose map it is
//	lock     the lock that guards the map elsewhere, or a new mutex beside it
//	region   for each function, the statements that the lock is held for
//	plan     the edits, carried out on the syntax trees of the files
//
// Whatever a step cannot see through becomes a doubt, which names a place and
// lowers the applicability of the fix. No step drops an access: a fix guards all
// of them, or it is manual.
package repair

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// SharedMap returns a fix that guards every access to the map of f by one lock.
// It is never nil: if there is nothing that can be done without a person, it is
// manual, and its Reason names the place and what there is to decide.
//
// The applicability is an upper bound: nothing has been re-checked on the
// edited program yet.
func SharedMap(p *load.Program, eff Effects, f *judge.Finding) *edit.Fix {
	return NewSession(p, eff).SharedMap(f)
}

// A Session repairs several findings of one program. What it has to find out
// about the whole program it finds out once.
type Session struct {
	RWMutex bool // new locks are of type sync.RWMutex, and locked for reading where that is enough

	p         *load.Program
	eff       Effects
	callers   map[string][]string                      // see mentioners; nil until needed
	methods   map[methodsKey][]string                  // see methodsOf
	backs     map[string][]string                      // see mentioners
	insides   map[types.Type][]string                  // see inside
	texts     map[string]string                        // see dispatch
	assigned  map[*types.Var]ast.Node                  // see assignment
	others    map[string][]leftOut                     // see leftOut
	held      []*holding                               // see holdings
	edges     map[string][]string                      // see order
	decls     map[string]declaredFunc                  // see bodyOf
	funcUses  map[*load.Package]map[string][]*fileUses // see usesIn
	recovered *string                                  // see recovers
}

// NewSession returns a Session for a program.
func NewSession(p *load.Program, eff Effects) *Session { return &Session{p: p, eff: eff} }

// Forget drops what was found out about the program. It is for after a panic, which
// may have left half of it.
func (s *Session) Forget() { *s = Session{RWMutex: s.RWMutex, p: s.p, eff: s.eff} }

// SharedMap is the function SharedMap.
func (s *Session) SharedMap(f *judge.Finding) *edit.Fix {
	if f.Copy != "" {
		return s.copying(f)
	}
	return s.fix(f)
}

// fix guards the map of f, and those of more findings about the same struct.
func (s *Session) fix(f *judge.Finding, more ...*judge.Finding) *edit.Fix {
	r := &mapRepair{Session: s, f: f, more: more}
	fix := &edit.Fix{Title: "Guard " + place(f.Map) + " with a mutex"}
	if r.prepare() {
		fix.Title = r.title()
		r.plan()
		fix.Title += r.splitTitle()
	}
	if r.level() != edit.Manual {
		fix.Edits = r.carryOut()
	}
	fix.Applicability = r.level()
	if fix.Applicability == edit.Manual {
		fix.Edits = nil
	}
	fix.Reason = r.reason()
	return fix
}

// A mapRepair is the repair of one finding.
type mapRepair struct {
	*Session
	f     *judge.Finding
	more  []*judge.Finding // see Together
	decl  *declaration     // of the map's variable
	vars  []*types.Var     // that variable, and those of more
	sites []*site          // in position order, those that need no lock included
	funcs []*function      // that have sites
	lock  *lock
	reach map[bool]*reach // by exclusive, see reached

	byPointer bool // see ByPointer
	exclusive bool // asks about callers who hold the lock for writing

	signalled map[string]bool // see signals; nil until needed

	splits     map[string]*split        // see splitFuncs
	redirected map[*ast.CallExpr]*split // calls of them with the lock held

	compares bool             // some function uses the map, and the analysis does not say so
	getters  []*getter        // that sites have the map from
	handed   []*site          // calls that hand the map on, see fromCaller
	lent     []*site          // what hands on a copy, see lendTo
	counted  []string         // the counters beside the map that the lock guards too
	outside  map[string]outer // see outers
	deferred *bool            // see outlived
	upgraded []*ast.CallExpr  // see upgradeCallers

	seen   map[string]bool // files, see once
	ops    []op
	doubts []doubt
}

// A doubt is a reason why a fix is not safe.
type doubt struct {
	level edit.Applicability // the most that the fix may be: Unsafe or Manual
	pos   token.Position
	text  string
}

// prepare finds the map's declaration, the syntax of its sites and the lock. It
// reports whether regions can be planned.
func (r *mapRepair) prepare() bool {
	if r.formatOnly() {
		return false
	}
	if !r.declared() {
		return false
	}
	r.locate()
	r.addHanded()
	r.chooseLock()
	if r.level() == edit.Manual {
		return r.lock != nil
	}
	r.findUpgrades()
	r.compared()
	r.counters()
	r.listsBeside()
	r.cloneGetters()
	if !r.f.Narrow { // what else is done with the map is not the question
		r.otherUses()
	}
	r.otherBuilds()
	return true
}

// formatOnly reports whether the finding is about a call that formats the map
// by reflection. A lock is the wrong remedy: the call would walk the lock too.
func (r *mapRepair) formatOnly() bool {
	for _, f := range r.findings() {
		for _, a := range f.Accesses {
			if a.Op == access.Format {
				r.doubtAt(edit.Manual, a.Pos, "the call here prints the whole map, which no lock beside it makes right: apply the deepformat fix, then look again")
				return true
			}
		}
	}
	return false
}

// title says what the fix does: it is asked for once the lock is known.
func (r *mapRepair) title() string {
	if r.lock.isNew {
		title := fmt.Sprintf("Guard %s with a new mutex %s", r.places(), r.lock.display)
		if r.lock.beside != "" {
			title += fmt.Sprintf(" (%s is there already, but nothing shows that it guards this map)", r.lock.beside)
		}
		return title
	}
	n := 0
	for _, s := range r.sites {
		if s.needy {
			n++
		}
	}
	if n == 0 {
		return fmt.Sprintf("Return a copy of %s, made under %s", place(r.f.Map), r.lock.display)
	}
	noun := "accesses"
	if n == 1 {
		noun = "access"
	}
	return fmt.Sprintf("Hold %s at %d %s to %s", r.lock.display, n, noun, place(r.f.Map))
}

// place returns a location as titles print it: Type.field, pkg.var or a local's
// name.
func place(loc access.Location) string {
	switch loc.Kind {
	case access.Field:
		return loc.Owner + "." + loc.Name
	case access.Global:
		return loc.Short()
	default:
		return loc.Name
	}
}

func (r *mapRepair) doubt(level edit.Applicability, pos token.Pos, format string, args ...any) {
	r.doubts = append(r.doubts, r.newDoubt(level, pos, format, args...))
}

func (r *mapRepair) newDoubt(level edit.Applicability, pos token.Pos, format string, args ...any) doubt {
	return doubt{level, r.p.Fset.Position(pos), fmt.Sprintf(format, args...)}
}

func (r *mapRepair) doubtAt(level edit.Applicability, pos access.Pos, format string, args ...any) {
	posn := token.Position{Filename: pos.File, Line: pos.Line, Column: pos.Column}
	r.doubts = append(r.doubts, doubt{level, posn, fmt.Sprintf(format, args...)})
}

// level returns the most that the fix may be.
func (r *mapRepair) level() edit.Applicability { return lowest(r.doubts) }

func lowest(doubts []doubt) edit.Applicability {
	level := edit.Safe
	for _, d := range doubts {
		level = min(level, d.level)
	}
	return level
}

// maxReasons bounds how many doubts a Reason lists, and how many places of each.
const maxReasons = 3

// reason returns the doubts that made the fix what it is, worst first.
func (r *mapRepair) reason() string {
	level := r.level()
	sort.SliceStable(r.doubts, func(i, j int) bool { return r.doubts[i].level < r.doubts[j].level })
	var texts []string                  // distinct
	places := make(map[string][]string) // by text
	for _, d := range r.doubts {
		if d.level != level {
			continue
		}
		if places[d.text] == nil {
			texts = append(texts, d.text)
		}
		if at := r.where(d.pos); !slices.Contains(places[d.text], at) {
			places[d.text] = append(places[d.text], at)
		}
	}
	for i, text := range texts {
		at := places[text]
		if n := len(at) - maxReasons; n > 0 {
			at = append(at[:maxReasons], fmt.Sprintf("%d more", n))
		}
		texts[i] = strings.Join(at, ", ") + ": " + text
	}
	if n := len(texts); n > maxReasons {
		texts = append(texts[:maxReasons], fmt.Sprintf("and for %d more reasons", n-maxReasons))
	}
	return strings.Join(texts, "; ")
}

// where returns a position as file:line, the file relative to the program's
// directory if it is below it.
func (r *mapRepair) where(posn token.Position) string {
	name := posn.Filename
	if rel, err := filepath.Rel(r.p.Dir, name); err == nil && !strings.HasPrefix(rel, "..") {
		name = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", name, posn.Line)
}
