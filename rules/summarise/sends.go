package summarise

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/mapguard/mapguard/rules/access"
)

// This file knows what becomes of an HTTP request that is sent: a goroutine of
// the transport may read its header until the body of the response is closed,
// and nobody is told when it does no more if there is no response. See
// net/http.RoundTripper: callers should not mutate or reuse the request until
// the Response's Body has been closed.

// sends notes that a call sends a request, for as long as the response is open.
func (b *builder) sends(e Event, name string, ins ssa.CallInstruction, c *ssa.CallCommon) {
	res := c.Signature().Results()
	fn := c.StaticCallee()
	if res.Len() == 0 || !isNamed(res.At(0).Type(), "net/http", "Response") || fn != nil && fn.Blocks != nil && fn.Pkg == b.ssa {
		return
	}
	if method := name[lastDot(name)+1:]; method != "Do" && method != "RoundTrip" {
		return
	}
	// What bodies the method may have here, the call runs: the transport has none.
	e.Targets, e.Args, e.Fns = nil, nil, nil
	for _, arg := range c.Args {
		header := headerOf(arg.Type())
		if header == nil {
			continue
		}
		ps := b.pathsOf(arg)
		for _, s := range header {
			ps = extend(ps, s)
		}
		for _, p := range ps {
			if p.Root.Kind == access.Unknown {
				continue
			}
			e.Kind, e.Op, e.Path, e.Loc = Spawn, access.Iterate, p, p.Location()
			e.Assumed, e.Local, e.Text = true, true, calleeText(b.nodes[ins.Pos()])
			e.Group = access.Path{Root: access.Root{Kind: access.CallResult, Index: b.callNumber(ins)}}
			e.Group, _ = e.Group.Append(fieldNamed(res.At(0).Type(), "Body"))
			b.emit(e)
		}
	}
}

// headerOf returns the fields that lead from a request to its header; nil if t
// is no *http.Request, nor a struct that one is embedded in.
func headerOf(t types.Type) []access.Step {
	if isNamed(t, "net/http", "Request") {
		return []access.Step{fieldNamed(t, "Header")}
	}
	st, ok := deref(t).Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for i := range st.NumFields() {
		if f := st.Field(i); f.Embedded() && isNamed(f.Type(), "net/http", "Request") {
			return []access.Step{fieldStep(t, i), fieldNamed(f.Type(), "Header")}
		}
	}
	return nil
}

// closes reports a call that closes the body of a response, after which its
// request is sent.
func (b *builder) closes(e Event, name string, c *ssa.CallCommon) {
	if c.IsInvoke() && name != "" && name[lastDot(name)+1:] == "Close" {
		for _, p := range b.pathsOf(c.Value) {
			if last := p.N - 1; last >= 0 && p.Steps[last].Type == "Response" && p.Steps[last].Pkg == "net/http" {
				b.wait(e, []access.Path{p})
			}
		}
	}
}

// isNamed reports whether t is a pointer to the named type.
func isNamed(t types.Type, pkg, name string) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(ptr.Elem()).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == pkg && n.Obj().Name() == name
}

// fieldNamed returns the step to a field of a struct, or of what points to one.
func fieldNamed(t types.Type, name string) access.Step {
	st := deref(t).Underlying().(*types.Struct)
	for i := range st.NumFields() {
		if st.Field(i).Name() == name {
			return fieldStep(t, i)
		}
	}
	return access.Step{}
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}
