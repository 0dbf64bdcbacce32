package ru.scoliologic.staging.reconcile.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

class RetryScheduleTest {
  private static final StageResult.Failing FAILING =
      new StageResult.Failing(Reason.CHECKS_FAILED, "m", StageResult.Waiting.SOON);

  private static Condition condition(String type, String status, Duration age) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withLastTransitionTime(Given.NOW.minus(age).toString())
        .build();
  }

  @Test
  void a_failure_that_lasts_is_tried_again_soon_at_first_and_then_every_five_minutes() {
    var told = new TreeSet<Instant>();
    String last = null;

    // When a watch wakes the operator every second of an hour
    for (var now = Given.NOW; now.isBefore(Given.NOW.plusSeconds(3600)); now = now.plusSeconds(1)) {
      last = RetrySchedule.next(FAILING, Given.NOW, last, now).toString();
      told.add(Instant.parse(last));
    }

    assertThat(told.first()).isEqualTo(Given.NOW.plusSeconds(5));
    assertThat(told.higher(told.first())).isEqualTo(Given.NOW.plusSeconds(10));
    assertThat(Duration.between(told.lower(told.last()), told.last()))
        .isEqualTo(RetrySchedule.MOST);
    assertThat(told).hasSizeLessThan(35);
  }

  @Test
  void what_was_told_stays_until_it_has_passed_and_a_new_failure_is_tried_soon() {
    var told = Given.NOW.plusSeconds(4);
    var far = Given.NOW.plusSeconds(290);

    assertThat(RetrySchedule.next(FAILING, Given.NOW, told.toString(), Given.NOW)).isEqualTo(told);
    assertThat(RetrySchedule.next(FAILING, Given.NOW, told.toString(), told))
        .isEqualTo(told.plusSeconds(5));
    assertThat(RetrySchedule.next(FAILING, Given.NOW, far.toString(), Given.NOW))
        .isEqualTo(Given.NOW.plusSeconds(5));
  }

  @Test
  void it_has_failed_since_the_first_failing_stage_turned_false_or_else_since_ready_did() {
    var last =
        List.of(
            condition("Deployed", "True", Duration.ofHours(3)),
            condition("Validated", "False", Duration.ofMinutes(2)),
            condition("Ready", "False", Duration.ofHours(1)));
    var validated = Map.<Stage, StageResult>of(Stage.VALIDATION, FAILING);
    var deployed = Map.<Stage, StageResult>of(Stage.DEPLOYMENT, FAILING);

    assertThat(RetrySchedule.since(last, validated, Given.NOW))
        .isEqualTo(Given.NOW.minus(Duration.ofMinutes(2)));
    assertThat(RetrySchedule.since(last, Map.of(), Given.NOW))
        .isEqualTo(Given.NOW.minus(Duration.ofHours(1)));
    assertThat(RetrySchedule.since(last, deployed, Given.NOW)).isEqualTo(Given.NOW);
    assertThat(RetrySchedule.since(null, Map.of(), Given.NOW)).isEqualTo(Given.NOW);
  }
}
