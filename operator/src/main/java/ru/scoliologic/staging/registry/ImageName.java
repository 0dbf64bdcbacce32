package ru.scoliologic.staging.registry;

import java.net.URI;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * An image's tag and its registry.
 *
 * @param host of the registry, with its port if given
 * @param repository within it
 * @param tag {@code latest} if not given
 */
public record ImageName(String host, String repository, String tag) {
  static final String DOCKER_HUB = "registry-1.docker.io";
  private static final Set<String> NAMES_OF_DOCKER_HUB =
      Set.of("docker.io", "index.docker.io", DOCKER_HUB);

  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127(\\.[0-9]+){3}|\\[::1])(:[0-9]+)?");

  /** Parses a reference as container runtimes do; without a host it is on Docker Hub. */
  public static ImageName of(String image) {
    int slash = image.indexOf('/');
    var first = slash < 0 ? "" : image.substring(0, slash);
    boolean named = first.contains(".") || first.contains(":") || first.equals("localhost");
    var host = canonical(named ? first : "docker.io");
    var path = named ? image.substring(slash + 1) : image;
    int colon = path.lastIndexOf(':');
    boolean tagged = colon > path.lastIndexOf('/');
    var repository = tagged ? path.substring(0, colon) : path;
    boolean official = host.equals(DOCKER_HUB) && !repository.contains("/");
    return new ImageName(
        host,
        official ? "library/" + repository : repository,
        tagged ? path.substring(colon + 1) : "latest");
  }

  /** The host to query for a registry of that name. */
  static String canonical(String host) {
    return NAMES_OF_DOCKER_HUB.contains(host) ? DOCKER_HUB : host;
  }

  /** Whether the registry is on each node's loopback address: only the node reaches it. */
  public boolean isAtTheNode() {
    return LOOPBACK.matcher(host).matches();
  }

  URI manifest() {
    return URI.create("https://%s/v2/%s/manifests/%s".formatted(host, repository, tag));
  }
}
