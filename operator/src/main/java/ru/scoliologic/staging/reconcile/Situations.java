package ru.scoliologic.staging.reconcile;

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
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.NextStep;
import ru.scoliologic.staging.release.NextStep.Built;
import ru.scoliologic.staging.release.NextStep.Checks;
import ru.scoliologic.staging.release.NextStep.Health;
import ru.scoliologic.staging.release.NextStep.Running;
import ru.scoliologic.staging.release.NextStep.Situation;
import ru.scoliologic.staging.release.Target;
import ru.scoliologic.staging.stage.Conditions;

/** What {@link NextStep} decides upon, as a pass sees it (pure). */
final class Situations {
  private final Snapshot snapshot;
  private final Rollout.Seen seen;
  private final Target target;
  private final String configuration;

  /**
   * What a pass found out beyond what the cluster shows.
   *
   * @param serving what the checks through the ingress say
   * @param candidate what the checks beside the serving version say
   * @param blames whether a version that does not come up is to blame: what it needs is there
   * @param migrationFailed whether the migration of the version that is wanted failed
   * @param starting what is to run beside the serving version, though it may have no workload yet
   */
  record Evidence(
      Checks serving,
      Checks candidate,
      boolean blames,
      boolean migrationFailed,
      Optional<Version> starting) {
    /** What is known before anything is made. */
    static Evidence beforehand(Checks candidate) {
      return new Evidence(Checks.UNKNOWN, candidate, false, false, Optional.empty());
    }
  }

  private Situations(Snapshot snapshot, Rollout.Seen seen, Target target, String configuration) {
    this.snapshot = snapshot;
    this.seen = seen;
    this.target = target;
    this.configuration = configuration;
  }

  /**
   * The situation.
   *
   * @param configuration hash of what the application is configured with
   */
  static Situation of(
      Snapshot snapshot,
      Rollout.Seen seen,
      Target target,
      String configuration,
      Evidence evidence) {
    return new Situations(snapshot, seen, target, configuration).of(evidence);
  }

  private Situation of(Evidence evidence) {
    var spec = snapshot.environment().getSpec();
    return new Situation(
        new ArrayList<>(versions().values()),
        target.head().map(Version::id),
        target.pin().map(Version::id),
        target.request().map(Version::id),
        spec.gitops() == null || spec.gitops().autoDeploy(),
        spec.rollback().onFailure() == RollbackSpec.OnFailure.Previous,
        seen.serving().map(version -> serving(version, evidence)),
        evidence
            .starting()
            .or(() -> candidate(seen, target))
            .map(version -> candidate(version, evidence)),
        seen.previous().map(Version::id),
        seen.previous().filter(version -> Rollout.available(snapshot, version)).isPresent(),
        !snapshot.now().isBefore(seen.switchedAt().plus(Rollout.GRACE)));
  }

  /**
   * What runs beside the serving version: what is asked for if that does, though it be the one that
   * served before.
   */
  static Optional<Version> candidate(Rollout.Seen seen, Target target) {
    return target
        .desired()
        .filter(seen.others()::contains)
        .or(() ->
            seen.others().stream()
                .filter(version -> !seen.previous().equals(Optional.of(version)))
                .findFirst());
  }

  /** Every version that has a release, the oldest first, and those that have none yet. */
  private Map<String, NextStep.Version> versions() {
    var versions = new LinkedHashMap<String, NextStep.Version>();
    Catalog.releases(snapshot).forEach(r -> versions.put(Catalog.id(r), version(r)));
    Stream.of(
            seen.serving().stream(),
            seen.others().stream(),
            target.head().stream(),
            target.pin().stream())
        .flatMap(found -> found)
        .forEach(v ->
            versions.putIfAbsent(
                v.id(),
                new NextStep.Version(
                    v.id(), v.image().isEmpty() ? Built.NO : Built.YES, true, false, false)));
    return versions;
  }

  private NextStep.Version version(StagingRelease release) {
    var version = Catalog.version(snapshot, release);
    var conditions = release.getStatus() == null ? null : release.getStatus().conditions();
    return new NextStep.Version(
        version.id(),
        built(release, version),
        !version.ofCommit() || Boolean.TRUE.equals(release.getSpec().approved()),
        Conditions.isTrue(conditions, Ledger.VERIFIED),
        Ledger.gaveUp(snapshot, version, configuration));
  }

  private static Built built(StagingRelease release, Version version) {
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

  private Running serving(Version version, Evidence evidence) {
    var health =
        Rollout.everAvailable(snapshot, version)
            ? Health.UP
            : broken(version, evidence) ? Health.BROKEN : Health.STARTING;
    return new Running(version.id(), health, evidence.serving());
  }

  private Running candidate(Version version, Evidence evidence) {
    var health =
        Rollout.available(snapshot, version)
            ? Health.UP
            : broken(version, evidence) ? Health.BROKEN : Health.STARTING;
    return new Running(version.id(), health, evidence.candidate());
  }

  /** What the pods of an earlier attempt met does not count. */
  private boolean broken(Version version, Evidence evidence) {
    var retried = Catalog.find(snapshot, version.id()).filter(Ledger::retryAsked).isPresent();
    return evidence.blames()
        && !retried
        && (evidence.migrationFailed() || AppResources.failedForGood(snapshot, version));
  }
}
