package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
)

// balancer gives LoadBalancer Services the node's address, which kube-proxy then serves. As with the
// host ports of k3s, a port belongs to the Service that had it first; a later one stays without an address until it is free.
type balancer struct {
	client   kubernetes.Interface
	services listers.ServiceLister
	address  string
	changed  signal
}

func newBalancer(client kubernetes.Interface, factory informers.SharedInformerFactory, address string) *balancer {
	b := &balancer{client, factory.Core().V1().Services().Lister(), address, newSignal()}
	b.changed.onEvents(factory.Core().V1().Services().Informer())
	return b
}

func (b *balancer) run(ctx context.Context) { b.changed.loop(ctx, 2*time.Second, b.pass) }

func (b *balancer) pass(ctx context.Context) error {
	services, err := b.services.List(labels.Everything())
	if err != nil {
		return err
	}
	sort.Slice(services, func(i, j int) bool {
		one, other := services[i], services[j]
		if has, had := len(one.Status.LoadBalancer.Ingress) > 0, len(other.Status.LoadBalancer.Ingress) > 0; has != had {
			return has
		}
		if one.CreationTimestamp.Equal(&other.CreationTimestamp) {
			return one.Namespace+"/"+one.Name < other.Namespace+"/"+other.Name
		}
		return one.CreationTimestamp.Before(&other.CreationTimestamp)
	})
	var failures []error
	holders := map[string]*core.Service{}
	for _, service := range services {
		if service.Spec.Type != core.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil || service.DeletionTimestamp != nil {
			continue
		}
		var ingress []core.LoadBalancerIngress
		if claim(holders, service) {
			mode := core.LoadBalancerIPModeVIP
			ingress = []core.LoadBalancerIngress{{IP: b.address, IPMode: &mode}}
		}
		if err := b.publish(ctx, service, ingress); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// claim takes all ports of the Service, or none when one of them is held.
func claim(holders map[string]*core.Service, service *core.Service) bool {
	key := func(port core.ServicePort) string { return fmt.Sprintf("%d/%s", port.Port, port.Protocol) }
	for _, port := range service.Spec.Ports {
		if holders[key(port)] != nil {
			return false
		}
	}
	for _, port := range service.Spec.Ports {
		holders[key(port)] = service
	}
	return true
}

func (b *balancer) publish(ctx context.Context, service *core.Service, ingress []core.LoadBalancerIngress) error {
	if len(ingress) == 0 && len(service.Status.LoadBalancer.Ingress) == 0 ||
		reflect.DeepEqual(service.Status.LoadBalancer.Ingress, ingress) {
		return nil
	}
	updated := service.DeepCopy()
	updated.Status.LoadBalancer.Ingress = ingress
	_, err := b.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, updated, meta.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
