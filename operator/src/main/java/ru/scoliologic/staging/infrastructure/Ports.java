package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds what keeps an ingress Service from ports 80 and 443. There are two kinds of load balancers:
 * one gives each Service an address of its own, without conflicts; the other, as in k3s, serves all
 * of them at the nodes' own addresses, where only one can have a port.
 */
public final class Ports {
  private static final Set<Integer> WANTED = Set.of(80, 443);

  /** Label of the pods with which k3s' load balancer holds the ports for a Service. */
  private static final String BALANCED_NAMESPACE = "svccontroller.k3s.cattle.io/svcnamespace";

  private static final String BALANCED_NAME = "svccontroller.k3s.cattle.io/svcname";

  private Ports() {}

  /**
   * A pod that has one of the ports on its node.
   *
   * @param kind Pod, or Service if the pod is there for one
   */
  public record Holder(String kind, String namespace, String name) {
    private String told() {
      return "%s %s/%s".formatted(kind, namespace, name);
    }
  }

  /** The holder of a port by this pod, if the pod is on a node and has one. */
  public static Optional<Holder> holder(Pod pod) {
    boolean holds =
        pod.getSpec().getNodeName() != null
            && Stream.concat(
                    pod.getSpec().getContainers().stream(),
                    pod.getSpec().getInitContainers().stream()
                        .filter(init -> "Always".equals(init.getRestartPolicy())))
                .flatMap(container -> container.getPorts().stream())
                .filter(port -> port.getProtocol() == null || "TCP".equals(port.getProtocol()))
                .anyMatch(port -> WANTED.contains(onNode(pod, port)));
    if (!holds) {
      return Optional.empty();
    }
    var metadata = pod.getMetadata();
    var labels = metadata.getLabels();
    return Optional.of(
        labels != null && labels.containsKey(BALANCED_NAME)
            ? new Holder("Service", labels.get(BALANCED_NAMESPACE), labels.get(BALANCED_NAME))
            : new Holder("Pod", metadata.getNamespace(), metadata.getName()));
  }

  /** The port on the node; 0 when it is the pod's alone. */
  private static int onNode(Pod pod, ContainerPort port) {
    if (port.getHostPort() != null) {
      return port.getHostPort();
    }
    return Boolean.TRUE.equals(pod.getSpec().getHostNetwork()) ? port.getContainerPort() : 0;
  }

  /**
   * The holders to report; empty while the address may still come.
   *
   * @param waiting the Service without an address
   * @param services of the whole cluster
   * @param pods of the whole cluster that have one of the ports on their node
   */
  public static List<String> holders(
      Service waiting, List<Service> services, List<Node> nodes, List<Holder> pods) {
    var own = nodes.stream().flatMap(Ports::addresses).collect(Collectors.toSet());
    var given =
        services.stream()
            .filter(service -> "LoadBalancer".equals(service.getSpec().getType()))
            .filter(service -> !same(service, waiting))
            .filter(service -> !ingress(service).isEmpty())
            .toList();
    boolean addressEach =
        given.stream().flatMap(s -> ingress(s).stream()).anyMatch(at -> !isOf(own, at));
    var metadata = waiting.getMetadata();
    var ours = new Holder("Service", metadata.getNamespace(), metadata.getName());
    return Stream.concat(
            given.stream()
                .filter(service -> ingress(service).stream().anyMatch(at -> isOf(own, at)))
                .filter(service ->
                    service.getSpec().getPorts().stream()
                        .anyMatch(port -> WANTED.contains(port.getPort())))
                .map(Service::getMetadata)
                .map(m -> new Holder("Service", m.getNamespace(), m.getName())),
            pods.stream()
                .filter(holder -> !addressEach || holder.kind().equals("Service"))
                .filter(holder -> !holder.equals(ours)))
        .map(Holder::told)
        .collect(Collectors.toCollection(TreeSet::new))
        .stream()
        .toList();
  }

  private static boolean same(Service one, Service other) {
    return Objects.equals(one.getMetadata().getUid(), other.getMetadata().getUid());
  }

  /** Whether a Service has an address. */
  public static boolean served(Service service) {
    return !ingress(service).isEmpty();
  }

  private static List<LoadBalancerIngress> ingress(Service service) {
    return service.getStatus() == null
            || service.getStatus().getLoadBalancer() == null
            || service.getStatus().getLoadBalancer().getIngress() == null
        ? List.of()
        : service.getStatus().getLoadBalancer().getIngress();
  }

  private static boolean isOf(Set<String> nodes, LoadBalancerIngress address) {
    return nodes.contains(address.getIp()) || nodes.contains(address.getHostname());
  }

  private static Stream<String> addresses(Node node) {
    return node.getStatus() == null || node.getStatus().getAddresses() == null
        ? Stream.empty()
        : node.getStatus().getAddresses().stream().map(NodeAddress::getAddress);
  }
}
