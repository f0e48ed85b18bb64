package known

// servers call what they are given once a request, each on a goroutine of its
// own. Most handlers are known by their signature, see handlers.
var servers = []Starter{
	{Func: "(*github.com/gorilla/mux.Router).HandleFunc", Arg: 1, Multi: true},
	{Func: "(*github.com/gorilla/mux.Router).Handle", Arg: 1, Method: "ServeHTTP", Multi: true},
	{Func: "(*github.com/grpc-ecosystem/grpc-gateway/v2/runtime.ServeMux).Handle", Arg: 2, Multi: true},
	{Func: "(*github.com/grpc-ecosystem/grpc-gateway/v2/runtime.ServeMux).HandlePath", Arg: 2, Multi: true},

	{Func: "google.golang.org/grpc.UnaryInterceptor", Multi: true},
	{Func: "google.golang.org/grpc.StreamInterceptor", Multi: true},
	{Func: "google.golang.org/grpc.ChainUnaryInterceptor", Multi: true},
	{Func: "google.golang.org/grpc.ChainStreamInterceptor", Multi: true},
	{Func: "google.golang.org/grpc.UnknownServiceHandler", Multi: true},
	{Func: "google.golang.org/grpc.StatsHandler", Method: "*", Multi: true},

	{Func: "connectrpc.com/connect.NewUnaryHandler", Arg: 1, Multi: true},
	{Func: "connectrpc.com/connect.NewClientStreamHandler", Arg: 1, Multi: true},
	{Func: "connectrpc.com/connect.NewServerStreamHandler", Arg: 1, Multi: true},
	{Func: "connectrpc.com/connect.NewBidiStreamHandler", Arg: 1, Multi: true},

	{Func: "github.com/go-kit/kit/transport/http.NewServer", Multi: true},
	{Func: "github.com/go-kit/kit/transport/http.NewServer", Arg: 1, Multi: true},
	{Func: "github.com/go-kit/kit/transport/http.NewServer", Arg: 2, Multi: true},
	{Func: "github.com/go-kit/kit/transport/grpc.NewServer", Multi: true},
	{Func: "github.com/go-kit/kit/transport/grpc.NewServer", Arg: 1, Multi: true},
	{Func: "github.com/go-kit/kit/transport/grpc.NewServer", Arg: 2, Multi: true},

	{Func: "github.com/miekg/dns.HandleFunc", Arg: 1, Multi: true},
	{Func: "(*github.com/miekg/dns.ServeMux).HandleFunc", Arg: 1, Multi: true},
}

// messages are subscriptions, work queues and replicated logs.
var messages = []Starter{
	// A goroutine for each subscription, which handles one message at a time.
	{Func: "(*github.com/nats-io/nats.go.Conn).Subscribe", Arg: 1},
	{Func: "(*github.com/nats-io/nats.go.Conn).QueueSubscribe", Arg: 2},
	{Func: "(github.com/nats-io/nats.go.JetStream).Subscribe", Arg: 1},
	{Func: "(github.com/nats-io/nats.go.JetStream).QueueSubscribe", Arg: 2},
	{Func: "(github.com/nats-io/nats.go/jetstream.Consumer).Consume"},

	// One goroutine for all messages, unless SetOrderMatters(false) is called.
	{Func: "(github.com/eclipse/paho.mqtt.golang.Client).Subscribe", Arg: 2, Turns: true},
	{Func: "(github.com/eclipse/paho.mqtt.golang.Client).SubscribeMultiple", Arg: 1, Turns: true},
	{Func: "(github.com/eclipse/paho.mqtt.golang.Client).AddRoute", Arg: 1, Turns: true},
	{Func: "(*github.com/eclipse/paho.mqtt.golang.ClientOptions).SetOnConnectHandler"},
	{Func: "(*github.com/eclipse/paho.mqtt.golang.ClientOptions).SetConnectionLostHandler"},

	// A goroutine for each claimed partition; Consume waits for all of them.
	{Func: "(github.com/IBM/sarama.ConsumerGroup).Consume", Arg: 2, Method: "ConsumeClaim", Multi: true, Ends: true},
	{Func: "(github.com/Shopify/sarama.ConsumerGroup).Consume", Arg: 2, Method: "ConsumeClaim", Multi: true, Ends: true},

	// A goroutine for each message.
	{Func: "(*github.com/ThreeDotsLabs/watermill/message.Router).AddHandler", Arg: 5, Multi: true},
	{Func: "(*github.com/ThreeDotsLabs/watermill/message.Router).AddConsumerHandler", Arg: 3, Multi: true},
	{Func: "(*github.com/ThreeDotsLabs/watermill/message.Router).AddNoPublisherHandler", Arg: 3, Multi: true},
	{Func: "(*github.com/hibiken/asynq.ServeMux).HandleFunc", Arg: 1, Multi: true},
	{Func: "(*github.com/hibiken/asynq.ServeMux).Handle", Arg: 1, Method: "ProcessTask", Multi: true},
	{Func: "(go.temporal.io/sdk/worker.ActivityRegistry).RegisterActivity", Method: "*", Multi: true},
	{Func: "(*github.com/bwmarrin/discordgo.Session).AddHandler", Multi: true},

	// One goroutine applies, restores and takes snapshots.
	{Func: "github.com/hashicorp/raft.NewRaft", Arg: 1, Method: "*"},
	{Func: "github.com/lib/pq.NewListener", Arg: 3},
	{Func: "github.com/spf13/viper.OnConfigChange"},
	{Func: "(*github.com/spf13/viper.Viper).OnConfigChange"},
}

// controllers are Kubernetes' informers and reconcilers.
var controllers = []Starter{
	// One Reconcile at a time, unless MaxConcurrentReconciles is set.
	{Func: "(*" + runtime + "builder.Builder).Complete", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.Builder).Build", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.TypedBuilder).Complete", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.TypedBuilder).Build", Method: "Reconcile"},
	{Func: "(*" + runtime + "builder.WebhookBuilder).WithDefaulter", Method: "*", Multi: true},
	{Func: "(*" + runtime + "builder.WebhookBuilder).WithValidator", Method: "*", Multi: true},
	{Func: runtime + "handler.EnqueueRequestsFromMapFunc"},
	{Func: runtime + "handler.TypedEnqueueRequestsFromMapFunc"},
	{Func: "(" + runtime + "manager.Manager).Add", Method: "Start"},
	{Func: "(" + runtime + "manager.Manager).AddHealthzCheck", Arg: 1, Multi: true},
	{Func: "(" + runtime + "manager.Manager).AddReadyzCheck", Arg: 1, Multi: true},

	// A goroutine for each handler, which is given one event at a time.
	{Func: "(" + kubeCache + ".SharedInformer).AddEventHandler", Method: "*"},
	{Func: "(" + kubeCache + ".SharedInformer).AddEventHandlerWithResyncPeriod", Method: "*"},
	{Func: "(" + kubeCache + ".SharedInformer).AddEventHandlerWithOptions", Method: "*"},
	{Func: "(" + kubeCache + ".SharedInformer).SetTransform"},
	{Func: "(" + kubeCache + ".SharedInformer).SetWatchErrorHandler"},
	{Func: "(" + runtime + "cache.Informer).AddEventHandler", Method: "*"},
	{Func: "(" + runtime + "cache.Informer).AddEventHandlerWithResyncPeriod", Method: "*"},
	{Func: kubeCache + ".NewInformer", Arg: 3, Method: "*"},
	{Func: kubeCache + ".NewIndexerInformer", Arg: 3, Method: "*"},
	{Func: kubeCache + ".NewTransformingInformer", Arg: 3, Method: "*"},
}

// metrics are collected by every scrape, and scrapes overlap.
var metrics = []Starter{
	{Func: "(github.com/prometheus/client_golang/prometheus.Registerer).MustRegister", Arg: -1, Method: "Collect", Multi: true},
	{Func: "(github.com/prometheus/client_golang/prometheus.Registerer).Register", Method: "Collect", Multi: true},
	{Func: "(*github.com/prometheus/client_golang/prometheus.Registry).MustRegister", Arg: -1, Method: "Collect", Multi: true},
	{Func: "(*github.com/prometheus/client_golang/prometheus.Registry).Register", Method: "Collect", Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.MustRegister", Arg: -1, Method: "Collect", Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.Register", Method: "Collect", Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.NewGaugeFunc", Arg: 1, Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.NewCounterFunc", Arg: 1, Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus.NewUntypedFunc", Arg: 1, Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus/promauto.NewGaugeFunc", Arg: 1, Multi: true},
	{Func: "github.com/prometheus/client_golang/prometheus/promauto.NewCounterFunc", Arg: 1, Multi: true},
	{Func: "(github.com/prometheus/client_golang/prometheus/promauto.Factory).NewGaugeFunc", Arg: 1, Multi: true},
	{Func: "(github.com/prometheus/client_golang/prometheus/promauto.Factory).NewCounterFunc", Arg: 1, Multi: true},

	{Func: "(go.opentelemetry.io/otel/metric.Meter).RegisterCallback", Multi: true},
	{Func: "go.opentelemetry.io/otel/metric.WithInt64Callback", Multi: true},
	{Func: "go.opentelemetry.io/otel/metric.WithFloat64Callback", Multi: true},
}
