package ru.scoliologic.staging.app;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.AccessPolicy;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.cluster.kube.IngressPolicy;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.kube.StartupLimit;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.ImageReferences;
import ru.scoliologic.staging.cluster.model.ImageTag;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds the application's objects. */
public final class AppResources {
  private static final ComponentName COMPONENT = ComponentName.APP;

  /** Time until Services drop the pod, for an application that stops at once, or never. */
  private static final long DRAIN_SECONDS = 5;

  private static final long GRACE_SECONDS = 30;

  /** Every pod of the environment's namespace. */
  private static final NetworkPolicyPeer NAMESPACE =
      new NetworkPolicyPeerBuilder().withNewPodSelector().endPodSelector().build();

  /** Restarts after which a new version that keeps exiting fails. */
  private static final int CRASHES = 3;

  private static final Set<Reason> THE_VERSIONS_FAULT =
      EnumSet.of(Reason.NOT_HEALTHY, Reason.CONTAINER_CRASHING, Reason.OUT_OF_MEMORY);

  /** A version must stay available for this long. */
  private static final int SETTLE_SECONDS = 2;

  private final StagingEnvironment environment;
  private final AppSpec spec;
  private final HealthCheck health;
  private final Names names;
  private final Map<String, String> variables;
  private final Function<AppVersion, List<LocalObjectReference>> pulledWith;
  private final Predicate<AppVersion> awaitsTag;
  private final NetworkPolicyPeer operator;

  /**
   * Builds the objects of one environment.
   *
   * @param variables of the application; only their hash enters a pod template
   */
  public AppResources(Snapshot snapshot, Map<String, String> variables) {
    this.environment = snapshot.environment();
    this.spec = environment.getSpec().services().app();
    this.health = HealthCheck.of(environment);
    this.names = Names.of(environment);
    this.variables = variables;
    this.pulledWith = version -> pulledWith(snapshot, version);
    this.awaitsTag = version -> awaitsTag(snapshot, version);
    this.operator = AccessPolicy.operator(snapshot);
  }

  /**
   * Secrets to pull a commit's image when the spec no longer names its registry: the pods may have
   * to move to another node.
   */
  private static List<LocalObjectReference> pulledWith(Snapshot snapshot, AppVersion version) {
    boolean named = ImageReferences.isNamed(snapshot.environment(), version.image());
    return named || !version.ofCommit()
        ? List.of()
        : deployment(snapshot, version)
            .map(deployment -> deployment.getSpec().getTemplate().getSpec())
            .map(PodSpec::getImagePullSecrets)
            .orElse(List.of());
  }

  /**
   * The application's part of the plan.
   *
   * @param migration decides which versions may start
   * @param retries the retry request of a version, or empty; a new request changes the pod template
   * @param dependenciesReady whether PostgreSQL and Redis serve; no version starts before
   * @param stopped whether no pod may run now
   */
  public List<PlannedObject> plan(
      Rollout rollout,
      Migration migration,
      Function<AppVersion, String> retries,
      boolean dependenciesReady,
      boolean stopped) {
    var plan = new ArrayList<PlannedObject>();
    for (var volume : spec.volumes()) {
      plan.add(
          new PlannedObject(
              Stage.DEPLOYMENT,
              HardenedPod.volumeClaim(
                  OwnedMetadata.retained(environment, COMPONENT, names.appVolume(volume.path())),
                  volume.size(),
                  volume.storageClassName())));
    }
    plan.add(new PlannedObject(Stage.DEPLOYMENT, service(rollout)));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, policy()));
    for (var version : rollout.kept()) {
      boolean held =
          variables.isEmpty()
              || !dependenciesReady
              || migration.holds(version)
              || awaitsTag.test(version);
      var deployment = deployment(version, retries.apply(version), stopped ? 0 : spec.replicas());
      plan.add(new PlannedObject(Stage.DEPLOYMENT, deployment, held));
    }
    plan.addAll(migration.plan());
    return plan;
  }

  /**
   * Allows the namespace's pods, Traefik among them, and the operator, which checks the version
   * that will serve. The namespace of a shared controller is not known.
   */
  private NetworkPolicy policy() {
    var policy = new IngressPolicy(environment, COMPONENT, names.app());
    var port = new IntOrString("http");
    var checked =
        Stream.of(port, new IntOrString(health.port()))
            .filter(asked -> asked.equals(port) || health.port() != spec.port());
    policy.let(List.of(NAMESPACE)).let(List.of(operator), checked.toArray(IntOrString[]::new));
    return environment.getSpec().ingress().sharesController()
        ? policy.everybodyAt(port).build()
        : policy.build();
  }

  /** Whether a version has no Deployment yet and its tag is being resolved. */
  public static boolean awaitsTag(Snapshot snapshot, AppVersion version) {
    return !exists(snapshot, version)
        && Optional.ofNullable(snapshot.surroundings().reports().tags().get(version.title()))
            .filter(ImageTag::isAsked)
            .isPresent();
  }

  /** Whether a version has a Deployment. */
  public static boolean exists(Snapshot snapshot, AppVersion version) {
    return deployment(snapshot, version).isPresent();
  }

  private static Optional<Deployment> deployment(Snapshot snapshot, AppVersion version) {
    return snapshot.owned().find(Deployment.class, snapshot.names().appVersion(version.id()));
  }

  public static ComponentHealth observe(Snapshot snapshot, Rollout rollout) {
    return observe(snapshot, rollout.serving());
  }

  /** One version's health, from its own pods only. */
  public static ComponentHealth observe(Snapshot snapshot, AppVersion version) {
    return ComponentHealth.of(
        snapshot.ofVersion(COMPONENT, version.id()),
        COMPONENT,
        version.image(),
        deployment(snapshot, version));
  }

  /**
   * Whether a version failed permanently: its container keeps exiting, or it missed its deadline.
   * An image that cannot be pulled, an unschedulable pod, or a Deployment that its controller has
   * not observed yet are not the version's fault.
   */
  public static boolean failedForGood(Snapshot snapshot, AppVersion version) {
    if (!looksAtTheNewest(snapshot, version)) {
      return false;
    }
    var state = observe(snapshot, version);
    if (!THE_VERSIONS_FAULT.contains(state.reason())) {
      return false;
    }
    // Failures while its database was away are not the version's fault.
    var since = Dependencies.ofTheProcessSince(snapshot);
    int deadline = snapshot.environment().getSpec().services().app().deadline();
    boolean late = state.overdue() && !snapshot.now().isBefore(since.plusSeconds(deadline));
    return late
        || (state.reason() != Reason.NOT_HEALTHY
            && snapshot.ofVersion(COMPONENT, version.id()).pods().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .filter(container -> container.getRestartCount() >= CRASHES)
                .anyMatch(container -> !lastRunBegan(container).isBefore(since)));
  }

  /** Start of the container's last run that ended; the maximum if unknown. */
  private static Instant lastRunBegan(ContainerStatus container) {
    return PodStatuses.ends(container)
        .map(ContainerStateTerminated::getStartedAt)
        .filter(Objects::nonNull)
        .findFirst()
        .map(Instant::parse)
        .orElse(Instant.MAX);
  }

  private static boolean looksAtTheNewest(Snapshot snapshot, AppVersion version) {
    return deployment(snapshot, version)
        .filter(deployment -> deployment.getStatus() != null)
        .filter(deployment -> deployment.getStatus().getObservedGeneration() != null)
        .filter(deployment ->
            deployment.getStatus().getObservedGeneration()
                >= deployment.getMetadata().getGeneration())
        // The pods are updated a moment after the change was observed.
        .map(deployment -> deployment.getStatus().getUpdatedReplicas())
        .filter(pods -> pods > 0)
        .isPresent();
  }

  /** Hash of all inputs of a version except its image. */
  public ConfigurationHash configuration() {
    var deployed = Hash.of(deployment(AppVersion.NONE, "", spec.replicas()).getSpec());
    return new ConfigurationHash(
        spec.migration() == null
            ? deployed
            : Hash.of(deployed + Hash.of(spec.migration().withoutBackup())));
  }

  private Map<String, String> selector(AppVersion version) {
    var selector = new TreeMap<>(Labels.selector(environment, COMPONENT));
    selector.put(Labels.VERSION, version.id());
    return selector;
  }

  private Service service(Rollout rollout) {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, names.app());
    var annotations = new TreeMap<String, String>();
    annotations.put(Labels.SWITCHED_AT, rollout.switchedAt().toString());
    annotations.put(Labels.SERVING, rollout.serving().id());
    rollout.previous().ifPresent(version -> annotations.put(Labels.PREVIOUS, version.id()));
    metadata.setAnnotations(annotations);
    return new ServiceBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withSelector(selector(rollout.serving()))
        .addNewPort()
        .withName("http")
        .withPort(80)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString("http"))
        .endPort()
        .endSpec()
        .build();
  }

  private Deployment deployment(AppVersion version, String retry, int replicas) {
    var metadata = OwnedMetadata.owned(environment, COMPONENT, names.appVersion(version.id()));
    // The image as specified; the pod template has the resolved one.
    metadata.setAnnotations(
        Map.of(Labels.IMAGE, version.ofCommit() ? version.image() : version.title()));
    var labels = new TreeMap<>(Labels.of(environment, COMPONENT));
    labels.put(Labels.VERSION, version.id());
    metadata.setLabels(labels);
    var annotations = new TreeMap<>(Map.of(Labels.CONFIG_HASH, Hash.of(new TreeMap<>(variables))));
    if (!retry.isEmpty()) {
      annotations.put(Labels.ATTEMPT, Hash.of(retry));
    }
    return new DeploymentBuilder()
        .withMetadata(metadata)
        .withNewSpec()
        .withReplicas(replicas)
        .withRevisionHistoryLimit(2)
        .withMinReadySeconds(SETTLE_SECONDS)
        .withProgressDeadlineSeconds(spec.deadline())
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxUnavailable(new IntOrString(0))
        .withMaxSurge(new IntOrString(1))
        .endRollingUpdate()
        .endStrategy()
        .withNewSelector()
        .withMatchLabels(selector(version))
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels)
        .withAnnotations(annotations)
        .endMetadata()
        .withSpec(podSpec(version))
        .endTemplate()
        .endSpec()
        .build();
  }

  private PodSpec podSpec(AppVersion version) {
    var volumes = new ArrayList<Volume>();
    volumes.add(emptyDir("tmp"));
    spec.volumes()
        .forEach(v -> volumes.add(claim(Names.podVolume(v.path()), names.appVolume(v.path()))));
    var secrets = new ArrayList<>(ImageReferences.pullSecrets(environment, version));
    var given = Objects.requireNonNullElse(spec.imagePullSecrets(), List.of());
    pulledWith.apply(version).stream()
        .filter(secret -> !given.contains(secret) && !secrets.contains(secret))
        .forEach(secrets::add);
    return HardenedPod.pod(spec, spec.runAsUser())
        .addAllToImagePullSecrets(secrets)
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .withAffinity(spec.volumes().isEmpty() ? null : besideTheServingVersion())
        .withContainers(container(version))
        .withVolumes(volumes)
        .build();
  }

  /** A volume is mounted on one node at a time, so a new version must start on the same node. */
  private Affinity besideTheServingVersion() {
    return new AffinityBuilder()
        .withNewPodAffinity()
        .addNewRequiredDuringSchedulingIgnoredDuringExecution()
        .withTopologyKey("kubernetes.io/hostname")
        .withNewLabelSelector()
        .withMatchLabels(Labels.selector(environment, COMPONENT))
        .endLabelSelector()
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endPodAffinity()
        .build();
  }

  private Container container(AppVersion version) {
    var mounts = new ArrayList<VolumeMount>();
    mounts.add(mount("tmp", "/tmp"));
    spec.volumes().forEach(v -> mounts.add(mount(Names.podVolume(v.path()), v.path())));
    return HardenedPod.container(
            COMPONENT.label(), spec, HardenedPod.resources("100m", "256Mi", "1Gi"))
        .withImage(version.image())
        .withImagePullPolicy(version.pullPolicy())
        .withCommand(spec.command())
        .withArgs(spec.args())
        .addNewEnvFrom()
        .withNewSecretRef(names.appEnvironment(), false)
        .endEnvFrom()
        .addNewPort()
        .withName("http")
        .withContainerPort(spec.port())
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(StartupLimit.of(health.probe(), spec.startSeconds()))
        .withReadinessProbe(readinessProbe())
        .withLivenessProbe(tcpProbe())
        .withNewLifecycle()
        .withNewPreStop()
        .withNewSleep(DRAIN_SECONDS)
        .endPreStop()
        .endLifecycle()
        .withVolumeMounts(mounts)
        .build();
  }

  private Probe readinessProbe() {
    return health
        .probe()
        .withPeriodSeconds(5)
        .withTimeoutSeconds(5)
        .withFailureThreshold(3)
        .build();
  }

  /** Only a process that accepts no connection is restarted: its database may just be down. */
  private static Probe tcpProbe() {
    return new ProbeBuilder()
        .withNewTcpSocket()
        .withPort(new IntOrString("http"))
        .endTcpSocket()
        .withPeriodSeconds(15)
        .withTimeoutSeconds(5)
        .withFailureThreshold(4)
        .build();
  }
}
