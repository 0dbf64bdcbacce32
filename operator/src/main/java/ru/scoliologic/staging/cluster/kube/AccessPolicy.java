package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Builds the NetworkPolicy of a component, which denies every client that is not listed.
 *
 * @param environment that the component belongs to
 * @param component its name
 * @param name name of its objects
 * @param port that the component listens on
 */
public record AccessPolicy(
    StagingEnvironment environment, ComponentName component, String name, int port) {

  /** Set on every namespace by the API server; it cannot be changed. */
  static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

  /** Allows the given clients; with an empty list it denies all. */
  public NetworkPolicy lettingIn(List<NetworkPolicyPeer> peers) {
    return new NetworkPolicyBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
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

  public NetworkPolicyPeer peer(ComponentName other) {
    return new NetworkPolicyPeerBuilder()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, other))
        .endPodSelector()
        .build();
  }

  /** The operator's pods, restricted to its namespace: any user may set the label elsewhere. */
  public static NetworkPolicyPeer operator(Snapshot snapshot) {
    return new NetworkPolicyPeerBuilder()
        .withNewNamespaceSelector()
        .addToMatchLabels(NAMESPACE_NAME, snapshot.surroundings().operator().namespace())
        .endNamespaceSelector()
        .withNewPodSelector()
        .withMatchLabels(Map.of(Labels.NAME, Labels.OPERATOR))
        .endPodSelector()
        .build();
  }
}
