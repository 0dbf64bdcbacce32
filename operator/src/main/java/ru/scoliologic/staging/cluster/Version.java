package ru.scoliologic.staging.cluster;

/**
 * One version of the application; two are the same when they have the same id.
 *
 * @param id names its objects and its release
 * @param image that its pods run; empty while it is not built
 * @param title what people call it: the image as it was given, or the commit
 * @param ofCommit whether it was built from a commit
 */
public record Version(String id, String image, String title, boolean ofCommit) {
  /** What serves while nothing can: the first build is awaited. */
  public static final Version NONE = new Version("", "", "", false);

  private static final int HASH_LENGTH = 8;

  /** The version that an image is which the spec names. */
  public static Version ofImage(String image) {
    return new Version(Hash.of(image).substring(0, HASH_LENGTH), image, image, false);
  }

  /** Whether there is one at all. */
  public boolean exists() {
    return !id.isEmpty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Version version && id.equals(version.id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }
}
