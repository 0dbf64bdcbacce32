package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Wiped;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Decides whether a failed first deployment is removed with its volumes, if the spec requests it.
 *
 * <p>It is the first deployment until every component has been available once. Until then each
 * volume claim created for it carries a mark with the environment's uid. A claim without the mark
 * is never removed: it is an adopted volume, or it has held a deployment that worked.
 */
public final class FirstDeployment {
  private static final String PULL_SECRET = "kubernetes.io/dockerconfigjson";

  private final Snapshot snapshot;

  private FirstDeployment(Snapshot snapshot) {
    this.snapshot = snapshot;
  }

  /**
   * The removal of a failed first deployment.
   *
   * @param objects to delete now
   * @param result of stage 3 during and after the removal
   * @param record as the status keeps it
   * @param holds whether the removal is still wanted; else only pending deletions are awaited
   */
  public record Teardown(
      List<HasMetadata> objects, StageResult result, Wiped record, boolean holds) {
    public Teardown {
      objects = List.copyOf(objects);
    }
  }

  /** Identifies everything that a user can change about a deployment. */
  public record Attempt(String hash) {}

  /**
   * The attempt that is wanted now.
   *
   * @param wanted the version that must serve
   */
  public static Attempt attempt(
      Snapshot snapshot, AppVersion wanted, ConfigurationHash configuration) {
    var all = new TreeMap<String, Object>();
    snapshot
        .secrets()
        .forEach((name, secret) -> {
          // Registry credentials may be renewed every hour and do not change the attempt.
          if (!PULL_SECRET.equals(secret.getType())) {
            all.put("secret/" + name, data(secret.getData()));
          }
        });
    snapshot.configMaps().forEach((name, map) -> all.put("configmap/" + name, data(map.getData())));
    var metadata = snapshot.environment().getMetadata();
    var retry =
        ReleaseCatalog.find(snapshot, wanted.id())
            .map(release -> release.getSpec().retry())
            .orElse("");
    // The uid prevents a lookup of secret values by their hash.
    all.put("uid", String.valueOf(metadata.getUid()));
    all.put("generation", String.valueOf(metadata.getGeneration()));
    all.put("configuration", configuration.value());
    all.put("retry", String.valueOf(retry));
    return new Attempt(Hash.of(all));
  }

  private static Map<String, String> data(Map<String, String> data) {
    return data == null ? new TreeMap<>() : new TreeMap<>(data);
  }

  /** Sets the mark on every claim planned for a first deployment, or removes it. */
  public static void mark(Snapshot snapshot, List<PlannedObject> plan) {
    var first = new FirstDeployment(snapshot);
    var uid = snapshot.environment().getMetadata().getUid();
    if (uid == null || first.isOver()) {
      return;
    }
    plan.stream()
        .map(PlannedObject::object)
        .filter(first::isData)
        .filter(claim -> first.isNew(claim) || first.isMarked(first.there(claim).orElseThrow()))
        .forEach(claim -> {
          var annotations = new HashMap<String, String>();
          Optional.ofNullable(claim.getMetadata().getAnnotations()).ifPresent(annotations::putAll);
          annotations.put(Labels.FIRST_DEPLOYMENT, uid);
          claim.getMetadata().setAnnotations(annotations);
        });
  }

  public static boolean hasMarks(Snapshot snapshot) {
    var first = new FirstDeployment(snapshot);
    return first.claims().anyMatch(first::isMarked);
  }

  /**
   * The removal that an earlier pass decided; empty when there is none, or when another attempt is
   * wanted and nothing of the last one is still being deleted.
   *
   * @param attempt the one that is wanted now
   */
  public static Optional<Teardown> underWay(Snapshot snapshot, Attempt attempt) {
    var first = new FirstDeployment(snapshot);
    var status = snapshot.environment().getStatus();
    return Optional.ofNullable(status)
        .map(last -> last.wiped())
        .filter(wiped -> !first.isOver())
        .flatMap(wiped -> first.teardown(wiped, attempt));
  }

  private Optional<Teardown> teardown(Wiped wiped, Attempt attempt) {
    boolean holds =
        wiped.with().equals(attempt.hash())
            && snapshot.environment().getSpec().wipesFirstDeployment();
    var doomed = doomed();
    var going = doomed.stream().filter(HasMetadata::isMarkedForDeletion).toList();
    if (!holds && going.isEmpty()) {
      return Optional.empty();
    }
    var objects =
        holds
            ? doomed.stream().filter(o -> !o.isMarkedForDeletion()).toList()
            : List.<HasMetadata>of();
    if (!doomed.isEmpty()) {
      return Optional.of(
          new Teardown(
              objects,
              new StageResult.Waiting(
                  Reason.FIRST_DEPLOYMENT_WIPED,
                  "the first deployment failed and is being removed with its volumes: "
                      + wiped.cause(),
                  StageResult.Waiting.SOON),
              wiped,
              holds));
    }
    return Optional.of(
        new Teardown(
            List.of(),
            new StageResult.Stalled(
                Reason.FIRST_DEPLOYMENT_WIPED,
                ("the first deployment failed and was removed with its volumes: %s; it is"
                            + " deployed again")
                        .formatted(wiped.cause())
                    + " when the spec, its configuration or spec.retry of the release changes"),
            wiped,
            true));
  }

  /**
   * The decision to remove a first deployment; empty unless the spec requests it, it failed
   * permanently, the status already reports the failure, and all its volumes were created for it.
   *
   * @param result of stage 3
   * @param forGood whether waiting does not help
   * @param attempt the one that failed
   */
  public static Optional<Wiped> decide(
      Snapshot snapshot, StageResult result, boolean forGood, Attempt attempt) {
    var first = new FirstDeployment(snapshot);
    return first.failed(result, forGood) && first.told(result) && first.foreign().isEmpty()
        ? Optional.of(
            new Wiped(
                snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                result.message(),
                attempt.hash()))
        : Optional.empty();
  }

  /** Whether the decision only waits until the status reports the failure. */
  public static boolean isAbout(Snapshot snapshot, StageResult result, boolean forGood) {
    var first = new FirstDeployment(snapshot);
    return first.failed(result, forGood) && first.foreign().isEmpty();
  }

  /** Why a failed first deployment is kept although the spec requests its removal; else empty. */
  public static Optional<String> spared(Snapshot snapshot, StageResult result, boolean forGood) {
    var first = new FirstDeployment(snapshot);
    return Optional.of(first.foreign())
        .filter(foreign -> !foreign.isEmpty() && first.failed(result, forGood))
        .map(foreign ->
            "; nothing is wiped, for this was not made for the first deployment: "
                + names(foreign));
  }

  private boolean failed(StageResult result, boolean forGood) {
    return snapshot.environment().getSpec().wipesFirstDeployment()
        && !isOver()
        && !result.isReady()
        && (forGood || result instanceof StageResult.Stalled);
  }

  /** Users see the failure before anything is removed, and a momentary failure decides nothing. */
  private boolean told(StageResult result) {
    var status = snapshot.environment().getStatus();
    return status != null
        && Conditions.find(status.conditions(), Stage.DEPLOYMENT.condition())
            .filter(c -> c.getReason().equals(result.reason().camelCase()))
            .filter(c ->
                Objects.equals(
                    c.getObservedGeneration(),
                    snapshot.environment().getMetadata().getGeneration()))
            .isPresent();
  }

  /** Every component has been available once, so there may be data worth keeping. */
  private boolean isOver() {
    var status = snapshot.environment().getStatus();
    return (status != null && Conditions.gateOpened(status.conditions(), Stage.VALIDATION))
        || snapshot.owned().list(StagingRelease.class).stream()
            .map(StagingRelease::getStatus)
            .filter(Objects::nonNull)
            .anyMatch(release -> Conditions.isTrue(release.conditions(), ReleaseLedger.VERIFIED));
  }

  private List<HasMetadata> doomed() {
    return Stream.<HasMetadata>concat(
            snapshot.owned().list(StatefulSet.class).stream(), claims().filter(this::isMarked))
        .toList();
  }

  private List<HasMetadata> foreign() {
    return claims().filter(claim -> !isMarked(claim)).toList();
  }

  private Stream<HasMetadata> claims() {
    return snapshot.owned().list(PersistentVolumeClaim.class).stream()
        .map(HasMetadata.class::cast)
        .filter(this::isData);
  }

  /** Certificates stay because an authority issues few; so do built images. */
  private boolean isData(HasMetadata object) {
    var names = snapshot.names();
    return object instanceof PersistentVolumeClaim
        && !Set.of(names.traefik(), names.registry(), names.agent())
            .contains(object.getMetadata().getName());
  }

  private boolean isNew(HasMetadata claim) {
    return there(claim).isEmpty();
  }

  private Optional<HasMetadata> there(HasMetadata claim) {
    return snapshot
        .owned()
        .find(PersistentVolumeClaim.class, claim.getMetadata().getName())
        .map(HasMetadata.class::cast);
  }

  private boolean isMarked(HasMetadata claim) {
    var annotations = claim.getMetadata().getAnnotations();
    var uid = snapshot.environment().getMetadata().getUid();
    return uid != null
        && annotations != null
        && uid.equals(annotations.get(Labels.FIRST_DEPLOYMENT));
  }

  private static String names(List<HasMetadata> objects) {
    return objects.stream()
        .map(object -> object.getKind() + " " + object.getMetadata().getName())
        .collect(Collectors.joining(", "));
  }
}
