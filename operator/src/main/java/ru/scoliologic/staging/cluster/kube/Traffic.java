package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Traffic that a component sends, and whether a NetworkPolicy rule allows it. Where the rule alone
 * does not show that, the traffic counts as allowed.
 *
 * @param name of the destination, with its port
 * @param protocol TCP or UDP
 * @param ports of the destination pod or host, one of which suffices; empty when not known
 * @param namespace of the destination pods; empty when the destination is outside of it
 * @param pods labels of the destination pods
 */
public record Traffic(
    String name, String protocol, Set<Integer> ports, String namespace, Map<String, String> pods) {

  public static final int HTTPS = 443;

  /** OpenShift's DNS pods listen on the second one. */
  private static final Set<Integer> DNS_PORTS = Set.of(53, 5353);

  /** DNS lookups, over UDP. */
  public static Traffic dns() {
    return new Traffic("the DNS (port 53)", "UDP", DNS_PORTS, "", Map.of());
  }

  /** To another component of the environment. */
  public static Traffic to(Snapshot snapshot, ComponentName component, int port) {
    return new Traffic(
        "%s (port %d)".formatted(component, port),
        "TCP",
        Set.of(port),
        snapshot.namespace(),
        Labels.of(snapshot.environment(), component));
  }

  /** To a host outside of the namespace. */
  public static Traffic beyond(String name, Integer... ports) {
    return new Traffic(name, "TCP", Set.of(ports), "", Map.of());
  }

  /** To the API server, at the port of its Service, or at the usual port of its hosts. */
  public static Traffic apiServer() {
    return beyond("the API server (port 443 or 6443)", HTTPS, 6443);
  }

  /** Whether a rule allows it. */
  boolean passes(NetworkPolicyEgressRule rule) {
    return (rule.getPorts().isEmpty() || rule.getPorts().stream().anyMatch(this::isAt))
        && (rule.getTo().isEmpty() || rule.getTo().stream().anyMatch(this::goesTo));
  }

  private boolean isAt(NetworkPolicyPort allowed) {
    if (!protocol.equals(Objects.requireNonNullElse(allowed.getProtocol(), "TCP"))) {
      return false;
    }
    var first = allowed.getPort() == null ? null : allowed.getPort().getIntVal();
    if (first == null || ports.isEmpty()) {
      // All ports, or a named port, which only the destination pod resolves.
      return true;
    }
    int last = Objects.requireNonNullElse(allowed.getEndPort(), first);
    return ports.stream().anyMatch(port -> first <= port && port <= last);
  }

  private boolean goesTo(NetworkPolicyPeer peer) {
    if (peer.getIpBlock() != null) {
      return true;
    }
    var namespaces = peer.getNamespaceSelector();
    if (namespace.isEmpty()) {
      return namespaces != null;
    }
    // Of the namespace's labels only the name is known.
    var only =
        namespaces == null || namespaces.getMatchLabels() == null
            ? namespace
            : namespaces.getMatchLabels().getOrDefault(AccessPolicy.NAMESPACE_NAME, namespace);
    return only.equals(namespace)
        && (peer.getPodSelector() == null || PodSelector.matches(peer.getPodSelector(), pods));
  }
}
