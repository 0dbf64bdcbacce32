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
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.StageResult;

/** What the releases of an environment are to say (pure). */
public final class Ledger {
  public static final String COMPONENT = "app";
  public static final String BUILT = "Built";
  public static final String ROLLED_OUT = "RolledOut";
  public static final String VERIFIED = "Verified";
  public static final String SUPERSEDED = "Superseded";

  /** Releases kept where spec.gitops says no number; beyond, the oldest that nobody needs go. */
  static final int KEPT = 10;

  private Ledger() {}

  /**
   * What one pass found out.
   *
   * @param target what is asked for
   * @param step what was decided upon, marks above all
   * @param serving what gets the traffic
   * @param available whether the serving version is available
   * @param candidate what starts beside it, if anything does
   * @param candidateState how the candidate is doing
   * @param previous what served before and is still kept
   * @param validation what the checks through the ingress say, if they ran
   * @param configuration hash of what the application is configured with
   * @param report the outcome of every check of the serving version, if they ran
   * @param migrated ids of versions whose migration was found to have succeeded
   * @param copies of the database that were made before migrations, by the version's id
   * @param servingState how the wanted version that serves is doing while it is not up
   */
  public record Facts(
      Target target,
      NextStep step,
      Version serving,
      boolean available,
      Optional<Version> candidate,
      Optional<StageResult> candidateState,
      Optional<Version> previous,
      Optional<StageResult> validation,
      String configuration,
      Optional<SmokeReport> report,
      Set<String> migrated,
      Map<String, String> copies,
      Optional<StageResult> servingState) {

    boolean wants(Version version) {
      return step.wanted().filter(version.id()::equals).isPresent();
    }
  }

  /** The release of every version that has one or needs one, with its status. */
  public static List<StagingRelease> of(Snapshot snapshot, Facts facts) {
    var versions = new LinkedHashSet<Version>();
    versions.add(facts.serving());
    facts.candidate().ifPresent(versions::add);
    Catalog.releases(snapshot).forEach(r -> versions.add(Catalog.version(snapshot, r)));
    return versions.stream()
        .filter(Version::exists)
        .map(version -> release(snapshot, facts, version))
        .flatMap(Optional::stream)
        .toList();
  }

  /** None for a commit whose release is gone: only the agent can make it. */
  private static Optional<StagingRelease> release(Snapshot snapshot, Facts facts, Version version) {
    var environment = snapshot.environment();
    var known = Catalog.find(snapshot, version.id());
    if (known.isEmpty() && version.ofCommit()) {
      return Optional.empty();
    }
    var release = new StagingRelease();
    release.setMetadata(
        Ownership.owned(environment, COMPONENT, snapshot.names().release(version.id())));
    release.setSpec(
        known
            .map(StagingRelease::getSpec)
            .filter(spec -> version.ofCommit())
            .orElseGet(() ->
                StagingReleaseSpec.ofImage(environment.getMetadata().getName(), version.image())));
    release.setStatus(new Entry(snapshot, facts, version, known).status());
    return Optional.of(release);
  }

  /** Releases beyond the number that is kept: the oldest first, none that is still needed. */
  public static List<StagingRelease> surplus(Snapshot snapshot, Facts facts) {
    var app = snapshot.environment().getSpec().services().app();
    var needed =
        Stream.of(
                Stream.of(facts.serving()),
                facts.candidate().stream(),
                facts.previous().stream(),
                facts.target().desired().stream(),
                facts.target().head().stream(),
                Stream.ofNullable(app.image()).map(Version::ofImage))
            .flatMap(versions -> versions)
            .map(Version::id)
            .collect(Collectors.toSet());
    var all = Catalog.releases(snapshot);
    return all.stream()
        .filter(release -> !needed.contains(Catalog.id(release)))
        .limit(Math.max(0, all.size() - kept(snapshot)))
        .toList();
  }

  private static int kept(Snapshot snapshot) {
    var gitops = snapshot.environment().getSpec().gitops();
    return gitops == null ? KEPT : gitops.registry().keep();
  }

  /** Whether a version failed with this configuration and nobody asked to try it again. */
  public static boolean gaveUp(Snapshot snapshot, Version version, String configuration) {
    return Catalog.find(snapshot, version.id())
        .filter(release -> gaveUp(release, configuration))
        .isPresent();
  }

  static boolean gaveUp(StagingRelease release, String configuration) {
    return release.getStatus() != null
        && configuration.equals(release.getStatus().failedWith())
        && !retryAsked(release);
  }

  /** Whether a version, by its id, needs no migration any more: it had one, or was rolled out. */
  public static boolean settled(Snapshot snapshot, String id) {
    return Catalog.find(snapshot, id)
        .map(StagingRelease::getStatus)
        .filter(status ->
            Boolean.TRUE.equals(status.migrated())
                || Conditions.isTrue(status.conditions(), ROLLED_OUT))
        .isPresent();
  }

  /**
   * Whether no release remembers anything of the volumes, such as a migration: only then may they
   * go, or a version would be started later in a database that was never prepared for it.
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

  /** Whether somebody asked to try a version again and that was not acted upon yet. */
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
