package known

import (
	"regexp"
	"strings"
)

// lifecycle lists how the names of functions begin that run before an object
// is used by others, or after.
var lifecycle = []string{
	"new", "init", "configure", "start", "run", "open", "close", "stop", "shutdown", "with", "register", "must",
	"validate", "provision", "bootstrap", "teardown", "destroy", "cleanup", "set", "apply", "load", "reset", "build", "parse",
	"listen", "connect", "serve", "subscribe", "attach", "prepare", "make", "create",
}

// Lifecycle reports whether the name of a function, such as (*T).Start, says
// that it belongs to setting an object up or taking it down.
func Lifecycle(name string) bool {
	if Option(name) {
		return true
	}
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	for _, l := range lifecycle {
		if strings.HasPrefix(name, l) {
			return true
		}
	}
	return false
}

// option are the names of function literals that set an option of an object
// which is being made: those in functions like WithTimeout.
var option = regexp.MustCompile(`(^|\.)With[A-Z]\w*\.func\d+$`)

// Option reports whether a function is one that sets an option, going by its
// name, such as WithTimeout.func1.
func Option(name string) bool { return option.MatchString(name) }

// forTests are the names of functions that only tests are to call, when nothing
// else runs.
var forTests = regexp.MustCompile(`(ForTest|ForTests|ForTesting|TestOnly)(\.func[\d.]+)?$`)

// ForTests reports whether only tests are to call a function, going by its name.
func ForTests(name string) bool { return forTests.MatchString(name) }

// safeWords lists how documentation says that something may be used by several
// goroutines at once.
var safeWords = []string{
	"safe for concurrent", "goroutine-safe", "goroutine safe", "thread-safe", "thread safe", "threadsafe",
	"concurrency-safe", "concurrent-safe", "concurrency safe", "safe to use concurrently",
	"safe for use by multiple goroutines", "by multiple goroutines simultaneously", "be called concurrently",
	"be used concurrently", "safe to call concurrently", "safe to call from multiple goroutines",
}

// DocumentedSafe reports whether a doc comment says that what it documents may
// be used by several goroutines at once, and nowhere that it may not.
func DocumentedSafe(doc string) bool {
	doc = strings.ToLower(strings.Join(strings.Fields(doc), " "))
	if strings.Contains(doc, "no concurrent") {
		return false
	}
	safe := false
	for _, words := range safeWords {
		for rest, before := doc, ""; ; {
			head, tail, ok := strings.Cut(rest, words)
			if !ok {
				break
			}
			if before += head; negated(before) {
				return false
			}
			safe, before, rest = true, before+words, tail
		}
	}
	return safe
}

// negated reports whether the last words of a text deny what follows: "is not",
// "must never be", "un".
func negated(text string) bool {
	if i := strings.LastIndexAny(text, ".;:"); i >= 0 {
		text = text[i+1:]
	}
	if text != "" && text[len(text)-1] != ' ' {
		return strings.HasSuffix(text, "un") || strings.HasSuffix(text, "non-")
	}
	words := strings.Fields(text)
	for _, w := range words[max(0, len(words)-4):] {
		switch w = strings.Trim(w, ","); {
		case w == "not", w == "never", w == "cannot", w == "nor", w == "neither", strings.HasSuffix(w, "n't"):
			return true
		}
	}
	return false
}

// PlainLock reports whether the name of a mutex says no more than that it is
// one, so that it is for the object as a whole; metaMtx is for something.
func PlainLock(name string) bool {
	switch strings.ToLower(name) {
	case "mu", "mtx", "mut", "mutex", "rwmutex", "rwmu", "rwmtx", "rwlock", "lock", "locker", "lk", "l", "m", "rw", "sync":
		return true
	}
	return false
}

// Decodes reports whether the name of a function says that it fills an object
// from its encoded form, which it does before anyone else has the object.
func Decodes(name string) bool {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	return strings.HasPrefix(name, "decode") || strings.HasPrefix(name, "unmarshal")
}

// SaysGuards reports whether the comment of a mutex says that it guards the
// fields beside it.
func SaysGuards(comment string) bool {
	comment = strings.ToLower(comment)
	for _, word := range []string{"protect", "guard", "thread-safety", "thread safety"} {
		if strings.Contains(comment, word) {
			return true
		}
	}
	return false
}

// mapsAbove are the words by which the comment of a mutex speaks of maps that are
// declared before it.
var mapsAbove = regexp.MustCompile(`(?i)\bmaps\b|\babove\b`)

// SpeaksOf reports whether the comment of a mutex says that it guards the map of
// that name, which is declared before it.
func SpeaksOf(comment, name string) bool {
	return SaysGuards(comment) && (mapsAbove.MatchString(comment) || regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(comment))
}

// TestDouble reports whether a type stands in for another one in tests, going
// by its name: what it does is only as safe as its tests need.
func TestDouble(typ string) bool {
	typ = strings.ToLower(typ)
	for _, word := range []string{"mock", "fake", "stub", "dummy"} {
		if strings.HasPrefix(typ, word) {
			return true
		}
	}
	return false
}

// copyName are the names of methods and functions that return a deep copy.
var copyName = regexp.MustCompile(`^(Deep)?(Copy|Clone)(Object|Deep)?$|^(deep)?(copy|clone)$`)

// Copies reports whether a function's name, without package and receiver, says
// that it returns a copy that shares nothing with the original.
func Copies(name string) bool { return copyName.MatchString(name) }

// CopiesState reports whether a function's name says that it copies something.
func CopiesState(name string) bool {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	return strings.HasPrefix(name, "copy") || strings.HasPrefix(name, "clone") || strings.HasPrefix(name, "deepcopy")
}

// DoublesPackage reports whether a package holds test doubles, going by its name:
// mock, gatewayfakes.
func DoublesPackage(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, word := range []string{"mock", "mocks", "fake", "fakes", "stub", "stubs"} {
		if strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}
