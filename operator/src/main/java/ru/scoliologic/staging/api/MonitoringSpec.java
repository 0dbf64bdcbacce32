package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** Prometheus and Grafana of the environment. */
public record MonitoringSpec(
    @JsonPropertyDescription("Prometheus: collects the metrics and stores them.")
        Prometheus prometheus,
    @JsonPropertyDescription("Grafana: the dashboards, served at spec.domains.grafana.")
        Grafana grafana) {

  static final MonitoringSpec DEFAULTS = new MonitoringSpec(null, null);

  /** Refuses monitoring whose Grafana has no domain. */
  static final String DOMAIN_RULE =
      "!has(self.services.monitoring) || has(self.domains.grafana) ||"
          + " (has(self.services.monitoring.grafana) &&"
          + " has(self.services.monitoring.grafana.enabled) &&"
          + " !self.services.monitoring.grafana.enabled)";

  public static final String DOMAIN_MESSAGE =
      "services.monitoring is given, but Grafana has no domain: set domains.grafana, or"
          + " services.monitoring.grafana.enabled: false for Prometheus alone";

  public MonitoringSpec {
    prometheus =
        prometheus == null
            ? new Prometheus(null, null, null, null, null, null, null, null, null, null, null)
            : prometheus;
    grafana =
        grafana == null
            ? new Grafana(null, null, null, null, null, null, null, null, null, null, null, null)
            : grafana;
  }

  /** Prometheus on one volume, from the official image or one that keeps its contract. */
  public record Prometheus(
      @Default(DEFAULT_VERSION)
          @Size(min = 1, max = 16)
          @ValidationRule(
              value = "self.matches('" + VERSION_PATTERN + "')",
              message = VERSION_MESSAGE)
          @JsonPropertyDescription(
              "Prometheus version: the tag of the official image without the leading v.")
          String version,
      @Default(DEFAULT_RETENTION)
          @Size(min = 1, max = 8)
          @ValidationRule(
              value = "self.matches('" + RETENTION_PATTERN + "')",
              message = RETENTION_MESSAGE)
          @JsonPropertyDescription(
              "How long samples are kept. The oldest are removed earlier when they fill four"
                  + " fifths of the volume.")
          String retention,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Size of the data volume.")
          String storage,
      @Size(max = 253)
          @JsonPropertyDescription(
              "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
          String storageClassName,
      @Default("" + DEFAULT_UID)
          @Min(1)
          @Max(2147483647)
          @JsonPropertyDescription(
              "User id and group id of the process. Defaults to the image's nobody user.")
          Long runAsUser,
      @Size(max = 512)
          @JsonPropertyDescription("Image of Prometheus. Defaults to prom/prometheus:v<version>.")
          String image,
      @JsonPropertyDescription("Compute resources of the Prometheus container.")
          ResourceRequirements resources,
      @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
          List<LocalObjectReference> imagePullSecrets,
      @JsonPropertyDescription("Node labels that the pods require.")
          Map<String, @Size(max = 63) String> nodeSelector,
      @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
          List<Toleration> tolerations,
      @Default("" + DEFAULT_DEADLINE_SECONDS)
          @Min(MIN_DEADLINE_SECONDS)
          @Max(MAX_DEADLINE_SECONDS)
          @JsonPropertyDescription(ComponentSpec.DEADLINE)
          Integer deadlineSeconds)
      implements ComponentSpec {

    static final String VERSION_PATTERN = "^3[.][0-9]{1,3}[.][0-9]{1,3}$";
    static final String VERSION_MESSAGE =
        "is not a supported Prometheus version: give one of the third major version, for example"
            + " 3.16.0";
    static final String RETENTION_PATTERN = "^[1-9][0-9]{0,4}[hdwy]$";
    static final String RETENTION_MESSAGE =
        "is not a time to keep samples: give a whole number with h, d, w or y, for example 15d";
    static final String DEFAULT_VERSION = "3.16.0";
    static final String DEFAULT_RETENTION = "15d";
    static final String DEFAULT_STORAGE = "5Gi";
    static final long DEFAULT_UID = 65534;

    public Prometheus {
      deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
      version = version == null ? DEFAULT_VERSION : version;
      retention = retention == null ? DEFAULT_RETENTION : retention;
      storage = storage == null ? DEFAULT_STORAGE : storage;
      runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    }

    @Override
    public String defaultImage() {
      return "prom/prometheus:v" + version;
    }
  }

  /** Grafana on one volume, from the official image or one that keeps its contract. */
  public record Grafana(
      @Default("" + DEFAULT_ENABLED)
          @JsonPropertyDescription(
              "Whether Grafana runs. If false, only Prometheus runs and spec.domains.grafana"
                  + " is not required.")
          Boolean enabled,
      @Default(DEFAULT_VERSION)
          @Size(min = 1, max = 16)
          @ValidationRule(
              value = "self.matches('" + VERSION_PATTERN + "')",
              message = VERSION_MESSAGE)
          @JsonPropertyDescription("Grafana version: the tag of the official image.")
          String version,
      @Default(DEFAULT_ADMIN_USER)
          @Size(min = 1, max = 60)
          @ValidationRule(
              value = "self.matches('" + ADMIN_USER_PATTERN + "')",
              message = ADMIN_USER_MESSAGE)
          @JsonPropertyDescription(
              "Name of the administrator. The password is the key GRAFANA_ADMIN_PASSWORD of"
                  + " spec.secrets. If it is not listed there, it is generated into Secret"
                  + " <environment>-credentials.")
          String adminUser,
      @Default(DEFAULT_STORAGE)
          @Size(max = 20)
          @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
          @JsonPropertyDescription("Size of the volume with users, settings and custom dashboards.")
          String storage,
      @Size(max = 253)
          @JsonPropertyDescription(
              "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
          String storageClassName,
      @Default("" + DEFAULT_UID)
          @Min(1)
          @Max(2147483647)
          @JsonPropertyDescription(
              "User id and group id of the process. Defaults to the image's grafana user.")
          Long runAsUser,
      @Size(max = 512)
          @JsonPropertyDescription("Image of Grafana. Defaults to grafana/grafana:<version>.")
          String image,
      @JsonPropertyDescription("Compute resources of the Grafana container.")
          ResourceRequirements resources,
      @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
          List<LocalObjectReference> imagePullSecrets,
      @JsonPropertyDescription("Node labels that the pods require.")
          Map<String, @Size(max = 63) String> nodeSelector,
      @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
          List<Toleration> tolerations,
      @Default("" + DEFAULT_DEADLINE_SECONDS)
          @Min(MIN_DEADLINE_SECONDS)
          @Max(MAX_DEADLINE_SECONDS)
          @JsonPropertyDescription(ComponentSpec.DEADLINE)
          Integer deadlineSeconds)
      implements ComponentSpec {

    static final String VERSION_PATTERN = "^1[0-9][.][0-9]{1,3}[.][0-9]{1,3}$";
    static final String VERSION_MESSAGE =
        "is not a supported Grafana version: give 10 or newer, for example 12.3.0";
    static final String ADMIN_USER_PATTERN = "^[A-Za-z0-9][-A-Za-z0-9._@]*$";
    static final String ADMIN_USER_MESSAGE =
        "is not a user name: use letters, digits, '.', '_', '-' and '@'";
    static final boolean DEFAULT_ENABLED = true;
    static final String DEFAULT_VERSION = "12.3.0";
    static final String DEFAULT_ADMIN_USER = "admin";
    static final String DEFAULT_STORAGE = "1Gi";
    static final long DEFAULT_UID = 472;

    public Grafana {
      deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
      enabled = enabled == null ? DEFAULT_ENABLED : enabled;
      version = version == null ? DEFAULT_VERSION : version;
      adminUser = adminUser == null ? DEFAULT_ADMIN_USER : adminUser;
      storage = storage == null ? DEFAULT_STORAGE : storage;
      runAsUser = runAsUser == null ? DEFAULT_UID : runAsUser;
    }

    @Override
    public String defaultImage() {
      return "grafana/grafana:" + version;
    }
  }
}
