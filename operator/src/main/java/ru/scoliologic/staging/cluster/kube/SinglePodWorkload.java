package ru.scoliologic.staging.cluster.kube;

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
import java.util.List;
import java.util.Map;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * Objects that optional components have in common: one pod with one volume, a Service, and a
 * policy. The pod belongs to a Deployment, because the operator may not delete a StatefulSet when
 * the component is switched off.
 *
 * @param environment that the component belongs to
 * @param component its name
 * @param name name of its objects
 * @param port that the component listens on, named {@code http}
 */
public record SinglePodWorkload(
    StagingEnvironment environment, ComponentName component, String name, int port) {
  public static final String PORT = "http";

  public Service service() {
    return new ServiceBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
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

  /** Allows only the named components. */
  public NetworkPolicy networkPolicy(List<ComponentName> clients) {
    var policy = new AccessPolicy(environment, component, name, port);
    return policy.lettingIn(clients.stream().map(policy::peer).toList());
  }

  /** Allows all clients at the port: the namespace of a shared controller is not known. */
  public NetworkPolicy openNetworkPolicy() {
    return new NetworkPolicyBuilder(networkPolicy(List.of(component)))
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
   * @param configuration hash of the configuration that the container reads at start
   */
  public Deployment deployment(PodSpec pod, String configuration) {
    return new DeploymentBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
        .withNewSpec()
        .withReplicas(1)
        .withProgressDeadlineSeconds(deadline())
        .withRevisionHistoryLimit(2)
        // Two pods must not write to one volume.
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
    return component
        .spec(environment.getSpec())
        .map(ComponentSpec::deadline)
        .orElse(ComponentSpec.DEFAULT_DEADLINE_SECONDS);
  }

  /** HTTP probe of the port until it responds, for at most the deadline in seconds. */
  public static Probe startupProbe(String path, int deadline) {
    return StartupLimit.of(asking(path), deadline);
  }

  /** HTTP probe of the port; {@code period} in seconds. */
  public static Probe probe(String path, int period, int failures) {
    return asking(path)
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }

  private static ProbeBuilder asking(String path) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withPort(new IntOrString(PORT))
        .endHttpGet();
  }
}
