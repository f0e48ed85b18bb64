package known

import "slices"

// starters returns the functions that run what they are given on other
// goroutines. Each row was checked against the documentation or the source of
// the library that it is of.
func starters() []Starter {
	return slices.Concat(standard, groups, pools, servers, messages, controllers, metrics)
}

// Caller in place of an argument's index: the function that makes the call goes
// on beside others.
const Caller = -2

const (
	conc      = "github.com/sourcegraph/conc"
	lo        = "github.com/samber/lo"
	ants      = "github.com/panjf2000/ants/v2"
	kubeCache = "k8s.io/client-go/tools/cache"
	kubeWait  = "k8s.io/apimachinery/pkg/util/wait"
	runtime   = "sigs.k8s.io/controller-runtime/pkg/"
)

// standard is the standard library.
var standard = []Starter{
	{Func: "time.AfterFunc", Arg: 1, Now: true},
	{Func: "context.AfterFunc", Arg: 1, Now: true},
	{Func: "runtime.SetFinalizer", Arg: 1, Turns: true}, // one goroutine runs all finalizers
	{Func: "runtime.AddCleanup", Arg: 1},                // cleanups may overlap, finalizers do not

	{Func: "(*testing.B).RunParallel", Multi: true, Ends: true},
	{Func: "(*testing.T).Parallel", Arg: Caller},

	{Func: "net/http.Handle", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.HandleFunc", Arg: 1, Multi: true},
	{Func: "(*net/http.ServeMux).Handle", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "(*net/http.ServeMux).HandleFunc", Arg: 1, Multi: true},
	{Func: "net/http.ListenAndServe", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.ListenAndServeTLS", Arg: 3, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.Serve", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "net/http.ServeTLS", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "(*net/http.Server).RegisterOnShutdown"}, // Shutdown starts a goroutine for each
	{Func: "net/http/httptest.NewServer", Method: "ServeHTTP", Multi: true},
	{Func: "net/http/httptest.NewTLSServer", Method: "ServeHTTP", Multi: true},
	{Func: "net/http/httptest.NewUnstartedServer", Method: "ServeHTTP", Multi: true},

	// Every call that a client makes has a goroutine.
	{Func: "net/rpc.Register", Method: "*", Multi: true},
	{Func: "net/rpc.RegisterName", Arg: 1, Method: "*", Multi: true},
	{Func: "(*net/rpc.Server).Register", Method: "*", Multi: true},
	{Func: "(*net/rpc.Server).RegisterName", Arg: 1, Method: "*", Multi: true},

	// Served by HTTP at /debug/vars.
	{Func: "expvar.Publish", Arg: 1, Method: "String", Multi: true},

	// Connections are opened by callers and by a goroutine of the pool.
	{Func: "database/sql.Register", Arg: 1, Method: "Open", Multi: true},
	{Func: "database/sql.OpenDB", Method: "Connect", Multi: true},
}

// groups are waited for.
var groups = []Starter{
	{Func: "(*sync.WaitGroup).Go", Wait: "Wait", Now: true},
	{Func: "(*golang.org/x/sync/errgroup.Group).Go", Wait: "Wait", Now: true},
	{Func: "(*golang.org/x/sync/errgroup.Group).TryGo", Wait: "Wait", Now: true},
	{Func: "(*" + conc + ".WaitGroup).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.Pool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.ErrorPool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.ContextPool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.ResultPool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.ResultErrorPool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/pool.ResultContextPool).Go", Wait: "Wait", Now: true},
	{Func: "(*" + conc + "/stream.Stream).Go", Wait: "Wait", Now: true},
	{Func: "(*github.com/hashicorp/go-multierror.Group).Go", Wait: "Wait", Now: true},
	{Func: "(*gopkg.in/tomb.v2.Tomb).Go", Wait: "Wait", Now: true},
	{Func: "(*" + kubeWait + ".Group).Start", Wait: "Wait", Now: true},
	{Func: "(*" + kubeWait + ".Group).StartWithChannel", Arg: 1, Wait: "Wait", Now: true},
	{Func: "(*" + kubeWait + ".Group).StartWithContext", Arg: 1, Wait: "Wait", Now: true},
	// Run starts every actor, and returns when all have ended.
	{Func: "(*github.com/oklog/run.Group).Add", Wait: "Run"},
	{Func: "(*github.com/oklog/run.Group).Add", Arg: 1, Wait: "Run"},

	// A goroutine for each element, or a number of workers; all have ended on return.
	{Func: conc + "/iter.ForEach", Arg: 1, Multi: true, Ends: true},
	{Func: conc + "/iter.ForEachIdx", Arg: 1, Multi: true, Ends: true},
	{Func: conc + "/iter.Map", Arg: 1, Multi: true, Ends: true},
	{Func: conc + "/iter.MapErr", Arg: 1, Multi: true, Ends: true},
	{Func: "(" + conc + "/iter.Iterator).ForEach", Arg: 1, Multi: true, Ends: true},
	{Func: "(" + conc + "/iter.Iterator).ForEachIdx", Arg: 1, Multi: true, Ends: true},
	{Func: "(" + conc + "/iter.Mapper).Map", Arg: 1, Multi: true, Ends: true},
	{Func: "(" + conc + "/iter.Mapper).MapErr", Arg: 1, Multi: true, Ends: true},
	{Func: lo + "/parallel.Map", Arg: 1, Multi: true, Ends: true},
	{Func: lo + "/parallel.ForEach", Arg: 1, Multi: true, Ends: true},
	{Func: lo + "/parallel.Times", Arg: 1, Multi: true, Ends: true},
	{Func: lo + "/parallel.GroupBy", Arg: 1, Multi: true, Ends: true},
	{Func: lo + "/parallel.PartitionBy", Arg: 1, Multi: true, Ends: true},
	{Func: "k8s.io/client-go/util/workqueue.ParallelizeUntil", Arg: 3, Multi: true, Ends: true},

	// The result comes through a channel that the caller reads before it goes
	// on, as a rule: nothing is said of what it does meanwhile.
	{Func: lo + ".Async"},
	{Func: lo + ".Async0"},
	{Func: "(*golang.org/x/sync/singleflight.Group).DoChan", Arg: 1},
}

// pools run each task that they are given once, on a worker of theirs; clocks
// of their own kind start functions as time.AfterFunc does.
var pools = []Starter{
	{Func: ants + ".Submit", Now: true},
	{Func: "(*" + ants + ".Pool).Submit", Now: true},
	{Func: ants + ".NewPoolWithFunc", Arg: 1, Multi: true},
	{Func: "(*github.com/alitto/pond.WorkerPool).Submit", Now: true},
	{Func: "(*github.com/alitto/pond.WorkerPool).TrySubmit", Now: true},
	{Func: "(*github.com/alitto/pond.TaskGroup).Submit", Wait: "Wait", Now: true},
	{Func: "(*github.com/gammazero/workerpool.WorkerPool).Submit", Now: true},
	{Func: "(k8s.io/utils/clock.WithDelayedExecution).AfterFunc", Arg: 1, Now: true},
	{Func: "(k8s.io/utils/clock.RealClock).AfterFunc", Arg: 1, Now: true},
	{Func: "(github.com/benbjohnson/clock.Clock).AfterFunc", Arg: 1, Now: true},
	{Func: "(github.com/jonboulle/clockwork.Clock).AfterFunc", Arg: 1, Now: true},

	// A run that takes longer than the interval overlaps the next one. That is
	// left out: few do.
	{Func: "(*github.com/robfig/cron.Cron).AddFunc", Arg: 1},
	{Func: "(*github.com/robfig/cron.Cron).AddJob", Arg: 1, Method: "Run"},
	{Func: "(*github.com/robfig/cron.Cron).Schedule", Arg: 1, Method: "Run"},
	{Func: "(*github.com/robfig/cron/v3.Cron).AddFunc", Arg: 1},
	{Func: "(*github.com/robfig/cron/v3.Cron).AddJob", Arg: 1, Method: "Run"},
	{Func: "(*github.com/robfig/cron/v3.Cron).Schedule", Arg: 1, Method: "Run"},
}
