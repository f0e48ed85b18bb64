module example.com/probe

go 1.26.0

require (
	github.com/go-logr/logr v1.4.3
	github.com/mapguard/mapguard v0.0.0
	k8s.io/klog/v2 v2.60.1
)

replace github.com/mapguard/mapguard => ../..
