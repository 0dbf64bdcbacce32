package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** What a version of the application needs beside itself: without it, it is not to blame (pure). */
public final class Needs {
  public static final String POSTGRES = "postgres";
  public static final String REDIS = "redis";
  public static final String TRAEFIK = "traefik";

  /** What its process asks. */
  private static final Set<String> OF_THE_PROCESS = Set.of(POSTGRES, REDIS);

  /** And what leads to it. */
  private static final Set<String> ALL = Set.of(POSTGRES, REDIS, TRAEFIK);

  private Needs() {}

  /** Whether all of it is well, and none of its pods is on its way out. */
  public static boolean areMet(Snapshot snapshot, List<Component> components) {
    return components.stream().filter(c -> ALL.contains(c.name())).allMatch(Component::ready)
        && pods(snapshot, ALL).noneMatch(Pod::isMarkedForDeletion);
  }

  /** Since when what the process asks is as it is; long ago where it has no pods. */
  public static Instant ofTheProcessSince(Snapshot snapshot) {
    return since(snapshot, OF_THE_PROCESS);
  }

  /** Since when all of it is as it is; long ago where it has no pods. */
  public static Instant since(Snapshot snapshot) {
    return since(snapshot, ALL);
  }

  private static Instant since(Snapshot snapshot, Set<String> components) {
    return pods(snapshot, components)
        .flatMap(pod -> PodSays.readiness(pod).stream())
        .map(PodCondition::getLastTransitionTime)
        .filter(Objects::nonNull)
        .map(Instant::parse)
        .max(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  private static Stream<Pod> pods(Snapshot snapshot, Set<String> components) {
    return snapshot.pods().stream()
        .filter(pod -> components.contains(pod.getMetadata().getLabels().get(Labels.COMPONENT)));
  }
}
