package ru.scoliologic.staging.cluster.model;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;

/**
 * References of commit images, as each side resolves them. The agent pushes to the environment's
 * registry by its Service. A node pulls from its own loopback address at the Service's node port,
 * the only address from which container runtimes accept plain HTTP.
 */
public final class ImageReferences {
  /** Port of the environment's own registry. */
  public static final int PORT = 5000;

  private static final String REPOSITORY = "app";
  private static final String LOOPBACK = "127.0.0.1";
  private static final Pattern OWN_IMAGE =
      Pattern.compile(Pattern.quote(LOOPBACK) + ":[0-9]+/" + REPOSITORY + "@sha256:[0-9a-f]+");

  private ImageReferences() {}

  /** Whether the environment runs its own registry. */
  public static boolean isOwn(StagingEnvironment environment) {
    var gitops = environment.getSpec().gitops();
    return gitops != null && gitops.ownRegistry();
  }

  /** Whether the image is in the environment's own registry or in the one that the spec names. */
  public static boolean isNamed(StagingEnvironment environment, String image) {
    var gitops = environment.getSpec().gitops();
    return isInOwn(image)
        || (gitops != null
            && !gitops.ownRegistry()
            && image.startsWith(gitops.registry().external().repository() + "@"));
  }

  /** The environment's registry for its pods, such as {@code demo-registry:5000}. */
  public static String service(StagingEnvironment environment) {
    return Names.of(environment).registry() + ":" + PORT;
  }

  /** The repository for pushes, without a tag. */
  public static String repository(StagingEnvironment environment) {
    return isOwn(environment)
        ? service(environment) + "/" + REPOSITORY
        : environment.getSpec().gitops().registry().external().repository();
  }

  /** Whether a node's image reference points to the environment's own registry. */
  public static boolean isInOwn(String image) {
    return OWN_IMAGE.matcher(image).matches();
  }

  /**
   * The reference by which a node pulls a commit's image: from where it was pushed, although the
   * spec may now name another registry or none.
   *
   * @param digest {@code sha256:...}
   * @param recorded reference in its release, if any
   * @return empty while the environment's registry has no node port yet
   */
  public static Optional<String> reference(
      Snapshot snapshot, String digest, Optional<String> recorded) {
    var environment = snapshot.environment();
    var pushed = recorded.filter(image -> image.endsWith("@" + digest));
    if (pushed.map(ImageReferences::isInOwn).orElseGet(() -> isOwn(environment))) {
      return node(snapshot).map(host -> host + "/" + REPOSITORY + "@" + digest);
    }
    return pushed.or(() ->
        Optional.ofNullable(environment.getSpec().gitops())
            .map(gitops -> repository(environment) + "@" + digest));
  }

  /** The environment's registry for a node; empty while it has no node port yet. */
  public static Optional<String> node(Snapshot snapshot) {
    return snapshot.owned().find(Service.class, snapshot.names().registry()).stream()
        .flatMap(service -> service.getSpec().getPorts().stream())
        .map(ServicePort::getNodePort)
        .filter(port -> port != null && port > 0)
        .map(port -> LOOPBACK + ":" + port)
        .findFirst();
  }

  /** Secrets with which a node pulls a version of a commit. */
  public static List<LocalObjectReference> pullSecrets(
      StagingEnvironment environment, AppVersion version) {
    var gitops = environment.getSpec().gitops();
    if (isInOwn(version.image())) {
      return List.of(new LocalObjectReference(Names.of(environment).registryPull()));
    }
    if (gitops == null || !version.ofCommit()) {
      return List.of();
    }
    // Includes images pushed elsewhere before: it may be the same registry.
    return Stream.ofNullable(gitops.registry().external())
        .flatMap(external -> Stream.ofNullable(external.credentials()))
        .map(secret -> new LocalObjectReference(secret.name()))
        .toList();
  }
}
