package ru.scoliologic.staging.reconcile.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.processing.GroupVersionKind;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.PromQl;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.reconcile.IdleReconciler;
import ru.scoliologic.staging.validation.CheckRunner.Round;

class OperatorMetricsTest {
  private static final Clock CLOCK = Clock.fixed(Given.NOW, ZoneOffset.UTC);
  private final OperatorMetrics telemetry = new OperatorMetrics();

  private static Condition condition(String type, String status, Duration age) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason("Any")
        .withLastTransitionTime(Given.NOW.minus(age).toString())
        .build();
  }

  private static StagingEnvironment environment(String name, Condition... conditions) {
    var environment = new StagingEnvironment();
    environment.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace("team")
            .withName(name)
            .withCreationTimestamp("2026-01-01T10:00:00Z")
            .build());
    environment.setStatus(
        new StagingEnvironmentStatus(
            1L,
            null,
            null,
            List.of(conditions),
            List.of(),
            null,
            null,
            List.of(),
            null,
            null,
            null,
            null,
            null,
            null));
    return environment;
  }

  private static String series(String environment, String type, String status, String value) {
    return "staging_environment_condition{environment=\"%s\",namespace=\"team\",status=\"%s\",type=\"%s\"} %s"
        .formatted(environment, status, type, value);
  }

  @Test
  void a_condition_has_one_series_a_status_and_the_actual_one_is_1() {
    telemetry.watch(() -> Stream.of(environment("a", condition("Ready", "False", Duration.ZERO))));

    assertThat(telemetry.scrape().lines())
        .contains(
            series("a", "Ready", "False", "1.0"),
            series("a", "Ready", "True", "0.0"),
            series("a", "Deployed", "Unknown", "1.0"),
            series("a", "Stalled", "False", "1.0"));
  }

  @Test
  void an_environment_that_no_pass_has_seen_yet_is_told_too() {
    var fresh = Given.environment("demo");
    telemetry.watch(() -> Stream.of(fresh));

    assertThat(telemetry.scrape()).contains(series("demo", "Ready", "Unknown", "1.0"));
  }

  @Test
  void an_environment_that_is_gone_has_no_series() {
    telemetry.watch(() -> Stream.of(environment("a"), environment("b")));
    assertThat(telemetry.scrape()).contains("environment=\"a\"");

    telemetry.watch(() -> Stream.of(environment("b")));

    assertThat(telemetry.scrape())
        .doesNotContain("environment=\"a\"")
        .contains("environment=\"b\"");
  }

  @Test
  void more_environments_than_can_be_watched_make_no_more_series() {
    telemetry.watch(() -> IntStream.range(0, 600).mapToObj(i -> environment("e" + i)));

    assertThat(
            telemetry.scrape().lines().filter(l -> l.startsWith("staging_environment_condition")))
        .hasSize(OperatorMetrics.MAX_ENVIRONMENTS * 7 * 3);
  }

  @Test
  void the_time_to_ready_counts_from_the_last_trouble_or_from_the_making() {
    var ready = List.of(condition("Ready", "True", Duration.ZERO));
    telemetry.published(
        environment("a"),
        List.of(condition("Ready", "False", Duration.ofSeconds(25))),
        ready,
        CLOCK);
    telemetry.published(environment("b"), List.of(), ready, CLOCK);
    telemetry.published(environment("c"), ready, ready, CLOCK);

    assertThat(telemetry.scrape().lines())
        .contains(
            "staging_environment_time_to_ready_seconds_count 2",
            "staging_environment_time_to_ready_seconds_bucket{le=\"20.0\"} 0",
            "staging_environment_time_to_ready_seconds_bucket{le=\"30.0\"} 1")
        .contains("staging_environment_time_to_ready_seconds_sum %s".formatted(25 + 61_445.0));
  }

  @Test
  void the_time_of_a_stage_counts_from_the_end_of_the_one_before_or_from_its_trouble() {
    var infrastructure = condition("InfrastructureReady", "True", Duration.ofSeconds(40));
    telemetry.published(
        environment("a"),
        List.of(infrastructure, condition("ConfigurationReady", "Unknown", Duration.ofHours(1))),
        List.of(infrastructure, condition("ConfigurationReady", "True", Duration.ZERO)),
        CLOCK);
    telemetry.published(
        environment("b"),
        List.of(condition("Deployed", "False", Duration.ofSeconds(7))),
        List.of(condition("Deployed", "True", Duration.ZERO)),
        CLOCK);

    assertThat(telemetry.scrape().lines())
        .contains(
            "staging_stage_time_seconds_sum{stage=\"ConfigurationReady\"} 40.0",
            "staging_stage_time_seconds_sum{stage=\"Deployed\"} 7.0",
            "staging_stage_time_seconds_count{stage=\"InfrastructureReady\"} 0",
            "staging_stage_time_seconds_count{stage=\"Validated\"} 0");
  }

  @Test
  void rounds_of_checks_are_counted_by_how_they_ended_from_zero_on() {
    assertThat(telemetry.scrape()).contains("staging_checks_seconds_count{result=\"failed\"} 0");

    telemetry.checked(() -> new Round(Optional.empty(), List.of()), round -> false);
    telemetry.checked(() -> new Round(Optional.empty(), List.of()), round -> true);

    assertThat(telemetry.scrape())
        .contains("staging_checks_seconds_count{result=\"failed\"} 1")
        .contains("staging_checks_seconds_count{result=\"passed\"} 1")
        .contains("staging_checks_seconds_count{result=\"waiting\"} 0");
  }

  @Test
  void writes_are_counted_by_verb_and_kind() {
    telemetry.wrote("create", "Secret");
    telemetry.wrote("create", "Secret");

    assertThat(telemetry.scrape())
        .contains("staging_writes_total{kind=\"Secret\",verb=\"create\"} 2.0");
  }

  @Test
  void every_metric_of_the_dashboard_and_of_the_alerts_is_told() throws Exception {
    telemetry.watch(() -> Stream.of(environment("a")));
    telemetry.wrote("create", "Secret");
    registerWithTheSdk();
    telemetry.ofTheSdk().timeControllerExecution(new Execution(null));
    assertThatThrownBy(() ->
            telemetry
                .ofTheSdk()
                .timeControllerExecution(new Execution(new IllegalStateException())))
        .isNotNull();

    var told = PromQl.told(telemetry.scrape());

    assertThat(PromQl.ofTheOperator())
        .allSatisfy(
            expression -> assertThat(told).as(expression).containsAll(PromQl.metrics(expression)));
  }

  @Test
  void the_metrics_of_an_expression_are_found() {
    assertThat(
            PromQl.metrics(
                "sum by (le, a) (rate(one_total{x=~\"y}z\"}[5m])) / on (n) two > 0.5 or three - time()"))
        .containsExactlyInAnyOrder("one_total", "two", "three");
  }

  private void registerWithTheSdk() {
    try (var client = new KubernetesClientBuilder().withConfig(nowhere()).build()) {
      new Operator(o ->
          o.withKubernetesClient(client)
              .withMetrics(telemetry.ofTheSdk())
              .withCloseClientOnStop(false))
          .register(new IdleReconciler());
    }
  }

  /** No server is asked anything; one that is looked for would cost time. */
  private static Config nowhere() {
    return new ConfigBuilder()
        .withAutoConfigure(false)
        .withMasterUrl("http://127.0.0.1:1")
        .withRequestRetryBackoffLimit(0)
        .build();
  }

  private record Execution(Exception failure) implements Metrics.ControllerExecution<String> {
    @Override
    public String name() {
      return "reconcile";
    }

    @Override
    public String controllerName() {
      return "stagingenvironment";
    }

    @Override
    public String successTypeName(String result) {
      return result;
    }

    @Override
    public ResourceID resourceID() {
      return new ResourceID("a", "team");
    }

    @Override
    public Map<String, Object> metadata() {
      return Map.of(Constants.RESOURCE_GVK_KEY, GroupVersionKind.gvkFor(StagingEnvironment.class));
    }

    @Override
    public String execute() throws Exception {
      if (failure != null) {
        throw failure;
      }
      return "resource";
    }
  }
}
