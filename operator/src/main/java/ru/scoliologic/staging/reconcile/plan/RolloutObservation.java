package ru.scoliologic.staging.reconcile.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.RollbackSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision;
import ru.scoliologic.staging.release.RolloutDecision.Built;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.release.RolloutDecision.Health;
import ru.scoliologic.staging.release.RolloutDecision.Running;
import ru.scoliologic.staging.release.RolloutDecision.Situation;
import ru.scoliologic.staging.release.RolloutTarget;
import ru.scoliologic.staging.stage.Conditions;

/** The input of {@link RolloutDecision}, as a pass observes it. */
public final class RolloutObservation {
  private final Snapshot snapshot;
  private final Rollout.Seen seen;
  private final RolloutTarget target;
  private final ConfigurationHash configuration;

  /**
   * Findings of a pass that the cluster's objects do not show.
   *
   * @param serving result of the checks through the ingress
   * @param candidate result of the checks beside the serving version
   * @param blames whether a failure counts against the version: its dependencies are available
   * @param migrationFailed whether the migration of the wanted version failed
   * @param starting the version that will run beside the serving one; it may have no workload yet
   */
  public record Evidence(
      Checks serving,
      Checks candidate,
      boolean blames,
      boolean migrationFailed,
      Optional<AppVersion> starting) {
    /**
     * The evidence before anything is applied. Only passed checks change a plan; a failure is
     * assessed after the pass, from the version's state then.
     */
    static Evidence beforehand(Checks candidate) {
      var known = candidate == Checks.PASSED ? candidate : Checks.UNKNOWN;
      return new Evidence(Checks.UNKNOWN, known, false, false, Optional.empty());
    }
  }

  private RolloutObservation(
      Snapshot snapshot, Rollout.Seen seen, RolloutTarget target, ConfigurationHash configuration) {
    this.snapshot = snapshot;
    this.seen = seen;
    this.target = target;
    this.configuration = configuration;
  }

  /** Builds the situation. */
  public static Situation of(
      Snapshot snapshot,
      Rollout.Seen seen,
      RolloutTarget target,
      ConfigurationHash configuration,
      Evidence evidence) {
    return new RolloutObservation(snapshot, seen, target, configuration).of(evidence);
  }

  private Situation of(Evidence evidence) {
    var spec = snapshot.environment().getSpec();
    return new Situation(
        new ArrayList<>(versions().values()),
        new RolloutDecision.Wishes(
            target.head().map(AppVersion::id),
            target.pin().map(AppVersion::id),
            target.request().map(AppVersion::id)),
        new RolloutDecision.Policy(
            spec.gitops() == null || spec.gitops().autoDeploy(),
            spec.rollback().onFailure() == RollbackSpec.OnFailure.Previous),
        seen.serving().map(version -> serving(version, evidence)),
        evidence
            .starting()
            .or(() -> candidate(seen, target))
            .map(version -> candidate(version, evidence)),
        new RolloutDecision.Previous(
            seen.previous().map(AppVersion::id),
            seen.previous().filter(version -> Rollout.available(snapshot, version)).isPresent(),
            !snapshot.now().isBefore(seen.switchedAt().plus(Rollout.GRACE))));
  }

  /** The version beside the serving one: preferably the desired one, even if it served before. */
  public static Optional<AppVersion> candidate(Rollout.Seen seen, RolloutTarget target) {
    return target
        .desired()
        .filter(seen.others()::contains)
        .or(() ->
            seen.others().stream()
                .filter(version -> !seen.previous().equals(Optional.of(version)))
                .findFirst());
  }

  /** Every version that has a release, the oldest first, and those that have none yet. */
  private Map<String, RolloutDecision.Version> versions() {
    var versions = new LinkedHashMap<String, RolloutDecision.Version>();
    ReleaseCatalog.releases(snapshot).forEach(r -> versions.put(ReleaseCatalog.id(r), version(r)));
    Stream.of(
            seen.serving().stream(),
            seen.others().stream(),
            target.head().stream(),
            target.pin().stream())
        .flatMap(found -> found)
        .forEach(v ->
            versions.putIfAbsent(
                v.id(),
                new RolloutDecision.Version(
                    v.id(), v.image().isEmpty() ? Built.NO : Built.YES, true, false, false)));
    return versions;
  }

  private RolloutDecision.Version version(StagingRelease release) {
    var version = ReleaseCatalog.version(snapshot, release);
    var conditions = release.getStatus() == null ? null : release.getStatus().conditions();
    return new RolloutDecision.Version(
        version.id(),
        built(release, version),
        !version.ofCommit() || Boolean.TRUE.equals(release.getSpec().approved()),
        Conditions.isTrue(conditions, ReleaseLedger.VERIFIED),
        ReleaseLedger.gaveUp(snapshot, version, configuration));
  }

  private static Built built(StagingRelease release, AppVersion version) {
    if (!version.ofCommit()) {
      return Built.YES;
    }
    var build = release.getStatus() == null ? null : release.getStatus().build();
    var state = build == null ? null : build.state();
    if (state == BuildState.Failed) {
      return Built.FAILED;
    }
    return state == BuildState.Built && !version.image().isEmpty() ? Built.YES : Built.NO;
  }

  private Running serving(AppVersion version, Evidence evidence) {
    var health =
        Rollout.everAvailable(snapshot, version)
            ? Health.UP
            : broken(version, evidence) ? Health.BROKEN : Health.STARTING;
    return new Running(version.id(), health, evidence.serving());
  }

  private Running candidate(AppVersion version, Evidence evidence) {
    var health =
        Rollout.available(snapshot, version)
            ? Health.UP
            : broken(version, evidence) ? Health.BROKEN : Health.STARTING;
    return new Running(version.id(), health, evidence.candidate());
  }

  /** Failures of the pods of an earlier attempt do not count. */
  private boolean broken(AppVersion version, Evidence evidence) {
    var retried =
        ReleaseCatalog.find(snapshot, version.id()).filter(ReleaseLedger::retryAsked).isPresent();
    return evidence.blames()
        && !retried
        && (evidence.migrationFailed() || AppResources.failedForGood(snapshot, version));
  }
}
