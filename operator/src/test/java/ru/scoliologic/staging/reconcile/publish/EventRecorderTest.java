package ru.scoliologic.staging.reconcile.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.reconcile.StandInApiServer;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** Events as an API server receives them. */
class EventRecorderTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<JsonNode> told = new CopyOnWriteArrayList<>();
  private StandInApiServer server;
  private KubernetesClient client;

  @BeforeEach
  void an_api_server() throws IOException {
    server =
        StandInApiServer.start(
            "/api/v1/namespaces/team/events",
            exchange -> {
              var body = exchange.getRequestBody().readAllBytes();
              told.add(JSON.readTree(body));
              StandInApiServer.answer(exchange, 201, body);
            });
    client = server.client();
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private void tell(StageResult result) {
    var results = new EnumMap<Stage, StageResult>(Map.of(Stage.CONFIGURATION, result));
    var conditions = new Conditions(List.of(), 1, Given.NOW).of(Stage.of(false), results, result);
    new EventRecorder(client, "operator-1", new OperatorMetrics())
        .transitions(
            Given.environment("demo"), List.of(), conditions, List.of(result, result), Given.NOW);
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "SECRET_MISSING",
        "KEY_MISSING",
        "CONFIG_MAP_MISSING",
        "MODELS_PULLING",
        "MIGRATION_RUNNING",
        "DOMAIN_CLAIMED",
        "CHECKS_RUNNING"
      })
  void what_is_waited_for_is_no_warning(Reason reason) {
    tell(new StageResult.Waiting(reason, "soon"));

    assertThat(told)
        .singleElement()
        .satisfies(event -> {
          assertThat(event.path("type").asText()).isEqualTo("Normal");
          assertThat(event.path("reason").asText()).isEqualTo(reason.camelCase());
          assertThat(event.path("message").asText()).isEqualTo("ConfigurationReady: soon");
          assertThat(event.path("lastTimestamp").asText())
              .as("what kubectl describe sorts by")
              .isEqualTo(Given.NOW.toString());
        });
  }

  @Test
  void what_fails_is_a_warning_even_under_a_reason_that_is_waited_for_elsewhere() {
    tell(new StageResult.Failing(Reason.CHECKS_FAILED, "status 503"));
    tell(new StageResult.Stalled(Reason.SECRET_MISSING, "for good"));

    assertThat(told)
        .extracting(event -> event.path("type").asText())
        .containsExactly("Warning", "Warning");
  }

  @ParameterizedTest
  @EnumSource(names = {"COMMIT_FAILED", "ROLLED_BACK", "ROTATION_FAILED", "STORAGE_CANNOT_SHRINK"})
  void what_was_asked_for_and_failed_is_a_warning_although_what_runs_is_in_order(Reason reason) {
    tell(new StageResult.Ready(reason, "1a2b3c4d failed"));

    assertThat(told)
        .singleElement()
        .satisfies(event -> assertThat(event.path("type").asText()).isEqualTo("Warning"));
  }

  @Test
  void what_is_done_is_normal_and_a_long_note_is_cut() {
    tell(new StageResult.Ready(Reason.CONFIGURATION_READY, "x".repeat(5000)));

    assertThat(told)
        .singleElement()
        .satisfies(event -> {
          assertThat(event.path("type").asText()).isEqualTo("Normal");
          assertThat(event.path("message").asText()).hasSizeLessThan(1024);
        });
  }

  @Test
  void what_did_not_change_is_not_told_again() {
    var result = new StageResult.Waiting(Reason.SECRET_MISSING, "soon");
    var conditions =
        new Conditions(List.of(), 1, Given.NOW)
            .of(Stage.of(false), Map.of(Stage.CONFIGURATION, result), result);

    new EventRecorder(client, "operator-1", new OperatorMetrics())
        .transitions(Given.environment("demo"), conditions, conditions, List.of(result), Given.NOW);

    assertThat(told).isEmpty();
  }
}
