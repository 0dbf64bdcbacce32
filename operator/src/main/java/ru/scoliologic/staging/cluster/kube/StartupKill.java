package ru.scoliologic.staging.cluster.kube;

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
 * Distinguishes a container that the node killed because its startup probe never succeeded from one
 * that exited on its own. The status has no cause; the exit code and the duration show it.
 */
public final class StartupKill {
  /** Exit codes after SIGTERM: by the program's handler, by SIGKILL, by SIGTERM. */
  private static final Set<Integer> STOPPED = Set.of(0, 137, 143);

  private static final int GRACE_SECONDS = 30;
  private static final int SLACK_SECONDS = 10;

  private StartupKill() {}

  /** Whether the container's last run ended this way. */
  static boolean ended(Pod pod, ContainerStatus status) {
    var probe = probe(pod, status.getName());
    return !Boolean.TRUE.equals(status.getStarted())
        && probe.isPresent()
        && PodStatuses.ends(status)
            .findFirst()
            .filter(end -> fits(end, probe.get(), grace(pod)))
            .isPresent();
  }

  /** The time that the startup probe allows; empty without a probe. */
  public static Optional<Duration> patience(Pod pod, String container) {
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
    // The first probe runs at once, and each may last until its timeout.
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
