package witness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds how much of a line is read; of a longer one the rest is
// passed over. A whole dump may be one line of a JSON log.
const maxLine = 16 << 20

// maxStreams bounds how many mixed streams of one log are told apart.
const maxStreams = 64

// triggers are in every line that a report may begin with. Only lines that
// have one are looked at until a report has begun.
var triggers = [][]byte{
	[]byte("concurrent map"), []byte("atal error: "), []byte("DATA RACE"), []byte("panic: "),
	[]byte(`"MESSAGE":[`), []byte(`"MESSAGE" : [`), // bytes, see textIn
	[]byte("goroutine "), []byte(" by main goroutine"), []byte("runtime.map"), []byte("internal/runtime/maps."),
}

// Read reads a log to its end. name is what its reports call it. The error is
// the reader's; what was read until then is returned with it.
func Read(r io.Reader, name string) (*Log, error) {
	l := &reader{log: &Log{Name: name}, streams: make(map[string]*parser), seen: make(map[string]*Report)}
	in := bufio.NewReaderSize(r, 1<<16)
	var long []byte
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long)+len(line) <= maxLine {
				long = append(long, line...)
			}
			continue
		}
		if len(long) > 0 {
			if len(long)+len(line) <= maxLine {
				long = append(long, line...)
			}
			line = long
		}
		if len(line) > 0 {
			l.number++
			l.line(line)
		}
		long = long[:0]
		switch {
		case errors.Is(err, io.EOF):
			l.end()
			return l.log, nil
		case err != nil:
			l.end()
			return l.log, fmt.Errorf("%s: line %d: %w", name, l.number, err)
		}
	}
}

// A reader is the state of Read.
type reader struct {
	log     *Log
	number  int                // of the current line
	streams map[string]*parser // by name
	order   []*parser          // as they came up
	busy    int                // parsers in a report
	seen    map[string]*Report // by key
}

// line reads one line of the log.
func (l *reader) line(line []byte) {
	if l.busy == 0 && !triggered(line) {
		return
	}
	unwrap(line, func(stream, text string) {
		p := l.streams[stream]
		if p == nil && len(l.streams) >= maxStreams {
			stream = ""
			p = l.streams[""]
		}
		if p == nil {
			p = &parser{reader: l}
			l.streams[stream] = p
			l.order = append(l.order, p)
		}
		was := p.report != nil
		p.line(text)
		switch is := p.report != nil; {
		case is && !was:
			l.busy++
		case was && !is:
			l.busy--
		}
	})
}

func triggered(line []byte) bool {
	for _, t := range triggers {
		if bytes.Contains(line, t) {
			return true
		}
	}
	return false
}

// end closes the reports that the log breaks off in.
func (l *reader) end() {
	for _, p := range l.order {
		p.finish()
	}
}
