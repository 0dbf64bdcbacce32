package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
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
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.Observed;

/**
 * Reads what the cluster says of a volume claim that gets no volume, and of a StatefulSet or a Job
 * that gets no pod: their status does not tell. Asked only for those that take longer than usual.
 */
final class Warnings {
  private static final Duration USUAL = Duration.ofSeconds(15);
  private static final Duration FRESH = Duration.ofSeconds(5);

  /** What is said of a claim as long as all goes well. */
  private static final Set<String> GOES_WELL = Set.of("WaitForFirstConsumer", "Provisioning");

  private final KubernetesClient client;
  private final Clock clock;
  private final Map<String, Said> said = new ConcurrentHashMap<>();

  Warnings(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  /** The last words, by kind and name of the object. */
  Map<String, String> read(Observed owned) {
    var stuck =
        Stream.<Stream<? extends HasMetadata>>of(
                owned.list(PersistentVolumeClaim.class).stream()
                    .filter(c -> c.getStatus() != null)
                    .filter(c -> "Pending".equals(c.getStatus().getPhase())),
                owned.list(StatefulSet.class).stream()
                    .filter(s -> s.getStatus() != null)
                    .filter(s -> !Objects.equals(s.getSpec().getReplicas(), 0))
                    .filter(s -> Objects.requireNonNullElse(s.getStatus().getReplicas(), 0) == 0),
                owned.list(Job.class).stream().filter(Warnings::hasNoPod))
            .flatMap(objects -> objects)
            .filter(o ->
                Instant.parse(o.getMetadata().getCreationTimestamp())
                    .plus(USUAL)
                    .isBefore(clock.instant()))
            .toList();
    if (stuck.isEmpty()) {
      return Map.of();
    }
    var now = clock.instant();
    said.values().removeIf(last -> !now.isBefore(last.at().plus(FRESH)));
    var words = new HashMap<String, String>();
    for (var object : stuck) {
      said.computeIfAbsent(object.getMetadata().getUid(), uid -> new Said(now, last(object)))
          .words()
          .ifPresent(text -> words.put(Applier.key(object), text));
    }
    return words;
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
          .max(Comparator.comparing(Warnings::time))
          .map(Event::getMessage);
    } catch (KubernetesClientException e) {
      // The cause stays unnamed, nothing else is held up.
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
