package ru.scoliologic.staging.registry;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
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
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.Registry;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.AccessPolicy;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds the objects of the registry for the images of commits. */
public final class RegistryResources {
  private static final ComponentName COMPONENT = ComponentName.REGISTRY;

  private static final long USER = 65532;
  private static final String DATA = "/var/lib/registry";
  private static final String CONFIGURATION = "config.yml";
  private static final String SCRIPT = "serve.sh";
  private static final int LOOK_SECONDS = 10;
  private static final String CONFIGURATION_FOLDER = "/etc/staging-registry/config";
  private static final String USERS_FOLDER = "/etc/staging-registry/users";
  private static final String USERS = "htpasswd";
  private static final String DOCKER_CONFIG = ".dockerconfigjson";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Snapshot snapshot;
  private final StagingEnvironment environment;
  private final Names names;
  private final Registry spec;
  private final SinglePodWorkload registry;
  private final Login login;

  /**
   * The login for pushes and pulls.
   *
   * @param user the only user
   * @param password empty while unknown; objects that hold it are not created then
   * @param htpasswd the user's line
   */
  public record Login(String user, String password, String htpasswd) {}

  private RegistryResources(Snapshot snapshot, Login login) {
    this.snapshot = snapshot;
    this.environment = snapshot.environment();
    this.names = snapshot.names();
    this.spec =
        Optional.ofNullable(environment.getSpec().gitops())
            .map(GitopsSpec::registry)
            .orElse(Registry.DEFAULTS);
    this.registry =
        new SinglePodWorkload(environment, COMPONENT, names.registry(), ImageReferences.PORT);
    this.login = login;
  }

  /** The registry's part of the plan; empty when an external registry is used. */
  public static List<PlannedObject> plan(Snapshot snapshot, Stage stage, Login login) {
    return ImageReferences.isOwn(snapshot.environment())
        ? new RegistryResources(snapshot, login).plan(stage)
        : List.of();
  }

  /**
   * The registry of an environment whose spec no longer has one, while a version with an image in
   * it runs: its pod may have to be pulled on another node. Without spec.gitops, its settings are
   * read from its objects.
   */
  public static List<PlannedObject> planLeftBehind(Snapshot snapshot, Stage stage, Login login) {
    var plan = new RegistryResources(snapshot, login).plan(stage);
    return snapshot.environment().getSpec().gitops() != null
        ? plan
        : plan.stream().map(planned -> asItIs(snapshot, planned)).toList();
  }

  private static PlannedObject asItIs(Snapshot snapshot, PlannedObject planned) {
    var name = planned.object().getMetadata().getName();
    var there =
        switch (planned.object()) {
          case PersistentVolumeClaim claim ->
              snapshot
                  .owned()
                  .find(PersistentVolumeClaim.class, name)
                  .map(found -> (HasMetadata) new PersistentVolumeClaimBuilder(found).build());
          case Deployment deployment ->
              snapshot
                  .owned()
                  .find(Deployment.class, name)
                  .map(found -> (HasMetadata) new DeploymentBuilder(found).build());
          default -> Optional.<HasMetadata>empty();
        };
    return there.map(found -> new PlannedObject(planned.stage(), found, true)).orElse(planned);
  }

  /** Health of the registry; empty when an external one is used. */
  public static Optional<ComponentHealth> observe(Snapshot snapshot) {
    if (!ImageReferences.isOwn(snapshot.environment())) {
      return Optional.empty();
    }
    return Optional.of(
        ComponentHealth.of(
            snapshot,
            COMPONENT,
            snapshot.environment().getSpec().gitops().registry().effectiveImage(),
            snapshot.owned().find(Deployment.class, snapshot.names().registry())));
  }

  private List<PlannedObject> plan(Stage stage) {
    boolean unknown = login.password().isEmpty();
    var node = ImageReferences.node(snapshot);
    return List.of(
        new PlannedObject(
            stage,
            HardenedPod.volumeClaim(
                OwnedMetadata.retained(environment, COMPONENT, names.registry()),
                spec.storage(),
                spec.storageClassName())),
        new PlannedObject(stage, configuration()),
        new PlannedObject(stage, users(), unknown),
        new PlannedObject(stage, pull(node.orElse("")), unknown || node.isEmpty()),
        new PlannedObject(stage, service()),
        new PlannedObject(stage, networkPolicy()),
        new PlannedObject(
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
        .formatted(DATA, names.registry(), USERS_FOLDER + "/" + USERS, ImageReferences.PORT);
  }

  /** The user's hash for the registry, and the agent's login for pushes. */
  private Secret users() {
    return new SecretBuilder()
        .withMetadata(owned(names.registryUsers()))
        .withType("Opaque")
        .withData(
            Map.of(
                USERS,
                encoded(login.htpasswd() + "\n"),
                DOCKER_CONFIG,
                encoded(dockerConfig(ImageReferences.service(environment)))))
        .build();
  }

  /** The nodes' login for pulls. */
  private Secret pull(String node) {
    return new SecretBuilder()
        .withMetadata(owned(names.registryPull()))
        .withType("kubernetes.io/dockerconfigjson")
        .withData(Map.of(DOCKER_CONFIG, encoded(dockerConfig(node))))
        .build();
  }

  /** In the format of ~/.docker/config.json. */
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

  /** A node port, which the cluster assigns. */
  private Service service() {
    return new ServiceBuilder(registry.service()).editSpec().withType("NodePort").endSpec().build();
  }

  /** Allows the agent and the nodes. */
  private NetworkPolicy networkPolicy() {
    var policy = new AccessPolicy(environment, COMPONENT, names.registry(), ImageReferences.PORT);
    var nodes =
        NodeAddresses.of(snapshot.surroundings().nodes().all()).stream()
            .map(address ->
                new NetworkPolicyPeerBuilder()
                    .withNewIpBlock()
                    .withCidr(address)
                    .endIpBlock()
                    .build());
    return policy.lettingIn(
        Stream.concat(Stream.of(policy.peer(ComponentName.AGENT)), nodes).toList());
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
    return container(COMPONENT.label())
        .withCommand("sh", CONFIGURATION_FOLDER + "/" + SCRIPT)
        .addAllToEnv(
            List.of(
                variable("CONFIG", CONFIGURATION_FOLDER + "/" + CONFIGURATION),
                variable("DATA", DATA),
                variable("LOOK", Integer.toString(LOOK_SECONDS))))
        .addNewPort()
        .withName(SinglePodWorkload.PORT)
        .withContainerPort(ImageReferences.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(
            SinglePodWorkload.startupProbe("/", ComponentSpec.DEFAULT_DEADLINE_SECONDS))
        .withReadinessProbe(SinglePodWorkload.probe("/", 5, 3))
        .withLivenessProbe(SinglePodWorkload.probe("/", 15, 4))
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
    return OwnedMetadata.owned(environment, COMPONENT, name);
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
