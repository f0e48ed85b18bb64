package sinks

import (
	"strconv"
	"strings"
)

// older reports whether module version v precedes w. A pre-release or
// pseudo-version precedes the release that it leads to; two of them for one
// release count as the same.
func older(v, w string) bool {
	v, vpre := core(v)
	w, wpre := core(w)
	vs, ws := strings.Split(v, "."), strings.Split(w, ".")
	for i := range min(len(vs), len(ws)) {
		a, _ := strconv.Atoi(vs[i])
		b, _ := strconv.Atoi(ws[i])
		if a != b {
			return a < b
		}
	}
	return vpre && !wpre
}

// core returns v without its leading v and its pre-release and build parts, and
// whether it had a pre-release.
func core(v string) (numbers string, pre bool) {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), "+")
	numbers, _, pre = strings.Cut(v, "-")
	return numbers, pre
}
