package ru.scoliologic.staging.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;

class MonitoringTest {
  private static final String TRAEFIK = "traefik: traefik.staging.test";
  private static final String GRAFANA = TRAEFIK + "\n    grafana: grafana.staging.test";
  private static final String IMAGE = "image: sample-app:1";

  private static Snapshot monitored() {
    return Given.aGoodStart().edited(TRAEFIK, GRAFANA).snapshot();
  }

  private static Snapshot prometheusAlone() {
    return Given.aGoodStart()
        .edited("  services:\n", "  services:\n    monitoring: {grafana: {enabled: false}}\n")
        .snapshot();
  }

  private static List<HasMetadata> objects(List<PlannedObject> plan) {
    return plan.stream().map(PlannedObject::object).toList();
  }

  private static <T> T only(List<PlannedObject> plan, Class<T> kind) {
    var found = objects(plan).stream().filter(kind::isInstance).map(kind::cast).toList();
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  @Test
  void without_a_domain_and_without_the_field_nothing_is_planned() {
    var snapshot = Given.aGoodStart().snapshot();

    assertThat(PrometheusResources.plan(snapshot.environment())).isEmpty();
    assertThat(GrafanaResources.plan(snapshot.environment(), true)).isEmpty();
    assertThat(PrometheusResources.observe(snapshot)).isEmpty();
    assertThat(GrafanaResources.observe(snapshot)).isEmpty();
  }

  @Test
  void a_domain_for_grafana_switches_both_on() {
    assertThat(PrometheusResources.observe(monitored()))
        .hasValueSatisfying(c -> assertThat(c.image()).isEqualTo("prom/prometheus:v3.16.0"));
    assertThat(GrafanaResources.observe(monitored()))
        .hasValueSatisfying(c -> assertThat(c.image()).startsWith("grafana/grafana:"));
  }

  @Test
  void grafana_switched_off_leaves_prometheus_to_which_nobody_connects() {
    var environment = prometheusAlone().environment();

    assertThat(GrafanaResources.plan(environment, true)).isEmpty();
    assertThat(
            only(PrometheusResources.plan(environment), NetworkPolicy.class).getSpec().getIngress())
        .isEmpty();
  }

  @Test
  void prometheus_is_open_to_grafana_only_and_grafana_to_traefik_only() {
    var environment = monitored().environment();

    assertThat(client(PrometheusResources.plan(environment))).isEqualTo("grafana");
    assertThat(client(GrafanaResources.plan(environment, true))).isEqualTo("traefik");
  }

  private static String client(List<PlannedObject> plan) {
    return only(plan, NetworkPolicy.class)
        .getSpec()
        .getIngress()
        .getFirst()
        .getFrom()
        .getFirst()
        .getPodSelector()
        .getMatchLabels()
        .get(Labels.COMPONENT);
  }

  @Test
  void grafana_is_not_made_before_its_administrator_has_a_password() {
    assertThat(GrafanaResources.plan(monitored().environment(), false))
        .filteredOn(PlannedObject::held)
        .extracting(p -> p.object().getKind())
        .containsExactly("Deployment");
  }

  @Test
  void the_password_comes_from_the_credentials_and_stands_in_no_object() {
    var plan = GrafanaResources.plan(monitored().environment(), true);
    var password =
        only(plan, Deployment.class)
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst()
            .getEnv()
            .stream()
            .filter(e -> e.getName().equals("GF_SECURITY_ADMIN_PASSWORD"))
            .findFirst()
            .orElseThrow();

    assertThat(password.getValue()).isNull();
    assertThat(password.getValueFrom().getSecretKeyRef().getName()).isEqualTo("demo-credentials");
    assertThat(password.getValueFrom().getSecretKeyRef().getKey())
        .isEqualTo("GRAFANA_ADMIN_PASSWORD");
  }

  @Test
  void the_applications_metrics_are_read_where_it_says_and_not_at_all_otherwise() {
    var without = ScrapeConfig.of(monitored().environment());
    var with =
        ScrapeConfig.of(
            Given.aGoodStart()
                .edited(IMAGE, IMAGE + "\n      port: 8080\n      metrics: {path: /m}")
                .snapshot()
                .environment());

    assertThat(without).doesNotContain("job_name: app");
    assertThat(with)
        .contains("metrics_path: \"/m\"")
        .contains("names: [\"demo-app-metrics\"]")
        .contains("port: 8080");
  }

  @Test
  void the_agent_is_read_where_a_branch_is_followed_and_is_not_there_otherwise() {
    var without = ScrapeConfig.of(monitored().environment());
    var with =
        ScrapeConfig.of(
            Given.aGoodStart()
                .edited(
                    "  services:\n",
                    "  gitops: {repository: 'https://git.test/app.git'}\n  services:\n")
                .snapshot()
                .environment());

    assertThat(without).doesNotContain("gitops-agent");
    assertThat(with)
        .contains("job_name: gitops-agent")
        .contains("targets: [\"demo-gitops-agent:8080\"]");
  }

  @Test
  void another_configuration_makes_another_pod() {
    var before = only(PrometheusResources.plan(monitored().environment()), Deployment.class);
    var after =
        only(
            PrometheusResources.plan(
                Given.aGoodStart()
                    .edited(yaml ->
                        yaml.replace(TRAEFIK, GRAFANA)
                            .replace(IMAGE, IMAGE + "\n      metrics: {}"))
                    .snapshot()
                    .environment()),
            Deployment.class);

    assertThat(hash(after)).isNotEqualTo(hash(before));
  }

  private static String hash(Deployment deployment) {
    return deployment
        .getSpec()
        .getTemplate()
        .getMetadata()
        .getAnnotations()
        .get(Labels.CONFIG_HASH);
  }

  @Test
  void old_samples_go_before_the_volume_is_full() {
    var container =
        only(PrometheusResources.plan(monitored().environment()), Deployment.class)
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst();

    assertThat(container.getArgs())
        .contains("--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=4096MB");
  }

  static Stream<String> dashboards() {
    return Dashboards.files().keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void every_panel_reads_the_data_source_that_is_provisioned(String file) throws IOException {
    var dashboard = new ObjectMapper().readTree(Dashboards.files().get(file));
    var configuration =
        objects(GrafanaResources.plan(monitored().environment(), true)).stream()
            .filter(o -> o.getMetadata().getName().equals("demo-grafana"))
            .filter(ConfigMap.class::isInstance)
            .map(ConfigMap.class::cast)
            .findFirst()
            .orElseThrow();

    assertThat(dashboard.path("panels")).isNotEmpty();
    assertThat(dashboard.findValues("datasource"))
        .hasSizeGreaterThan(5)
        .extracting((JsonNode source) -> source.path("uid").asText())
        .containsOnly(Dashboards.DATA_SOURCE);
    assertThat(dashboard.path("panels").findValuesAsText("id")).doesNotHaveDuplicates();
    assertThat(configuration.getData().get("prometheus.yaml"))
        .contains("uid: " + Dashboards.DATA_SOURCE)
        .contains("url: http://demo-prometheus:9090");
  }
}
