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
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ImageTag;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/**
 * The serving version, the one that starts beside it, and the one that is kept for a quick
 * rollback.
 *
 * @param serving version that the Service selects; {@link AppVersion#NONE} while none can serve
 * @param candidate version that starts beside it, outside the Service
 * @param previous version that served before, kept until open connections have ended
 * @param switchedAt when the serving version received the traffic
 */
public record Rollout(
    AppVersion serving,
    Optional<AppVersion> candidate,
    Optional<AppVersion> previous,
    Instant switchedAt) {

  /** How long the previous version is kept after a switch. */
  public static final Duration GRACE = Duration.ofSeconds(60);

  /**
   * The observed versions. The Service's annotations name the serving one: they change together
   * with its selector, which a user may have edited.
   *
   * @param serving version that receives the traffic; empty before the first version
   * @param others every other version that has a Deployment
   * @param previous the one of them that served before
   * @param switchedAt when the serving version received the traffic
   */
  public record Seen(
      Optional<AppVersion> serving,
      List<AppVersion> others,
      Optional<AppVersion> previous,
      Instant switchedAt) {

    /** The new roles of the versions; a change of the serving one switches the traffic now. */
    public Rollout laidOut(
        Optional<AppVersion> next,
        Optional<AppVersion> candidate,
        Optional<AppVersion> kept,
        Instant now) {
      boolean switches = serving.isPresent() && !serving.equals(next);
      return new Rollout(
          next.orElse(AppVersion.NONE), candidate, kept, switches ? now : switchedAt);
    }
  }

  /**
   * Reads the state from the snapshot.
   *
   * @param known finds a version by its id
   */
  public static Seen see(Snapshot snapshot, Function<String, Optional<AppVersion>> known) {
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

  /** Every version whose Deployment must exist. */
  public List<AppVersion> kept() {
    return Stream.of(Optional.of(serving), candidate, previous)
        .flatMap(Optional::stream)
        .filter(AppVersion::exists)
        .distinct()
        .toList();
  }

  /** Time of the next step that needs no change. */
  public Optional<Instant> nextStep() {
    return previous.map(version -> switchedAt.plus(GRACE));
  }

  private static Optional<AppVersion> serving(
      Snapshot snapshot,
      Function<String, Optional<AppVersion>> known,
      Optional<Service> service,
      List<AppVersion> deployed) {
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

  /** The version in the last status, because the Service may be deleted. */
  private static Optional<AppVersion> published(
      Snapshot snapshot, Function<String, Optional<AppVersion>> known, List<AppVersion> deployed) {
    return Optional.ofNullable(snapshot.environment().getStatus())
        .map(status -> status.app())
        .filter(app -> app.serving() != null)
        .flatMap(app ->
            app.release() == null
                ? Optional.of(AppVersion.ofImage(app.serving()))
                : released(snapshot, app.release(), known, deployed));
  }

  /** The version of a release, which may be deleted before its Deployment. */
  private static Optional<AppVersion> released(
      Snapshot snapshot,
      String release,
      Function<String, Optional<AppVersion>> known,
      List<AppVersion> deployed) {
    return snapshot
        .owned()
        .find(StagingRelease.class, release)
        .flatMap(there -> known.apply(AppVersion.idOf(there)))
        .or(() ->
            deployed.stream()
                .filter(v -> snapshot.names().release(v.id()).equals(release))
                .findFirst());
  }

  private static Optional<AppVersion> found(
      String id, Function<String, Optional<AppVersion>> known, List<AppVersion> deployed) {
    return known.apply(id).or(() -> deployed.stream().filter(v -> v.id().equals(id)).findFirst());
  }

  /** Versions with a Deployment; data of unknown versions is read from it. */
  private static List<AppVersion> deployed(
      Snapshot snapshot, Function<String, Optional<AppVersion>> known) {
    return snapshot.owned().list(Deployment.class).stream()
        .filter(deployment -> !deployment.isMarkedForDeletion())
        .filter(deployment -> deployment.getMetadata().getAnnotations() != null)
        .filter(deployment -> deployment.getMetadata().getAnnotations().get(Labels.IMAGE) != null)
        .filter(deployment -> deployment.getMetadata().getLabels().containsKey(Labels.VERSION))
        .map(deployment -> {
          var id = deployment.getMetadata().getLabels().get(Labels.VERSION);
          var title = deployment.getMetadata().getAnnotations().get(Labels.IMAGE);
          return known
              .apply(id)
              .orElseGet(() -> {
                var image = ImageTag.pinnedIn(deployment, title).orElse(title);
                return new AppVersion(id, image, title, id.contains("-"));
              });
        })
        .toList();
  }

  private static Optional<String> annotation(Service service, String name) {
    return Optional.ofNullable(service.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(name));
  }

  private static Optional<Deployment> deployment(Snapshot snapshot, AppVersion version) {
    return snapshot.owned().find(Deployment.class, snapshot.names().appVersion(version.id()));
  }

  /** Whether all pods of a version are available. */
  public static boolean available(Snapshot snapshot, AppVersion version) {
    return deployment(snapshot, version)
        .filter(deployment -> deployment.getStatus() != null)
        .filter(deployment -> {
          var available = deployment.getStatus().getAvailableReplicas();
          var asked = deployment.getSpec() == null ? null : deployment.getSpec().getReplicas();
          return available != null && available >= (asked == null ? 1 : Math.max(1, asked));
        })
        .isPresent();
  }

  /** Whether a version was ever available: a new version does not wait for one that never was. */
  public static boolean everAvailable(Snapshot snapshot, AppVersion version) {
    return available(snapshot, version)
        // A user deleted it: it is recreated, because it served.
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

  /** Until a migration succeeds, the first version has no Deployment. */
  private static boolean nothingServedYet(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.environment().getStatus())
        .flatMap(status -> Conditions.find(status.conditions(), Stage.VALIDATION.condition()))
        .filter(c -> c.getReason().equals(Reason.AWAITING_PREVIOUS_STAGE.camelCase()))
        .isPresent();
  }
}
