package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// newAddonsCommand runs what k3s adds to Kubernetes for volumes and LoadBalancer addresses.
func newAddonsCommand() *cobra.Command {
	var kubeconfig, node, address, storage string
	var balance, provision bool
	command := &cobra.Command{
		Use: "node-addons",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			factory := informers.NewSharedInformerFactory(client, 10*time.Minute)
			var loops []func(context.Context)
			if balance {
				loops = append(loops, newBalancer(client, factory, address).run)
			}
			if provision {
				loops = append(loops, newProvisioner(client, factory, node, storage).run)
			}
			ctx := command.Context()
			factory.Start(ctx.Done())
			factory.WaitForCacheSync(ctx.Done())
			for _, loop := range loops {
				go loop(ctx)
			}
			<-ctx.Done()
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&node, "node", "", "name of the one node")
	flags.StringVar(&address, "address", "", "address given to LoadBalancer Services")
	flags.StringVar(&storage, "storage", "", "directory that holds the volumes")
	flags.BoolVar(&balance, "service-lb", true, "give addresses to LoadBalancer Services")
	flags.BoolVar(&provision, "local-storage", true, "provision volumes")
	return command
}

// signal wakes a loop; wake-ups that arrive while one is pending are one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

func (s signal) onEvents(informer cache.SharedIndexInformer) {
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { s.wake() },
		UpdateFunc: func(any, any) { s.wake() },
		DeleteFunc: func(any) { s.wake() },
	})
	if err != nil {
		klog.Fatal(err)
	}
}

// loop calls pass after every wake-up, and again after a while when it failed.
func (s signal) loop(ctx context.Context, retry time.Duration, pass func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s:
		}
		if err := pass(ctx); err != nil {
			klog.ErrorS(err, "will be tried again", "after", retry)
			time.AfterFunc(retry, s.wake)
		}
	}
}
