// Package emit writes a set of changed files to disk: all of them or none.
//
// Three things can come between a fix and the disk, and each has its answer.
//
// The files may not be what was loaded: somebody saved one meanwhile. Write
// compares bytes first, and refuses before it has touched anything.
//
// The files may hold work that only exists there. Dirty asks git about exactly
// these files: modified, staged, or not yet added. A file that git ignores, or
// that is under no version control, is not held back: nobody has told us that
// there is something to compare it with, and refusing would make the flag that
// overrides it a habit.
//
// The process may die half-way. Write keeps a journal of both contents of every
// file while it renames; whoever finds a journal can tell from the bytes on disk
// how far it got. Recover finishes what was begun, discards what had not begun,
// and leaves alone what a person has changed since.
package emit
