package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.PromQl;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.throwaway.AuditEvent;

/** An environment with Prometheus, and the metrics of the operator itself. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MonitoringE2E {
  private static final String NAMESPACE = "monitored";
  private static final String NAME = "env";
  private static final String APP = "https://app.monitored.staging.test";

  /** A target is read every 15 s. */
  private static final Duration SCRAPED = Duration.ofSeconds(60);

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static Staging staging;
  private static Browser browser;

  @BeforeAll
  static void a_monitored_environment_without_grafana() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging.given(NAMESPACE);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                "monitored.staging.test",
                "image: sample-app:1",
                "image: sample-app:1\n      metrics: {}",
                "postgres: {storage: 1Gi}",
                "monitoring: {prometheus: {storage: 1Gi}, grafana: {enabled: false}}"));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
    staging.awaitReady(NAMESPACE, NAME);
    browser = staging.browser();
  }

  @AfterAll
  static void it_is_removed() throws IOException {
    browser.close();
    staging.remove(NAMESPACE);
  }

  /** What a pod answers; a forwarded connection breaks off at times. */
  private static String fetch(String namespace, String label, String value, int port, String path) {
    return await("an answer of " + value)
        .atMost(Staging.SOON)
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(
            () -> {
              try (var forward =
                  staging
                      .admin()
                      .pods()
                      .inNamespace(namespace)
                      .withName(pod(namespace, label, value))
                      .portForward(port)) {
                return HTTP.send(request(forward, path), HttpResponse.BodyHandlers.ofString())
                    .body();
              }
            },
            Objects::nonNull);
  }

  private static HttpRequest request(LocalPortForward forward, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + forward.getLocalPort() + path))
        .timeout(Duration.ofSeconds(10))
        .build();
  }

  private static JsonNode prometheus(String path) throws IOException {
    return JSON.readTree(fetch(NAMESPACE, Labels.COMPONENT, "prometheus", 9090, path));
  }

  private static JsonNode query(String expression) throws IOException {
    var answer =
        prometheus("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    assertThat(answer.path("status").asText())
        .as("%s: %s", expression, answer)
        .isEqualTo("success");
    return answer.path("data").path("result");
  }

  /** The sum of a metric's series; 0 while there is none. */
  private static double sum(String expression) throws IOException {
    var result = query("sum(" + expression + ")");
    return result.isEmpty() ? 0 : result.get(0).path("value").get(1).asDouble();
  }

  private static String operatorMetrics() {
    return fetch(Staging.OPERATOR, Labels.NAME, Staging.OPERATOR, 8082, "/metrics");
  }

  private static String pod(String namespace, String label, String value) {
    return staging
        .admin()
        .pods()
        .inNamespace(namespace)
        .withLabel(label, value)
        .list()
        .getItems()
        .stream()
        .filter(p -> !p.isMarkedForDeletion())
        .map(p -> p.getMetadata().getName())
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(1)
  void prometheus_stands_among_the_components_and_grafana_does_not() {
    var status = staging.environment(NAMESPACE, NAME).get().getStatus();

    assertThat(status.components())
        .extracting(c -> c.name())
        .containsExactly("traefik", "postgres", "redis", "app", "prometheus");
    assertThat(status.components()).allMatch(c -> c.ready());
    assertThat(status.urls().grafana()).isNull();
  }

  @Test
  @Order(2)
  void every_target_is_up() {
    await("targets prometheus, traefik and app up")
        .atMost(SCRAPED)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> {
          var targets = prometheus("/api/v1/targets").path("data").path("activeTargets");
          assertThat(
                  StreamSupport.stream(targets.spliterator(), false)
                      .map(t ->
                          "%s %s %s"
                              .formatted(
                                  t.path("labels").path("job").asText(),
                                  t.path("health").asText(),
                                  t.path("lastError").asText())
                              .strip()))
              .containsExactlyInAnyOrder("prometheus up", "traefik up", "app up");
        });
  }

  @Test
  @Order(3)
  void a_request_through_the_ingress_is_counted_by_traefik_and_by_the_application()
      throws IOException {
    var answered = "traefik_entrypoint_requests_total{entrypoint=\"websecure\",code=\"403\"}";
    var served = "sample_app_requests_total{code=\"403\"}";
    double before = sum(answered);
    for (int i = 0; i < 5; i++) {
      assertThat(browser.get(APP + "/api/admin").status()).isEqualTo(403);
    }

    await("five more requests in both counters")
        .atMost(SCRAPED)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> {
          assertThat(sum(answered)).isEqualTo(before + 5);
          assertThat(sum(served)).isEqualTo(5);
        });
  }

  @Test
  @Order(4)
  void every_metric_of_the_dashboards_is_there_and_every_expression_is_understood()
      throws IOException {
    for (var file : new String[] {"ingress.json", "targets.json"}) {
      for (var expression :
          PromQl.expressions(
              Given.resource("/ru/scoliologic/staging/monitoring/dashboards/" + file))) {
        query(expression);
        for (var metric : PromQl.metrics(expression)) {
          assertThat(query("count(" + metric + ")")).as(metric).isNotEmpty();
        }
      }
    }
    // What the agent tells is not there without one: AgentMetricsTest.
    for (var expression :
        PromQl.expressions(
            Given.resource("/ru/scoliologic/staging/monitoring/dashboards/delivery.json"))) {
      query(expression);
    }
    for (var expression : PromQl.ofTheOperator()) {
      query(expression.replace("$namespace", ".*"));
    }
  }

  @Test
  @Order(5)
  void the_operator_tells_the_conditions_of_the_environment() {
    var metrics = operatorMetrics();

    for (var type :
        new String[] {
          "InfrastructureReady", "ConfigurationReady", "Deployed", "Validated", "Ready"
        }) {
      assertThat(metrics)
          .contains(
              "staging_environment_condition{environment=\"env\",namespace=\"monitored\",status=\"True\",type=\"%s\"} 1.0"
                  .formatted(type));
    }
    assertThat(metrics)
        .contains(
            "staging_environment_condition{environment=\"env\",namespace=\"monitored\",status=\"True\",type=\"Stalled\"} 0.0");
    // A counter of failures begins with the first one, and this operator had none.
    assertThat(PromQl.told(metrics))
        .containsAll(
            PromQl.ofTheOperator().stream()
                .flatMap(e -> PromQl.metrics(e).stream())
                .filter(metric -> !metric.endsWith("_reconcile_failure_total"))
                .toList());
  }

  @Test
  @Order(5)
  void the_operator_runs_with_the_classes_that_its_image_keeps() {
    assertThat(NodeProcess.of(staging, "run").maps("/opt/operator/operator.aot")).isTrue();
  }

  @Test
  @Order(6)
  void nothing_is_written_while_nothing_changes() {
    var since = Instant.now();

    await("twenty seconds")
        .pollDelay(Duration.ofSeconds(20))
        .atMost(Staging.SOON)
        .until(() -> true);

    assertThat(staging.writesSince(since)).extracting(AuditEvent::toString).isEmpty();
  }

  private static double rounds() {
    return operatorMetrics()
        .lines()
        .filter(line -> line.startsWith("staging_checks_seconds_count{result=\"passed\"}"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }

  @Test
  @Order(7)
  void the_checks_run_anew_when_somebody_asks_the_release_for_it() {
    // Without a request the next round is minutes away.
    double before = rounds();
    Staging.stays("no round of checks by itself", Duration.ofSeconds(5), () -> rounds() == before);

    staging
        .admin()
        .resource(staging.release(NAMESPACE, "sample-app:1"))
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"revalidate\":\"for QA\"}}");

    await("a round of checks on request")
        .atMost(Staging.SOON)
        .until(MonitoringE2E::rounds, rounds -> rounds >= before + 1);
    await("the request noted as handled")
        .atMost(Staging.SOON)
        .until(() ->
            "for QA"
                .equals(
                    staging.release(NAMESPACE, "sample-app:1").getStatus().handled().revalidate()));
  }

  @Test
  @Order(8)
  void switched_off_it_is_removed_but_for_its_data() {
    staging
        .environment(NAMESPACE, NAME)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"services\":{\"monitoring\":null}}}");

    await("prometheus gone")
        .atMost(Staging.SOON)
        .untilAsserted(() ->
            assertThat(staging.owned(NAMESPACE))
                .filteredOn(name -> name.contains("prometheus") || name.contains("-metrics"))
                .containsExactly("persistentvolumeclaim/env-prometheus"));
    var environment = staging.awaitReady(NAMESPACE, NAME);
    assertThat(environment.getStatus().components())
        .extracting(c -> c.name())
        .doesNotContain("prometheus");
  }

  @Test
  @Order(8)
  void an_environment_that_is_gone_has_no_series_any_more() {
    assertThat(operatorMetrics()).contains("namespace=\"monitored\"");
    staging.environment(NAMESPACE, NAME).delete();

    await("the series of the environment gone")
        .atMost(Staging.SOON)
        .untilAsserted(
            () -> assertThat(operatorMetrics()).doesNotContain("namespace=\"monitored\""));
  }
}
