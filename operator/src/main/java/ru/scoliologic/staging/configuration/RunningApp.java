package ru.scoliologic.staging.configuration;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Optional;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * The serving version of the application: its variables and its health.
 *
 * @param deployment of the version that the Service selects, if there is one
 */
record RunningApp(Snapshot snapshot, Optional<Deployment> deployment) {
  private static final ComponentName COMPONENT = ComponentName.APP;

  /** Restarts after which a crashing container counts as failed. */
  private static final int CRASHES = 3;

  static RunningApp of(Snapshot snapshot) {
    var names = snapshot.names();
    return new RunningApp(
        snapshot,
        snapshot
            .owned()
            .find(Service.class, names.app())
            .map(service -> service.getSpec().getSelector().get(Labels.VERSION))
            .flatMap(
                version -> snapshot.owned().find(Deployment.class, names.appVersion(version))));
  }

  /**
   * Whether it is available and every pod has these variables.
   *
   * @param variables hash of them
   */
  boolean ready(String variables) {
    return with(variables).filter(d -> component(d).ready()).isPresent();
  }

  /** Why it does not come up with these variables: it keeps crashing, or is not healthy in time. */
  Optional<String> failure(String variables) {
    return with(variables)
        .filter(RunningApp::seen)
        .filter(d -> tooLate(d) || keepsEnding(variables))
        .map(d -> component(d).message());
  }

  /** Whether the Deployment has no pod with other variables. */
  boolean rolled(String variables) {
    return with(variables)
        .filter(RunningApp::seen)
        .filter(
            d -> count(d.getStatus().getReplicas()) == count(d.getStatus().getUpdatedReplicas()))
        .isPresent();
  }

  /** Whether no pod with other variables is left, not even a terminating one. */
  boolean isAlone(String variables) {
    return snapshot.pods().stream()
        .filter(pod -> COMPONENT.owns(pod))
        .filter(pod -> !PodStatuses.isOver(pod))
        .allMatch(pod -> variables.equals(hash(pod.getMetadata())));
  }

  /** Whether another version starts beside it. */
  boolean isBeingReplaced() {
    var status = snapshot.environment().getStatus();
    return status != null && status.app() != null && status.app().candidate() != null;
  }

  private Optional<Deployment> with(String variables) {
    return deployment.filter(d -> variables.equals(hash(d.getSpec().getTemplate().getMetadata())));
  }

  private static String hash(io.fabric8.kubernetes.api.model.ObjectMeta metadata) {
    return metadata == null || metadata.getAnnotations() == null
        ? null
        : metadata.getAnnotations().get(Labels.CONFIG_HASH);
  }

  private ComponentHealth component(Deployment of) {
    var version = of.getMetadata().getLabels().get(Labels.VERSION);
    var image = of.getMetadata().getAnnotations().get(Labels.IMAGE);
    return ComponentHealth.of(
        snapshot.ofVersion(COMPONENT, version), COMPONENT, image, Optional.of(of));
  }

  private boolean keepsEnding(String variables) {
    return snapshot.podsOf(COMPONENT).stream()
        .filter(pod -> variables.equals(hash(pod.getMetadata())))
        .anyMatch(RunningApp::keepsEnding);
  }

  private static boolean keepsEnding(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getContainerStatuses().stream()
            .anyMatch(c -> c.getRestartCount() >= CRASHES && !Boolean.TRUE.equals(c.getReady()));
  }

  private static boolean seen(Deployment deployment) {
    return deployment.getStatus() != null
        && deployment.getStatus().getObservedGeneration() != null
        && deployment.getStatus().getObservedGeneration()
            >= deployment.getMetadata().getGeneration();
  }

  private static boolean tooLate(Deployment deployment) {
    return deployment.getStatus().getConditions().stream()
        .anyMatch(c ->
            "Progressing".equals(c.getType()) && "ProgressDeadlineExceeded".equals(c.getReason()));
  }

  private static int count(Integer replicas) {
    return replicas == null ? 0 : replicas;
  }
}
