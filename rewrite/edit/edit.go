// Package edit changes source files: edits on a decorated syntax tree, emitted
// as text edits on the original bytes.
//
// Open a file, do operations to the Tree, ask it for Edits. Only lines that
// must change do: in a gofmt'd file those that gofmt would have to change, in
// any other those that the operations are about, in the file's own indentation.
// Byte-order marks and line ends stay what they were. Comments are never lost.
// Every result was parsed; whether it means what it should is for package prove.
//
// It is the only package that knows of dst.
package edit

// A TextEdit replaces the bytes [Start, End) of File with New.
type TextEdit struct {
	File       string // absolute
	Start, End int    // byte offsets into the file as it was loaded
	New        string
	Line       int // 1-based line of Start, for messages; 0 if unknown
}

// Applicability says who may apply a fix. The zero value is Manual: when in
// doubt, the lower one.
type Applicability uint8

const (
	Manual Applicability = iota // shown only: a person has to decide
	Unsafe                      // compiles, may change behaviour; needs --unsafe-fixes
	Safe                        // every obligation was re-checked; applied by --fix
)

func (a Applicability) String() string { return [...]string{"manual", "unsafe", "safe"}[a] }

// A Fix is one unit of change: all of it is applied or none.
type Fix struct {
	Title         string // capitalised verb phrase: "Guard Cache.m with a new mutex"
	Applicability Applicability
	Reason        string   // why it is not safe, or what a person has to decide; empty when safe
	Proved        []string // the obligations that were checked, for the text report
	Edits         []TextEdit
}
