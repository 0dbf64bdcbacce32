package ru.scoliologic.staging.release;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildStatus;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;

/** Which version each release stands for (pure). */
public final class Catalog {
  /** Digits of a commit that people are shown. */
  public static final int SHORT = 8;

  private Catalog() {}

  /** The id of the version that a release stands for. */
  public static String id(StagingRelease release) {
    var spec = release.getSpec();
    return spec.commit() == null
        ? Version.ofImage(spec.image()).id()
        : Names.commitVersion(spec.commit().hash(), spec.buildHash());
  }

  /** The version that a release stands for, with the image as nodes pull it once it is built. */
  public static Version version(Snapshot snapshot, StagingRelease release) {
    var commit = release.getSpec().commit();
    return commit == null
        ? Version.ofImage(release.getSpec().image())
        : new Version(id(release), image(snapshot, release), title(commit), true);
  }

  /** A commit as people read it: {@code 1a2b3c4d "what was done"}. */
  static String title(Commit commit) {
    var subject = commit.subject();
    return shortened(commit.hash())
        + (subject == null || subject.isBlank() ? "" : " \"" + subject.replace('"', '\'') + "\"");
  }

  /** The first digits of a commit. */
  public static String shortened(String commit) {
    return commit.substring(0, Math.min(SHORT, commit.length()));
  }

  private static String image(Snapshot snapshot, StagingRelease release) {
    return build(release)
        .map(BuildStatus::digest)
        .flatMap(digest -> ImageRegistry.reference(snapshot, digest))
        // The registry's Service, or spec.gitops, may be gone for now.
        .or(() -> Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::image))
        .orElse("");
  }

  /** What the agent says of a release's build. */
  static Optional<BuildStatus> build(StagingRelease release) {
    return Optional.ofNullable(release.getStatus()).map(StagingReleaseStatus::build);
  }

  /** Every release, the oldest first. */
  public static List<StagingRelease> releases(Snapshot snapshot) {
    return all(snapshot)
        .sorted(
            Comparator.comparing(Catalog::created)
                .thenComparing(release -> release.getMetadata().getName()))
        .toList();
  }

  private static String created(StagingRelease release) {
    return Optional.ofNullable(release.getMetadata().getCreationTimestamp()).orElse("");
  }

  /** The release of a version, if there is one. */
  public static Optional<StagingRelease> find(Snapshot snapshot, String id) {
    return all(snapshot).filter(release -> id(release).equals(id)).findFirst();
  }

  /** A version that has a release. */
  public static Optional<Version> known(Snapshot snapshot, String id) {
    return find(snapshot, id).map(release -> version(snapshot, release));
  }

  private static Stream<StagingRelease> all(Snapshot snapshot) {
    return snapshot.owned().list(StagingRelease.class).stream();
  }
}
