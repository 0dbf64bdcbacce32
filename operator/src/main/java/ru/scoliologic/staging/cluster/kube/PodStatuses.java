package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Reads a pod's status, of which any part may be missing. */
public final class PodStatuses {
  private static final Set<String> OVER = Set.of("Succeeded", "Failed");

  private PodStatuses() {}

  /** The condition Ready, true or false. */
  public static Optional<PodCondition> readiness(Pod pod) {
    return Stream.ofNullable(pod.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> "Ready".equals(c.getType()))
        .findFirst();
  }

  public static boolean isReady(Pod pod) {
    return readiness(pod).filter(c -> "True".equals(c.getStatus())).isPresent();
  }

  /** Whether all containers have ended. */
  public static boolean isOver(Pod pod) {
    return pod.getStatus() != null
        && OVER.contains(Objects.requireNonNullElse(pod.getStatus().getPhase(), ""));
  }

  /** Terminations of a container, the newest first. */
  public static Stream<ContainerStateTerminated> ends(ContainerStatus container) {
    return Stream.of(container.getState(), container.getLastState())
        .filter(Objects::nonNull)
        .map(ContainerState::getTerminated)
        .filter(Objects::nonNull);
  }
}
