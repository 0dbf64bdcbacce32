package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * Where the images of commits are, by the names that each side knows it under (pure). The agent
 * pushes to the environment's registry by its Service; a node pulls from its own loopback address,
 * at the Service's node port: container runtimes take plain HTTP from there and nowhere else.
 */
public final class ImageRegistry {
  /** Port of the environment's own registry. */
  public static final int PORT = 5000;

  private static final String REPOSITORY = "app";
  private static final String LOOPBACK = "127.0.0.1";

  private ImageRegistry() {}

  /** Whether the environment has a registry of its own. */
  public static boolean isOwn(StagingEnvironment environment) {
    var gitops = environment.getSpec().gitops();
    return gitops != null && gitops.ownRegistry();
  }

  /** The environment's registry as its pods reach it, such as {@code demo-registry:5000}. */
  public static String service(StagingEnvironment environment) {
    return Names.of(environment).registry() + ":" + PORT;
  }

  /** The repository that is pushed to, without a tag. */
  public static String repository(StagingEnvironment environment) {
    return isOwn(environment)
        ? service(environment) + "/" + REPOSITORY
        : environment.getSpec().gitops().registry().external().repository();
  }

  /**
   * The image as a node pulls it.
   *
   * @param digest {@code sha256:...}
   * @return empty while the environment's registry has no node port yet
   */
  public static Optional<String> reference(Snapshot snapshot, String digest) {
    var environment = snapshot.environment();
    return isOwn(environment)
        ? node(snapshot).map(host -> host + "/" + REPOSITORY + "@" + digest)
        : Optional.of(repository(environment) + "@" + digest);
  }

  /** The environment's registry as a node reaches it; empty while it has no node port yet. */
  public static Optional<String> node(Snapshot snapshot) {
    return snapshot.owned().find(Service.class, snapshot.names().registry()).stream()
        .flatMap(service -> service.getSpec().getPorts().stream())
        .map(ServicePort::getNodePort)
        .filter(port -> port != null && port > 0)
        .map(port -> LOOPBACK + ":" + port)
        .findFirst();
  }

  /** Secrets with which a node pulls a version that was built from a commit. */
  public static List<LocalObjectReference> pullSecrets(
      StagingEnvironment environment, Version version) {
    var gitops = environment.getSpec().gitops();
    if (gitops == null || !version.ofCommit()) {
      return List.of();
    }
    return gitops.ownRegistry()
        ? List.of(new LocalObjectReference(Names.of(environment).registryPull()))
        : Stream.ofNullable(gitops.registry().external().credentials())
            .map(secret -> new LocalObjectReference(secret.name()))
            .toList();
  }
}
