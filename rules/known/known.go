// Package known holds what the analysis knows of other people's libraries, as
// tables: what starts goroutines, what reads or changes a map it is given,
// what blocks. Rows name functions as "path.F" or "(*path.T).M".
package known

import (
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// A Starter is a function that runs an argument on another goroutine.
type Starter struct {
	Func   string
	Arg    int    // index of the argument, receiver not counted; -1: every argument
	Method string // what is run of an argument that is an object: a method name, or "*" for all of its interface's
	Multi  bool   // it may overlap itself
	Ends   bool   // it has ended when Func returns
	Wait   string // method of the receiver that waits for it
	Now    bool   // it starts at once or by itself; otherwise something else has to be started first
}

const (
	kubeCache = "k8s.io/client-go/tools/cache."
	wait      = "k8s.io/apimachinery/pkg/util/wait."
	runtime   = "sigs.k8s.io/controller-runtime/pkg/"
)

// Starters is the table of functions that start goroutines.
var Starters = []Starter{
	{Func: "(*sync.WaitGroup).Go", Wait: "Wait"},
	{Func: "(*golang.org/x/sync/errgroup.Group).Go", Wait: "Wait"},
	{Func: "(*golang.org/x/sync/errgroup.Group).TryGo", Wait: "Wait"},
	{Func: "(*github.com/sourcegraph/conc.WaitGroup).Go", Wait: "Wait"},
	{Func: "(*github.com/sourcegraph/conc/pool.Pool).Go", Wait: "Wait"},
	{Func: "(*github.com/sourcegraph/conc/pool.ErrorPool).Go", Wait: "Wait"},
	{Func: "(*github.com/sourcegraph/conc/pool.ContextPool).Go", Wait: "Wait"},
	{Func: "(*github.com/oklog/run.Group).Add"},
	{Func: "(*github.com/oklog/run.Group).Add", Arg: 1},
	{Func: "time.AfterFunc", Arg: 1, Now: true},
	{Func: "context.AfterFunc", Arg: 1, Now: true},
	{Func: "runtime.SetFinalizer", Arg: 1},
	{Func: "runtime.AddCleanup", Arg: 1},
	{Func: "(*testing.B).RunParallel", Multi: true, Ends: true},

	{Func: "net/http.Handle", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.HandleFunc", Arg: 1, Multi: true},
	{Func: "(*net/http.ServeMux).Handle", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "(*net/http.ServeMux).HandleFunc", Arg: 1, Multi: true},
	{Func: "net/http.ListenAndServe", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.ListenAndServeTLS", Arg: 3, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.Serve", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http/httptest.NewServer", Method: "ServeHTTP", Multi: true},
	{Func: "net/http/httptest.NewTLSServer", Method: "ServeHTTP", Multi: true},
	{Func: "net/http/httptest.NewUnstartedServer", Method: "ServeHTTP", Multi: true},
	{Func: "net/rpc.Register", Method: "*", Multi: true},
	{Func: "(*net/rpc.Server).Register", Method: "*", Multi: true},
	{Func: "(*github.com/gorilla/mux.Router).HandleFunc", Arg: 1, Multi: true},
	{Func: "(*github.com/gorilla/mux.Router).Handle", Arg: 1, Method: "ServeHTTP", Multi: true},

	{Func: "(*" + runtime + "builder.Builder).Complete", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.Builder).Build", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.TypedBuilder).Complete", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.TypedBuilder).Build", Method: "Reconcile"},
	{Func: "(" + runtime + "manager.Manager).Add", Method: "Start"},
	{Func: "(" + runtime + "manager.Manager).AddHealthzCheck", Arg: 1, Multi: true},
	{Func: "(" + runtime + "manager.Manager).AddReadyzCheck", Arg: 1, Multi: true},
	{Func: "(" + kubeCache + "SharedInformer).AddEventHandler", Method: "*"},
	{Func: "(" + kubeCache + "SharedInformer).AddEventHandlerWithResyncPeriod", Method: "*"},
	{Func: "(" + kubeCache + "SharedIndexInformer).AddEventHandler", Method: "*"},
	{Func: kubeCache + "NewInformer", Arg: 3, Method: "*"},
	{Func: kubeCache + "NewIndexerInformer", Arg: 3, Method: "*"},
	{Func: "k8s.io/client-go/util/workqueue.ParallelizeUntil", Arg: 3, Multi: true, Ends: true},
	{Func: "k8s.io/client-go/tools/leaderelection.RunOrDie", Arg: 1},
	{Func: "(*github.com/robfig/cron.Cron).AddFunc", Arg: 1},
	{Func: "(*github.com/robfig/cron/v3.Cron).AddFunc", Arg: 1},
	{Func: "(*github.com/robfig/cron/v3.Cron).AddJob", Arg: 1, Method: "Run"},
	{Func: "(github.com/prometheus/client_golang/prometheus.Registerer).MustRegister", Arg: -1, Method: "Collect", Multi: true},
	{Func: "(github.com/prometheus/client_golang/prometheus.Registerer).Register", Method: "Collect", Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.MustRegister", Arg: -1, Method: "Collect", Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.Register", Method: "Collect", Multi: true},
}

// registering lists how the names of functions begin that keep a function they
// are given and run it later, on a goroutine of their own.
var registering = []string{
	"Subscribe", "QueueSubscribe", "Handle", "Register", "On", "Notify", "Listen", "Serve", "Watch",
	"AddHandler", "AddListener", "AddCallback", "AddHook", "AddObserver", "AddEventHandler", "AddFunc",
	"SetHandler", "SetCallback", "SetOn", "Schedule", "Every", "Enqueue", "Submit", "Consume",
}

// synchronous lists modules that run the functions they are given one after
// another on the caller's goroutine: command lines, templates, walkers, tests.
var synchronous = []string{
	"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/urfave/cli", "github.com/alecthomas/kin",
	"github.com/onsi/ginkgo", "github.com/onsi/gomega", "github.com/stretchr/testify", "github.com/google/go-cmp",
	"golang.org/x/tools", "github.com/hashicorp/hcl", "gopkg.in/yaml", "sigs.k8s.io/yaml", "github.com/mitchellh",
	"github.com/samber/lo", "k8s.io/apimachinery/pkg/util/sets", "k8s.io/apimachinery/pkg/runtime", "k8s.io/apimachinery/pkg/conversion",
	"gorm.io", "go.etcd.io/bbolt", "github.com/boltdb/bolt", "github.com/dgraph-io/badger", "github.com/cenkalti/backoff",
	"github.com/avast/retry-go", "google.golang.org/protobuf", "github.com/golang/protobuf", "github.com/gogo/protobuf",
}

// Keeps reports whether the named function of another module keeps functions
// that it is given and runs them later on goroutines of its own, going by its
// name. The standard library is in Starters where it does.
func Keeps(name string) bool {
	if !foreign(PackageOf(name)) {
		return false
	}
	base := name[strings.LastIndexByte(name, '.')+1:]
	for _, r := range registering {
		rest, ok := strings.CutPrefix(base, r)
		if ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// Serves reports whether the name of a field or function of another module says
// that it takes handlers, which servers run many of at a time.
func Serves(name string) bool {
	return strings.Contains(name[strings.LastIndexByte(name, '.')+1:], "Handle")
}

// KeepsField reports whether functions stored in fields of a struct type of
// that package are run by it later.
func KeepsField(pkg string) bool { return foreign(pkg) }

// foreign reports whether a package is of another module that may start
// goroutines: not standard, and not known to work on the caller's goroutine.
func foreign(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	if !strings.Contains(first, ".") {
		return false
	}
	for _, s := range synchronous {
		if strings.HasPrefix(pkg, s) {
			return false
		}
	}
	return true
}

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

// Decodes reports whether the name of a function says that it fills an object
// from its encoded form, which it does before anyone else has the object.
func Decodes(name string) bool {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	return strings.HasPrefix(name, "decode") || strings.HasPrefix(name, "unmarshal")
}

// Handlers lists signatures of functions that servers call from many
// goroutines: a function value of such a type that is taken anywhere is one.
var Handlers = []string{
	"func(net/http.ResponseWriter, *net/http.Request)",
	"func(*github.com/gin-gonic/gin.Context)",
	"func(github.com/labstack/echo/v4.Context) error",
	"func(github.com/labstack/echo.Context) error",
	"func(*github.com/gofiber/fiber/v2.Ctx) error",
	"func(*github.com/valyala/fasthttp.RequestCtx)",
	"func(*github.com/emicklei/go-restful.Request, *github.com/emicklei/go-restful.Response)",
	"func(*github.com/emicklei/go-restful/v3.Request, *github.com/emicklei/go-restful/v3.Response)",
}

// HandlerMethods lists methods, by name and signature, that servers call from
// many goroutines on any value that has them.
var HandlerMethods = map[string]string{
	"ServeHTTP": "func(net/http.ResponseWriter, *net/http.Request)",
	"ServeDNS":  "func(context.Context, github.com/miekg/dns.ResponseWriter, *github.com/miekg/dns.Msg) (int, error)",
}

// A Registrar is a parameter type that marks a function as one that registers
// its last argument to be served: every method runs, many at a time.
var Registrars = []string{
	"*google.golang.org/grpc.Server",
	"google.golang.org/grpc.ServiceRegistrar",
}

// A MapCall is a function of another library that uses a map it is given.
type MapCall struct {
	Arg int
	Op  access.Op
}

// MapCalls is the table of functions that use maps passed to them.
var MapCalls = map[string][]MapCall{
	"maps.Copy":                        {{0, access.Write}, {1, access.Iterate}},
	"maps.Clone":                       {{0, access.Iterate}},
	"maps.Equal":                       {{0, access.Iterate}, {1, access.Iterate}},
	"maps.EqualFunc":                   {{0, access.Iterate}, {1, access.Iterate}},
	"maps.Keys":                        {{0, access.Iterate}},
	"maps.Values":                      {{0, access.Iterate}},
	"maps.All":                         {{0, access.Iterate}},
	"maps.Insert":                      {{0, access.Write}},
	"maps.DeleteFunc":                  {{0, access.Write}},
	"golang.org/x/exp/maps.Copy":       {{0, access.Write}, {1, access.Iterate}},
	"golang.org/x/exp/maps.Clone":      {{0, access.Iterate}},
	"golang.org/x/exp/maps.Keys":       {{0, access.Iterate}},
	"golang.org/x/exp/maps.Values":     {{0, access.Iterate}},
	"golang.org/x/exp/maps.Equal":      {{0, access.Iterate}, {1, access.Iterate}},
	"golang.org/x/exp/maps.DeleteFunc": {{0, access.Write}},
	"golang.org/x/exp/maps.Clear":      {{0, access.Write}},
	"reflect.DeepEqual":                {{0, access.Iterate}, {1, access.Iterate}},
	"encoding/json.Marshal":            {{0, access.Iterate}},
	"encoding/json.MarshalIndent":      {{0, access.Iterate}},
	"(net/http.Header).Set":            {{0, access.Write}},
	"(net/http.Header).Add":            {{0, access.Write}},
	"(net/http.Header).Del":            {{0, access.Write}},
	"(net/http.Header).Get":            {{0, access.Read}},
	"(net/http.Header).Clone":          {{0, access.Iterate}},
	"(net/url.Values).Set":             {{0, access.Write}},
	"(net/url.Values).Add":             {{0, access.Write}},
	"(net/url.Values).Del":             {{0, access.Write}},
	"(net/url.Values).Get":             {{0, access.Read}},
	"(net/url.Values).Encode":          {{0, access.Iterate}},
}

// A Callback field: functions stored in these fields of these struct types are
// run on goroutines of the library that declares them.
var CallbackFields = map[access.Step]bool{ // value: may overlap itself
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerFuncs", Name: "AddFunc"}:            false,
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerFuncs", Name: "UpdateFunc"}:         false,
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerFuncs", Name: "DeleteFunc"}:         false,
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerDetailedFuncs", Name: "AddFunc"}:    false,
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerDetailedFuncs", Name: "UpdateFunc"}: false,
	{Pkg: "k8s.io/client-go/tools/cache", Type: "ResourceEventHandlerDetailedFuncs", Name: "DeleteFunc"}: false,
	{Pkg: "net/http", Type: "Server", Name: "Handler"}:                                                   true,
	{Pkg: "net/http", Type: "Server", Name: "ConnState"}:                                                 true,
	{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "PasswordCallback"}:                     true,
	{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "PublicKeyCallback"}:                    true,
	{Pkg: "k8s.io/client-go/tools/leaderelection", Type: "LeaderCallbacks", Name: "OnStartedLeading"}:    false,
	{Pkg: "k8s.io/client-go/tools/leaderelection", Type: "LeaderCallbacks", Name: "OnNewLeader"}:         false,
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
