package main

import (
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/mapguard/mapguard/rules"
)

// calledByGo reports whether the arguments are those by which "go vet -vettool"
// and "go fix -fixtool" talk to their tool: it is asked for its version, for its
// flags, or to analyse one package.
func calledByGo(args []string) bool {
	if len(args) == 0 {
		return false
	}
	last := args[len(args)-1]
	return last == "-V=full" || last == "-flags" || strings.HasSuffix(last, ".cfg")
}

// vetTool answers the go command and exits.
func vetTool() { unitchecker.Main(rules.Analyzers...) }
