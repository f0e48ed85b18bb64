package repair

import (
	"go/ast"
	"go/token"
	"sort"

	"github.com/mapguard/mapguard/rewrite/edit"
)

// An op is one operation on the syntax tree of a file.
type op struct {
	file *ast.File
	do   func(*edit.Tree) error
}

func (r *mapRepair) op(file *ast.File, do func(*edit.Tree) error) {
	r.ops = append(r.ops, op{file, do})
}

// A proposal is one way to guard some sites.
type proposal struct {
	ops    []op
	doubts []doubt
	spans  []span

	temps int // new variables, if hoist or hoistCalls made it

	// The critical section begins right before the first statement, and ends
	// right behind the last one; nil if it does not.
	opens, closes *seam
}

// A span is a stretch of source that a lock is held for.
type span struct {
	pos, end token.Pos
	key      string // of the lock
}

// add adds what is proposed for other statements.
func (p *proposal) add(q proposal) {
	p.ops = append(p.ops, q.ops...)
	p.doubts = append(p.doubts, q.doubts...)
	p.spans = append(p.spans, q.spans...)
}

// A candidate makes a proposal; it is false if its shape does not apply.
type candidate func() (proposal, bool)

// best returns the first proposal that is safe, else the first of those with
// the highest applicability. It is false if no shape applies.
func best(candidates ...candidate) (proposal, bool) {
	var top proposal
	found := false
	for _, c := range candidates {
		p, ok := c()
		if !ok {
			continue
		}
		if !found || lowest(p.doubts) > lowest(top.doubts) {
			top, found = p, true
		}
		if lowest(p.doubts) == edit.Safe {
			break
		}
	}
	return top, found
}

// safely returns c without the proposals that are not safe.
func safely(c candidate) candidate {
	return func() (proposal, bool) {
		p, ok := c()
		return p, ok && lowest(p.doubts) == edit.Safe
	}
}

// fewer returns that of two candidates which makes fewer variables, the first if
// they make as many.
func fewer(a, b candidate) candidate {
	return func() (proposal, bool) {
		p, ok := a()
		if ok && p.temps < 2 {
			return p, true
		}
		if q, better := b(); better && (!ok || q.temps < p.temps) {
			return q, true
		}
		return p, ok
	}
}

// plan chooses the regions of every function.
func (r *mapRepair) plan() {
	r.splitFuncs()
	for _, fn := range r.funcs {
		if fn.planned {
			continue
		}
		jobs := r.jobs(fn)
		var spans []span
		for _, j := range jobs {
			p := j.plan()
			r.ops = append(r.ops, p.ops...)
			r.doubts = append(r.doubts, p.doubts...)
			spans = append(spans, p.spans...)
		}
		for _, s := range fn.sites {
			r.kept(s, spans)
		}
		for _, a := range spans {
			for _, b := range spans {
				if a.key != b.key && a.pos <= b.pos && b.pos < a.end {
					r.doubt(edit.Manual, b.pos, "the locks of two objects would be held at once here: take copies, or fix an order")
				}
			}
		}
	}
	r.heldCalls()
	r.orders()
}

// jobs returns the work to be done in a function, one job for each lock.
func (r *mapRepair) jobs(fn *function) []*job {
	byKey := make(map[string]*job)
	var jobs []*job
	for _, s := range fn.sites {
		if !s.needy {
			continue
		}
		ref, ok := r.ref(s)
		if !ok {
			continue
		}
		j := byKey[ref.key]
		if j == nil {
			j = newJob(r, fn, ref)
			byKey[ref.key] = j
			jobs = append(jobs, j)
		}
		j.sites = append(j.sites, s)
	}
	for _, j := range jobs {
		for _, k := range jobs {
			if j != k {
				j.others = append(j.others, k.sites...)
			}
		}
	}
	return jobs
}

// carryOut performs the operations and returns the edits.
func (r *mapRepair) carryOut() []edit.TextEdit {
	files := make(map[*ast.File]*edit.Tree)
	var order []*ast.File
	for _, op := range r.ops {
		t := files[op.file]
		if t == nil {
			var err error
			if t, err = r.open(op.file); err != nil {
				r.doubt(edit.Manual, op.file.Package, "%v", err)
				return nil
			}
			files[op.file] = t
			order = append(order, op.file)
		}
		if err := op.do(t); err != nil {
			r.doubt(edit.Manual, op.file.Package, "%v", err)
			return nil
		}
	}
	sort.Slice(order, func(i, j int) bool { return r.fileName(order[i]) < r.fileName(order[j]) })
	var all []edit.TextEdit
	for _, file := range order {
		edits, err := files[file].Edits()
		if err != nil {
			r.doubt(edit.Manual, file.Package, "%v", err)
			return nil
		}
		all = append(all, edits...)
	}
	return all
}

func (r *mapRepair) open(file *ast.File) (*edit.Tree, error) {
	pkg, _ := r.p.File(r.fileName(file))
	src, err := r.p.Source(r.fileName(file))
	if err != nil {
		return nil, err
	}
	return edit.Open(r.p.Fset, file, src, edit.WithScope(pkg.Types, pkg.Info))
}

func (r *mapRepair) fileName(file *ast.File) string { return r.p.Fset.File(file.FileStart).Name() }
