package link

import (
	"strings"

	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/summarise"
)

// This file follows the variables of functions that are stored in fields, and
// called from anywhere:
//
//	func (s *S) run(opts Options) {
//		seen := new(names)
//		opts.OnName = func(n string) { seen.add(n) }
//		for range 3 { go s.work(opts) }
//	}
//
// What work does to seen means nothing to work itself, and something again to
// run. In the meantime the object is called what run calls it. Two runs of that
// function have two of it, so that only run, and function literals in it, can
// say that it is the same one.

// kept returns the target as anyone else may call it who finds it stored.
func kept(t summarise.Target, in summarise.FuncID) summarise.Target {
	free := t.Free
	t.Free = make([][]access.Path, len(free))
	for i, ps := range free {
		t.Free[i] = captured(ps, in)
	}
	if t.Bound {
		t.Recv = captured(t.Recv, in)
	}
	return t
}

// captured returns paths of the function in, as others name them.
func captured(ps []access.Path, in summarise.FuncID) []access.Path {
	var out []access.Path
	for _, q := range ps {
		switch q.Root.Kind {
		case access.Unknown, access.GlobalVar:
		default:
			q.Root = access.Root{Kind: access.Captured, Of: q.Root.Kind, Index: q.Root.Index, Sub: q.Root.Sub, Pkg: string(in), Name: q.Root.Name}
		}
		out = append(out, q)
	}
	return out
}

// recall returns the path as n calls it, if it starts at what n has captured.
func (n *node) recall(p access.Path) access.Path {
	if p.Root.Kind == access.Captured && p.Root.Pkg == string(n.ID) {
		p.Root = access.Root{Kind: p.Root.Of, Index: p.Root.Index, Sub: p.Root.Sub, Name: p.Root.Name}
	}
	return p
}

// knows reports whether what starts at root is one object in a run of n.
func (n *node) knows(root access.Root) bool {
	switch root.Kind {
	case access.Unknown:
		return false
	case access.Captured:
		return string(n.ID) == root.Pkg || strings.HasPrefix(string(n.ID), root.Pkg+"$")
	}
	return true
}
