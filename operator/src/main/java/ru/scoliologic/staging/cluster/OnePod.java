package ru.scoliologic.staging.cluster;

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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * What the components have in common that an environment may do without: one pod with one volume, a
 * Service, and a policy. The pod comes from a Deployment, for a StatefulSet could not be removed
 * when the component is switched off: the operator has no right to delete one.
 *
 * @param environment it belongs to
 * @param component its name
 * @param name of its objects
 * @param port it listens on, named {@code http}
 */
public record OnePod(StagingEnvironment environment, String component, String name, int port) {
  public static final String PORT = "http";

  /** At which it is reached. */
  public Service service() {
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

  /** Lets in the named components, and nobody else. */
  public NetworkPolicy networkPolicy(String... clients) {
    var policy = new AccessPolicy(environment, component, name, port);
    return policy.lettingIn(Arrays.stream(clients).map(policy::peer).toList());
  }

  /** Lets in whoever asks its port: nobody says in which namespace a shared controller runs. */
  public NetworkPolicy openNetworkPolicy() {
    return new NetworkPolicyBuilder(networkPolicy(component))
        .editSpec()
        .editFirstIngress()
        .withFrom(List.of())
        .endIngress()
        .endSpec()
        .build();
  }

  /**
   * The Deployment.
   *
   * @param configuration hash of what its container reads at start
   */
  public Deployment deployment(PodSpec pod, String configuration) {
    return new DeploymentBuilder()
        .withMetadata(Ownership.owned(environment, component, name))
        .withNewSpec()
        .withReplicas(1)
        .withProgressDeadlineSeconds(deadline())
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

  private int deadline() {
    var spec = environment.getSpec().components().get(component);
    return spec == null ? ComponentSpec.DEFAULT_DEADLINE_SECONDS : spec.deadline();
  }

  /** Asks the port by HTTP; {@code period} in seconds. */
  public static Probe probe(String path, int period, int failures) {
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
