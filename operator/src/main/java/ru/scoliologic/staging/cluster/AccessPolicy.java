package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * Who may connect to a component: nobody but those that are let in.
 *
 * @param environment it belongs to
 * @param component its name
 * @param name of its objects
 * @param port it listens on
 */
public record AccessPolicy(
    StagingEnvironment environment, String component, String name, int port) {

  /** Lets in the given ones; nobody when there are none. */
  public NetworkPolicy lettingIn(List<NetworkPolicyPeer> peers) {
    return new NetworkPolicyBuilder()
        .withMetadata(Ownership.owned(environment, component, name))
        .withNewSpec()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, component))
        .endPodSelector()
        .withPolicyTypes("Ingress")
        .withIngress(
            peers.isEmpty()
                ? List.of()
                : List.of(
                    new NetworkPolicyIngressRuleBuilder()
                        .withFrom(peers)
                        .addNewPort()
                        .withProtocol("TCP")
                        .withPort(new IntOrString(port))
                        .endPort()
                        .build()))
        .endSpec()
        .build();
  }

  /** The pods of another component of the environment. */
  public NetworkPolicyPeer peer(String other) {
    return new NetworkPolicyPeerBuilder()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, other))
        .endPodSelector()
        .build();
  }

  /** The operator, in whatever namespace it runs. */
  public static NetworkPolicyPeer operator() {
    return new NetworkPolicyPeerBuilder()
        .withNewNamespaceSelector()
        .endNamespaceSelector()
        .withNewPodSelector()
        .withMatchLabels(Map.of(Labels.NAME, Labels.OPERATOR))
        .endPodSelector()
        .build();
  }
}
