package repair

import (
	"go/types"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rules/access"
	"github.com/mapguard/mapguard/rules/judge"
)

// This file gives the maps of one struct one mutex. What is done to two of them
// in a row stays in one critical section then:
//
//	r.byID[id] = name
//	r.byName[name] = id

// Groups returns the findings whose fixes each give one struct a mutex, by
// struct, where there are several.
func Groups(fs []*judge.Finding) [][]*judge.Finding {
	var groups [][]*judge.Finding
	index := make(map[access.Location]int)
	for _, f := range fs {
		if f.Rule != judge.SharedMap || f.Guard != nil || f.Copy != "" || f.Map.Kind != access.Field {
			continue
		}
		owner := f.Map
		owner.Name = ""
		i, ok := index[owner]
		if !ok {
			i = len(groups)
			index[owner] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return slices.DeleteFunc(groups, func(g []*judge.Finding) bool { return len(g) < 2 })
}

// Together returns a fix that guards the maps of several findings, a group of
// Groups, by one new mutex, nil unless that is safe.
func (s *Session) Together(fs []*judge.Finding) *edit.Fix {
	first := fs[0]
	var at *types.Var
	for _, f := range fs {
		r := &mapRepair{Session: s, f: f}
		if !r.declared() {
			return nil
		}
		if at == nil || r.decl.obj.Pos() < at.Pos() {
			first, at = f, r.decl.obj
		}
	}
	more := slices.DeleteFunc(slices.Clone(fs), func(f *judge.Finding) bool { return f == first })
	fix := s.fix(first, more...)
	if fix.Applicability != edit.Safe {
		return nil
	}
	return fix
}

// findings returns what is repaired, the first map of a struct first.
func (r *mapRepair) findings() []*judge.Finding {
	return append([]*judge.Finding{r.f}, r.more...)
}

// judged returns the sites of all maps, in position order.
func (r *mapRepair) judged() []judge.Site {
	var all []judge.Site
	for _, f := range r.findings() {
		all = append(all, f.Sites...)
	}
	if len(r.more) > 0 {
		slices.SortStableFunc(all, func(a, b judge.Site) int {
			switch {
			case a.Pos.Less(b.Pos):
				return -1
			case b.Pos.Less(a.Pos):
				return 1
			}
			return int(a.Op) - int(b.Op)
		})
	}
	return all
}

// touches reports whether a call with effect e may access one of the maps.
func (r *mapRepair) touches(e Effect) bool {
	return slices.ContainsFunc(r.findings(), func(f *judge.Finding) bool { return e.touches(f.Map) })
}

// named reports whether one of the maps goes by a name.
func (r *mapRepair) named(name string) bool {
	return slices.ContainsFunc(r.findings(), func(f *judge.Finding) bool { return f.Map.Name == name })
}

// guarded returns the names of what the lock guards.
func (r *mapRepair) guarded() string {
	var names []string
	for _, f := range r.findings() {
		names = append(names, f.Map.Name)
	}
	return strings.Join(append(names, r.counted...), ", ")
}

// places returns the maps as titles print them.
func (r *mapRepair) places() string {
	var names []string
	for _, f := range r.findings() {
		names = append(names, place(f.Map))
	}
	return strings.Join(names, " and ")
}
