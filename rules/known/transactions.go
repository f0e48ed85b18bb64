package known

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// bolt is the prefix of the names of bbolt's methods.
const bolt = "(*go.etcd.io/bbolt."

// writers lists what runs the functions it is given one at a time, for all
// callers: bbolt has one write transaction at any time.
var writers = []string{bolt + "DB).Update", bolt + "DB).Batch"}

// changers lists what only succeeds in a write transaction.
var changers = []string{
	bolt + "Bucket).CreateBucket", bolt + "Bucket).CreateBucketIfNotExists", bolt + "Bucket).DeleteBucket",
	bolt + "Bucket).Put", bolt + "Bucket).Delete", bolt + "Bucket).NextSequence", bolt + "Bucket).SetSequence",
	bolt + "Tx).CreateBucket", bolt + "Tx).CreateBucketIfNotExists", bolt + "Tx).DeleteBucket", bolt + "Tx).Commit",
	bolt + "Cursor).Delete",
}

// Transaction returns what a write transaction excludes others with, as if it
// were a lock.
func Transaction() access.Lock {
	const pkg, name = "go.etcd.io/bbolt", "write transaction"
	return access.Lock{
		ID:   access.LockID{Location: access.Location{Kind: access.Global, Pkg: pkg, Name: name}, Other: true},
		Path: access.Path{Root: access.Root{Kind: access.GlobalVar, Pkg: pkg, Name: name}},
		Mode: access.Exclusive,
	}
}

// RunsInTransaction reports whether the named function runs what it is given in
// a write transaction.
func RunsInTransaction(name string) bool { return oneOf(writers, name) }

// OfTransaction reports whether a type is what a transaction, for reading or
// writing, gives to what runs in it.
func OfTransaction(typ string) bool {
	return typ == "*go.etcd.io/bbolt.Tx" || typ == "*go.etcd.io/bbolt.Bucket"
}

// NeedsTransaction reports whether the named function has to be called in a
// write transaction.
func NeedsTransaction(name string) bool { return oneOf(changers, name) }

// oneOf reports whether a list has the name. Most names are of other modules.
func oneOf(list []string, name string) bool {
	if !strings.HasPrefix(name, bolt) {
		return false
	}
	return slices.Contains(list, name)
}
