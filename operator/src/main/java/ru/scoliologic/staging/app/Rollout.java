package ru.scoliologic.staging.app;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/**
 * Which version serves, which one starts beside it, and which one is kept for a short way back
 * (pure).
 *
 * @param serving what the Service is to select; {@link Version#NONE} while nothing can serve
 * @param candidate what starts beside it, outside the Service
 * @param previous what served before, kept until open connections have ended
 * @param switchedAt when the serving version got the traffic
 */
public record Rollout(
    Version serving, Optional<Version> candidate, Optional<Version> previous, Instant switchedAt) {

  /** How long the version that served before is kept after a switch. */
  public static final Duration GRACE = Duration.ofSeconds(60);

  /**
   * What there is. The Service's annotations say who serves, for they change together with its
   * selector, which may have been edited by hand.
   *
   * @param serving what gets the traffic; none before the first version
   * @param others every other version that has a Deployment
   * @param previous the one of them that served before
   * @param switchedAt when the serving version got the traffic
   */
  public record Seen(
      Optional<Version> serving,
      List<Version> others,
      Optional<Version> previous,
      Instant switchedAt) {

    /** The versions laid out anew; another one that serves got the traffic now. */
    public Rollout laidOut(
        Optional<Version> next, Optional<Version> candidate, Optional<Version> kept, Instant now) {
      boolean switches = serving.isPresent() && !serving.equals(next);
      return new Rollout(next.orElse(Version.NONE), candidate, kept, switches ? now : switchedAt);
    }
  }

  /**
   * Looks.
   *
   * @param known finds a version by its id
   */
  public static Seen see(Snapshot snapshot, Function<String, Optional<Version>> known) {
    var deployed = deployed(snapshot, known);
    var service = snapshot.owned().find(Service.class, snapshot.names().app());
    var serving = serving(snapshot, known, service, deployed);
    var others = deployed.stream().filter(v -> !serving.equals(Optional.of(v))).toList();
    return new Seen(
        serving,
        others,
        service
            .flatMap(s -> annotation(s, Labels.PREVIOUS))
            .flatMap(id -> others.stream().filter(v -> v.id().equals(id)).findFirst()),
        service
            .flatMap(s -> annotation(s, Labels.SWITCHED_AT))
            .map(Instant::parse)
            .orElse(snapshot.now()));
  }

  /** Every version whose Deployment is to exist. */
  public List<Version> kept() {
    return Stream.of(Optional.of(serving), candidate, previous)
        .flatMap(Optional::stream)
        .filter(Version::exists)
        .distinct()
        .toList();
  }

  /** When something is due by the clock alone. */
  public Optional<Instant> nextStep() {
    return previous.map(version -> switchedAt.plus(GRACE));
  }

  private static Optional<Version> serving(
      Snapshot snapshot,
      Function<String, Optional<Version>> known,
      Optional<Service> service,
      List<Version> deployed) {
    return service
        .flatMap(s -> annotation(s, Labels.SERVING))
        .flatMap(id -> found(id, known, deployed))
        .or(() -> published(snapshot, known, deployed))
        .or(() ->
            service
                .map(s -> s.getSpec().getSelector().get(Labels.VERSION))
                .flatMap(id -> deployed.stream().filter(v -> v.id().equals(id)).findFirst()))
        .or(() -> deployed.stream().filter(v -> available(snapshot, v)).findFirst());
  }

  /** What the status last said, for the Service may be gone. */
  private static Optional<Version> published(
      Snapshot snapshot, Function<String, Optional<Version>> known, List<Version> deployed) {
    return Optional.ofNullable(snapshot.environment().getStatus())
        .map(status -> status.app())
        .filter(app -> app.serving() != null)
        .flatMap(app ->
            app.release() == null
                ? Optional.of(Version.ofImage(app.serving()))
                : found(snapshot.names().version(app.release()), known, deployed));
  }

  private static Optional<Version> found(
      String id, Function<String, Optional<Version>> known, List<Version> deployed) {
    return known.apply(id).or(() -> deployed.stream().filter(v -> v.id().equals(id)).findFirst());
  }

  /** Versions that have a Deployment, as far as they are known by it. */
  private static List<Version> deployed(
      Snapshot snapshot, Function<String, Optional<Version>> known) {
    return snapshot.owned().list(Deployment.class).stream()
        .filter(deployment -> !deployment.isMarkedForDeletion())
        .map(Deployment::getMetadata)
        .filter(metadata -> metadata.getAnnotations() != null)
        .filter(metadata -> metadata.getAnnotations().get(Labels.IMAGE) != null)
        .filter(metadata -> metadata.getName().startsWith(snapshot.names().app() + "-"))
        .map(metadata -> {
          var id = metadata.getName().substring(snapshot.names().appVersion("").length());
          var image = metadata.getAnnotations().get(Labels.IMAGE);
          return known.apply(id).orElseGet(() -> new Version(id, image, image, id.contains("-")));
        })
        .toList();
  }

  private static Optional<String> annotation(Service service, String name) {
    return Optional.ofNullable(service.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(name));
  }

  private static Optional<Deployment> deployment(Snapshot snapshot, Version version) {
    return snapshot.owned().find(Deployment.class, snapshot.names().appVersion(version.id()));
  }

  /** Whether a version can serve with all its pods. */
  public static boolean available(Snapshot snapshot, Version version) {
    return deployment(snapshot, version)
        .filter(deployment -> deployment.getStatus() != null)
        .filter(deployment -> {
          var available = deployment.getStatus().getAvailableReplicas();
          var asked = deployment.getSpec() == null ? null : deployment.getSpec().getReplicas();
          return available != null && available >= (asked == null ? 1 : Math.max(1, asked));
        })
        .isPresent();
  }

  /** Whether a version could ever serve: one that never came up need not be waited beside. */
  public static boolean everAvailable(Snapshot snapshot, Version version) {
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
}
