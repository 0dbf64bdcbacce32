package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.model.OwnedObjects;

/**
 * Reads events of a volume claim without a volume, a StatefulSet or Job without a pod, and a
 * Service without an address: their status has no cause. Read only for those that take longer than
 * usual.
 */
final class ClusterEvents {
  private static final Duration USUAL = Duration.ofSeconds(15);

  /** A controller creates its pod within a second, or reports why it cannot. */
  private static final Duration USUAL_OF_PODS = Duration.ofSeconds(3);

  private static final Duration FRESH = Duration.ofSeconds(5);

  /** Reasons of a claim's events while all is well. */
  private static final Set<String> GOES_WELL = Set.of("WaitForFirstConsumer", "Provisioning");

  private final KubernetesClient client;
  private final Clock clock;

  /** By the uid of the object. */
  private final EnvironmentMemories.Slot<Map<String, Said>> said;

  ClusterEvents(KubernetesClient client, Clock clock, EnvironmentMemories memories) {
    this.client = client;
    this.clock = clock;
    this.said = memories.slot();
  }

  /** The latest messages, by kind and name of the object. */
  Map<String, String> read(StagingEnvironment environment, OwnedObjects owned) {
    var stuck =
        Stream.<Stream<? extends HasMetadata>>of(
                owned.list(PersistentVolumeClaim.class).stream()
                    .filter(c -> c.getStatus() != null)
                    .filter(c -> "Pending".equals(c.getStatus().getPhase())),
                owned.list(StatefulSet.class).stream()
                    .filter(s -> s.getStatus() != null)
                    .filter(s -> !Objects.equals(s.getSpec().getReplicas(), 0))
                    .filter(s -> Objects.requireNonNullElse(s.getStatus().getReplicas(), 0) == 0),
                owned.list(Job.class).stream().filter(ClusterEvents::hasNoPod),
                owned.list(Service.class).stream().filter(ClusterEvents::hasNoAddress))
            .flatMap(objects -> objects)
            .filter(o ->
                Instant.parse(o.getMetadata().getCreationTimestamp())
                    .plus(o instanceof PersistentVolumeClaim ? USUAL : USUAL_OF_PODS)
                    .isBefore(clock.instant()))
            .toList();
    if (stuck.isEmpty()) {
      return Map.of();
    }
    var now = clock.instant();
    var known = said.get(environment.getMetadata().getUid(), ConcurrentHashMap::new);
    known.values().removeIf(last -> !now.isBefore(last.at().plus(FRESH)));
    var words = new HashMap<String, String>();
    for (var object : stuck) {
      known
          .computeIfAbsent(object.getMetadata().getUid(), uid -> new Said(now, last(object)))
          .words()
          .ifPresent(text -> words.put(Applier.key(object), text));
    }
    return words;
  }

  private static boolean hasNoAddress(Service service) {
    var balancer = service.getStatus() == null ? null : service.getStatus().getLoadBalancer();
    return "LoadBalancer".equals(service.getSpec().getType())
        && (balancer == null || balancer.getIngress().isEmpty());
  }

  private static boolean hasNoPod(Job job) {
    var status = job.getStatus();
    return status != null
        && !Boolean.TRUE.equals(job.getSpec().getSuspend())
        && Stream.of(status.getActive(), status.getSucceeded(), status.getFailed())
            .allMatch(count -> count == null || count == 0)
        && status.getConditions().isEmpty();
  }

  private Optional<String> last(HasMetadata object) {
    try {
      return client
          .v1()
          .events()
          .inNamespace(object.getMetadata().getNamespace())
          .list(
              new ListOptionsBuilder()
                  .withFieldSelector("involvedObject.uid=" + object.getMetadata().getUid())
                  .build())
          .getItems()
          .stream()
          .filter(event -> !GOES_WELL.contains(event.getReason()))
          .filter(event -> !"SuccessfulCreate".equals(event.getReason()))
          .filter(event -> !(object instanceof Service) || "Warning".equals(event.getType()))
          .max(Comparator.comparing(ClusterEvents::time))
          .map(Event::getMessage);
    } catch (KubernetesClientException e) {
      // The cause is not reported; nothing else is delayed.
      return Optional.empty();
    }
  }

  private static String time(Event event) {
    return Stream.of(event.getLastTimestamp(), event.getMetadata().getCreationTimestamp())
        .filter(Objects::nonNull)
        .findFirst()
        .orElse("");
  }

  private record Said(Instant at, Optional<String> words) {}
}
