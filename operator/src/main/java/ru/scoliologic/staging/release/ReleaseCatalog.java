package ru.scoliologic.staging.release;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** Maps releases to versions. */
public final class ReleaseCatalog {
  /** Digits of a commit that are shown to users. */
  public static final int SHORT = 8;

  private ReleaseCatalog() {}

  /**
   * Whether the release is a version of the environment in its label. A release created by hand or
   * under an older schema may not be, and is ignored.
   */
  public static boolean isReadable(StagingRelease release) {
    var spec = release.getSpec();
    if (spec == null
        || !Labels.environmentOf(release).equals(Optional.ofNullable(spec.environment()))) {
      return false;
    }
    return spec.commit() == null
        ? spec.image() != null
        : spec.commit().hash() != null
            && Pattern.matches(GitopsSpec.COMMIT_PATTERN, spec.commit().hash())
            && spec.buildHash() != null
            && Pattern.matches(StagingReleaseSpec.BUILD_HASH_PATTERN, spec.buildHash());
  }

  public static String id(StagingRelease release) {
    return AppVersion.idOf(release);
  }

  /** The version of a release, with the image reference that nodes pull once it is built. */
  public static AppVersion version(Snapshot snapshot, StagingRelease release) {
    var commit = release.getSpec().commit();
    return commit == null
        ? Tags.version(snapshot, release.getSpec().image())
        : new AppVersion(id(release), image(snapshot, release), title(commit), true);
  }

  /** A commit as shown to users: {@code 1a2b3c4d "commit subject"}. */
  static String title(Commit commit) {
    var subject = commit.subject();
    return shortened(commit.hash())
        + (subject == null || subject.isBlank() ? "" : " \"" + subject.replace('"', '\'') + "\"");
  }

  public static String shortened(String commit) {
    return commit.substring(0, Math.min(SHORT, commit.length()));
  }

  private static String image(Snapshot snapshot, StagingRelease release) {
    var recorded = Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::image);
    return build(release)
        .map(BuildStatus::digest)
        .flatMap(digest -> ImageReferences.reference(snapshot, digest, recorded))
        // The registry's Service, or spec.gitops, may be absent for now.
        .or(() -> recorded)
        .orElse("");
  }

  /** The status of a release's build, as the agent reports it. */
  static Optional<BuildStatus> build(StagingRelease release) {
    return Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::build);
  }

  /** Every release, the oldest first. */
  public static List<StagingRelease> releases(Snapshot snapshot) {
    return all(snapshot)
        .sorted(
            Comparator.comparing(ReleaseCatalog::created)
                .thenComparing(release -> release.getMetadata().getName()))
        .toList();
  }

  private static String created(StagingRelease release) {
    return Optional.ofNullable(release.getMetadata().getCreationTimestamp()).orElse("");
  }

  public static Optional<StagingRelease> find(Snapshot snapshot, String id) {
    return all(snapshot).filter(release -> id(release).equals(id)).findFirst();
  }

  static Optional<StagingRelease> named(Snapshot snapshot, String name) {
    return snapshot.owned().find(StagingRelease.class, name);
  }

  /** A version that has a release. */
  public static Optional<AppVersion> known(Snapshot snapshot, String id) {
    return find(snapshot, id).map(release -> version(snapshot, release));
  }

  private static Stream<StagingRelease> all(Snapshot snapshot) {
    return snapshot.owned().list(StagingRelease.class).stream();
  }
}
