package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Tells a container that the node ended because its startup probe never passed from one that ended
 * by itself (pure). The status names no cause; the exit code and the length of the run do.
 */
final class StartupKill {
  /** After SIGTERM: by a handler of its own, by SIGKILL, by SIGTERM. */
  private static final Set<Integer> STOPPED = Set.of(0, 137, 143);

  private static final int GRACE_SECONDS = 30;
  private static final int SLACK_SECONDS = 10;

  private StartupKill() {}

  /** Whether that is how the container's last run ended. */
  static boolean ended(Pod pod, ContainerStatus status) {
    var probe = probe(pod, status.getName());
    return !Boolean.TRUE.equals(status.getStarted())
        && probe.isPresent()
        && PodSays.ends(status)
            .findFirst()
            .filter(end -> fits(end, probe.get(), grace(pod)))
            .isPresent();
  }

  /** How long the startup probe waits for a container; empty when it has none. */
  static Optional<Duration> patience(Pod pod, String container) {
    return probe(pod, container)
        .map(probe ->
            Duration.ofSeconds(
                or(probe.getInitialDelaySeconds(), 0)
                    + (long) or(probe.getPeriodSeconds(), 10)
                        * or(probe.getFailureThreshold(), 3)));
  }

  private static boolean fits(ContainerStateTerminated end, Probe probe, long grace) {
    if (!STOPPED.contains(end.getExitCode())
        || "OOMKilled".equals(end.getReason())
        || end.getStartedAt() == null
        || end.getFinishedAt() == null) {
      return false;
    }
    long ran =
        Duration.between(Instant.parse(end.getStartedAt()), Instant.parse(end.getFinishedAt()))
            .toSeconds();
    int period = or(probe.getPeriodSeconds(), 10);
    int failures = or(probe.getFailureThreshold(), 3);
    long delay = or(probe.getInitialDelaySeconds(), 0);
    // The first try is made at once, and each may hang until its own time is up.
    long least = delay + (long) period * (failures - 1);
    long most =
        delay + (long) Math.max(period, or(probe.getTimeoutSeconds(), 1)) * failures + grace;
    return ran >= least - 1 && ran <= most + SLACK_SECONDS;
  }

  private static Optional<Probe> probe(Pod pod, String container) {
    return Stream.ofNullable(pod.getSpec())
        .flatMap(spec -> spec.getContainers().stream())
        .filter(c -> Objects.equals(c.getName(), container))
        .map(Container::getStartupProbe)
        .filter(Objects::nonNull)
        .findFirst();
  }

  private static long grace(Pod pod) {
    var grace = pod.getSpec().getTerminationGracePeriodSeconds();
    return grace == null ? GRACE_SECONDS : grace;
  }

  private static int or(Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}
