package ru.scoliologic.staging.cluster.model;

import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;

/**
 * One version of the application; versions with the same id are equal.
 *
 * @param id part of the names of its objects and its release
 * @param image that its pods run; empty until it is built
 * @param title for users: the image as specified, or the commit
 * @param ofCommit whether it was built from a commit
 */
public record AppVersion(String id, String image, String title, boolean ofCommit) {
  /** No version serves yet: the first build is pending. */
  public static final AppVersion NONE = new AppVersion("", "", "", false);

  private static final int HASH_LENGTH = 8;

  /** The version of an image that the spec names. */
  public static AppVersion ofImage(String image) {
    return new AppVersion(Hash.of(image).substring(0, HASH_LENGTH), image, image, false);
  }

  public static String idOf(StagingRelease release) {
    var spec = release.getSpec();
    return spec.commit() == null
        ? ofImage(spec.image()).id()
        : Names.commitVersion(spec.commit().hash(), spec.buildHash());
  }

  /**
   * Pull policy of the image; null for the cluster's default. A resolved tag is immutable, so it is
   * pulled only where it is absent; the default would pull {@code latest} at each start of a pod.
   */
  public String pullPolicy() {
    return ofCommit || image.equals(title) ? null : "IfNotPresent";
  }

  /** Whether it is not {@link #NONE}. */
  public boolean exists() {
    return !id.isEmpty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AppVersion version && id.equals(version.id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }
}
