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
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;

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
  private final Sender sender;
  private final EnvironmentMemories.Slot<Deliveries> deliveries;

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

  /**
   * Creates the dispatcher.
   *
   * @param complain receives a sentence about a notification that cannot be delivered
   */
  public NotificationDispatcher(
      Sender sender,
      Secrets secrets,
      BiConsumer<StagingEnvironment, String> complain,
      EnvironmentMemories memories) {
    this.sender = sender;
    this.secrets = secrets;
    this.complain = complain;
    // The result for a deleted environment is dropped.
    this.deliveries = memories.slot(gone -> gone.tries.clear());
  }

  /** Triggers a pass when an attempt has ended, or the next one is due. */
  public EventSource<?, StagingEnvironment> eventSource() {
    return wake;
  }

  /** Adds pending notifications and the results of sent ones to the releases' status. */
  Carried carry(Snapshot snapshot, List<StagingRelease> releases) {
    var environment = snapshot.environment();
    var outcomes = of(environment).outcomes();
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
    of(environment).tries.keySet().removeAll(carried.ended());
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
    var own = of(environment);
    var attempt = Outbox.attempt(environment, release, told);
    boolean early = snapshot.now().isBefore(Outbox.time(told));
    if (own.tries.containsKey(attempt)) {
      return;
    }
    try {
      var channel = channels.of(release, told);
      if (early && !Outbox.lackedSecret(told)) {
        own.wakeAt(Outbox.time(told), snapshot.now());
        return;
      }
      own.tries.put(attempt, Optional.empty());
      boolean taken =
          own.queue.offer(
              new Delivery(
                  attempt,
                  Outbox.key(environment, release, told),
                  told.notification(),
                  channel,
                  NotificationContent.of(environment, release, told, masking)));
      if (!taken) {
        // The end of the previous one triggers the next pass, which offers it again.
        own.tries.remove(attempt);
      }
    } catch (MissingCredential e) {
      if (early) {
        own.wakeAt(Outbox.time(told), snapshot.now());
      } else {
        own.tries.put(attempt, Optional.empty());
        own.ended(attempt, Outcome.Failed.missing(e.getMessage()));
      }
    }
  }

  private Deliveries of(StagingEnvironment environment) {
    return deliveries.get(
        environment.getMetadata().getUid(),
        () -> new Deliveries(ResourceID.fromResource(environment)));
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

  /** The deliveries of one environment. */
  private final class Deliveries {
    private final ResourceID environment;
    private final DeliveryQueue queue =
        new DeliveryQueue(sender, (delivery, outcome) -> ended(delivery.attempt(), outcome));

    /** Attempts that were started and whose result is not written yet. */
    private final Map<String, Optional<Outcome>> tries = new ConcurrentHashMap<>();

    /** When the environment is reconciled again. */
    private volatile Instant alarm = Instant.MIN;

    private Deliveries(ResourceID environment) {
      this.environment = environment;
    }

    private Map<String, Outcome> outcomes() {
      return tries.entrySet().stream()
          .filter(entry -> entry.getValue().isPresent())
          .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().get()));
    }

    /** Called on a delivery thread. */
    private void ended(String attempt, Outcome outcome) {
      if (tries.replace(attempt, Optional.of(outcome)) != null) {
        LOG.atInfo()
            .addKeyValue("namespace", environment.getNamespace().orElse(""))
            .addKeyValue("environment", environment.getName())
            .addKeyValue("message", attempt)
            .log(
                outcome instanceof Outcome.Failed failed
                    ? "not told: " + failed.message()
                    : "told");
        wake.propagateEvent(environment);
      }
    }

    private void wakeAt(Instant time, Instant now) {
      if (alarm.isAfter(now) && !alarm.isAfter(time)) {
        return;
      }
      alarm = time;
      CompletableFuture.delayedExecutor(
              Duration.between(now, time).toMillis(), TimeUnit.MILLISECONDS)
          .execute(() -> wake.propagateEvent(environment));
    }
  }
}
