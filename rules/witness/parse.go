package witness

import (
	"strconv"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// A parser reads the lines of one stream.
type parser struct {
	*reader
	report  *Report // nil between reports
	stack   *Stack  // the one that frames belong to; nil if there is none
	created bool    // frames are of stack.Created
	waiting funcLine
	quiet   int // lines since one that belonged to the report
	stacks  map[string]*Stack
	names   map[string]string // interned: a dump repeats few names often
	tail    []Frame           // the last frames of a stack that is too long
}

// maxQuiet is how many lines of other things may stand in the middle of a
// report, as they do where several programs or threads share a log.
const maxQuiet = 300

// line reads one line.
func (p *parser) line(text string) {
	if p.header(text) {
		p.quiet = 0
		return
	}
	if p.report == nil && !p.frameless(text) {
		return
	}
	if p.body(text) {
		p.quiet = 0
		return
	}
	if p.quiet++; p.quiet > maxQuiet || ends(text) {
		p.finish()
	}
}

// ends reports whether a line is one that the go command prints when the
// program is done.
func ends(text string) bool {
	return strings.HasSuffix(text, "exit status 2") || strings.HasSuffix(text, "exit status 66") ||
		strings.Contains(text, "FAIL\t") || strings.Contains(text, "ok  \t") || strings.HasSuffix(text, "==================")
}

// header begins a report at a line that one begins with.
func (p *parser) header(text string) bool {
	if i := strings.Index(text, "WARNING: DATA RACE"); i >= 0 {
		p.begin(Race, true)
		return true
	}
	for _, head := range []string{"fatal error: ", "panic: "} {
		i := strings.Index(text, head)
		if i < 0 {
			continue
		}
		message := messageOf(text[i+len(head):])
		if message == "" {
			if p.other(text[i:]) {
				return true
			}
			continue
		}
		if r := p.report; r != nil && r.Kind == Fatal && r.Headed && len(r.Stacks) == 0 && p.stack == nil {
			// Two threads crashed at once; the stack is of the first.
			return true
		}
		p.begin(Fatal, true)
		p.report.Message = message
		return true
	}
	return false
}

// messageOf returns the message about maps that a text begins with, "" if
// none. Two threads that crash at once may print theirs without a line between.
func messageOf(text string) string {
	for _, m := range messages {
		if strings.HasPrefix(text, m.text) {
			return m.text
		}
	}
	return ""
}

// maxOther bounds how many other crashes are listed.
const maxOther = 20

// other notes a crash that no map is to blame for. A log may use the words for
// anything, so the report that is being read goes on if it is a race's.
func (p *parser) other(text string) bool {
	if p.report != nil && p.report.Kind == Race {
		return false
	}
	p.finish()
	if len(p.log.Other) < maxOther {
		p.log.Other = append(p.log.Other, Other{Line: p.number, Text: clip(strings.TrimSpace(text))})
	}
	return true
}

// begin begins a report.
func (p *parser) begin(kind Kind, headed bool) {
	p.finish()
	p.report = &Report{Kind: kind, Log: p.log.Name, Line: p.number, Count: 1, Headed: headed}
	p.stacks, p.names = make(map[string]*Stack), make(map[string]string)
	p.quiet = 0
}

// frameless begins a report in the middle, at a goroutine's or a race's line:
// the log may have lost what was before.
func (p *parser) frameless(text string) bool {
	if _, ok := parseGoroutine(text); ok {
		p.begin(Fatal, false)
		return true
	}
	if s, ok := parseSection(text); ok && !s.created {
		p.begin(Race, false)
		return true
	}
	if f, ok := parseFunc(text); ok && !f.created {
		if sym := Split(f.name); sym.throws() || sym.MapOp() != 0 {
			p.begin(Fatal, false)
			return true
		}
	}
	return false
}

// body reads a line of a report, and reports whether it is one.
func (p *parser) body(text string) bool {
	if file, number, ok := parsePosition(text); ok {
		return p.position(file, number)
	}
	if p.report.Kind == Fatal {
		if g, ok := parseGoroutine(text); ok {
			p.push(&Stack{ID: g.id, State: p.intern(g.state), CreatedBy: -1, Count: 1})
			return true
		}
	}
	if s, ok := parseSection(text); ok && p.report.Kind == Race {
		p.section(s)
		return true
	}
	if f, ok := parseFunc(text); ok {
		p.waiting = f
		return true
	}
	p.waiting = funcLine{}
	switch {
	case p.stack == nil:
	case strings.HasSuffix(text, "frames elided..."):
		p.stack.Elided += elided(text)
		return true
	case strings.HasSuffix(text, "stack unavailable"), strings.HasSuffix(text, "[failed to restore the stack]"):
		p.stack.Lost = true
		return true
	}
	return strings.TrimSpace(text) == ""
}

// elided reads how many frames a line says are missing.
//
//	...additional frames elided...     ...23 frames elided...
func elided(text string) int {
	text = text[strings.Index(text, "...")+3:]
	if n, err := strconv.Atoi(text[:digits(text)]); err == nil {
		return n
	}
	return 1
}

// section begins a part of a race report.
func (p *parser) section(s sectionLine) {
	if s.created {
		p.push(nil)
		for _, stack := range p.report.Stacks {
			if stack.ID == s.id {
				stack.State = p.intern(s.state)
				p.stack, p.created = stack, true
				return
			}
		}
		return
	}
	if len(p.report.Stacks) == 2 || p.stack != nil && len(p.report.Stacks) == 1 && !s.previous {
		p.begin(Race, false) // the line between two reports is missing
	}
	op := access.Read
	if s.write {
		op = access.Write
	}
	p.push(&Stack{ID: s.id, Op: op, Raced: true, CreatedBy: -1, Count: 1})
}

// position ends a frame.
func (p *parser) position(file string, number int) bool {
	f := p.waiting
	p.waiting = funcLine{}
	if f.name == "" {
		return false
	}
	if p.stack == nil {
		if p.report.Kind == Race && len(p.report.Stacks) > 0 {
			return true // of a goroutine or object that is no side of the race
		}
		p.push(&Stack{ID: -1, CreatedBy: -1, Count: 1})
	}
	frame := Frame{Func: p.intern(f.name), File: p.intern(file), Line: number, Inline: f.inline}
	switch s := p.stack; {
	case f.created:
		s.Created, s.CreatedBy = []Frame{frame}, f.by
	case p.created && len(s.Created) < maxFrames:
		s.Created = append(s.Created, frame)
	case p.created:
	case len(s.Frames) < maxFrames/2:
		s.Frames = append(s.Frames, frame)
	default:
		if p.tail = append(p.tail, frame); len(p.tail) > maxFrames/2 {
			p.tail = p.tail[1:]
			s.Elided++
		}
	}
	return true
}

// intern returns a string that is equal to s and may be shared.
func (p *parser) intern(s string) string {
	if t, ok := p.names[s]; ok {
		return t
	}
	if len(p.names) > 20*maxStacks {
		return strings.Clone(s)
	}
	s = strings.Clone(s)
	p.names[s] = s
	return s
}

// push ends the stack that is being read and begins another one.
func (p *parser) push(next *Stack) {
	p.settle()
	p.stack, p.created, p.waiting = next, false, funcLine{}
	if next != nil && p.report.Kind == Race {
		p.report.Stacks = append(p.report.Stacks, next) // the parts that follow refer to it
	}
}

// settle adds the stack that is being read to a fatal error's, unless there is
// an equal one.
func (p *parser) settle() {
	s := p.stack
	if s == nil {
		return
	}
	s.Frames = append(s.Frames, p.tail...)
	p.tail = nil
	if p.report.Kind == Race {
		return
	}
	key := s.key()
	switch first := p.stacks[key]; {
	case first != nil && first != p.report.Stacks[0]:
		first.Count++
	case len(p.report.Stacks) >= maxStacks && (s.MapOp() == 0 || len(p.report.Stacks) >= 2*maxStacks):
		p.report.Omitted++ // one that uses a map may be the other side
	default:
		p.report.Stacks = append(p.report.Stacks, s)
		p.stacks[key] = s
	}
}

// key returns a string that is equal for stacks at the same place.
func (s *Stack) key() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(int(s.Op)))
	for _, fs := range [][]Frame{s.Frames, s.Created} {
		for _, f := range fs {
			b.WriteString(f.Func)
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(f.Line))
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// finish ends the report that is being read.
func (p *parser) finish() {
	r := p.report
	if r == nil {
		return
	}
	p.push(nil)
	p.report, p.stacks, p.names = nil, nil, nil
	if r.Kind == Fatal && !r.settleFatal() {
		return
	}
	if r.Kind == Race && len(r.Stacks) == 0 && !r.Headed {
		return
	}
	key := r.key()
	switch first := p.seen[key]; {
	case first != nil:
		first.Count++
	case len(p.log.Reports) >= MaxReports:
		p.log.Dropped++
	default:
		p.seen[key] = r
		p.log.Reports = append(p.log.Reports, r)
	}
}

// settleFatal says what the goroutine that crashed was doing. It reports
// whether the dump is about a map at all: one without its first line may be
// any other.
func (r *Report) settleFatal() bool {
	op := opOf(r.Message)
	if !r.Headed {
		i := 0
		for i < len(r.Stacks) && !r.Stacks[i].threw() {
			i++
		}
		if i == len(r.Stacks) {
			return false
		}
		crashed := r.Stacks[i]
		copy(r.Stacks[1:i+1], r.Stacks[:i])
		r.Stacks[0] = crashed
		if op = crashed.MapOp(); op == 0 {
			return false
		}
	}
	for _, s := range r.Stacks {
		s.Op = s.MapOp()
	}
	if len(r.Stacks) > 0 && r.Stacks[0].Op == 0 {
		r.Stacks[0].Op = op
	}
	return true
}

// threw reports whether the stack is of a goroutine that a map's fatal error
// stopped at.
func (s *Stack) threw() bool {
	if len(s.Frames) == 0 {
		return false
	}
	first := Split(s.Frames[0].Func)
	if s.ID < 0 { // the log begins in the middle of it
		return first.throws() || first.MapOp() != 0
	}
	return first.throws() && (s.MapOp() != 0 || first.Pkg != "runtime")
}

// key returns a string that is equal for reports of the same thing.
func (r *Report) key() string {
	var b strings.Builder
	b.WriteString(r.Message)
	for i, s := range r.Stacks {
		if i == 2 || r.Kind == Fatal && i == 1 {
			break
		}
		b.WriteByte('\n')
		b.WriteString(s.key())
	}
	return b.String()
}
