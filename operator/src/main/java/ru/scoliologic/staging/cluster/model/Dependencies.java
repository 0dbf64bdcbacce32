package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.kube.PodStatuses;

/**
 * Components that the application needs; while one is missing, failures do not count against the
 * version.
 */
public final class Dependencies {
  /** Dependencies of the application's process. */
  private static final Set<ComponentName> OF_THE_PROCESS =
      EnumSet.of(ComponentName.POSTGRES, ComponentName.REDIS);

  /** Includes the route to the process. */
  private static final Set<ComponentName> ALL =
      EnumSet.of(ComponentName.POSTGRES, ComponentName.REDIS, ComponentName.TRAEFIK);

  private Dependencies() {}

  /** Whether the application's process cannot run without this component. */
  public static boolean isOfTheProcess(ComponentName component) {
    return OF_THE_PROCESS.contains(component);
  }

  /** Whether all of them are ready, and none of their pods is being deleted. */
  public static boolean areMet(Snapshot snapshot, List<ComponentHealth> components) {
    return components.stream().filter(c -> ALL.contains(c.name())).allMatch(ComponentHealth::ready)
        && pods(snapshot, ALL).noneMatch(Pod::isMarkedForDeletion);
  }

  /** Last change of readiness of the process' dependencies; long ago where they have no pods. */
  public static Instant ofTheProcessSince(Snapshot snapshot) {
    return since(snapshot, OF_THE_PROCESS);
  }

  /** Last change of readiness of all dependencies; long ago where they have no pods. */
  public static Instant since(Snapshot snapshot) {
    return since(snapshot, ALL);
  }

  private static Instant since(Snapshot snapshot, Set<ComponentName> components) {
    return pods(snapshot, components)
        .flatMap(pod -> PodStatuses.readiness(pod).stream())
        .map(PodCondition::getLastTransitionTime)
        .filter(Objects::nonNull)
        .map(Instant::parse)
        .max(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  private static Stream<Pod> pods(Snapshot snapshot, Set<ComponentName> components) {
    return snapshot.pods().stream()
        .filter(pod -> components.stream().anyMatch(component -> component.owns(pod)));
  }
}
