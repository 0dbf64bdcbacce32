package ru.scoliologic.staging.registry;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.HardenedPod.readOnly;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.Registry;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.AccessPolicy;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.OnePod;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds the objects of the registry that keeps the images of commits (pure). */
public final class RegistryResources {
  public static final String COMPONENT = "registry";

  private static final long USER = 65532;
  private static final String DATA = "/var/lib/registry";
  private static final String CONFIGURATION = "config.yml";
  private static final String SCRIPT = "serve.sh";
  private static final int LOOK_SECONDS = 10;
  private static final String CONFIGURATION_FOLDER = "/etc/staging-registry/config";
  private static final String USERS_FOLDER = "/etc/staging-registry/users";
  private static final String USERS = "htpasswd";
  private static final String DOCKER_CONFIG = ".dockerconfigjson";
  private static final String AGENT = "gitops-agent";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Snapshot snapshot;
  private final StagingEnvironment environment;
  private final Names names;
  private final Registry spec;
  private final OnePod registry;
  private final Login login;

  /**
   * Who may push and pull.
   *
   * @param user the only one
   * @param password empty while it is not known, and then nothing that holds it is made
   * @param htpasswd line of the user
   */
  public record Login(String user, String password, String htpasswd) {}

  private RegistryResources(Snapshot snapshot, Login login) {
    this.snapshot = snapshot;
    this.environment = snapshot.environment();
    this.names = snapshot.names();
    this.spec = environment.getSpec().gitops().registry();
    this.registry = new OnePod(environment, COMPONENT, names.registry(), ImageRegistry.PORT);
    this.login = login;
  }

  /** The registry's part of the plan; nothing when images are kept elsewhere. */
  public static List<Planned> plan(Snapshot snapshot, Stage stage, Login login) {
    return ImageRegistry.isOwn(snapshot.environment())
        ? new RegistryResources(snapshot, login).plan(stage)
        : List.of();
  }

  /** How it is doing; empty when images are kept elsewhere. */
  public static Optional<Component> observe(Snapshot snapshot) {
    if (!ImageRegistry.isOwn(snapshot.environment())) {
      return Optional.empty();
    }
    return Optional.of(
        Component.of(
            snapshot,
            COMPONENT,
            snapshot.environment().getSpec().gitops().registry().effectiveImage(),
            snapshot.owned().find(Deployment.class, snapshot.names().registry())));
  }

  private List<Planned> plan(Stage stage) {
    boolean unknown = login.password().isEmpty();
    var node = ImageRegistry.node(snapshot);
    return List.of(
        new Planned(
            stage,
            HardenedPod.volumeClaim(
                Ownership.retained(environment, COMPONENT, names.registry()),
                spec.storage(),
                spec.storageClassName())),
        new Planned(stage, configuration()),
        new Planned(stage, users(), unknown),
        new Planned(stage, pull(node.orElse("")), unknown || node.isEmpty()),
        new Planned(stage, service()),
        new Planned(stage, networkPolicy()),
        new Planned(
            stage, registry.deployment(pod(), Hash.of(configurationFile() + script())), unknown));
  }

  private ConfigMap configuration() {
    return new ConfigMapBuilder()
        .withMetadata(owned(names.registry()))
        .withData(Map.of(CONFIGURATION, configurationFile(), SCRIPT, script()))
        .build();
  }

  private String configurationFile() {
    return """
    version: 0.1
    log:
      accesslog: {disabled: true}
    storage:
      filesystem: {rootdirectory: %s}
      delete: {enabled: true}
    auth:
      htpasswd: {realm: %s, path: %s}
    http:
      addr: :%d
      headers: {X-Content-Type-Options: [nosniff]}
    """
        .formatted(DATA, names.registry(), USERS_FOLDER + "/" + USERS, ImageRegistry.PORT);
  }

  /** What the registry knows its user by, and what the agent pushes with. */
  private Secret users() {
    return new SecretBuilder()
        .withMetadata(owned(names.registryUsers()))
        .withType("Opaque")
        .withData(
            Map.of(
                USERS,
                encoded(login.htpasswd() + "\n"),
                DOCKER_CONFIG,
                encoded(dockerConfig(ImageRegistry.service(environment)))))
        .build();
  }

  /** What nodes pull with. */
  private Secret pull(String node) {
    return new SecretBuilder()
        .withMetadata(owned(names.registryPull()))
        .withType("kubernetes.io/dockerconfigjson")
        .withData(Map.of(DOCKER_CONFIG, encoded(dockerConfig(node))))
        .build();
  }

  /** In the form of ~/.docker/config.json. */
  private String dockerConfig(String host) {
    try {
      return JSON.writeValueAsString(
          Map.of(
              "auths",
              Map.of(host, Map.of("auth", encoded(login.user() + ":" + login.password())))));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Nodes reach it at a port of theirs, which the cluster chooses. */
  private Service service() {
    return new ServiceBuilder(registry.service()).editSpec().withType("NodePort").endSpec().build();
  }

  /** Lets in the agent, and the nodes themselves. */
  private NetworkPolicy networkPolicy() {
    var policy = new AccessPolicy(environment, COMPONENT, names.registry(), ImageRegistry.PORT);
    var nodes =
        NodeAddresses.of(snapshot.surroundings().nodes()).stream()
            .map(address ->
                new NetworkPolicyPeerBuilder()
                    .withNewIpBlock()
                    .withCidr(address)
                    .endIpBlock()
                    .build());
    return policy.lettingIn(Stream.concat(Stream.of(policy.peer(AGENT)), nodes).toList());
  }

  private PodSpec pod() {
    return HardenedPod.pod(spec, USER)
        .withTerminationGracePeriodSeconds(30L)
        .withContainers(server())
        .withVolumes(
            claim("data", names.registry()),
            emptyDir("tmp"),
            new VolumeBuilder()
                .withName("configuration")
                .withNewConfigMap()
                .withName(names.registry())
                .endConfigMap()
                .build(),
            new VolumeBuilder()
                .withName("users")
                .withNewSecret()
                .withSecretName(names.registryUsers())
                .addNewItem()
                .withKey(USERS)
                .withPath(USERS)
                .endItem()
                .endSecret()
                .build())
        .build();
  }

  private Container server() {
    return container(COMPONENT)
        .withCommand("sh", CONFIGURATION_FOLDER + "/" + SCRIPT)
        .addAllToEnv(
            List.of(
                variable("CONFIG", CONFIGURATION_FOLDER + "/" + CONFIGURATION),
                variable("DATA", DATA),
                variable("LOOK", Integer.toString(LOOK_SECONDS))))
        .addNewPort()
        .withName(OnePod.PORT)
        .withContainerPort(ImageRegistry.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(OnePod.probe("/", 2, 60))
        .withReadinessProbe(OnePod.probe("/", 5, 3))
        .withLivenessProbe(OnePod.probe("/", 15, 4))
        .build();
  }

  private ContainerBuilder container(String name) {
    return HardenedPod.container(name, spec, HardenedPod.resources("50m", "64Mi", "256Mi"))
        .withEnv(variable("OTEL_TRACES_EXPORTER", "none"))
        .withVolumeMounts(
            mount("data", DATA),
            readOnly("configuration", CONFIGURATION_FOLDER),
            readOnly("users", USERS_FOLDER),
            mount("tmp", "/tmp"));
  }

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private static String script() {
    try (var input = RegistryResources.class.getResourceAsStream("/registry/" + SCRIPT)) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ObjectMeta owned(String name) {
    return Ownership.owned(environment, COMPONENT, name);
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
