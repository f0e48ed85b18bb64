package witness

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// This file takes lines out of the logs that carry them.

// unwrap calls emit for each line that a line of a log carries, with the name
// of the stream that it belongs to, "" if the log does not say. Lines of a
// program's JSON log, of docker's, of go test -json and of journald's export
// are decoded; others come as they are, prefix and all, but without colours.
func unwrap(line []byte, emit func(stream, text string)) {
	stream := ""
	if i := bytes.IndexByte(line, '{'); i >= 0 && mayBeJSON(line[i:]) {
		// A dump that is still quoted is in a member of another name.
		if text, member, ok := fromJSON(line[i:]); ok && (hasDump(text) || !quotesDump(string(line))) {
			stream = member
			if s, _ := splitStream(string(line[:i])); s != "" {
				stream = s
			}
			text = unquoted(strings.TrimSuffix(text, "\n"))
			for l := range strings.SplitSeq(text, "\n") {
				s, l := splitStream(plain(l))
				emit(orElse(s, stream), l)
			}
			return
		}
	}
	s, text := splitStream(plain(string(line)))
	for l := range strings.SplitSeq(unquoted(text), "\n") {
		emit(s, l)
	}
}

// unquoted returns a text with its line breaks, if it has a dump without them.
func unquoted(text string) string {
	if strings.Contains(text, "#012goroutine ") || strings.Contains(text, "DATA RACE#012") {
		text = strings.NewReplacer("#012", "\n", "#011", "\t").Replace(text) // syslog's
	}
	for range maxQuoted {
		if !quotesDump(text) {
			break
		}
		text = unquoter.Replace(text)
	}
	return text
}

// maxQuoted bounds how often a dump may have been quoted: JSON in JSON in JSON.
const maxQuoted = 4

// quotesDump reports whether a line has a dump whose line breaks are escaped.
//
//	level=error msg="fatal error: concurrent map writes\n\ngoroutine 7 [running]:\n...
func quotesDump(line string) bool {
	return strings.Contains(line, `\ngoroutine `) || strings.Contains(line, `DATA RACE\n`)
}

// hasDump reports whether a text has a dump that is not quoted.
func hasDump(text string) bool {
	return strings.Contains(text, "\ngoroutine ") || strings.Contains(text, "DATA RACE\n")
}

// unquoter undoes what JSON and the formats of key=value do to a text.
// The quotes that are not escaped are around it, and end a line.
var unquoter = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "", `\t`, "\t", `\"`, `"`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\/`, "/", `"`, "\n")

func orElse(s, t string) string {
	if s == "" {
		return t
	}
	return s
}

// mayBeJSON reports whether s looks like an object, at the cost of a glance:
// function arguments in a stack begin with a brace too.
func mayBeJSON(s []byte) bool {
	s = bytes.TrimLeft(s[1:], " ")
	return len(s) > 0 && s[0] == '"' && bytes.Contains(s, []byte(`":`))
}

// textKeys are the members that hold a log's text, the likeliest first.
var textKeys = []string{"log", "message", "msg", "MESSAGE", "Output", "text", "textPayload", "line", "body", "content", "event", "@message", "stacktrace", "stack", "stack_trace", "error", "err"}

// nestedKeys are the members that hold the object in which the text is.
var nestedKeys = []string{"jsonPayload", "fields", "data", "_source", "record"}

// fromJSON returns the text in a line of JSON, and what tells one stream from
// another if that is there.
func fromJSON(line []byte) (text, stream string, ok bool) {
	var object map[string]any
	if err := json.NewDecoder(bytes.NewReader(line)).Decode(&object); err != nil {
		return "", "", false
	}
	for _, key := range []string{"Package", "container_id", "_SYSTEMD_UNIT", "CONTAINER_ID", "pod", "pod_name"} {
		if s, ok := object[key].(string); ok {
			stream = s
			break
		}
	}
	if text, ok := textIn(object); ok {
		return text, stream, true
	}
	for _, key := range nestedKeys {
		if inner, isObject := object[key].(map[string]any); isObject {
			if text, ok := textIn(inner); ok {
				return text, stream, true
			}
		}
	}
	return "", "", false
}

// textIn returns the members of an object that are text, in the order of
// textKeys: the message of a log may say "fatal" and its stack the rest.
func textIn(object map[string]any) (string, bool) {
	var parts []string
	for _, key := range textKeys {
		switch v := object[key].(type) {
		case string:
			if !slices.Contains(parts, v) {
				parts = append(parts, v)
			}
		case []any: // journald exports what is not printable as bytes
			var b []byte
			for _, e := range v {
				if n, ok := e.(float64); ok && 0 <= n && n < 256 {
					b = append(b, byte(n))
				}
			}
			if len(b) > 0 {
				parts = append(parts, string(b))
			}
		}
	}
	return strings.Join(parts, "\n"), len(parts) > 0
}

// plain returns a line without escape sequences and carriage returns.
func plain(s string) string {
	s = strings.TrimRight(s, "\r\n")
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		s = s[i+1:] // what a terminal would show
	}
	if !strings.ContainsRune(s, '\x1b') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\x1b' {
			b.WriteByte(s[i])
			continue
		}
		i = escapeEnd(s, i)
	}
	return b.String()
}

// escapeEnd returns the index of the last byte of the escape sequence that
// begins at i.
//
//	ESC [ parameters letter     ESC ] text BEL     ESC letter
func escapeEnd(s string, i int) int {
	if i+1 >= len(s) {
		return i
	}
	switch s[i+1] {
	case '[':
		for j := i + 2; j < len(s); j++ {
			if '@' <= s[j] && s[j] <= '~' {
				return j
			}
		}
		return len(s) - 1
	case ']':
		for j := i + 2; j < len(s); j++ {
			if s[j] == '\a' {
				return j
			}
			if s[j] == '\x1b' && j+1 < len(s) && s[j+1] == '\\' {
				return j + 1
			}
		}
		return len(s) - 1
	}
	return i + 1
}

// maxStream bounds the part of a line in which a stream's name is looked for.
const maxStream = 120

// splitStream cuts the name of a container off a line that begins with one, so
// that the lines of several containers, which come mixed, can be told apart.
//
//	[pod/web-7d9f/app] text     web-1  | text
func splitStream(line string) (stream, text string) {
	if strings.HasPrefix(line, "[pod/") {
		if i := strings.Index(line, "] "); i > 0 && i < maxStream {
			return line[:i+1], line[i+2:]
		}
	}
	i := strings.Index(line[:min(len(line), maxStream)], " | ")
	if i < 0 {
		return "", line
	}
	name := strings.TrimRight(line[:i], " ")
	if name == "" || strings.ContainsAny(name, " \t()") {
		return "", line
	}
	return name, line[i+3:]
}
