package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.cluster.kube.PodDiagnosis;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.kube.StartupKill;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.stage.Reason;

/**
 * How long a component's pods may take to become ready, from a pod's creation or from when it
 * stopped being ready.
 *
 * @param seconds of the deadline
 */
public record Deadline(int seconds) {

  /**
   * The deadline of a component of an environment, by its label; the default for a component
   * without a spec.
   */
  static Deadline of(Snapshot snapshot, ComponentName component) {
    return new Deadline(
        component
            .spec(snapshot.environment().getSpec())
            .map(ComponentSpec::deadline)
            .orElse(ComponentSpec.DEFAULT_DEADLINE_SECONDS));
  }

  /** The earliest deadline of the pods that are not ready; empty if all are. */
  Optional<Instant> due(List<Pod> pods) {
    return pods.stream()
        .flatMap(pod -> waitsSince(pod).stream())
        .min(Comparator.naturalOrder())
        .map(this::after);
  }

  Instant after(Instant since) {
    return since.plusSeconds(seconds);
  }

  /** Whether a pod runs but missed its deadline, so that its log is needed. */
  public boolean missed(Pod pod, Instant now) {
    return due(List.of(pod)).filter(due -> !due.isAfter(now)).isPresent()
        && containers(pod).anyMatch(Deadline::runs);
  }

  /** Why late pods are not ready, where the cluster names no cause. */
  PodDiagnosis trouble(List<Pod> pods, Map<String, ProgramLog> logTails, Instant now) {
    return pods.stream()
        .filter(pod -> waitsSince(pod).isPresent())
        .findFirst()
        .map(pod -> trouble(pod, logTails, now))
        .orElseGet(
            () -> new PodDiagnosis(Reason.DEADLINE_EXCEEDED, "it has no pod that could serve"));
  }

  private PodDiagnosis trouble(Pod pod, Map<String, ProgramLog> logTails, Instant now) {
    var notReady =
        containers(pod).filter(c -> !Boolean.TRUE.equals(c.getReady())).findFirst().orElse(null);
    if (notReady == null) {
      return new PodDiagnosis(
          Reason.DEADLINE_EXCEEDED, "the node has not started its pod " + name(pod));
    }
    if (!runs(notReady)) {
      var waiting = notReady.getState() == null ? null : notReady.getState().getWaiting();
      return new PodDiagnosis(
          Reason.DEADLINE_EXCEEDED,
          "container %s is not started yet%s"
              .formatted(
                  notReady.getName(),
                  waiting == null || waiting.getReason() == null
                      ? ""
                      : " (%s)".formatted(waiting.getReason())));
    }
    var started = Instant.parse(notReady.getState().getRunning().getStartedAt());
    // The delay has an external cause, such as an image that took long to pull.
    boolean firstRun = notReady.getRestartCount() == null || notReady.getRestartCount() == 0;
    return firstRun && now.isBefore(started.plus(fair(pod, notReady)))
        ? new PodDiagnosis(
            Reason.DEADLINE_EXCEEDED,
            "container %s was started only at %s".formatted(notReady.getName(), started))
        : new PodDiagnosis(
            Reason.NOT_HEALTHY,
            "it runs, but its health check fails" + PodDiagnosis.log(pod, logTails).aside());
  }

  private Duration fair(Pod pod, ContainerStatus container) {
    var whole = Duration.ofSeconds(seconds);
    return StartupKill.patience(pod, container.getName())
        .filter(patience -> patience.compareTo(whole) < 0)
        .orElse(whole);
  }

  /** Since when a pod is not ready; empty while it is. */
  private static Optional<Instant> waitsSince(Pod pod) {
    if (PodStatuses.isReady(pod)) {
      return Optional.empty();
    }
    return PodStatuses.readiness(pod)
        .map(PodCondition::getLastTransitionTime)
        .or(() -> Optional.ofNullable(pod.getMetadata().getCreationTimestamp()))
        .map(Instant::parse);
  }

  private static boolean runs(ContainerStatus container) {
    return container.getState() != null
        && container.getState().getRunning() != null
        && container.getState().getRunning().getStartedAt() != null;
  }

  private static Stream<ContainerStatus> containers(Pod pod) {
    return Stream.ofNullable(pod.getStatus())
        .flatMap(status -> status.getContainerStatuses().stream());
  }

  private static String name(Pod pod) {
    return pod.getMetadata().getName();
  }
}
