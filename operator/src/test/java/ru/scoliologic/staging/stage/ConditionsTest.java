package ru.scoliologic.staging.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.agent.build.BuildReason;

class ConditionsTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final StageResult GOOD =
      new StageResult.Ready(Reason.INFRASTRUCTURE_READY, "all is there");
  private static final StageResult LATE =
      new StageResult.Waiting(Reason.SECRET_MISSING, "Secret x does not exist");

  private static final List<Stage> STAGES = Stage.of(false);

  private static List<Condition> first() {
    return new Conditions(null, 1, NOW)
        .of(STAGES, Map.of(Stage.INFRASTRUCTURE, GOOD, Stage.CONFIGURATION, LATE), LATE);
  }

  private static Condition find(List<Condition> conditions, String type) {
    return Conditions.find(conditions, type).orElseThrow();
  }

  @Test
  void a_stage_that_was_not_reached_awaits_the_one_before_it() {
    var deployed = find(first(), "Deployed");

    assertThat(deployed.getStatus()).isEqualTo("Unknown");
    assertThat(deployed.getReason()).isEqualTo("AwaitingPreviousStage");
    assertThat(deployed.getMessage()).contains("ConfigurationReady");
  }

  @Test
  void waiting_shows_as_reconciling_and_a_fault_of_the_spec_as_stalled_never_both() {
    var stalled = new StageResult.Stalled(Reason.INVALID_SPEC, "spec.x is wrong");
    var after = new Conditions(first(), 2, NOW).of(STAGES, Map.of(), stalled);

    assertThat(first())
        .extracting(Condition::getType)
        .contains("Reconciling")
        .doesNotContain("Stalled");
    assertThat(after)
        .extracting(Condition::getType)
        .contains("Stalled")
        .doesNotContain("Reconciling");
    assertThat(find(after, "Ready").getStatus()).isEqualTo("False");
  }

  @Test
  void the_fifth_stage_shows_only_where_a_branch_is_followed() {
    var followed = new Conditions(null, 1, NOW).of(Stage.of(true), Map.of(), LATE);

    assertThat(find(followed, "GitOpsActive").getReason()).isEqualTo("AwaitingPreviousStage");
    assertThat(Conditions.find(first(), "GitOpsActive")).isEmpty();
  }

  @Test
  void a_pass_that_did_not_look_at_a_stage_leaves_its_condition() {
    var after =
        new Conditions(first(), 2, NOW)
            .of(STAGES, Map.of(), new StageResult.Stalled(Reason.INVALID_SPEC, "wrong"));

    assertThat(find(after, "InfrastructureReady").getStatus()).isEqualTo("True");
  }

  @Test
  void after_an_error_no_condition_goes_on_saying_what_it_said_before() {
    var error =
        new StageResult.Failing(Reason.UNEXPECTED_ERROR, "the API server responds with 500");

    var after = new Conditions(first(), 1, NOW).notAssessed(STAGES, error);
    var later = new Conditions(after, 1, NOW.plusSeconds(60)).notAssessed(STAGES, error);

    var infrastructure = find(after, "InfrastructureReady");
    assertThat(infrastructure.getStatus()).isEqualTo("Unknown");
    assertThat(infrastructure.getReason()).isEqualTo("NotAssessed");
    assertThat(infrastructure.getMessage())
        .startsWith("not assessed since " + NOW + ", for the operator meets an error")
        .endsWith("before that it was True: all is there");
    assertThat(find(after, "Ready").getReason()).isEqualTo("UnexpectedError");
    assertThat(find(after, "Deployed").getReason())
        .as("a gate that never opened stays shut")
        .isEqualTo("AwaitingPreviousStage");
    assertThat(later).isEqualTo(after);
    assertThat(Conditions.gateOpened(after, Stage.CONFIGURATION)).isTrue();
    assertThat(Conditions.gateOpened(after, Stage.DEPLOYMENT)).isFalse();
  }

  @Test
  void the_transition_time_moves_with_the_status_only() {
    var later = NOW.plusSeconds(60);
    var after =
        new Conditions(first(), 2, later)
            .of(STAGES, Map.of(Stage.INFRASTRUCTURE, GOOD, Stage.CONFIGURATION, GOOD), GOOD);

    assertThat(find(after, "InfrastructureReady").getLastTransitionTime())
        .isEqualTo(NOW.toString());
    assertThat(find(after, "ConfigurationReady").getLastTransitionTime())
        .isEqualTo(later.toString());
    assertThat(after).allSatisfy(c -> assertThat(c.getObservedGeneration()).isEqualTo(2L));
  }

  @Test
  void a_gate_opens_when_the_stage_before_succeeds_and_stays_open() {
    var conditions = first();

    assertThat(Conditions.gateOpened(conditions, Stage.INFRASTRUCTURE)).isTrue();
    assertThat(Conditions.gateOpened(conditions, Stage.CONFIGURATION)).isTrue();
    assertThat(Conditions.gateOpened(conditions, Stage.DEPLOYMENT)).isFalse();
    assertThat(Conditions.gateOpened(null, Stage.CONFIGURATION)).isFalse();
  }

  @Test
  void every_reason_has_a_cause_a_cure_and_a_name_in_camel_case() {
    assertThat(
            Stream.<StatusReason>concat(
                Stream.of(Reason.values()), Stream.of(BuildReason.values())))
        .allSatisfy(reason -> {
          assertThat(reason.cause()).isNotBlank().endsWith(".");
          assertThat(reason.cure()).isNotBlank().endsWith(".");
          assertThat(reason.camelCase()).matches("([A-Z][a-z]+)+");
        });
  }
}
