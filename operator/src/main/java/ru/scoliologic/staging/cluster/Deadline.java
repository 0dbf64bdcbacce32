package ru.scoliologic.staging.cluster;

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
import ru.scoliologic.staging.stage.Reason;

/**
 * How long a component's pods may take until they serve (pure): counted from a pod's making, or
 * from when it stopped serving.
 *
 * @param seconds that it may take
 */
public record Deadline(int seconds) {

  /**
   * The deadline of a component of an environment, by the name that its pods carry; the usual one
   * of those without a spec.
   */
  static Deadline of(Snapshot snapshot, String component) {
    return new Deadline(
        Optional.ofNullable(snapshot.environment().getSpec().components().get(component))
            .map(ComponentSpec::deadline)
            .orElse(ComponentSpec.DEFAULT_DEADLINE_SECONDS));
  }

  /** When the first of the pods that do not serve has to; empty while there is none. */
  Optional<Instant> due(List<Pod> pods) {
    return pods.stream()
        .flatMap(pod -> waitsSince(pod).stream())
        .min(Comparator.naturalOrder())
        .map(this::after);
  }

  /** When a wait that began then is over. */
  Instant after(Instant since) {
    return since.plusSeconds(seconds);
  }

  /** Whether a pod runs, but has not served in time: then its log is worth reading. */
  public boolean missed(Pod pod, Instant now) {
    return due(List.of(pod)).filter(due -> !due.isAfter(now)).isPresent()
        && containers(pod).anyMatch(Deadline::runs);
  }

  /** Why pods that are late do not serve, where the cluster names no cause. */
  PodTrouble trouble(List<Pod> pods, Map<String, String> logTails, Instant now) {
    return pods.stream()
        .filter(pod -> waitsSince(pod).isPresent())
        .findFirst()
        .map(pod -> trouble(pod, logTails, now))
        .orElseGet(
            () -> new PodTrouble(Reason.DEADLINE_EXCEEDED, "it has no pod that could serve"));
  }

  private PodTrouble trouble(Pod pod, Map<String, String> logTails, Instant now) {
    var notReady =
        containers(pod).filter(c -> !Boolean.TRUE.equals(c.getReady())).findFirst().orElse(null);
    if (notReady == null) {
      return new PodTrouble(
          Reason.DEADLINE_EXCEEDED, "the node has not started its pod " + name(pod));
    }
    if (!runs(notReady)) {
      var waiting = notReady.getState() == null ? null : notReady.getState().getWaiting();
      return new PodTrouble(
          Reason.DEADLINE_EXCEEDED,
          "container %s is not started yet%s"
              .formatted(
                  notReady.getName(),
                  waiting == null || waiting.getReason() == null
                      ? ""
                      : " (%s)".formatted(waiting.getReason())));
    }
    var started = Instant.parse(notReady.getState().getRunning().getStartedAt());
    // What held it up was not its own doing, such as an image that took long to pull.
    boolean firstRun = notReady.getRestartCount() == null || notReady.getRestartCount() == 0;
    return firstRun && now.isBefore(started.plus(fair(pod, notReady)))
        ? new PodTrouble(
            Reason.DEADLINE_EXCEEDED,
            "container %s was started only at %s".formatted(notReady.getName(), started))
        : new PodTrouble(
            Reason.NOT_HEALTHY,
            "it runs, but its health check fails" + PodTrouble.lastLines(pod, logTails));
  }

  private Duration fair(Pod pod, ContainerStatus container) {
    var whole = Duration.ofSeconds(seconds);
    return StartupKill.patience(pod, container.getName())
        .filter(patience -> patience.compareTo(whole) < 0)
        .orElse(whole);
  }

  /** Since when a pod does not serve; empty while it does. */
  private static Optional<Instant> waitsSince(Pod pod) {
    if (PodSays.isReady(pod)) {
      return Optional.empty();
    }
    return PodSays.readiness(pod)
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
