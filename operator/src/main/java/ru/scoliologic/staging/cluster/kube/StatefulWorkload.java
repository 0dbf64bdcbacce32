package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.Map;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * Objects of a component that keeps data on one volume: a Service, a StatefulSet of one pod, and a
 * policy that allows only the application.
 *
 * @param environment that the component belongs to
 * @param component its name, which is also the name of its port
 * @param name name of its objects
 * @param port that the component listens on
 */
public record StatefulWorkload(
    StagingEnvironment environment, ComponentName component, String name, int port) {
  public Service service() {
    return new ServiceBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
        .withNewSpec()
        .withSelector(Labels.selector(environment, component))
        .addNewPort()
        .withName(component.label())
        .withPort(port)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString(component.label()))
        .endPort()
        .endSpec()
        .build();
  }

  /**
   * Allows the application and the named components only.
   *
   * @param more names of further components
   */
  public NetworkPolicy networkPolicy(ComponentName... more) {
    var policy = new AccessPolicy(environment, component, name, port);
    var migration =
        environment.getSpec().services().app().migration() == null
            ? Stream.<ComponentName>empty()
            : Stream.of(ComponentName.MIGRATION);
    return policy.lettingIn(
        Stream.of(Stream.of(ComponentName.APP), migration, Stream.of(more))
            .flatMap(names -> names)
            .map(policy::peer)
            .toList());
  }

  /**
   * A StatefulSet of one pod.
   *
   * @param configuration hash of the configuration that the containers read at start, or null
   */
  public StatefulSet statefulSet(PodSpec pod, String configuration) {
    return new StatefulSetBuilder()
        .withMetadata(OwnedMetadata.owned(environment, component, name))
        .withNewSpec()
        .withReplicas(1)
        .withServiceName(name)
        // OrderedReady would block an update that repairs a pod which cannot start.
        .withPodManagementPolicy("Parallel")
        .withRevisionHistoryLimit(2)
        .withNewSelector()
        .withMatchLabels(Labels.selector(environment, component))
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(Labels.of(environment, component))
        .withAnnotations(configuration == null ? null : Map.of(Labels.CONFIG_HASH, configuration))
        .endMetadata()
        .withSpec(pod)
        .endTemplate()
        .endSpec()
        .build();
  }
}
