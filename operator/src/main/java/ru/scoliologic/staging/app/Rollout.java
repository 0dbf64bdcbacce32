package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/**
 * Which version serves, which one starts beside it, and which one is kept for a short way back
 * (pure). All is read from what is there: the Service's selector says who serves.
 *
 * @param serving what the Service is to select
 * @param candidate what starts beside it, outside the Service
 * @param previous what served before, kept until open connections have ended
 * @param switchedAt when the serving version got the traffic
 */
public record Rollout(
    Version serving, Optional<Version> candidate, Optional<Version> previous, Instant switchedAt) {

  /** How long the version that served before is kept after a switch. */
  public static final Duration GRACE = Duration.ofSeconds(60);

  private static final int HASH_LENGTH = 8;

  /** One version: the image and the hash that names its objects. */
  public record Version(String hash, String image) {
    public static Version of(String image) {
      return new Version(Hash.of(image).substring(0, HASH_LENGTH), image);
    }
  }

  /**
   * Decides from what is wanted and from what is there.
   *
   * @param image of the version that is wanted
   * @param gaveUp whether that version failed before and is not to be tried again
   */
  public static Rollout decide(Snapshot snapshot, String image, boolean gaveUp) {
    var wanted = Version.of(image);
    var service = snapshot.owned().find(Service.class, snapshot.names().app());
    var current = current(snapshot, wanted, service);
    var switchedAt = service.flatMap(Rollout::switchedAt).orElse(snapshot.now());

    // The first version: there is nothing to protect.
    if (current.isEmpty()) {
      return new Rollout(wanted, Optional.empty(), Optional.empty(), switchedAt);
    }
    if (current.get().equals(wanted)) {
      var previous =
          snapshot.now().isBefore(switchedAt.plus(GRACE))
              ? others(snapshot, wanted).findFirst()
              : Optional.<Version>empty();
      return new Rollout(wanted, Optional.empty(), previous, switchedAt);
    }
    // One that never came up serves nobody: it is replaced at once, and not kept.
    if (!everAvailable(snapshot, current.get())) {
      return new Rollout(wanted, Optional.empty(), Optional.empty(), snapshot.now());
    }
    if (!gaveUp && available(snapshot, wanted)) {
      return new Rollout(wanted, Optional.empty(), current, snapshot.now());
    }
    return new Rollout(
        current.get(),
        gaveUp ? Optional.empty() : Optional.of(wanted),
        Optional.empty(),
        switchedAt);
  }

  /** Every version whose Deployment is to exist. */
  public List<Version> kept() {
    var kept = new ArrayList<Version>();
    kept.add(serving);
    candidate.ifPresent(kept::add);
    previous.ifPresent(kept::add);
    return kept;
  }

  /** When something is due by the clock alone. */
  public Optional<Instant> nextStep() {
    return previous.map(version -> switchedAt.plus(GRACE));
  }

  /**
   * The version that served up to now: the one the operator last published, for a selector may have
   * been edited by hand; else the one that is selected; else, with the Service gone, one that could
   * serve.
   */
  private static Optional<Version> current(
      Snapshot snapshot, Version wanted, Optional<Service> service) {
    return Optional.ofNullable(snapshot.environment().getStatus())
        .map(status -> status.app())
        .map(app -> app.serving())
        .map(Version::of)
        .or(() ->
            service
                .map(s -> s.getSpec().getSelector().get(Labels.VERSION))
                .flatMap(hash -> deployed(snapshot, hash)))
        .or(() -> others(snapshot, wanted).filter(v -> available(snapshot, v)).findFirst());
  }

  private static Stream<Version> others(Snapshot snapshot, Version than) {
    return snapshot.owned().list(Deployment.class).stream()
        .map(Rollout::version)
        .flatMap(Optional::stream)
        .filter(version -> !version.equals(than));
  }

  private static Optional<Version> deployed(Snapshot snapshot, String hash) {
    return snapshot.owned().list(Deployment.class).stream()
        .map(Rollout::version)
        .flatMap(Optional::stream)
        .filter(version -> version.hash().equals(hash))
        .findFirst();
  }

  /** The version a Deployment of the application stands for; none for another component's. */
  private static Optional<Version> version(Deployment deployment) {
    var annotations = deployment.getMetadata().getAnnotations();
    return annotations == null || deployment.isMarkedForDeletion()
        ? Optional.empty()
        : Optional.ofNullable(annotations.get(Labels.IMAGE)).map(Version::of);
  }

  private static Optional<Deployment> deployment(Snapshot snapshot, Version version) {
    return snapshot.owned().find(Deployment.class, snapshot.names().appVersion(version.hash()));
  }

  static boolean available(Snapshot snapshot, Version version) {
    return deployment(snapshot, version)
        .filter(deployment -> deployment.getStatus() != null)
        .filter(deployment -> {
          var available = deployment.getStatus().getAvailableReplicas();
          var asked = deployment.getSpec() == null ? null : deployment.getSpec().getReplicas();
          return available != null && available >= (asked == null ? 1 : Math.max(1, asked));
        })
        .isPresent();
  }

  /** A version that never came up serves nobody, so a newer one need not wait beside it. */
  private static boolean everAvailable(Snapshot snapshot, Version version) {
    return available(snapshot, version)
        // Somebody deleted it: it comes back, for it served.
        || (deployment(snapshot, version).isEmpty() && !nothingServedYet(snapshot))
        || deployment(snapshot, version)
            .map(Deployment::getStatus)
            .map(status -> status.getConditions())
            .orElse(List.of())
            .stream()
            .anyMatch(c ->
                "Progressing".equals(c.getType())
                    && Objects.equals(c.getReason(), "NewReplicaSetAvailable"));
  }

  /** A migration that fails keeps the first version from having a Deployment at all. */
  private static boolean nothingServedYet(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.environment().getStatus())
        .flatMap(status -> Conditions.find(status.conditions(), Stage.VALIDATION.condition()))
        .filter(c -> c.getReason().equals(Reason.AWAITING_PREVIOUS_STAGE.camelCase()))
        .isPresent();
  }

  private static Optional<Instant> switchedAt(Service service) {
    return Optional.ofNullable(service.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(Labels.SWITCHED_AT))
        .map(Instant::parse);
  }
}
