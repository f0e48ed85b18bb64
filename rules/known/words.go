package known

import "strings"

// lifecycle lists how the names of functions begin that run before an object
// is used by others, or after.
var lifecycle = []string{
	"new", "init", "setup", "configure", "start", "run", "open", "close", "stop", "shutdown", "with", "register", "must",
	"validate", "bootstrap", "teardown", "destroy", "cleanup", "set", "apply", "load", "reset", "build", "parse",
	"listen", "connect", "serve", "subscribe", "attach", "prepare", "make", "create",
}

// Lifecycle reports whether the name of a function, such as (*T).Start, says
// that it belongs to setting an object up or taking it down.
func Lifecycle(name string) bool {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	for _, l := range lifecycle {
		if strings.HasPrefix(name, l) {
			return true
		}
	}
	return false
}

// DocumentedSafe reports whether a doc comment says that what it documents may
// be used by several goroutines at once.
func DocumentedSafe(doc string) bool {
	doc = strings.ToLower(strings.Join(strings.Fields(doc), " "))
	for _, no := range []string{"not safe for concurrent", "not goroutine", "not thread", "isn't safe for", "not concurrency", "unsafe for concurrent", "not be used concurrently", "no concurrent"} {
		if strings.Contains(doc, no) {
			return false
		}
	}
	for _, yes := range []string{"safe for concurrent", "goroutine-safe", "goroutine safe", "thread-safe", "thread safe", "threadsafe", "concurrency-safe", "concurrent-safe", "concurrency safe", "safe to use concurrently", "safe to be used concurrently", "safe for use by multiple goroutines", "by multiple goroutines simultaneously", "be called concurrently", "safe to call concurrently", "safe to call from multiple goroutines"} {
		if strings.Contains(doc, yes) {
			return true
		}
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
	return strings.Contains(comment, "protect") || strings.Contains(comment, "guard")
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
