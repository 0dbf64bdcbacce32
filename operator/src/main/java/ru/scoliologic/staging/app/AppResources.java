package ru.scoliologic.staging.app;

import static ru.scoliologic.staging.cluster.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.HardenedPod.mount;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
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
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.HardenedPod;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.ImageRegistry;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Ownership;
import ru.scoliologic.staging.cluster.Planned;
import ru.scoliologic.staging.cluster.PodSays;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.cluster.Version;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;

/** Builds the application's objects (pure). */
public final class AppResources {
  public static final String COMPONENT = "app";

  /** Time in which Services forget the pod, for an application that stops at once, or never. */
  private static final long DRAIN_SECONDS = 5;

  private static final long GRACE_SECONDS = 30;
  private static final int PROBE_PERIOD = 2;

  /** Restarts after which a new version that keeps ending is given up. */
  private static final int CRASHES = 3;

  private static final Set<Reason> THE_VERSIONS_FAULT =
      EnumSet.of(Reason.NOT_HEALTHY, Reason.CONTAINER_CRASHING, Reason.OUT_OF_MEMORY);

  /** A version counts only when it has stayed well for a moment. */
  private static final int SETTLE_SECONDS = 2;

  private final StagingEnvironment environment;
  private final AppSpec spec;
  private final Names names;
  private final Map<String, String> variables;

  /**
   * Objects of one environment.
   *
   * @param variables of the application; only their hash enters a pod template
   */
  public AppResources(StagingEnvironment environment, Map<String, String> variables) {
    this.environment = environment;
    this.spec = environment.getSpec().services().app();
    this.names = Names.of(environment);
    this.variables = variables;
  }

  /**
   * The application's part of the plan.
   *
   * @param migration keeps versions from starting
   * @param retries what is asked for to try a version once more, or empty: other words, other pods
   * @param dependenciesReady whether PostgreSQL and Redis serve; a version does not start before
   * @param stopped whether no pod may run for now
   */
  public List<Planned> plan(
      Rollout rollout,
      Migration migration,
      Function<Version, String> retries,
      boolean dependenciesReady,
      boolean stopped) {
    var plan = new ArrayList<Planned>();
    for (var volume : spec.volumes()) {
      plan.add(
          new Planned(
              Stage.DEPLOYMENT,
              HardenedPod.volumeClaim(
                  Ownership.retained(environment, COMPONENT, names.appVolume(volume.path())),
                  volume.size(),
                  volume.storageClassName())));
    }
    plan.add(new Planned(Stage.DEPLOYMENT, service(rollout)));
    for (var version : rollout.kept()) {
      boolean held = variables.isEmpty() || !dependenciesReady || migration.holds(version);
      var deployment = deployment(version, retries.apply(version), stopped ? 0 : spec.replicas());
      plan.add(new Planned(Stage.DEPLOYMENT, deployment, held));
    }
    plan.addAll(migration.plan());
    return plan;
  }

  /** Whether a version's Deployment is there. */
  public static boolean exists(Snapshot snapshot, Version version) {
    return deployment(snapshot, version).isPresent();
  }

  private static Optional<Deployment> deployment(Snapshot snapshot, Version version) {
    return snapshot.owned().find(Deployment.class, snapshot.names().appVersion(version.id()));
  }

  /** The serving version's state. */
  public static Component observe(Snapshot snapshot, Rollout rollout) {
    return observe(snapshot, rollout.serving());
  }

  /** One version's state, told from its own pods only. */
  public static Component observe(Snapshot snapshot, Version version) {
    return Component.of(
        snapshot.ofVersion(COMPONENT, version.id()),
        COMPONENT,
        version.image(),
        deployment(snapshot, version));
  }

  /**
   * Whether a version is to be given up: its container keeps ending, or it is not healthy in time.
   * An image that cannot be pulled or a pod that finds no node say nothing about the version, nor
   * does anything as long as the Deployment is not what the cluster has last looked at.
   */
  public static boolean failedForGood(Snapshot snapshot, Version version) {
    if (!looksAtTheNewest(snapshot, version)) {
      return false;
    }
    var state = observe(snapshot, version);
    if (!THE_VERSIONS_FAULT.contains(state.reason())) {
      return false;
    }
    // What it met while its database was away says nothing either.
    var since = Needs.ofTheProcessSince(snapshot);
    int deadline = snapshot.environment().getSpec().services().app().deadline();
    boolean late = state.overdue() && !snapshot.now().isBefore(since.plusSeconds(deadline));
    return late
        || (state.reason() != Reason.NOT_HEALTHY
            && snapshot.ofVersion(COMPONENT, version.id()).pods().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .filter(container -> container.getRestartCount() >= CRASHES)
                .anyMatch(container -> !lastRunBegan(container).isBefore(since)));
  }

  /** When the last of its runs that ended began; now and always where nobody knows. */
  private static Instant lastRunBegan(ContainerStatus container) {
    return PodSays.ends(container)
        .map(ContainerStateTerminated::getStartedAt)
        .filter(Objects::nonNull)
        .findFirst()
        .map(Instant::parse)
        .orElse(Instant.MAX);
  }

  private static boolean looksAtTheNewest(Snapshot snapshot, Version version) {
    return deployment(snapshot, version)
        .filter(deployment -> deployment.getStatus() != null)
        .filter(deployment -> deployment.getStatus().getObservedGeneration() != null)
        .filter(deployment ->
            deployment.getStatus().getObservedGeneration()
                >= deployment.getMetadata().getGeneration())
        // Its pods come a moment after the change was looked at.
        .map(deployment -> deployment.getStatus().getUpdatedReplicas())
        .filter(pods -> pods > 0)
        .isPresent();
  }

  /** Hash of all that a version runs with but its image. */
  public String configuration() {
    var deployed = Hash.of(deployment(Version.NONE, "", spec.replicas()).getSpec());
    return spec.migration() == null
        ? deployed
        : Hash.of(deployed + Hash.of(spec.migration().withoutBackup()));
  }

  private Map<String, String> selector(Version version) {
    var selector = new TreeMap<>(Labels.selector(environment, COMPONENT));
    selector.put(Labels.VERSION, version.id());
    return selector;
  }

  private Service service(Rollout rollout) {
    var metadata = Ownership.owned(environment, COMPONENT, names.app());
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

  private Deployment deployment(Version version, String retry, int replicas) {
    var metadata = Ownership.owned(environment, COMPONENT, names.appVersion(version.id()));
    metadata.setAnnotations(Map.of(Labels.IMAGE, version.image()));
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

  private PodSpec podSpec(Version version) {
    var volumes = new ArrayList<Volume>();
    volumes.add(emptyDir("tmp"));
    spec.volumes().forEach(v -> volumes.add(claim(volumeName(v), names.appVolume(v.path()))));
    return HardenedPod.pod(spec, spec.runAsUser())
        .addAllToImagePullSecrets(ImageRegistry.pullSecrets(environment, version))
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .withAffinity(spec.volumes().isEmpty() ? null : besideTheServingVersion())
        .withContainers(container(version))
        .withVolumes(volumes)
        .build();
  }

  /** A volume is mounted on one node at a time, so a new version has to start on the same one. */
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

  private Container container(Version version) {
    var mounts = new ArrayList<VolumeMount>();
    mounts.add(mount("tmp", "/tmp"));
    spec.volumes().forEach(v -> mounts.add(mount(volumeName(v), v.path())));
    return HardenedPod.container(COMPONENT, spec, HardenedPod.resources("100m", "256Mi", "1Gi"))
        .withImage(version.image())
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
        .withStartupProbe(probe(PROBE_PERIOD, spec.health().startSeconds() / PROBE_PERIOD))
        .withReadinessProbe(probe(5, 3))
        .withLivenessProbe(tcpProbe())
        .withNewLifecycle()
        .withNewPreStop()
        .withNewSleep(DRAIN_SECONDS)
        .endPreStop()
        .endLifecycle()
        .withVolumeMounts(mounts)
        .build();
  }

  private Probe probe(int period, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(spec.health().path())
        .withPort(new IntOrString("http"))
        .endHttpGet()
        .withPeriodSeconds(period)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }

  /** Only a process that no longer answers at all is restarted: its database may just be down. */
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

  private static String volumeName(AppSpec.Volume volume) {
    return "v" + volume.path().toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }
}
