package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;

/** Lists the NetworkPolicies of a namespace, most of which do not belong to the operator. */
public final class NetworkPolicyLister {
  private final KubernetesClient client;

  public NetworkPolicyLister(KubernetesClient client) {
    this.client = client;
  }

  /** All of a namespace; empty when they cannot be listed, for they only explain a failure. */
  public List<NetworkPolicy> list(String namespace) {
    try {
      return client.network().v1().networkPolicies().inNamespace(namespace).list().getItems();
    } catch (KubernetesClientException e) {
      return List.of();
    }
  }
}
