// Package report is the shape of what mapguard --format json prints, for the
// command that writes it and for those that read it.
//
// The shape is a promise: fields may be added, none may be renamed, removed or
// change meaning. Lists are never null.
package report

// A Report is the result of one run.
type Report struct {
	Version  string    `json:"version"` // of mapguard
	Findings []Finding `json:"findings"`
	Errors   []Error   `json:"errors"`

	// With --witness.
	Unresolved   []Unresolved  `json:"unresolved,omitempty"`
	Verification *Verification `json:"verification,omitempty"` // with --verify
}

// A Finding is a map that goroutines share without a lock, a format call that
// walks one, or an ignore comment that is wrong.
type Finding struct {
	ID       string   `json:"id"`
	Rule     string   `json:"rule"`
	Map      string   `json:"map"` // "" for the rule ignore
	Evidence string   `json:"evidence"`
	Message  string   `json:"message"`
	Position Position `json:"position"`
	Why      string   `json:"why,omitempty"`
	Accesses []Access `json:"accesses"`
	Fix      *Fix     `json:"fix"` // nil if nobody knows one
	// Alternatives are other fixes to choose from, best first; left out where
	// there are none.
	Alternatives []Fix  `json:"alternatives,omitempty"`
	Seen         []Seen `json:"seen,omitempty"` // witnessed: where the logs name it
}

// A Position is a place in the source.
type Position struct {
	File   string `json:"file"` // relative to the working directory, forward slashes; "" if there is none
	Line   int    `json:"line"`
	Column int    `json:"column"` // in bytes, from 1
}

// An Access is one of the uses of a map that conflict.
type Access struct {
	Op        string   `json:"op"`
	Function  string   `json:"function"`
	Position  Position `json:"position"`
	Locks     []string `json:"locks"` // "c.mu (exclusive)", "c.mu (shared)"
	Goroutine []Frame  `json:"goroutine"`
	Runners   []Frame  `json:"runners,omitempty"` // how goroutines are started that may come here, where goroutine is empty
}

// A Frame is one step on the way from the start of a goroutine to an access.
type Frame struct {
	Position Position `json:"position"`
	Text     string   `json:"text"`
}

// A Fix is what would repair a finding.
type Fix struct {
	Applicability string `json:"applicability"` // safe, unsafe or manual
	Title         string `json:"title"`
	Reason        string `json:"reason"`
	Edits         []Edit `json:"edits"`
}

// An Edit replaces a part of a file.
type Edit struct {
	File  string `json:"file"`
	Start int    `json:"start"` // byte offsets into the file
	End   int    `json:"end"`
	New   string `json:"new"`
}

// An Error is why a package was not analysed.
type Error struct {
	Package string `json:"package"`
	Message string `json:"message"`
}

// A Seen is a place in a log that names a map.
type Seen struct {
	Log   string `json:"log"` // as the user named it
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Count int    `json:"count"` // how many times the log has it
}

// An Unresolved is a crash or race that makes no finding.
type Unresolved struct {
	Log    string `json:"log"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	NoMap  bool   `json:"no_map"` // a race on another variable
	// Guarded: the map is known, and has been repaired since.
	Guarded bool `json:"guarded"`
}

// A Verification is what came of the command that shows the witness.
type Verification struct {
	Passed bool   `json:"passed"`
	Text   string `json:"text"`
}
