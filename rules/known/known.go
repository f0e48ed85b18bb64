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
	{Func: "time.AfterFunc", Arg: 1},
	{Func: "context.AfterFunc", Arg: 1},
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
