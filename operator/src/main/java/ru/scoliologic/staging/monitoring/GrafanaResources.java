package ru.scoliologic.staging.monitoring;

import static ru.scoliologic.staging.cluster.kube.HardenedPod.claim;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.emptyDir;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.mount;
import static ru.scoliologic.staging.cluster.kube.HardenedPod.readOnly;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.MonitoringSpec.Grafana;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.kube.OwnedMetadata;
import ru.scoliologic.staging.cluster.kube.SinglePodWorkload;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.Stage;

/** Builds Grafana's objects: its data source and its dashboards are provisioned as files. */
public final class GrafanaResources {
  private static final ComponentName COMPONENT = ComponentName.GRAFANA;
  private static final int PORT = 3000;
  private static final String PASSWORD_KEY = "GRAFANA_ADMIN_PASSWORD";
  private static final String DATASOURCE_FILE = "prometheus.yaml";
  private static final String PROVIDER_FILE = "staging.yaml";
  private static final String PROVISIONING = "/etc/grafana/provisioning/";
  private static final String DASHBOARDS = "/etc/grafana/dashboards";

  private final StagingEnvironment environment;
  private final Grafana spec;
  private final Names names;
  private final SinglePodWorkload pod;

  private GrafanaResources(StagingEnvironment environment, Grafana spec) {
    this.environment = environment;
    this.spec = spec;
    this.names = Names.of(environment);
    this.pod = new SinglePodWorkload(environment, COMPONENT, names.grafana(), PORT);
  }

  /**
   * The objects; none when Grafana is off.
   *
   * @param passwordKnown whether the credentials hold the administrator's password; without it
   *     Grafana would be created with the well-known default
   */
  public static List<PlannedObject> plan(StagingEnvironment environment, boolean passwordKnown) {
    return environment
        .getSpec()
        .grafana()
        .map(grafana -> new GrafanaResources(environment, grafana).plan(passwordKnown))
        .orElse(List.of());
  }

  /** Health of Grafana; empty when it is off. */
  public static Optional<ComponentHealth> observe(Snapshot snapshot) {
    return snapshot
        .environment()
        .getSpec()
        .grafana()
        .map(grafana ->
            ComponentHealth.of(
                snapshot,
                COMPONENT,
                grafana.effectiveImage(),
                snapshot.owned().find(Deployment.class, snapshot.names().grafana())));
  }

  private List<PlannedObject> plan(boolean passwordKnown) {
    return List.of(
        new PlannedObject(
            Stage.DEPLOYMENT,
            HardenedPod.volumeClaim(
                OwnedMetadata.retained(environment, COMPONENT, names.grafana()),
                spec.storage(),
                spec.storageClassName())),
        new PlannedObject(Stage.DEPLOYMENT, configMap(names.grafana(), provisioning())),
        new PlannedObject(
            Stage.DEPLOYMENT, configMap(names.grafanaDashboards(), Dashboards.files())),
        new PlannedObject(Stage.DEPLOYMENT, pod.service()),
        new PlannedObject(
            Stage.DEPLOYMENT,
            environment.getSpec().ingress().sharesController()
                ? pod.openNetworkPolicy()
                : pod.networkPolicy(List.of(ComponentName.TRAEFIK))),
        new PlannedObject(
            Stage.DEPLOYMENT,
            // Dashboards are read again when their files change; data sources at start only.
            pod.deployment(podSpec(), Hash.of(new TreeMap<>(provisioning()))),
            !passwordKnown));
  }

  private ConfigMap configMap(String name, Map<String, String> files) {
    return new ConfigMapBuilder()
        .withMetadata(OwnedMetadata.owned(environment, COMPONENT, name))
        .withData(files)
        .build();
  }

  private Map<String, String> provisioning() {
    return Map.of(
        DATASOURCE_FILE,
        """
        apiVersion: 1
        datasources:
        - name: Prometheus
          uid: %s
          type: prometheus
          access: proxy
          url: http://%s:%d
          isDefault: true
          editable: false
        """
            .formatted(Dashboards.DATA_SOURCE, names.prometheus(), PrometheusResources.PORT),
        PROVIDER_FILE,
        """
        apiVersion: 1
        providers:
        - name: staging
          folder: Staging
          type: file
          disableDeletion: true
          allowUiUpdates: false
          options:
            path: %s
        """
            .formatted(DASHBOARDS));
  }

  private PodSpec podSpec() {
    return HardenedPod.pod(spec, spec.runAsUser())
        .withTerminationGracePeriodSeconds(30L)
        .withContainers(container())
        .withVolumes(
            claim("data", names.grafana()),
            emptyDir("tmp"),
            file("datasources", names.grafana(), DATASOURCE_FILE),
            file("providers", names.grafana(), PROVIDER_FILE),
            new VolumeBuilder()
                .withName("dashboards")
                .withNewConfigMap()
                .withName(names.grafanaDashboards())
                .endConfigMap()
                .build())
        .build();
  }

  private static Volume file(String name, String configMap, String key) {
    return new VolumeBuilder()
        .withName(name)
        .withNewConfigMap()
        .withName(configMap)
        .addNewItem()
        .withKey(key)
        .withPath(key)
        .endItem()
        .endConfigMap()
        .build();
  }

  private Container container() {
    return HardenedPod.container(
            COMPONENT.label(), spec, HardenedPod.resources("50m", "128Mi", "512Mi"))
        .withEnv(variables())
        .addNewPort()
        .withName(SinglePodWorkload.PORT)
        .withContainerPort(PORT)
        .withProtocol("TCP")
        .endPort()
        .withStartupProbe(SinglePodWorkload.startupProbe("/api/health", spec.deadline()))
        .withReadinessProbe(SinglePodWorkload.probe("/api/health", 5, 3))
        .withLivenessProbe(SinglePodWorkload.probe("/api/health", 15, 6))
        .withVolumeMounts(
            mount("data", "/var/lib/grafana"),
            mount("tmp", "/tmp"),
            readOnly("datasources", PROVISIONING + "datasources"),
            readOnly("providers", PROVISIONING + "dashboards"),
            readOnly("dashboards", DASHBOARDS))
        .build();
  }

  private List<EnvVar> variables() {
    var domain = environment.getSpec().domains().grafana();
    return List.of(
        variable("GF_SERVER_DOMAIN", domain),
        variable("GF_SERVER_ROOT_URL", "https://" + domain),
        variable("GF_SECURITY_ADMIN_USER", spec.adminUser()),
        new EnvVarBuilder()
            .withName("GF_SECURITY_ADMIN_PASSWORD")
            .withNewValueFrom()
            .withNewSecretKeyRef(PASSWORD_KEY, names.credentials(), false)
            .endValueFrom()
            .build(),
        variable("GF_SECURITY_COOKIE_SECURE", "true"),
        variable("GF_USERS_ALLOW_SIGN_UP", "false"),
        variable("GF_LOG_MODE", "console"),
        // Nothing is sent or fetched from outside.
        variable("GF_ANALYTICS_REPORTING_ENABLED", "false"),
        variable("GF_ANALYTICS_CHECK_FOR_UPDATES", "false"),
        variable("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false"),
        variable("GF_PLUGINS_PREINSTALL_DISABLED", "true"));
  }

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }
}
