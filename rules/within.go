package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/known"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file says which fixes a package can promise to be right without a look
// at those that import it. Drivers apply what is suggested to them, so whatever
// an importer could spoil is left to a run over the whole program.

// seeWhole is what to do about a fix that is not offered.
const seeWhole = "run mapguard over the whole program for a fix"

// withhold takes back the fixes that importers could spoil. The others have yet
// to be proved.
func (a *analysis) withhold(fs []*judge.Finding) {
	for _, f := range fs {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		if why := a.spoiled(f); why != "" {
			refuse(f, fmt.Errorf("%s: %s", why, seeWhole))
		}
	}
}

// together takes back the fixes that do not go with all others: a driver applies
// every suggestion at once.
func (a *analysis) together(fs []*judge.Finding) error {
	groups := compatible(fs)
	if len(groups) == 0 {
		return nil
	}
	late := slices.Concat(groups[1:]...)
	if failure, err := a.compiles(groups[0]); err != nil {
		return err
	} else if failure != nil {
		late = append(late, groups[0][1:]...)
	}
	for _, f := range late {
		refuse(f, fmt.Errorf("the fix does not go with another one: apply that and look again"))
	}
	return nil
}

// spoiled returns how an importer could make the fix of a finding wrong, "" if
// none can.
func (a *analysis) spoiled(f *judge.Finding) string {
	if f.Fix.Applicability != edit.Safe {
		return "the fix wants a look"
	}
	pkg := a.prog.Roots[0]
	for _, e := range f.Fix.Edits {
		if why := a.spoiledEdit(pkg, e); why != "" {
			return why
		}
	}
	if f.Rule == judge.DeepFormat {
		return a.spoiledFormat(pkg, f)
	}
	return a.spoiledMap(pkg, f)
}

// spoiledEdit looks at where an edit is. Bodies of functions, imports and new
// variables are nobody else's business; a new field shows in literals, copies
// and sizes.
func (a *analysis) spoiledEdit(pkg *load.Package, e edit.TextEdit) string {
	owner, syntax := a.prog.File(e.File)
	if owner != pkg {
		return "the fix edits " + filepath.Base(e.File) + ", which is in another package"
	}
	file := a.prog.Fset.File(syntax.FileStart)
	start, end := file.Pos(e.Start), file.Pos(e.End)
	for _, d := range syntax.Decls {
		if start < d.Pos() || end > d.End() {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body != nil && start > d.Body.Lbrace && end <= d.Body.Rbrace {
				return ""
			}
			return "the fix changes the declaration of " + d.Name.Name
		case *ast.GenDecl:
			if d.Tok == token.IMPORT || d.Tok == token.VAR {
				return ""
			}
			if d.Tok == token.TYPE && a.unshared(pkg) {
				return ""
			}
			return "the fix changes a type that other packages may use"
		}
	}
	switch text := strings.TrimSpace(e.New); {
	case start == end && (strings.HasPrefix(text, "import ") || strings.HasPrefix(text, "var ")):
		return ""
	}
	return "the fix changes declarations"
}

// unshared reports whether no other code can use the types of a package: it is
// a command without tests.
func (a *analysis) unshared(pkg *load.Package) bool {
	if pkg.Name != "main" {
		return false
	}
	entries, err := os.ReadDir(filepath.Dir(pkg.Files[0]))
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), "_test.go") })
}

// spoiledFormat looks at what a format call is given: behind an interface may
// be a type of an importer, for which %p is no answer.
func (a *analysis) spoiledFormat(pkg *load.Package, f *judge.Finding) string {
	call := a.callAt(f.Sink.Call)
	if call == nil || f.Sink.Arg >= len(call.Args) {
		return "the call is not in this package"
	}
	switch pkg.Info.TypeOf(call.Args[f.Sink.Arg]).Underlying().(type) {
	case *types.Pointer, *types.Struct, *types.Chan, *types.Signature:
		return ""
	}
	return "what stands behind the argument is for importers to say"
}

// callAt returns the call whose opening parenthesis is at a position, or nil.
func (a *analysis) callAt(at access.Pos) (found *ast.CallExpr) {
	_, syntax := a.prog.File(at.File)
	if syntax == nil {
		return nil
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if p := a.prog.Fset.Position(call.Lparen); p.Line == at.Line && p.Column == at.Column {
				found = call
			}
		}
		return found == nil
	})
	return found
}

// spoiledMap looks at who else may use a map and its lock.
func (a *analysis) spoiledMap(pkg *load.Package, f *judge.Finding) string {
	switch {
	case f.Map.Pkg != pkg.Path:
		return "the map is declared in another package"
	case f.Map.Kind != access.Local && token.IsExported(f.Map.Name):
		return "other packages can use the map"
	case !a.keptInside(pkg, f.Map):
		return "the map is handed on"
	}
	for _, s := range f.Sites {
		if s.Pkg != pkg.Path {
			return "another package uses the map"
		}
	}
	if why := a.strangersInside(pkg, f); why != "" {
		return why
	}
	if f.Guard != nil {
		return a.strangersUnder(f.Guard.Lock)
	}
	return ""
}

// strangersInside looks for calls in what the fix puts under a lock.
func (a *analysis) strangersInside(pkg *load.Package, f *judge.Finding) string {
	for _, syntax := range pkg.Syntax {
		for _, d := range syntax.Decls {
			for _, r := range a.regions(syntax, d, f.Fix.Edits) {
				if call := stranger(pkg.Info, d, r.from, r.to); call != nil {
					return fmt.Sprintf("%s calls %s under the new lock, and importers may have a hand in that",
						a.prog.Fset.Position(call.Pos()), types.ExprString(call.Fun))
				}
			}
		}
	}
	return ""
}

// A region is part of a file.
type region struct{ from, to token.Pos }

// regions returns the parts of a declaration that edits put under a lock, and
// more where that is not clear: from an edit that locks to the last one that
// unlocks before the next that locks, or to the end if the lock is held for the
// rest of the function.
func (a *analysis) regions(syntax *ast.File, d ast.Decl, edits []edit.TextEdit) []region {
	file := a.prog.Fset.File(syntax.FileStart)
	var mine []edit.TextEdit
	for _, e := range edits {
		if e.File == file.Name() && d.Pos() <= file.Pos(e.Start) && file.Pos(e.Start) <= d.End() {
			mine = append(mine, e)
		}
	}
	slices.SortStableFunc(mine, func(x, y edit.TextEdit) int { return x.Start - y.Start })
	var out []region
	for _, e := range mine {
		switch {
		case strings.Contains(e.New, ".Lock()"), strings.Contains(e.New, ".RLock()"):
			out = append(out, region{file.Pos(e.Start), d.End()})
			if strings.Contains(e.New, "defer ") {
				return append(out, region{file.Pos(e.Start), d.End()})
			}
			if !strings.Contains(e.New, "nlock()") {
				continue
			}
		case !strings.Contains(e.New, "nlock()"):
			continue
		}
		if len(out) == 0 {
			return []region{{d.Pos(), d.End()}} // unlocks what it does not lock: who knows
		}
		out[len(out)-1].to = file.Pos(e.End)
	}
	return out
}

// quiet are packages of the standard library whose functions call nobody back.
var quiet = map[string]bool{
	"sync": true, "strings": true, "strconv": true, "time": true, "unicode": true, "unicode/utf8": true,
	"math": true, "math/bits": true, "path": true, "path/filepath": true, "bytes": true, "errors": true,
}

// stranger returns a call between two positions of a declaration that may run
// code of other packages, nil if there is none.
func stranger(info *types.Info, d ast.Decl, from, to token.Pos) (found *ast.CallExpr) {
	ast.Inspect(d, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found != nil || call.End() <= from || call.Pos() >= to {
			return found == nil
		}
		fn := ast.Unparen(call.Fun)
		if _, literal := fn.(*ast.FuncLit); literal {
			return true // what it calls is looked at
		}
		if info.Types[fn].IsType() || info.Types[fn].IsBuiltin() {
			return true
		}
		callee := typeutil.StaticCallee(info, call)
		if callee == nil || callee.Pkg() == nil || !quiet[callee.Pkg().Path()] || callsBack(callee) {
			found = call
		}
		return found == nil
	})
	return found
}

// callsBack reports whether a function takes functions or interfaces.
func callsBack(fn *types.Func) bool {
	for v := range fn.Signature().Params().Variables() {
		switch t := v.Type().Underlying().(type) {
		case *types.Signature, *types.Interface:
			return true
		case *types.Slice:
			if types.IsInterface(t.Elem()) {
				return true
			}
		}
	}
	return false
}

// strangersUnder looks for code of other packages that may run while a lock is
// held which a fix wants to take: an importer that holds it, or a callback under
// it, would take it twice.
func (a *analysis) strangersUnder(lock access.LockID) string {
	if token.IsExported(lock.Name) {
		return "importers can hold the lock"
	}
	isLock := func(l access.Lock) bool { return l.ID.IsZero() || l.ID.Location == lock.Location }
	funcs := make(map[summarise.FuncID]*summarise.Func)
	var work []summarise.FuncID // functions that may run while the lock is held
	for _, fn := range a.summary(a.prog.Roots[0]).Funcs {
		funcs[fn.ID] = fn
		if fn.Exported && slices.ContainsFunc(slices.Concat(fn.Acquires, fn.Releases), isLock) {
			return "importers can hold the lock"
		}
		if slices.ContainsFunc(fn.Events, func(e summarise.Event) bool { return e.Kind == summarise.Acquire && isLock(e.Lock) }) {
			work = append(work, fn.ID)
		}
	}
	seen := make(map[summarise.FuncID]bool)
	for len(work) > 0 {
		fn := funcs[work[len(work)-1]]
		work = work[:len(work)-1]
		if seen[fn.ID] {
			continue
		}
		seen[fn.ID] = true
		for i := range fn.Events {
			e := &fn.Events[i]
			callees, ok := followed(e, funcs)
			if !ok {
				return fn.Name + " calls " + e.Text + " under the lock, and importers may have a hand in that"
			}
			work = append(work, callees...)
		}
	}
	return ""
}

// followed returns the functions of funcs that an event calls; not ok if it may
// call others, but for those that are known to call nobody back.
func followed(e *summarise.Event, funcs map[summarise.FuncID]*summarise.Func) (ids []summarise.FuncID, ok bool) {
	if e.Kind != summarise.Call {
		return nil, true
	}
	if len(e.Targets) == 0 {
		return nil, known.Harmless(e.Unknown)
	}
	for _, t := range slices.Concat(append(slices.Clone(e.Fns), e.Targets)...) {
		switch {
		case t.Kind != summarise.Static:
			return nil, false
		case funcs[t.ID] != nil:
			ids = append(ids, t.ID)
		case !known.Harmless(string(t.ID)):
			return nil, false
		}
	}
	return ids, true
}
