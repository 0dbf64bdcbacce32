package ru.scoliologic.staging.monitoring;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.MonitoringSpec.Prometheus;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Prometheus' objects, and the Services at which it scrapes the other components. */
public final class PrometheusResources {
  private static final ComponentName COMPONENT = ComponentName.PROMETHEUS;
  static final int PORT = 9090;
  private static final String CONFIGURATION = "prometheus.yml";
  private static final String DATA = "/prometheus";

  private final StagingEnvironment environment;
  private final Prometheus spec;
  private final Names names;
  private final SinglePodWorkload pod;

  private PrometheusResources(StagingEnvironment environment, Prometheus spec) {
    this.environment = environment;
    this.spec = spec;
    this.names = Names.of(environment);
    this.pod = new SinglePodWorkload(environment, COMPONENT, names.prometheus(), PORT);
  }

  /** The objects; none when monitoring is off. */
  public static List<PlannedObject> plan(StagingEnvironment environment) {
    return environment
        .getSpec()
        .monitored()
        .map(m -> new PrometheusResources(environment, m.prometheus()).plan())
        .orElse(List.of());
  }

  /** Health of Prometheus; empty when monitoring is off. */
  public static Optional<ComponentHealth> observe(Snapshot snapshot) {
    return snapshot
        .environment()
        .getSpec()
        .monitored()
        .map(m ->
            ComponentHealth.of(
                snapshot,
                COMPONENT,
                m.prometheus().effectiveImage(),
                snapshot.owned().find(Deployment.class, snapshot.names().prometheus())));
  }

  private List<PlannedObject> plan() {
    var clients = environment.getSpec().grafana().map(g -> ComponentName.GRAFANA).stream();
    var plan = new ArrayList<PlannedObject>();
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                OwnedMetadata.retained(environment, COMPONENT, names.prometheus()),
                spec.storage(),
                spec.storageClassName())));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, configuration()));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, pod.service()));
    plan.add(new PlannedObject(Stage.DEPLOYMENT, pod.networkPolicy(clients.toList())));
    if (!environment.getSpec().ingress().sharesController()) {
      plan.add(new PlannedObject(Stage.DEPLOYMENT, traefikMetrics()));
    }
    if (environment.getSpec().services().app().metrics() != null) {
      plan.add(new PlannedObject(Stage.DEPLOYMENT, appMetrics()));
    }
    plan.add(
        new PlannedObject(
            Stage.DEPLOYMENT, pod.deployment(podSpec(), Hash.of(ScrapeConfig.of(environment)))));
    return List.copyOf(plan);
  }

  private ConfigMap configuration() {
    return new ConfigMapBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.prometheus()))
        .withData(Map.of(CONFIGURATION, ScrapeConfig.of(environment)))
        .build();
  }

  private Service traefikMetrics() {
    return new ServiceBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.traefikMetrics()))
        .withNewSpec()
        .withSelector(Labels.selector(environment, ComponentName.TRAEFIK))
        .addNewPort()
        .withName("metrics")
        .withPort(ScrapeConfig.TRAEFIK_PORT)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString("internal"))
        .endPort()
        .endSpec()
        .build();
  }

  /** A headless Service: its name resolves to each pod, of whatever version. */
  private Service appMetrics() {
    int port = ScrapeConfig.appPort(environment);
    return new ServiceBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, names.appMetrics()))
        .withNewSpec()
        .withClusterIP("None")
        .withSelector(Labels.selector(environment, ComponentName.APP))
        .addNewPort()
        .withName("metrics")
        .withPort(port)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString(port))
        .endPort()
        .endSpec()
        .build();
  }

  private PodSpec podSpec() {
    return HardenedPod.pod(spec, spec.runAsUser())
        // It writes its last samples to disk at termination.
        .withTerminationGracePeriodSeconds(60L)
        .withContainers(container())
        .withVolumes(
            claim("data", names.prometheus()),
            new VolumeBuilder()
                .withName("configuration")
                .withNewConfigMap()
                .withName(names.prometheus())
                .endConfigMap()
                .build())
        .build();
  }

  private Container container() {
    return HardenedPod.container(
            COMPONENT.label(), spec, HardenedPod.resources("50m", "128Mi", "512Mi"))
        .withArgs(
            "--config.file=/etc/prometheus/" + CONFIGURATION,
            "--storage.tsdb.path=" + DATA,
            "--storage.tsdb.retention.time=" + spec.retention(),
            "--storage.tsdb.retention.size=" + retentionSize() + "MB",
            "--web.listen-address=:" + PORT)
        .addNewPort()
        .withName(SinglePodWorkload.PORT)
        .withContainerPort(PORT)
        .withProtocol("TCP")
        .endPort()
        // A long write-ahead log takes minutes to read.
        .withStartupProbe(SinglePodWorkload.startupProbe("/-/ready", spec.deadline()))
        .withReadinessProbe(SinglePodWorkload.probe("/-/ready", 5, 3))
        .withLivenessProbe(SinglePodWorkload.probe("/-/healthy", 15, 6))
        .withVolumeMounts(mount("data", DATA), readOnly("configuration", "/etc/prometheus"))
        .build();
  }

  /** Four fifths of the volume in MiB: a full one would stop Prometheus permanently. */
  private long retentionSize() {
    long bytes = Quantity.getAmountInBytes(new Quantity(spec.storage())).longValue();
    return Math.max(1, bytes / (1 << 20) * 4 / 5);
  }
}
