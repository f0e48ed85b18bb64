package repair

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mapguard/mapguard/rewrite/edit"
	"github.com/mapguard/mapguard/rewrite/load"
	"github.com/mapguard/mapguard/rules/judge"
	"github.com/mapguard/mapguard/rules/sinks"
	"github.com/mapguard/mapguard/rules/summarise"
)

// DeepFormat makes a call print where a value is, in place of walking it:
//
//	klog.ErrorS(err, "forwarding", "conn", h.conn)
//	                                       ------
//	                                       fmt.Sprintf("%p", h.conn)
//
//	log.Printf("closing %+v", h.conn)
//	                    ---
//	                    %p
//
// The program does the same as before but for the words of a message, as long
// as the text is a message: where it may be a key, be compared or sent, a
// person has to decide. DeepFormat never returns nil, and gives the reason
// wherever it has no edits.
func DeepFormat(p *load.Program, f *judge.Finding) *edit.Fix {
	return NewSession(p, anyEffect{}).DeepFormat(f)
}

// DeepFormat is the function DeepFormat, with the effects of the session.
func (s *Session) DeepFormat(f *judge.Finding) *edit.Fix {
	r := &deepRepair{prog: s.p, session: s, finding: f}
	fix, err := r.repair()
	if err != nil {
		return &edit.Fix{Title: "Do not format " + r.subject() + " itself", Reason: err.Error()}
	}
	return fix
}

// A deepRepair is the repair of one finding of deepformat.
type deepRepair struct {
	prog    *load.Program
	session *Session
	finding *judge.Finding
	pkg     *load.Package
	file    *ast.File
	src     []byte
	call    *ast.CallExpr
	table   *sinks.Table
	args    []sinks.Arg // the directives that walk the value, or the one value
	expr    ast.Expr    // the value
}

// A form is what is printed in place of a walk.
type form struct {
	verb   string // "p" or "T"; "v" where wrap makes what is printed
	value  string // "" if the expression stays as it is
	by     string // a function of package klog that makes what is printed, "" for fmt.Sprintf
	what   string // for the title
	reason string // why it is not safe, "" if it is
}

// repair returns the fix, or an error that says what a person has to decide.
func (r *deepRepair) repair() (*edit.Fix, error) {
	if err := r.locate(); err != nil {
		return nil, err
	}
	if fix := r.cloned(); fix != nil {
		return fix, nil
	}
	flow := newTextFlow(r.pkg.Info, r.table, r.file)
	if use := flow.fate(r.call); use != "" {
		return nil, fmt.Errorf("the text is %s, so it may be more than a message: %s", use, r.copyAdvice())
	}
	form, err := r.form()
	if err != nil {
		return nil, err
	}
	edits, err := r.print(form)
	if err != nil {
		return nil, err
	}
	fix := &edit.Fix{
		Title:         "Print the " + form.what + " of " + r.subject() + " instead of walking it",
		Applicability: edit.Safe,
		Reason:        form.reason,
		Edits:         edits,
	}
	if form.what == "pointer" {
		fix.Title = "Print the pointer " + r.subject() + " instead of walking it"
	}
	if w := r.finding.Sink.Wrappers; form.reason == "" && len(w) > 0 && w[0].Other {
		fix.Reason = shortCallee(r.finding.Sink.Callee) + " does more with its arguments than to format them"
	}
	if fix.Reason != "" {
		fix.Applicability = edit.Unsafe
	}
	return fix, nil
}

// print returns the edits that make the call print form.
func (r *deepRepair) print(form form) ([]edit.TextEdit, error) {
	tree, err := edit.Open(r.prog.Fset, r.file, r.src, edit.WithScope(r.pkg.Types, r.pkg.Info))
	if err != nil {
		return nil, err
	}
	if r.args[0].Directive.Verb != 0 && form.by == "" {
		err = r.changeVerbs(tree, form)
	} else {
		err = r.wrap(tree, form)
	}
	if err != nil {
		return nil, err
	}
	return tree.Edits()
}

// subject names the value for people.
func (r *deepRepair) subject() string {
	if r.expr == nil {
		return r.finding.Map.Short()
	}
	const most = 40
	s := strings.Join(strings.Fields(r.text(r.expr)), " ")
	if len(s) > most {
		return types.TypeString(r.pkg.Info.TypeOf(r.expr), (*types.Package).Name)
	}
	return s
}

// text returns the source of a node.
func (r *deepRepair) text(n ast.Node) string {
	tf := r.prog.Fset.File(n.Pos())
	return string(r.src[tf.Offset(n.Pos()):tf.Offset(n.End())])
}

// copyAdvice says how to come by a copy.
func (r *deepRepair) copyAdvice() string {
	g := r.finding.Guard
	switch {
	case g == nil:
		return "make a copy where nobody changes the map"
	case !ast.IsExported(g.Lock.Name) && g.Lock.Pkg != r.pkg.Path:
		return fmt.Sprintf("make a copy; %s can only be taken in package %s", g.Lock.Short(), g.Lock.Pkg)
	}
	return "make a copy under " + g.Lock.Short()
}

// locate finds the call and the argument in the syntax.
func (r *deepRepair) locate() error {
	sink := r.finding.Sink
	if sink == nil {
		return fmt.Errorf("the finding names no call")
	}
	if sink.Callee == "expvar.Func" {
		return fmt.Errorf("expvar encodes the result once the function has returned, without its locks: return a copy made under the lock")
	}
	r.pkg, r.file = r.prog.File(sink.Call.File)
	if r.file == nil {
		return fmt.Errorf("%s is not part of the program", sink.Call.File)
	}
	var err error
	if r.src, err = r.prog.Source(sink.Call.File); err != nil {
		return err
	}
	ast.Inspect(r.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			at := r.prog.Fset.Position(call.Lparen)
			if at.Line == sink.Call.Line && at.Column == sink.Call.Column {
				r.call = call
			}
		}
		return r.call == nil
	})
	if r.call == nil {
		return fmt.Errorf("no call at %s", sink.Call)
	}
	r.table = sinks.NewTable(moduleVersions(r.prog))
	if len(sink.Wrappers) > 0 {
		r.table = r.table.With(func(obj types.Object) []sinks.Wrapper {
			if summarise.SinkName(obj) == sink.Callee {
				return sink.Wrappers
			}
			return nil
		})
	}
	return r.argument()
}

// argument finds what is formatted, and by which directives.
func (r *deepRepair) argument() error {
	sink := r.finding.Sink
	for _, a := range r.table.Classify(r.pkg.Info, r.call) {
		if a.Index == sink.Arg && !(a.How.Family == sinks.Fmt && (a.How.Verb == 'T' || a.How.Verb == 'p' && sinks.PointerLike(a.Type))) {
			r.args = append(r.args, a)
		}
	}
	if len(r.args) > 1 && r.args[0].Expr != r.args[1].Expr {
		r.pickWalked()
	}
	if len(r.args) == 0 {
		if sink.Arg < len(r.call.Args) {
			r.expr = r.call.Args[sink.Arg]
		}
		return fmt.Errorf("the call hands the value to %s, which formats it: change it there, or what is passed", sink.Callee)
	}
	r.expr = r.args[0].Expr
	switch {
	case r.args[0].Fields.Family != 0:
		return fmt.Errorf("the value is among fields that are put together before: change it there")
	case r.args[0].Spread:
		return fmt.Errorf("the value is among arguments passed on as a whole")
	case r.args[0].Surplus:
		return fmt.Errorf("no directive of the format asks for the argument, and fmt walks it all the same: drop it, or add %%p")
	}
	return nil
}

// pickWalked keeps the one value of a literal of fields that holds the map.
func (r *deepRepair) pickWalked() {
	fp := r.footprints()
	for _, a := range r.args {
		walks, _ := fp.OfArg(a)
		for _, w := range walks {
			if w.Location == r.finding.Map {
				r.args = []sinks.Arg{a}
				return
			}
		}
	}
	r.args = nil
}

// footprints prepares for questions about all types of the program.
func (r *deepRepair) footprints() *sinks.Footprints {
	var pkgs []*types.Package
	for _, pkg := range r.prog.All {
		if pkg.Types != nil {
			pkgs = append(pkgs, pkg.Types)
		}
	}
	return sinks.NewFootprints(pkgs)
}

// moduleVersions returns what NewTable asks for.
func moduleVersions(p *load.Program) func(string) string {
	return func(module string) string {
		for _, pkg := range p.All {
			m := pkg.Module
			if m == nil || m.Path != module {
				continue
			}
			if m.Replace != nil {
				m = m.Replace
			}
			return m.Version
		}
		return ""
	}
}

// changeVerbs makes every directive that walks the value print form instead.
func (r *deepRepair) changeVerbs(tree *edit.Tree, form form) error {
	lits := make(map[*ast.BasicLit]string)
	slices.SortFunc(r.args, func(a, b sinks.Arg) int { return -cmp.Compare(a.Pos, b.Pos) })
	for _, a := range r.args {
		lit := r.literalAt(a.Pos)
		if lit == nil {
			return fmt.Errorf("the directive is not written out in a string literal of this call: make it %%%s", form.verb)
		}
		text, ok := lits[lit]
		if !ok {
			text = lit.Value
		}
		from, to := int(a.Pos-lit.Pos()), int(a.End-lit.Pos())
		directive, err := pointerDirective(text[from:to], form.verb)
		if err != nil {
			return err
		}
		lits[lit] = text[:from] + directive + text[to:]
	}
	for lit, text := range lits {
		if err := tree.ReplaceExpr(lit, text); err != nil {
			return err
		}
	}
	if form.value == "" {
		return nil
	}
	if r.formattedTwice() {
		return fmt.Errorf("the format uses the value more than once")
	}
	return tree.ReplaceExpr(r.expr, form.value)
}

// literalAt returns the string literal of the call that spells the directive
// at pos.
func (r *deepRepair) literalAt(pos token.Pos) *ast.BasicLit {
	var found *ast.BasicLit
	ast.Inspect(r.call, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Pos() < pos && pos < lit.End() {
			found = lit
		}
		return found == nil
	})
	return found
}

// formattedTwice reports whether another directive formats the value too.
func (r *deepRepair) formattedTwice() bool {
	n := 0
	for _, a := range r.table.Classify(r.pkg.Info, r.call) {
		if a.Index == r.args[0].Index {
			n++
		}
	}
	return n > 1
}

// pointerDirective returns a directive with another verb, without what the
// verb does not take: all flags but the minus, and the precision.
//
//	%+v -> %p    %-20v -> %-20p    %[2]v -> %[2]p
func pointerDirective(directive, verb string) (string, error) {
	_, size := utf8.DecodeLastRuneInString(directive)
	rest := strings.TrimLeft(directive[1:], "+-# 0")
	flags := directive[1 : len(directive)-len(rest)]
	rest = rest[:len(rest)-size]
	if i := strings.IndexByte(rest, '.'); i >= 0 {
		after := strings.TrimLeft(rest[i+1:], "0123456789")
		if strings.Contains(after, "*") {
			return "", fmt.Errorf("the precision of %s is an operand: drop both, and make it %%%s", directive, verb)
		}
		rest = rest[:i] + after
	}
	if strings.Contains(flags, "-") {
		return "%-" + rest + verb, nil
	}
	return "%" + rest + verb, nil
}

// wrap formats the value in place, for calls that have no verb.
func (r *deepRepair) wrap(tree *edit.Tree, form form) error {
	if form.by != "" {
		name, err := tree.Import(klogPath, "klog", r.expr.Pos())
		if err != nil {
			return err
		}
		return tree.ReplaceExpr(r.expr, fmt.Sprintf("%s.%s(%s)", name, form.by, r.text(r.expr)))
	}
	if r.table.TakesFormat(r.pkg.Info, r.call) {
		return fmt.Errorf("the format is not a constant: make its directive %%%s", form.verb)
	}
	if !r.takesString() {
		return fmt.Errorf("the parameter does not take a string")
	}
	fmtName, err := tree.Import("fmt", "fmt", r.expr.Pos())
	if err != nil {
		return err
	}
	value := form.value
	if value == "" {
		value = r.text(r.expr)
	}
	return tree.ReplaceExpr(r.expr, fmt.Sprintf("%s.Sprintf(%q, %s)", fmtName, "%"+form.verb, value))
}

// takesString reports whether a string may stand where the value stands.
func (r *deepRepair) takesString() bool {
	info, str := r.pkg.Info, types.Typ[types.String]
	if r.expr != r.call.Args[r.args[0].Index] {
		switch lit := underlying(info, r.call.Args[r.args[0].Index]).(type) {
		case *types.Map:
			return types.AssignableTo(str, lit.Elem())
		case *types.Slice:
			return types.AssignableTo(str, lit.Elem())
		}
		return false
	}
	sig, ok := underlying(info, r.call.Fun).(*types.Signature)
	if !ok {
		return false
	}
	i, last := r.args[0].Index, sig.Params().Len()-1
	param := sig.Params().At(min(i, last)).Type()
	if sig.Variadic() && i >= last {
		param = param.(*types.Slice).Elem()
	}
	return types.AssignableTo(str, param)
}
