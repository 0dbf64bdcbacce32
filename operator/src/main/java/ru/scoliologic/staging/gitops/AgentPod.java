package ru.scoliologic.staging.gitops;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.Build;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.kube.StartupLimit;
import ru.scoliologic.staging.cluster.model.AgentContract;
import ru.scoliologic.staging.cluster.model.ImageReferences;

/**
 * The agent's pod: the agent, and where no Docker engine is given one beside it. The engine runs
 * repository code, with privileges; so it gets neither the agent's token nor the Git credentials.
 */
final class AgentPod {
  private static final long USER = 65532;
  private static final long ROOT = 0;
  private static final String ENGINE = "engine";
  private static final String ARCHITECTURE = "kubernetes.io/arch";
  private static final String ENGINE_ADDRESS = "tcp://127.0.0.1:2375";
  private static final String TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount";

  /**
   * Network of build containers; from a range (RFC 2544) that nodes are not in. Nodes often are in
   * the engine's default range, and then their messages about too large packets would be lost.
   */
  private static final String BUILDS_NETWORK = "198.18.0.1/24";

  /** Limits builds to the MTU of the pod, which the engine does not detect. */
  private static final String WITH_THE_PODS_MTU =
      "exec dockerd-entrypoint.sh \"$0\" \"$@\" --mtu=\"$(cat /sys/class/net/eth0/mtu)\"";

  /** Seconds; the kubelet renews it in time. */
  private static final long TOKEN_LIFE = 3607;

  private static final Quantity WORK_LIMIT = new Quantity("5Gi");

  private final StagingEnvironment environment;
  private final GitopsSpec spec;
  private final Build.Engine engine;
  private final Names names;
  private final String image;
  private final List<Volume> volumes = new ArrayList<>();
  private final List<VolumeMount> mounts = new ArrayList<>();

  /**
   * The agent's pod of one environment.
   *
   * @param image the operator's own
   */
  AgentPod(StagingEnvironment environment, String image) {
    this.environment = environment;
    this.spec = environment.getSpec().gitops();
    this.engine = spec.build().engine();
    this.names = Names.of(environment);
    this.image = image;
    mountAll();
  }

  /** A container of the pod that is no component of its own. */
  private record Part(String image, ResourceRequirements resources) implements ComponentSpec {
    @Override
    public List<LocalObjectReference> imagePullSecrets() {
      return List.of();
    }

    @Override
    public Map<String, String> nodeSelector() {
      return Map.of();
    }

    @Override
    public List<Toleration> tolerations() {
      return List.of();
    }

    @Override
    public String defaultImage() {
      return image;
    }
  }

  String engineAddress() {
    return engine.host() == null ? ENGINE_ADDRESS : engine.host();
  }

  PodSpec spec() {
    // No fsGroup: it would give every file of the engine's layers to a group.
    return new PodSpecBuilder()
        .withServiceAccountName(names.agent())
        .withAutomountServiceAccountToken(false)
        .withEnableServiceLinks(false)
        .withImagePullSecrets(pullSecrets())
        .withNodeSelector(nodeSelector())
        .withTolerations(spec.tolerations())
        .withTerminationGracePeriodSeconds(30L)
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withRunAsUser(USER)
        .withRunAsGroup(USER)
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        .endSecurityContext()
        .withInitContainers(initContainers())
        .withContainers(agent())
        .withVolumes(volumes)
        .build();
  }

  /** The engine builds for its own node, so the node has the architecture of the application. */
  private Map<String, String> nodeSelector() {
    var ofTheApp = environment.getSpec().services().app().nodeSelector();
    var architecture = ofTheApp == null ? null : ofTheApp.get(ARCHITECTURE);
    return spec.nodeSelector() != null || architecture == null
        ? spec.nodeSelector()
        : Map.of(ARCHITECTURE, architecture);
  }

  /** The images of the agent and of the engine are pulled like others of the environment. */
  private List<LocalObjectReference> pullSecrets() {
    return Stream.of(environment.getSpec().services().app(), spec.registry())
        .map(ComponentSpec::imagePullSecrets)
        .filter(Objects::nonNull)
        .flatMap(List::stream)
        .distinct()
        .toList();
  }

  private void mountAll() {
    mounts.add(mount("tmp", "/tmp"));
    volumes.add(emptyDir("tmp"));
    mounts.add(mount("work", AgentContract.WORK));
    volumes.add(
        new VolumeBuilder()
            .withName("work")
            .withNewEmptyDir()
            .withSizeLimit(WORK_LIMIT)
            .endEmptyDir()
            .build());
    folder(
        configMap("config", names.agentConfig(), AgentContract.CONFIG_KEY, "config.json"),
        AgentContract.CONFIG_FILE);
    mounts.add(readOnly("token", TOKEN));
    volumes.add(token());
    if (spec.credentials() != null) {
      mounts.add(readOnly("git", AgentContract.GIT_CREDENTIALS));
      volumes.add(credentials());
    }
    if (spec.caBundle() != null) {
      var ref = spec.caBundle().configMapKeyRef();
      folder(configMap("ca", ref.name(), ref.key(), "ca.pem"), AgentContract.GIT_CA);
    }
    if (spec.webhook() != null) {
      var ref = spec.webhook().secretKeyRef();
      folder(secret("webhook", ref.name(), ref.key(), "secret"), AgentContract.WEBHOOK_SECRET);
    }
    registry();
    if (engine.tls() != null) {
      mounts.add(readOnly("engine-tls", AgentContract.ENGINE_TLS));
      volumes.add(secret("engine-tls", engine.tls().name()));
    }
    if (engine.host() == null) {
      volumes.add(claim(ENGINE, names.agent()));
    }
    if (engine.baseImages() != null) {
      mounts.add(readOnly("base-images", AgentContract.BASE_IMAGES));
      volumes.add(emptyDir("base-images"));
    }
  }

  /** Only the keys of the Secret that Git needs; a user name may be absent. */
  private Volume credentials() {
    var keys =
        spec.overHttp() ? List.of("token", "username") : List.of("sshPrivateKey", "knownHosts");
    return new VolumeBuilder()
        .withName("git")
        .withNewSecret()
        .withSecretName(spec.credentials().name())
        .withOptional(true)
        .withItems(keys.stream().map(key -> new KeyToPath(key, null, key)).toList())
        .endSecret()
        .build();
  }

  private void registry() {
    var key = ".dockerconfigjson";
    if (ImageReferences.isOwn(environment)) {
      folder(
          secret("registry", names.registryUsers(), key, key), AgentContract.REGISTRY_CREDENTIALS);
    } else if (spec.registry().external().credentials() != null) {
      folder(
          secret("registry", spec.registry().external().credentials().name(), key, key),
          AgentContract.REGISTRY_CREDENTIALS);
    }
  }

  /** A volume with one file, at the path where the agent reads it. */
  private void folder(Volume volume, String file) {
    mounts.add(readOnly(volume.getName(), Objects.toString(Path.of(file).getParent())));
    volumes.add(volume);
  }

  /** The token of the pod's ServiceAccount, only for the agent's container. */
  private static Volume token() {
    return new VolumeBuilder()
        .withName("token")
        .withNewProjected()
        .addNewSource()
        .withNewServiceAccountToken()
        .withExpirationSeconds(TOKEN_LIFE)
        .withPath("token")
        .endServiceAccountToken()
        .endSource()
        .addNewSource()
        .withNewConfigMap()
        .withName("kube-root-ca.crt")
        .addNewItem()
        .withKey("ca.crt")
        .withPath("ca.crt")
        .endItem()
        .endConfigMap()
        .endSource()
        .addNewSource()
        .withNewDownwardAPI()
        .addNewItem()
        .withPath("namespace")
        .withNewFieldRef()
        .withFieldPath("metadata.namespace")
        .endFieldRef()
        .endItem()
        .endDownwardAPI()
        .endSource()
        .endProjected()
        .build();
  }

  private static Volume secret(String name, String secret) {
    return new VolumeBuilder()
        .withName(name)
        .withNewSecret()
        .withSecretName(secret)
        .endSecret()
        .build();
  }

  private static Volume secret(String name, String secret, String key, String file) {
    return new VolumeBuilder(secret(name, secret))
        .editSecret()
        .addNewItem()
        .withKey(key)
        .withPath(file)
        .endItem()
        .endSecret()
        .build();
  }

  private static Volume configMap(String name, String configMap, String key, String file) {
    return new VolumeBuilder()
        .withName(name)
        .withNewConfigMap()
        .withName(configMap)
        .addNewItem()
        .withKey(key)
        .withPath(file)
        .endItem()
        .endConfigMap()
        .build();
  }

  private Container agent() {
    return HardenedPod.container(
            "agent",
            new Part(image, spec.resources()),
            HardenedPod.resources("50m", "192Mi", "512Mi"))
        .withArgs("agent")
        .addNewPort()
        .withName(SinglePodWorkload.PORT)
        .withContainerPort(AgentContract.PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(
            SinglePodWorkload.startupProbe("/healthz", ComponentSpec.DEFAULT_DEADLINE_SECONDS))
        .withReadinessProbe(SinglePodWorkload.probe("/healthz", 5, 3))
        .withLivenessProbe(SinglePodWorkload.probe("/healthz", 15, 4))
        .withVolumeMounts(mounts)
        .build();
  }

  private List<Container> initContainers() {
    var containers = new ArrayList<Container>();
    if (engine.baseImages() != null) {
      containers.add(baseImages());
    }
    if (engine.host() == null) {
      containers.add(engine());
    }
    return containers;
  }

  /** Copies the archives for the agent, which loads them into the engine. */
  private Container baseImages() {
    return HardenedPod.container(
            "base-images",
            new Part(engine.baseImages(), null),
            HardenedPod.resources("10m", "32Mi", "256Mi"))
        .withCommand("cp", "-r", AgentContract.BASE_IMAGES + "/.", "/loaded")
        .withVolumeMounts(mount("base-images", "/loaded"))
        .build();
  }

  /** A sidecar: it runs before the agent starts and until it has ended; no other pod reaches it. */
  private Container engine() {
    var arguments =
        new ArrayList<>(List.of("dockerd", "--host=" + ENGINE_ADDRESS, "--bip=" + BUILDS_NETWORK));
    if (ImageReferences.isOwn(environment)) {
      arguments.add("--insecure-registry=" + ImageReferences.service(environment));
    }
    return new ContainerBuilder()
        .withName(ENGINE)
        .withImage(engine.image() == null ? Build.Engine.DEFAULT_IMAGE : engine.image())
        .withRestartPolicy("Always")
        // With dockerd among the arguments the image adds no listen address of its own.
        .withCommand("sh", "-c", WITH_THE_PODS_MTU)
        .withArgs(arguments)
        .addNewEnv()
        .withName("DOCKER_TLS_CERTDIR")
        .withValue("")
        .endEnv()
        .withResources(
            engine.resources() == null
                ? HardenedPod.resources("100m", "256Mi", "4Gi")
                : engine.resources())
        .withNewSecurityContext()
        .withPrivileged(true)
        .withRunAsNonRoot(false)
        .withRunAsUser(ROOT)
        .withRunAsGroup(ROOT)
        .endSecurityContext()
        .withStartupProbe(
            StartupLimit.of(
                new ProbeBuilder()
                    .withNewExec()
                    .withCommand("docker", "--host=" + ENGINE_ADDRESS, "version")
                    .endExec(),
                ComponentSpec.DEFAULT_DEADLINE_SECONDS))
        .withVolumeMounts(mount(ENGINE, "/var/lib/docker"))
        .build();
  }
}
