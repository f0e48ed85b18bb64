package repair

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/mapguard/mapguard/rules/known"
)

// This file tells people how a call comes to a function that the fix makes take
// the lock.

// wouldTakeAgain says that a call, made with the lock held, leads to a needy
// site: for sure, or as far as can be told.
func (j *job) wouldTakeAgain(call *ast.CallExpr) string {
	name, way := j.wayToNeedy(call)
	if len(way) == 0 {
		return fmt.Sprintf("%s is called here with %s held, and would wait for it forever: split it into one that locks and one that is called with the lock held", name, j.r.lock.display)
	}
	end, steps := way[len(way)-1], way[:len(way)-1]
	_, sure := typeutil.Callee(j.info, call).(*types.Func)
	for _, s := range steps {
		sure = sure && !strings.HasPrefix(s, some)
	}
	if n := len(steps) - maxWay; n > 0 {
		steps = append(steps[:maxWay:maxWay], fmt.Sprintf("%d more", n))
	}
	by := ""
	if len(steps) > 0 {
		by = " by way of " + strings.Join(steps, ", ")
	}
	if !sure {
		return fmt.Sprintf("%s is called here with %s held, and nothing rules out that it comes to %s%s, which would wait for it forever", name, j.r.lock.display, end, by)
	}
	return fmt.Sprintf("%s is called here with %s held, and comes to %s%s, which would wait for it forever: split that into one that locks and one that is called with the lock held", name, j.r.lock.display, end, by)
}

// maxWay bounds how many functions of a way are named.
const maxWay = 3

// some begins what calledAs says of a group of functions.
const some = "some "

// wayToNeedy returns the name of what is called, and the functions on its way to
// a needy site, that which makes it last.
func (j *job) wayToNeedy(call *ast.CallExpr) (name string, way []string) {
	names := called(j.info, call)
	ways := j.r.reached()
	at := names[0]
	if i := slices.IndexFunc(names, func(name string) bool { return ways.all[name] }); i >= 0 {
		at = names[i]
	}
	if name = calledAs(at); strings.HasPrefix(name, some) {
		name = calleeName(call)
	}
	for _, m := range j.r.callsBack(j.info, call) {
		if ways.all[m] {
			way = append(way, calledAs(m))
			at = m
			break
		}
	}
	for next := ways.next[at]; next != "" && len(way) < 100; next = ways.next[at] {
		at = next
		way = append(way, calledAs(at))
	}
	return name, way
}

// calledAs names a function, or a group of them, as mentioners does, for people.
func calledAs(name string) string {
	switch {
	case strings.HasPrefix(name, "func("):
		return some + "function value"
	case name[0] == '.':
		name = name[1 : 1+strings.IndexAny(name[1:]+" ", " \n")]
		return some + name + " method"
	}
	pkg := known.PackageOf(name)
	return strings.Replace(name, pkg, pkg[strings.LastIndexByte(pkg, '/')+1:], 1)
}
