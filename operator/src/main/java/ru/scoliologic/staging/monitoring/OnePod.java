package ru.scoliologic.staging.monitoring;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Ownership;

/**
 * What Prometheus and Grafana have in common: one pod with one volume, a Service, and a policy. The
 * pod comes from a Deployment, for a StatefulSet could not be removed when monitoring is switched
 * off: the operator has no right to delete one.
 *
 * @param environment it belongs to
 * @param component its name
 * @param name of its objects
 * @param port it listens on, named {@code http}
 */
record OnePod(StagingEnvironment environment, String component, String name, int port) {
  static final String PORT = "http";

  Service service() {
    return new ServiceBuilder()
        .withMetadata(Ownership.owned(environment, component, name))
        .withNewSpec()
        .withSelector(Labels.selector(environment, component))
        .addNewPort()
        .withName(PORT)
        .withPort(port)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString(PORT))
        .endPort()
        .endSpec()
        .build();
  }

  /**
   * A policy.
   *
   * @param client the one component that may connect; nobody may when absent
   */
  NetworkPolicy networkPolicy(Optional<String> client) {
    return new NetworkPolicyBuilder()
        .withMetadata(Ownership.owned(environment, component, name))
        .withNewSpec()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, component))
        .endPodSelector()
        .withPolicyTypes("Ingress")
        .withIngress(client.map(this::from).map(List::of).orElse(List.of()))
        .endSpec()
        .build();
  }

  private NetworkPolicyIngressRule from(String client) {
    return new NetworkPolicyIngressRuleBuilder()
        .addNewFrom()
        .withNewPodSelector()
        .withMatchLabels(Labels.selector(environment, client))
        .endPodSelector()
        .endFrom()
        .addNewPort()
        .withProtocol("TCP")
        .withPort(new IntOrString(port))
        .endPort()
        .build();
  }

  /**
   * The Deployment.
   *
   * @param configuration hash of what its container reads at start
   */
  Deployment deployment(PodSpec pod, String configuration) {
    return new DeploymentBuilder()
        .withMetadata(Ownership.owned(environment, component, name))
        .withNewSpec()
        .withReplicas(1)
        .withRevisionHistoryLimit(2)
        // Two pods must not write one volume.
        .withNewStrategy()
        .withType("Recreate")
        .endStrategy()
        .withNewSelector()
        .withMatchLabels(Labels.selector(environment, component))
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(Labels.of(environment, component))
        .withAnnotations(Map.of(Labels.CONFIG_HASH, configuration))
        .endMetadata()
        .withSpec(pod)
        .endTemplate()
        .endSpec()
        .build();
  }

  static Probe probe(String path, int period, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withPort(new IntOrString(PORT))
        .endHttpGet()
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }
}
