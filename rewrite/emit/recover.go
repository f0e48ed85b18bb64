package emit

import "fmt"

// Recover ends a Write that an earlier run in root did not, and says what it
// did; "" if there was nothing to do. It finishes what was begun: the whole had
// been checked. If nothing had been changed yet it only tidies up. If somebody
// has changed one of the files since, it changes nothing and returns an error
// that says how things stand.
func Recover(root string) (string, error) {
	j, err := read(root)
	if j == nil || err != nil {
		return "", err
	}
	written, waiting, foreign := j.progress()
	switch {
	case len(written) == 0: // whatever the files hold, it does not come from us
		return "an earlier run was stopped before it had changed a file: nothing to repair", j.remove()
	case len(written) == len(j.Files):
		return "an earlier run was stopped after it had written its fix: nothing to repair", j.remove()
	case len(foreign) > 0:
		return "", fmt.Errorf("an earlier run was stopped while it wrote a fix, and %s changed since; "+
			"%s has the fix, %s does not: put them right, then delete %s",
			j.names(foreign), j.names(written), j.names(waiting), j.name())
	}
	for _, i := range waiting {
		if err := put(j.file(i), j.temp(i), j.Files[i].New, j.Files[i].Mode); err != nil {
			return "", fmt.Errorf("cannot finish the fix that an earlier run was stopped in: %w", err)
		}
	}
	j.syncDirs()
	return fmt.Sprintf("finished a fix that an earlier run was stopped in: %s now written, %s before",
		j.names(waiting), j.names(written)), j.remove()
}

// Pending describes a Write that an earlier run in root did not end, "" if all
// is well. It changes nothing, for runs that must not.
func Pending(root string) (string, error) {
	j, err := read(root)
	if j == nil || err != nil {
		return "", err
	}
	written, waiting, foreign := j.progress()
	if len(written) == 0 || len(written) == len(j.Files) {
		return "", nil // the sources are whole; the next Recover tidies up
	}
	if len(foreign) > 0 {
		_, err := Recover(root) // changes nothing in this case
		return "", err
	}
	return fmt.Sprintf("an earlier run was stopped while it wrote a fix: %s has it, %s does not: run mapguard --fix to finish",
		j.names(written), j.names(waiting)), nil
}
