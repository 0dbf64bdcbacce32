package ru.scoliologic.staging.release;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ImageTag;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Conditions;

/**
 * The content of a version's tag, for versions given by an image: the registry's latest answer, or
 * the result of the last resolution. A version that was rolled out keeps its digest until a retry.
 */
public final class Tags {
  /** Versions of one environment that are resolved at a time. */
  private static final int MOST = ReleaseLedger.KEPT;

  private Tags() {}

  /** The version of an image, with the digest to which its tag was resolved. */
  static AppVersion version(Snapshot snapshot, String image) {
    var given = AppVersion.ofImage(image);
    return answered(snapshot, given)
        .filter(tag -> tag.digest() != null)
        .map(tag -> ImageTag.pinned(image, tag.digest()))
        .or(() -> recorded(snapshot, given))
        .or(() ->
            snapshot
                .owned()
                .find(Deployment.class, snapshot.names().appVersion(given.id()))
                .flatMap(deployment -> ImageTag.pinnedIn(deployment, image)))
        .map(pinned -> new AppVersion(given.id(), pinned, given.title(), false))
        .orElse(given);
  }

  private static Optional<String> recorded(Snapshot snapshot, AppVersion version) {
    return ReleaseCatalog.find(snapshot, version.id())
        .map(StagingRelease::getStatus)
        .map(StagingReleaseStatus::image)
        .filter(image -> ImageTag.pins(image, version.title()));
  }

  /** The registry's latest answer for a version's tag; empty during and after the query. */
  static Optional<ImageTag> answered(Snapshot snapshot, AppVersion version) {
    return Optional.ofNullable(snapshot.surroundings().reports().tags().get(version.title()))
        .filter(tag -> !version.ofCommit() && !tag.isAsked());
  }

  /** Whether the registry's latest answer gives a known version other content than before. */
  static boolean changed(Snapshot snapshot, StagingRelease release) {
    var version = ReleaseCatalog.version(snapshot, release);
    return release.getStatus() != null
        && answered(snapshot, version).filter(tag -> tag.digest() != null).isPresent()
        && !version.image().equals(release.getStatus().image());
  }

  /** Why the tag is not resolved, and what runs in that case. */
  static String unresolved(AppVersion version, ImageTag tag) {
    return "its tag is not resolved: %s; %s"
        .formatted(
            tag.problem(),
            version.image().equals(version.title())
                ? "each node runs what it pulls or has under the tag"
                : "it keeps the digest that was found before, " + version.image());
  }

  /**
   * The versions whose tags must be resolved: desired ones that were never rolled out, and those
   * with a retry requested.
   *
   * @param somethingServes whether any version serves already
   */
  public static Stream<AppVersion> due(Snapshot snapshot, boolean somethingServes) {
    return Stream.concat(
            RolloutTarget.of(snapshot, somethingServes).desired().stream()
                .filter(version -> isNew(snapshot, version)),
            ReleaseCatalog.releases(snapshot).stream()
                .filter(ReleaseLedger::retryAsked)
                .map(release -> ReleaseCatalog.version(snapshot, release)))
        .filter(version -> !version.ofCommit() && !ImageTag.isPinned(version.title()))
        .distinct()
        .limit(MOST);
  }

  private static boolean isNew(Snapshot snapshot, AppVersion version) {
    // A version rolled out by an older operator was never resolved, and is not new either.
    boolean known =
        ReleaseCatalog.find(snapshot, version.id())
            .map(StagingRelease::getStatus)
            .filter(status ->
                Boolean.TRUE.equals(status.migrated())
                    || Conditions.find(status.conditions(), ReleaseLedger.RESOLVED).isPresent()
                    || Conditions.isTrue(status.conditions(), ReleaseLedger.ROLLED_OUT))
            .isPresent();
    return !known
        && snapshot
            .owned()
            .find(Deployment.class, snapshot.names().appVersion(version.id()))
            .isEmpty();
  }
}
