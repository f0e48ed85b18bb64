package resolve

import (
	"fmt"
	"path"
	"strings"

	"github.com/mapguard/mapguard/rules/witness"
)

// needs says what it takes to resolve a frame of code that was not loaded.
func (p *Program) needs(f witness.Frame) string {
	sym := witness.Split(f.Func)
	module, version := p.module(sym.Pkg), ""
	if m, v, ok := inModuleCache(f.File); ok {
		module, version = m, v
	}
	what := sym.Pkg
	if module != "" {
		what = module
		if version != "" {
			what += "@" + version
		}
	}
	at := fmt.Sprintf("the map is used by %s at %s:%d", sym.Pkg+"."+sym.Name, path.Base(slashed(f.File)), f.Line)
	if sym.Pkg == "main" {
		return at + ", and no command of that kind is among the packages: name them, or run mapguard in the module of the program"
	}
	if p.load.Package(sym.Pkg) != nil {
		return at + ", in a dependency that mapguard does not change: run it on the source of " + what + ", with this log"
	}
	return at + ", which is not among the packages: name them, or run mapguard on the source of " + what + ", with this log"
}

// module returns the module of a package among the dependencies, "" if it is
// none of them.
func (p *Program) module(pkg string) string {
	if d := p.load.Package(pkg); d != nil && d.Module != nil {
		if d.Module.Version != "" {
			return d.Module.Path + "@" + d.Module.Version
		}
		return d.Module.Path
	}
	return ""
}

// inModuleCache reads module and version off a file name that is below a module
// cache, or that -trimpath has cut to that part.
//
//	/go/pkg/mod/github.com/x/y@v1.2.3/z.go     github.com/x/y@v1.2.3/z.go
func inModuleCache(file string) (module, version string, ok bool) {
	file = slashed(file)
	if _, after, found := strings.Cut(file, "/pkg/mod/"); found {
		file = after
	}
	module, rest, ok := strings.Cut(file, "@v")
	if !ok || strings.HasPrefix(module, "/") || strings.Contains(module, ":") {
		return "", "", false
	}
	version, _, _ = strings.Cut(rest, "/")
	return unescapeUpper(module), "v" + version, true
}

// unescapeUpper undoes the module cache's writing of capitals: !azure is Azure.
func unescapeUpper(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '!' && i+1 < len(s) && 'a' <= s[i+1] && s[i+1] <= 'z' {
			i++
			b.WriteByte(s[i] - 'a' + 'A')
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
