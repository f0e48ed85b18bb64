package prove

import (
	"fmt"
	"go/token"
	"runtime"
	"sync"

	"github.com/mapguard/mapguard/rewrite/load"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// newCopies returns what copylocks reports in those packages of after that are
// given by index, and does not report in their counterparts of before.
func newCopies(fset *token.FileSet, before, after []*load.Package, index []int) []Failure {
	found := make([][]Failure, len(index))
	var workers sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, k := range index {
		workers.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			now := copies(fset, after[k])
			if len(now) == 0 {
				return // as in nearly every package: spares the run over the original
			}
			old := make(map[problem]int)
			for _, f := range copies(fset, before[k]) {
				old[problem{f.Pos.Filename, f.Message}]++
			}
			for _, f := range now {
				if key := (problem{f.Pos.Filename, f.Message}); old[key] > 0 {
					old[key]--
					continue
				}
				found[i] = append(found[i], f)
			}
		})
	}
	workers.Wait()
	var all []Failure
	for _, failures := range found {
		all = append(all, failures...)
	}
	return all
}

// copies returns what copylocks reports in a package that type-checks.
func copies(fset *token.FileSet, pkg *load.Package) (failures []Failure) {
	pass := &analysis.Pass{
		Analyzer:   copylock.Analyzer,
		Fset:       fset,
		Files:      pkg.Syntax,
		Pkg:        pkg.Types,
		TypesInfo:  pkg.Info,
		TypesSizes: pkg.Sizes,
		ResultOf:   map[*analysis.Analyzer]any{inspect.Analyzer: inspector.New(pkg.Syntax)},
		Report: func(d analysis.Diagnostic) {
			failures = append(failures, Failure{NoCopies, fset.Position(d.Pos), d.Message})
		},
	}
	if _, err := copylock.Analyzer.Run(pass); err != nil {
		panic(fmt.Sprintf("prove: copylocks on %s: %v", pkg, err)) // it returns none
	}
	return failures
}
