package emit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Change is the new content of one existing file.
type Change struct {
	File     string // absolute
	Old, New []byte // as it was loaded, as it shall be
}

// Write gives every file its new content, or none. The journal stands in root
// (see [Root]) from before the first temporary file to after the last rename.
//
// Files keep their mode, and a symbolic link is followed: what it points to
// changes. A file that is read-only or differs from Old is an error that names
// it, and nothing is written.
func Write(root string, changes []Change) error {
	return write(root, changes, os.Rename)
}

// write is Write with the one step that tests interrupt.
func write(root string, changes []Change, rename func(old, new string) error) error {
	entries, err := check(root, changes)
	if err != nil || len(entries) == 0 {
		return err
	}
	j := &journal{root: root, Files: entries}
	if err := j.create(); err != nil {
		return err
	}
	err = j.stage()
	for i := 0; err == nil && i < len(j.Files); i++ {
		err = rename(j.temp(i), j.file(i))
	}
	if err != nil {
		if undone := j.undo(); undone != nil {
			return errors.Join(err, undone)
		}
		return fmt.Errorf("nothing was written: %w", err)
	}
	j.syncDirs()
	return j.remove()
}

// check returns the entries of the changes that change something, after
// comparing the disk with what was loaded.
func check(root string, changes []Change) ([]entry, error) {
	var entries []entry
	for _, c := range changes {
		if bytes.Equal(c.Old, c.New) {
			continue
		}
		file, err := filepath.EvalSymlinks(c.File)
		if err != nil {
			return nil, fmt.Errorf("nothing was written: %w", err)
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("nothing was written: %w", err)
		}
		if info.Mode()&0o200 == 0 {
			return nil, fmt.Errorf("nothing was written: %s is read-only: make it writable and run again", c.File)
		}
		now, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("nothing was written: %w", err)
		}
		if !bytes.Equal(now, c.Old) {
			return nil, fmt.Errorf("nothing was written: %s has changed on disk since it was loaded: run again", c.File)
		}
		name, err := filepath.Rel(root, file)
		if err != nil { // another volume
			name = file
		}
		entries = append(entries, entry{
			File: filepath.ToSlash(name), Mode: info.Mode().Perm(), Old: c.Old, New: c.New,
		})
	}
	return entries, nil
}

// put makes data the content of a file on disk, durably and in one step.
func put(file, temp string, data []byte, mode fs.FileMode) error {
	if err := writeSync(temp, data, mode, os.O_TRUNC); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// writeSync creates a file with this content and mode, and waits for the disk.
// The flag says what becomes of a file that exists: O_TRUNC or O_EXCL.
func writeSync(name string, data []byte, mode fs.FileMode, flag int) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|flag, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync()) // Chmod: the umask has cut the mode down
	return errors.Join(err, f.Close())
}
