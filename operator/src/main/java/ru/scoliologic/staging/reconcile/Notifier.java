package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.Secret;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.notification.Channels;
import ru.scoliologic.staging.notification.Channels.MissingCredential;
import ru.scoliologic.staging.notification.Complaints;
import ru.scoliologic.staging.notification.Courier;
import ru.scoliologic.staging.notification.Letter;
import ru.scoliologic.staging.notification.News;
import ru.scoliologic.staging.notification.Outbox;
import ru.scoliologic.staging.notification.Outcome;
import ru.scoliologic.staging.notification.Sender;

/**
 * Tells people of releases. What is to be told is written with the release's status first, then
 * sent on another thread, and the pass that follows writes what became of it: nothing is told that
 * is not written, and a restart knows what was told.
 */
final class Notifier {
  private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

  private final SimpleInboundEventSource<StagingEnvironment> wake =
      new SimpleInboundEventSource<>("notifications");

  private final Secrets secrets;
  private final BiConsumer<StagingEnvironment, String> complain;
  private final Courier courier;

  /** Tries that were begun and whose end is not written yet. */
  private final Map<String, Try> tries = new ConcurrentHashMap<>();

  /** When each environment is looked at again, by its uid. */
  private final Map<String, Instant> alarms = new ConcurrentHashMap<>();

  /** Reads a Secret of the environment's namespace, and watches it. */
  @FunctionalInterface
  interface Secrets {
    Optional<Secret> find(StagingEnvironment environment, String name);
  }

  /**
   * Releases as they are to be written.
   *
   * @param ended tries whose end they tell
   */
  record Carried(List<StagingRelease> releases, Set<String> ended) {}

  private record Try(String uid, ResourceID environment, Optional<Outcome> outcome) {}

  /**
   * A notifier.
   *
   * @param complain is told in a sentence that somebody cannot be told
   */
  Notifier(Sender sender, Secrets secrets, BiConsumer<StagingEnvironment, String> complain) {
    this.secrets = secrets;
    this.complain = complain;
    this.courier = new Courier(sender, (letter, outcome) -> ended(letter.attempt(), outcome));
  }

  /** Tells when a try has ended, or the next one is due. */
  EventSource<?, StagingEnvironment> eventSource() {
    return wake;
  }

  /** Puts into the releases' status what is to be told of them, and what became of that. */
  Carried carry(Snapshot snapshot, List<StagingRelease> releases) {
    var environment = snapshot.environment();
    var outcomes = outcomes(environment.getMetadata().getUid());
    for (var release : releases) {
      var before =
          snapshot
              .owned()
              .find(StagingRelease.class, release.getMetadata().getName())
              .map(StagingRelease::getStatus)
              .orElse(null);
      release.setStatus(
          release
              .getStatus()
              .telling(
                  Outbox.carry(environment, before, release, releases, outcomes, snapshot.now())));
    }
    return new Carried(releases, outcomes.keySet());
  }

  /**
   * Has what is due sent; returns at once.
   *
   * @param carried once its releases are written
   * @param masking hides the environment's secret values
   */
  void tell(Snapshot snapshot, Carried carried, Masking masking) {
    var environment = snapshot.environment();
    tries.keySet().removeAll(carried.ended());
    Complaints.of(snapshot.owned().list(StagingRelease.class), carried.releases())
        .forEach(sentence -> complain.accept(environment, sentence));
    if (carried.releases().stream().allMatch(r -> Outbox.due(r.getStatus()).isEmpty())) {
      return;
    }
    var values = values(environment);
    var own =
        new Masking(values.values().stream().flatMap(data -> data.values().stream()).toList());
    var channels = new Channels(environment, values);
    for (var release : carried.releases()) {
      for (var told : Outbox.due(release.getStatus())) {
        tell(snapshot, release, told, channels, text -> own.mask(masking.mask(text)));
      }
    }
  }

  private void tell(
      Snapshot snapshot,
      StagingRelease release,
      Told told,
      Channels channels,
      UnaryOperator<String> masking) {
    var environment = snapshot.environment();
    var uid = environment.getMetadata().getUid();
    var attempt = Outbox.attempt(environment, release, told);
    boolean early = snapshot.now().isBefore(Outbox.time(told));
    if (tries.containsKey(attempt)) {
      return;
    }
    try {
      var channel = channels.of(release, told);
      if (early && !Outbox.lackedSecret(told)) {
        wakeAt(environment, Outbox.time(told), snapshot.now());
        return;
      }
      begin(attempt, environment);
      boolean taken =
          courier.offer(
              new Letter(
                  attempt,
                  Outbox.key(environment, release, told),
                  uid + "/" + told.notification(),
                  channel,
                  News.of(environment, release, told, masking)));
      if (!taken) {
        // The end of one before it brings the next pass, and that offers it again.
        tries.remove(attempt);
      }
    } catch (MissingCredential e) {
      if (early) {
        wakeAt(environment, Outbox.time(told), snapshot.now());
      } else {
        begin(attempt, environment);
        ended(attempt, Outcome.Failed.missing(e.getMessage()));
      }
    }
  }

  private void begin(String attempt, StagingEnvironment environment) {
    tries.put(
        attempt,
        new Try(
            environment.getMetadata().getUid(),
            ResourceID.fromResource(environment),
            Optional.empty()));
  }

  /** Called on a courier's thread. An environment that is gone is not told any more. */
  private void ended(String attempt, Outcome outcome) {
    var known =
        tries.computeIfPresent(
            attempt, (a, t) -> new Try(t.uid(), t.environment(), Optional.of(outcome)));
    if (known != null) {
      LOG.atInfo()
          .addKeyValue("namespace", known.environment().getNamespace().orElse(""))
          .addKeyValue("environment", known.environment().getName())
          .addKeyValue("message", attempt)
          .log(outcome instanceof Outcome.Failed failed ? "not told: " + failed.message() : "told");
      wake.propagateEvent(known.environment());
    }
  }

  private Map<String, Outcome> outcomes(String uid) {
    return tries.entrySet().stream()
        .filter(entry -> entry.getValue().uid().equals(uid))
        .filter(entry -> entry.getValue().outcome().isPresent())
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().outcome().get()));
  }

  private void wakeAt(StagingEnvironment environment, Instant time, Instant now) {
    var uid = environment.getMetadata().getUid();
    var set = alarms.get(uid);
    if (set != null && set.isAfter(now) && !set.isAfter(time)) {
      return;
    }
    alarms.put(uid, time);
    var id = ResourceID.fromResource(environment);
    CompletableFuture.delayedExecutor(Duration.between(now, time).toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> wake.propagateEvent(id));
  }

  private Map<String, Map<String, String>> values(StagingEnvironment environment) {
    var values = new HashMap<String, Map<String, String>>();
    for (var name : Channels.secrets(environment)) {
      secrets
          .find(environment, name)
          .ifPresent(secret -> values.put(name, decoded(secret.getData())));
    }
    return values;
  }

  private static Map<String, String> decoded(Map<String, String> data) {
    var values = new HashMap<String, String>();
    Optional.ofNullable(data)
        .orElse(Map.of())
        .forEach((key, value) ->
            values.put(key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    return values;
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    tries.values().removeIf(t -> !uids.contains(t.uid()));
    alarms.keySet().retainAll(uids);
  }
}
