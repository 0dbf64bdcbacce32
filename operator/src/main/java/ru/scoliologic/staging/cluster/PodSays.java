package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What the status of a pod says, of which any part may be missing (pure). */
public final class PodSays {
  private PodSays() {}

  /** Its condition Ready, true or not. */
  public static Optional<PodCondition> readiness(Pod pod) {
    return Stream.ofNullable(pod.getStatus())
        .flatMap(status -> status.getConditions().stream())
        .filter(c -> "Ready".equals(c.getType()))
        .findFirst();
  }

  public static boolean isReady(Pod pod) {
    return readiness(pod).filter(c -> "True".equals(c.getStatus())).isPresent();
  }

  /** How the last runs of a container ended, the newest first. */
  public static Stream<ContainerStateTerminated> ends(ContainerStatus container) {
    return Stream.of(container.getState(), container.getLastState())
        .filter(Objects::nonNull)
        .map(ContainerState::getTerminated)
        .filter(Objects::nonNull);
  }
}
