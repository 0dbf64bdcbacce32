package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import java.util.ArrayList;
import java.util.List;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * Builds the NetworkPolicy of components that serve end users. Without it, requests reach neither
 * Traefik nor the application in a namespace that denies ingress by default.
 */
public final class IngressPolicy {
  private final StagingEnvironment environment;
  private final ComponentName component;
  private final String name;
  private final List<NetworkPolicyIngressRule> rules = new ArrayList<>();

  public IngressPolicy(StagingEnvironment environment, ComponentName component, String name) {
    this.environment = environment;
    this.component = component;
    this.name = name;
  }

  /** Allows all clients at these ports, by name or number. */
  public IngressPolicy everybodyAt(IntOrString... ports) {
    return let(List.of(), ports);
  }

  /** Allows the peers at these ports; at all ports when none is given. */
  public IngressPolicy let(List<NetworkPolicyPeer> peers, IntOrString... ports) {
    var rule = new NetworkPolicyIngressRuleBuilder().withFrom(peers);
    for (var port : ports) {
      rule.addNewPort().withProtocol("TCP").withPort(port).endPort();
    }
    rules.add(rule.build());
    return this;
  }

  public NetworkPolicy build() {
    return new NetworkPolicyBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
        .withNewSpec()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, component))
        .endPodSelector()
        .withPolicyTypes("Ingress")
        .withIngress(rules)
        .endSpec()
        .build();
  }
}
