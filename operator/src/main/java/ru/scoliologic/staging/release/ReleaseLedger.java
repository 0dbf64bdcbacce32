package ru.scoliologic.staging.release;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.api.StagingReleaseStatus.ReleaseState;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.StageResult;

/** Computes the releases of an environment and their status. */
public final class ReleaseLedger {
  private static final ComponentName COMPONENT = ComponentName.APP;
  public static final String RESOLVED = "Resolved";
  public static final String BUILT = "Built";
  public static final String ROLLED_OUT = "RolledOut";
  public static final String VERIFIED = "Verified";
  public static final String SUPERSEDED = "Superseded";

  /** Default number of releases kept; beyond it, the oldest unneeded ones are deleted. */
  static final int KEPT = 10;

  private ReleaseLedger() {}

  /**
   * The findings of one pass.
   *
   * @param target the desired versions
   * @param decision the decision, of which the marks are used most
   * @param configuration of the application
   */
  public record Facts(
      RolloutTarget target,
      RolloutDecision decision,
      ConfigurationHash configuration,
      Workloads workloads,
      Validation validation,
      Migrations migrations) {

    boolean wants(AppVersion version) {
      return decision.wanted().filter(version.id()::equals).isPresent();
    }
  }

  /**
   * The versions that run.
   *
   * @param serving the version that receives the traffic
   * @param candidate the version that starts beside it, if any
   * @param previous the version that served before and is still kept
   */
  public record Workloads(
      Serving serving, Optional<Candidate> candidate, Optional<AppVersion> previous) {
    Optional<AppVersion> starting() {
      return candidate.map(Candidate::version);
    }

    Optional<StageResult> candidateState() {
      return candidate.flatMap(Candidate::state);
    }
  }

  /**
   * The serving version.
   *
   * @param state its status while it is wanted and not up
   */
  public record Serving(AppVersion version, boolean available, Optional<StageResult> state) {}

  /** The version that starts beside the serving one, with its status. */
  public record Candidate(AppVersion version, Optional<StageResult> state) {}

  /**
   * The checks of the serving version through the ingress, if they ran.
   *
   * @param report the outcome of every check
   */
  public record Validation(Optional<StageResult> result, Optional<SmokeReport> report) {}

  /**
   * What migrations have done.
   *
   * @param done ids of versions whose migration succeeded
   * @param copies of the database made before migrations, by the version's id
   */
  public record Migrations(Set<String> done, Map<String, String> copies) {}

  /** The release of every version that has or needs one, with its status. */
  public static List<StagingRelease> of(Snapshot snapshot, Facts facts) {
    var versions = new LinkedHashSet<AppVersion>();
    versions.add(facts.workloads().serving().version());
    facts.workloads().starting().ifPresent(versions::add);
    ReleaseCatalog.releases(snapshot)
        .forEach(r -> versions.add(ReleaseCatalog.version(snapshot, r)));
    return versions.stream()
        .filter(AppVersion::exists)
        .map(version -> release(snapshot, facts, version))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * Releases that were created before the environment can have any version.
   *
   * @param awaited the condition that the environment must meet first
   */
  public static List<StagingRelease> awaiting(Snapshot snapshot, Facts facts, String awaited) {
    var releases =
        of(snapshot, facts).stream()
            .filter(
                release -> ReleaseCatalog.find(snapshot, ReleaseCatalog.id(release)).isPresent())
            .toList();
    releases.stream()
        .filter(release -> release.getStatus().is(ReleaseState.Waiting))
        .forEach(release -> release.setStatus(release.getStatus().saying(awaited)));
    return releases;
  }

  /** Empty for a commit whose release is gone: only the agent can create it. */
  private static Optional<StagingRelease> release(
      Snapshot snapshot, Facts facts, AppVersion version) {
    var environment = snapshot.environment();
    var known = ReleaseCatalog.find(snapshot, version.id());
    if (known.isEmpty() && version.ofCommit()) {
      return Optional.empty();
    }
    var release = new StagingRelease();
    release.setMetadata(
        OwnedMetadata.owned(environment, COMPONENT, snapshot.names().release(version.id())));
    release.setSpec(
        known
            .map(StagingRelease::getSpec)
            .filter(spec -> version.ofCommit())
            .orElseGet(() ->
                StagingReleaseSpec.ofImage(environment.getMetadata().getName(), version.title())));
    release.setStatus(new ReleaseStatusBuilder(snapshot, facts, version, known).status());
    return Optional.of(release);
  }

  /** Releases beyond the number that is kept: the oldest first, none that is still needed. */
  public static List<StagingRelease> surplus(Snapshot snapshot, Facts facts) {
    var app = snapshot.environment().getSpec().services().app();
    var needed =
        Stream.of(
                Stream.of(facts.workloads().serving().version()),
                facts.workloads().starting().stream(),
                facts.workloads().previous().stream(),
                facts.target().desired().stream(),
                facts.target().head().stream(),
                Stream.ofNullable(app.image()).map(AppVersion::ofImage))
            .flatMap(versions -> versions)
            .map(AppVersion::id)
            .collect(Collectors.toSet());
    var all = ReleaseCatalog.releases(snapshot);
    return all.stream()
        .filter(release -> !needed.contains(ReleaseCatalog.id(release)))
        .limit(Math.max(0, all.size() - kept(snapshot)))
        .toList();
  }

  private static int kept(Snapshot snapshot) {
    var gitops = snapshot.environment().getSpec().gitops();
    return gitops == null ? KEPT : gitops.registry().keep();
  }

  /** Whether a version failed with this configuration and no retry is requested. */
  public static boolean gaveUp(
      Snapshot snapshot, AppVersion version, ConfigurationHash configuration) {
    return ReleaseCatalog.find(snapshot, version.id())
        .filter(release -> gaveUp(release, configuration))
        .isPresent();
  }

  static boolean gaveUp(StagingRelease release, ConfigurationHash configuration) {
    return release.getStatus() != null
        && configuration.value().equals(release.getStatus().failedWith())
        && !retryAsked(release);
  }

  /** Whether a version, by its id, needs no migration: it had one, or was rolled out. */
  public static boolean settled(Snapshot snapshot, String id) {
    return ReleaseCatalog.find(snapshot, id)
        .filter(release -> !Tags.changed(snapshot, release))
        .map(StagingRelease::getStatus)
        .filter(status ->
            Boolean.TRUE.equals(status.migrated())
                || Conditions.isTrue(status.conditions(), ROLLED_OUT))
        .isPresent();
  }

  /**
   * Whether no release records anything about the volumes, such as a migration. Only then may they
   * be deleted: else a version would later start on a database that was never prepared for it.
   */
  public static boolean isForgotten(Snapshot snapshot) {
    return snapshot.owned().list(StagingRelease.class).stream()
        .map(StagingRelease::getStatus)
        .filter(Objects::nonNull)
        .allMatch(status ->
            status.failedWith() == null
                && !Boolean.TRUE.equals(status.migrated())
                && !Conditions.isTrue(status.conditions(), ROLLED_OUT));
  }

  /** Whether a retry is requested and was not handled yet. */
  public static boolean retryAsked(StagingRelease release) {
    return release.getSpec().retry() != null
        && !Objects.equals(release.getSpec().retry(), handled(release).retry());
  }

  private static Handled handled(StagingRelease release) {
    return release.getStatus() == null || release.getStatus().handled() == null
        ? Handled.NOTHING
        : release.getStatus().handled();
  }
}
