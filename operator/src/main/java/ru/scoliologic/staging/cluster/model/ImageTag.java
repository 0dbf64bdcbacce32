package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The digest that an image's tag resolves to. Both are null until the registry responds.
 *
 * @param digest {@code sha256:...} of the tag
 * @param problem why the registry gives no digest
 */
public record ImageTag(String digest, String problem) {
  /** The registry has not responded yet. */
  public static final ImageTag ASKED = new ImageTag(null, null);

  private static final String LATEST = ":latest";
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

  public boolean isAsked() {
    return digest == null && problem == null;
  }

  /** Whether an image is given by digest, so that no query is needed. */
  public static boolean isPinned(String image) {
    return image.contains("@");
  }

  /** Whether an image can be pulled by this digest. */
  public static boolean isDigest(String text) {
    return DIGEST.matcher(text).matches();
  }

  /** The immutable reference of the image, {@code name:tag@sha256:...}. */
  public static String pinned(String image, String digest) {
    return prefix(image) + digest;
  }

  /** Whether {@code pinned} is the image, as specified, with a resolved tag. */
  public static boolean pins(String pinned, String image) {
    return !isPinned(image) && pinned.startsWith(prefix(image));
  }

  /** The resolved reference of the image in the pods of a Deployment. */
  public static Optional<String> pinnedIn(Deployment deployment, String image) {
    return Optional.ofNullable(deployment.getSpec())
        .map(spec -> spec.getTemplate())
        .map(template -> template.getSpec())
        .map(pod -> pod.getContainers())
        .orElse(List.of())
        .stream()
        .map(Container::getImage)
        .filter(running -> running != null && pins(running, image))
        .findFirst();
  }

  /** Adds {@code latest} to an image without a tag: a bare digest has another form. */
  private static String prefix(String image) {
    boolean tagged = image.lastIndexOf(':') > image.lastIndexOf('/');
    return image + (tagged ? "" : LATEST) + "@";
  }
}
