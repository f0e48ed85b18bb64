package known

import "github.com/mapguard/mapguard/rules/access"

var handlers = []Handler{
	{"", "func(net/http.ResponseWriter, *net/http.Request)"},
	{"", "func(net/http.ResponseWriter, *net/http.Request, github.com/julienschmidt/httprouter.Params)"},
	{"", "func(*github.com/gin-gonic/gin.Context)"},
	{"", "func(github.com/labstack/echo/v4.Context) error"},
	{"", "func(github.com/labstack/echo.Context) error"},
	{"", "func(*github.com/gofiber/fiber/v2.Ctx) error"},
	{"", "func(github.com/gofiber/fiber/v3.Ctx) error"},
	{"", "func(*github.com/kataras/iris/v12/context.Context)"},
	{"", "func(*github.com/valyala/fasthttp.RequestCtx)"},
	{"", "func(*github.com/emicklei/go-restful.Request, *github.com/emicklei/go-restful.Response)"},
	{"", "func(*github.com/emicklei/go-restful/v3.Request, *github.com/emicklei/go-restful/v3.Response)"},
	{"", "func(*golang.org/x/net/websocket.Conn)"},
	{"", "func(github.com/gliderlabs/ssh.Session)"},
	{"", "func(github.com/miekg/dns.ResponseWriter, *github.com/miekg/dns.Msg)"},

	{"ServeHTTP", "func(net/http.ResponseWriter, *net/http.Request)"},
	{"ServeDNS", "func(context.Context, github.com/miekg/dns.ResponseWriter, *github.com/miekg/dns.Msg) (int, error)"},
	{"ServeDNS", "func(github.com/miekg/dns.ResponseWriter, *github.com/miekg/dns.Msg)"},
	{"Handle", "func(context.Context, " + runtime + "webhook/admission.Request) " + runtime + "webhook/admission.Response"},
}

var registrars = []Registrar{
	{"*google.golang.org/grpc.Server"},
	{"google.golang.org/grpc.ServiceRegistrar"},
	{"*github.com/containerd/ttrpc.Server"},
	{"storj.io/drpc.Mux"},
}

var fields = []Field{
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerFuncs", Name: "AddFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerFuncs", Name: "UpdateFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerFuncs", Name: "DeleteFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerDetailedFuncs", Name: "AddFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerDetailedFuncs", Name: "UpdateFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "ResourceEventHandlerDetailedFuncs", Name: "DeleteFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "FilteringResourceEventHandler", Name: "FilterFunc"}},
	{Step: access.Step{Pkg: kubeCache, Type: "InformerOptions", Name: "Handler"}, Method: "*"},
	{Step: access.Step{Pkg: "k8s.io/client-go/tools/leaderelection", Type: "LeaderCallbacks", Name: "OnStartedLeading"}},
	{Step: access.Step{Pkg: "k8s.io/client-go/tools/leaderelection", Type: "LeaderCallbacks", Name: "OnNewLeader"}},
	{Step: access.Step{Pkg: runtime + "controller", Type: "TypedOptions", Name: "Reconciler"}, Method: "Reconcile"},
	{Step: access.Step{Pkg: runtime + "controller", Type: "Options", Name: "Reconciler"}, Method: "Reconcile"},

	{Step: access.Step{Pkg: "net/http", Type: "Server", Name: "Handler"}, Method: "ServeHTTP", Multi: true},
	{Step: access.Step{Pkg: "net/http", Type: "Server", Name: "ConnState"}, Multi: true},
	{Step: access.Step{Pkg: "net/http", Type: "Server", Name: "ConnContext"}}, // by the one that accepts
	{Step: access.Step{Pkg: "net/http", Type: "Transport", Name: "DialContext"}},
	{Step: access.Step{Pkg: "net/http", Type: "Transport", Name: "DialTLSContext"}},
	{Step: access.Step{Pkg: "net/http/httputil", Type: "ReverseProxy", Name: "Rewrite"}, Multi: true},
	{Step: access.Step{Pkg: "net/http/httputil", Type: "ReverseProxy", Name: "Director"}, Multi: true},
	{Step: access.Step{Pkg: "net/http/httputil", Type: "ReverseProxy", Name: "ModifyResponse"}, Multi: true},
	{Step: access.Step{Pkg: "net/http/httputil", Type: "ReverseProxy", Name: "ErrorHandler"}, Multi: true},
	{Step: access.Step{Pkg: "crypto/tls", Type: "Config", Name: "GetCertificate"}, Multi: true}, // servers only
	{Step: access.Step{Pkg: "crypto/tls", Type: "Config", Name: "GetConfigForClient"}, Multi: true},
	{Step: access.Step{Pkg: "os/exec", Type: "Cmd", Name: "Cancel"}},

	{Step: access.Step{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "PasswordCallback"}, Multi: true},
	{Step: access.Step{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "PublicKeyCallback"}, Multi: true},
	{Step: access.Step{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "KeyboardInteractiveCallback"}, Multi: true},
	{Step: access.Step{Pkg: "golang.org/x/crypto/ssh", Type: "ServerConfig", Name: "AuthLogCallback"}, Multi: true},
	{Step: access.Step{Pkg: "github.com/gorilla/websocket", Type: "Upgrader", Name: "CheckOrigin"}, Multi: true},
	{Step: access.Step{Pkg: "golang.org/x/tools/go/packages", Type: "Config", Name: "ParseFile"}, Multi: true},
	{Step: access.Step{Pkg: "golang.org/x/tools/go/analysis", Type: "Analyzer", Name: "Run"}, Multi: true},
}
