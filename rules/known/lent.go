package known

import (
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// A Lent row names a parameter that a library lends to a method of the user's:
// when the method has returned, the library goes on with the object.
type Lent struct {
	Handler        // the method
	Param   int    // index of the parameter, receiver not counted
	Field   string // of the object: the map that the library goes on to use
	Op      access.Op
	Why     string
}

var lent = []Lent{
	{Handler{"Fire", "func(*github.com/sirupsen/logrus.Entry) error"}, 0, "Data", access.Iterate, "logrus formats the entry when its hooks have returned"},
}

// LentTo returns what is lent to a method of that name and signature; ok is
// false if nothing is.
func LentTo(method, signature string) (row Lent, ok bool) {
	for _, l := range lent {
		if l.Handler == (Handler{method, signature}) {
			return l, true
		}
	}
	return Lent{}, false
}

// A sent field holds a map that a library reads on goroutines of its own from
// when it is given the object, and for how long nobody is told.
var sent = map[access.Step]string{
	{Pkg: "net/http", Type: "Request", Name: "Header"}:  "net/http may still be sending the request, or an earlier one, until the body of its response is closed",
	{Pkg: "net/http", Type: "Request", Name: "Trailer"}: "net/http may still be sending the request, or an earlier one, until the body of its response is closed",
}

// Sent says why the map in a field of an object that is made for one use is not
// to be one that is used again, "" if nothing is known.
func Sent(loc access.Location) string {
	return sent[access.Step{Pkg: loc.Pkg, Type: loc.Owner, Name: loc.Name}]
}

// Cached reports whether the named method of an interface returns objects out of
// the cache of a Kubernetes informer, which are for reading only: everyone who
// asks is given the same object. See k8s.io/client-go/tools/cache.Store.
func Cached(name string) bool {
	pkg, method := PackageOf(name), name[strings.LastIndexByte(name, '.')+1:]
	typ := strings.TrimSuffix(strings.TrimPrefix(name, "("+pkg+"."), ")."+method)
	if pkg == kubeCache {
		switch typ {
		case "Store", "Indexer":
			return slices.Contains([]string{"Get", "GetByKey", "List", "Index", "ByIndex"}, method)
		case "GenericLister", "GenericNamespaceLister":
			return method == "Get" || method == "List"
		}
	}
	// What lister-gen writes: PodLister, PodNamespaceLister.
	return strings.HasSuffix(typ, "Lister") && slices.Contains(strings.Split(pkg, "/"), "listers") && (method == "Get" || method == "List")
}
