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
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Whether the first deployment is to be removed with its volumes, for it failed and the spec asks
 * for that (pure).
 *
 * <p>It lasts until every component has been available at a time. Until then each volume claim that
 * was made for it carries a mark with the environment's uid; what has no such mark is never
 * removed: neither an adopted volume, nor one that has ever held a deployment that worked.
 */
public final class FirstDeployment {

  private final Snapshot snapshot;

  private FirstDeployment(Snapshot snapshot) {
    this.snapshot = snapshot;
  }

  /**
   * What there is to do about a first deployment that was found to have failed.
   *
   * @param objects to be deleted now
   * @param result what stage 3 says meanwhile and afterwards
   * @param record as the status keeps it
   * @param holds whether it is still what is wanted; else only what is on its way out is awaited
   */
  public record Teardown(
      List<HasMetadata> objects, StageResult result, Wiped record, boolean holds) {
    public Teardown {
      objects = List.copyOf(objects);
    }
  }

  /**
   * What is tried: a hash of all that people can change about it.
   *
   * @param wanted what is to serve
   * @param configuration hash of what the application runs with
   */
  public static String attempt(Snapshot snapshot, Version wanted, String configuration) {
    var all = new TreeMap<String, Object>();
    snapshot.secrets().forEach((name, secret) -> all.put("secret/" + name, data(secret.getData())));
    snapshot.configMaps().forEach((name, map) -> all.put("configmap/" + name, data(map.getData())));
    var metadata = snapshot.environment().getMetadata();
    var retry =
        Catalog.find(snapshot, wanted.id()).map(release -> release.getSpec().retry()).orElse("");
    // The uid keeps values of Secrets from being looked up by their hash.
    all.put("uid", String.valueOf(metadata.getUid()));
    all.put("generation", String.valueOf(metadata.getGeneration()));
    all.put("configuration", configuration);
    all.put("retry", String.valueOf(retry));
    return Hash.of(all);
  }

  private static Map<String, String> data(Map<String, String> data) {
    return data == null ? new TreeMap<>() : new TreeMap<>(data);
  }

  /** Puts the mark on every claim that is planned for a first deployment, or takes it off. */
  public static void mark(Snapshot snapshot, List<Planned> plan) {
    var first = new FirstDeployment(snapshot);
    var uid = snapshot.environment().getMetadata().getUid();
    if (uid == null || first.isOver()) {
      return;
    }
    plan.stream()
        .map(Planned::object)
        .filter(first::isData)
        .filter(claim -> first.isNew(claim) || first.isMarked(first.there(claim).orElseThrow()))
        .forEach(claim -> {
          var annotations = new HashMap<String, String>();
          Optional.ofNullable(claim.getMetadata().getAnnotations()).ifPresent(annotations::putAll);
          annotations.put(Labels.FIRST_DEPLOYMENT, uid);
          claim.getMetadata().setAnnotations(annotations);
        });
  }

  /** Whether a claim carries the mark. */
  public static boolean hasMarks(Snapshot snapshot) {
    var first = new FirstDeployment(snapshot);
    return first.claims().anyMatch(first::isMarked);
  }

  /**
   * The teardown that an earlier pass decided upon; empty when there is none, or when something
   * else is to be tried and nothing of the last attempt is on its way out any more.
   *
   * @param attempt hash of what would be tried now
   */
  public static Optional<Teardown> underWay(Snapshot snapshot, String attempt) {
    var first = new FirstDeployment(snapshot);
    var status = snapshot.environment().getStatus();
    return Optional.ofNullable(status)
        .map(last -> last.wiped())
        .filter(wiped -> !first.isOver())
        .flatMap(wiped -> first.teardown(wiped, attempt));
  }

  private Optional<Teardown> teardown(Wiped wiped, String attempt) {
    boolean holds =
        wiped.with().equals(attempt) && snapshot.environment().getSpec().wipesFirstDeployment();
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
                "the first deployment failed and was removed with its volumes: %s; it is deployed anew"
                        .formatted(wiped.cause())
                    + " when the spec, its configuration or spec.retry of the release changes"),
            wiped,
            true));
  }

  /**
   * The decision to remove a first deployment; empty unless the spec asks for it, it has failed for
   * good, the status has said so before, and all its volumes were made for it.
   *
   * @param result what stage 3 says
   * @param forGood whether waiting on does not help
   * @param attempt hash of what was tried
   */
  public static Optional<Wiped> decide(
      Snapshot snapshot, StageResult result, boolean forGood, String attempt) {
    var first = new FirstDeployment(snapshot);
    return first.failed(result, forGood) && first.told(result) && first.foreign().isEmpty()
        ? Optional.of(
            new Wiped(
                snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                result.message(),
                attempt))
        : Optional.empty();
  }

  /** Whether the decision only waits for the status to have told the failure. */
  public static boolean isAbout(Snapshot snapshot, StageResult result, boolean forGood) {
    var first = new FirstDeployment(snapshot);
    return first.failed(result, forGood) && first.foreign().isEmpty();
  }

  /** Why a first deployment that failed is kept although it is to be wiped; empty if it is not. */
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

  /** People see what failed before anything is removed, and no passing view decides. */
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

  /** Every component has been available at a time, so there may be something worth keeping. */
  private boolean isOver() {
    var status = snapshot.environment().getStatus();
    return (status != null && Conditions.gateOpened(status.conditions(), Stage.VALIDATION))
        || snapshot.owned().list(StagingRelease.class).stream()
            .map(StagingRelease::getStatus)
            .filter(Objects::nonNull)
            .anyMatch(release -> Conditions.isTrue(release.conditions(), Ledger.VERIFIED));
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

  /** Certificates stay, for an authority issues few, and so does what was built. */
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
