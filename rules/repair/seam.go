package repair

import (
	"go/ast"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// Two critical sections with nothing between them are one:
//
//	  c.mu.Lock()
//	  c.m[k] = v
//	- c.mu.Unlock()
//	- c.mu.Lock()
//	  n := len(c.m)
//	  c.mu.Unlock()
//	  return n

// A seam is an end of a critical section that another one may go on from. Its
// code is not inserted if one does.
type seam struct {
	code   string
	reads  bool // the section only holds the lock for reading
	joined bool
}

func (j *job) opening(sites []*site) *seam {
	return &seam{code: j.lockCode(sites), reads: j.reads(sites)}
}

func (j *job) closing(sites []*site) *seam {
	return &seam{code: j.unlock(sites), reads: j.reads(sites)}
}

func (j *job) openBefore(s ast.Stmt, e *seam) op {
	return op{j.fn.file, func(t *edit.Tree) error {
		if e.joined {
			return nil
		}
		return t.InsertBefore(s, e.code)
	}}
}

func (j *job) closeAfter(s ast.Stmt, e *seam) op {
	return op{j.fn.file, func(t *edit.Tree) error {
		if e.joined {
			return nil
		}
		return t.InsertAfter(s, e.code)
	}}
}

// follow adds a proposal for the statements right behind those of p, and goes on
// with the last critical section of p if it can.
func (p *proposal) follow(q proposal) {
	if a, b := p.closes, q.opens; a != nil && b != nil && a.reads == b.reads {
		a.joined, b.joined = true, true
	}
	p.add(q)
	p.closes = q.closes
}
