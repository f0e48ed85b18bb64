package emit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// journalName is what a journal is called. Neither go nor gofmt reads a file
// whose name starts with a dot; git status shows it, which is meant.
const journalName = ".mapguard-journal"

// A journal is the record of one Write: enough to finish or to undo it,
// whatever became of the temporary files.
//
// Inv: no file has its new content before the journal is complete on disk, so
// one that does not parse records nothing.
type journal struct {
	root  string
	Files []entry `json:"files"`
}

// An entry is one file of a journal.
type entry struct {
	File string      `json:"file"` // relative to the journal's folder, forward slashes
	Mode fs.FileMode `json:"mode"`
	Old  []byte      `json:"old"`
	New  []byte      `json:"new"`
}

// Root returns the folder whose journal a run in dir reads and writes: the top
// of the git work tree, else the nearest folder above with a go.work or go.mod,
// else dir. Runs in two packages of one repository have one journal.
func Root(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for _, marks := range [][]string{{".git"}, {"go.work", "go.mod"}} {
		if top := above(dir, marks...); top != "" {
			return top
		}
	}
	return dir
}

// above returns dir or the nearest folder above it that holds one of the names,
// "" if there is none.
func above(dir string, names ...string) string {
	for {
		for _, name := range names {
			if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
				return dir
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func (j *journal) name() string { return filepath.Join(j.root, journalName) }

// file returns the absolute name of the i'th file.
func (j *journal) file(i int) string {
	name := filepath.FromSlash(j.Files[i].File)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(j.root, name)
}

// temp returns the name of the i'th file while it is being written: beside it,
// and hidden from go build.
func (j *journal) temp(i int) string {
	dir, base := filepath.Split(j.file(i))
	return filepath.Join(dir, ".mapguard-"+base+".tmp")
}

// create writes the journal; one that exists already is an error.
func (j *journal) create() error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	err = writeSync(j.name(), data, 0o600, os.O_EXCL)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("nothing was written: %s exists: another mapguard is writing; run again when it has ended", j.name())
	}
	if err != nil {
		os.Remove(j.name()) // what is left of it is not a journal
		return fmt.Errorf("nothing was written: cannot write the journal: %w", err)
	}
	syncDir(j.root)
	return nil
}

// read returns the journal in root. It is nil if there is none, and has no
// files if its writer died before it was complete.
func read(root string) (*journal, error) {
	j := &journal{root: root}
	data, err := os.ReadFile(j.name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(data, j) != nil {
		j.Files = nil
	}
	return j, nil
}

// stage writes every new content to its temporary file.
func (j *journal) stage() error {
	for i, e := range j.Files {
		if err := writeSync(j.temp(i), e.New, e.Mode, os.O_TRUNC); err != nil {
			return err
		}
	}
	return nil
}

// undo puts the old content back wherever the new one stands.
func (j *journal) undo() error {
	var errs []error
	for i, e := range j.Files {
		if now, err := os.ReadFile(j.file(i)); err == nil && bytes.Equal(now, e.New) {
			errs = append(errs, put(j.file(i), j.temp(i), e.Old, e.Mode))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("could not put everything back, %s keeps what is missing: %w", j.name(), err)
	}
	j.syncDirs()
	return j.remove()
}

// remove ends the journal, temporary files first.
func (j *journal) remove() error {
	for i := range j.Files {
		if err := os.Remove(j.temp(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err := os.Remove(j.name())
	syncDir(j.root)
	return err
}

// progress sorts the files by what stands on disk: the new content, the old
// one, or neither.
func (j *journal) progress() (written, waiting, foreign []int) {
	for i, e := range j.Files {
		now, err := os.ReadFile(j.file(i))
		switch {
		case err == nil && bytes.Equal(now, e.New):
			written = append(written, i)
		case err == nil && bytes.Equal(now, e.Old):
			waiting = append(waiting, i)
		default:
			foreign = append(foreign, i)
		}
	}
	return written, waiting, foreign
}

// names lists files for a sentence.
func (j *journal) names(list []int) string {
	if len(list) == 0 {
		return "no file"
	}
	var names []string
	for _, i := range list {
		names = append(names, j.Files[i].File)
	}
	return strings.Join(names, ", ")
}

// syncDirs makes the renames durable.
func (j *journal) syncDirs() {
	done := make(map[string]bool)
	for i := range j.Files {
		if dir := filepath.Dir(j.file(i)); !done[dir] {
			done[dir] = true
			syncDir(dir)
		}
	}
}

// syncDir asks the disk to keep a folder's names. Not every system can; the
// journal then is no worse than none.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
