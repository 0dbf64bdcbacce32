package ru.scoliologic.staging.reconcile.publish;

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
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.notification.Channels;
import ru.scoliologic.staging.notification.Channels.MissingCredential;
import ru.scoliologic.staging.notification.Delivery;
import ru.scoliologic.staging.notification.DeliveryQueue;
import ru.scoliologic.staging.notification.DeliveryWarnings;
import ru.scoliologic.staging.notification.NotificationContent;
import ru.scoliologic.staging.notification.Outbox;
import ru.scoliologic.staging.notification.Outcome;
import ru.scoliologic.staging.notification.Sender;

/**
 * Sends notifications about releases. A notification is first written to the release's status, then
 * sent on another thread, and the next pass writes the result: nothing is sent before it is
 * written, and a restarted operator knows what was sent.
 */
public final class NotificationDispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(NotificationDispatcher.class);

  private final SimpleInboundEventSource<StagingEnvironment> wake =
      new SimpleInboundEventSource<>("notifications");

  private final Secrets secrets;
  private final BiConsumer<StagingEnvironment, String> complain;
  private final DeliveryQueue queue;

  /** Attempts that were started and whose result is not written yet. */
  private final Map<String, Try> tries = new ConcurrentHashMap<>();

  /** When each environment is reconciled again, by its uid. */
  private final Map<String, Instant> alarms = new ConcurrentHashMap<>();

  /** Reads a Secret of the environment's namespace, and watches it. */
  @FunctionalInterface
  public interface Secrets {
    Optional<Secret> find(StagingEnvironment environment, String name);
  }

  /**
   * Releases to write.
   *
   * @param ended attempts whose results they contain
   */
  record Carried(List<StagingRelease> releases, Set<String> ended) {}

  private record Try(String uid, ResourceID environment, Optional<Outcome> outcome) {}

  /**
   * Creates the dispatcher.
   *
   * @param complain receives a sentence about a notification that cannot be delivered
   */
  public NotificationDispatcher(
      Sender sender, Secrets secrets, BiConsumer<StagingEnvironment, String> complain) {
    this.secrets = secrets;
    this.complain = complain;
    this.queue =
        new DeliveryQueue(sender, (delivery, outcome) -> ended(delivery.attempt(), outcome));
  }

  /** Triggers a pass when an attempt has ended, or the next one is due. */
  public EventSource<?, StagingEnvironment> eventSource() {
    return wake;
  }

  /** Adds pending notifications and the results of sent ones to the releases' status. */
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
   * Starts the delivery of due notifications; returns at once.
   *
   * @param carried after its releases were written
   * @param masking hides the environment's secret values
   */
  void tell(Snapshot snapshot, Carried carried, SecretMasker masking) {
    var environment = snapshot.environment();
    tries.keySet().removeAll(carried.ended());
    DeliveryWarnings.of(snapshot.owned().list(StagingRelease.class), carried.releases())
        .forEach(sentence -> complain.accept(environment, sentence));
    if (carried.releases().stream().allMatch(r -> Outbox.due(r.getStatus()).isEmpty())) {
      return;
    }
    var values = values(environment);
    var own =
        new SecretMasker(values.values().stream().flatMap(data -> data.values().stream()).toList());
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
          queue.offer(
              new Delivery(
                  attempt,
                  Outbox.key(environment, release, told),
                  uid + "/" + told.notification(),
                  channel,
                  NotificationContent.of(environment, release, told, masking)));
      if (!taken) {
        // The end of the previous one triggers the next pass, which offers it again.
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

  /** Called on a delivery thread. The result for a deleted environment is dropped. */
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

  public void keepOnly(Set<String> uids) {
    tries.values().removeIf(t -> !uids.contains(t.uid()));
    alarms.keySet().retainAll(uids);
  }
}
