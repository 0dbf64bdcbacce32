package ru.scoliologic.staging.reconcile.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.CheckRunner.Round;
import ru.scoliologic.staging.validation.CheckTarget;
import ru.scoliologic.staging.validation.GivenTarget;

class CheckSchedulerTest {
  private static final Round GOOD = round(Priority.Critical, Outcome.Passed);
  private static final Round REMARK = round(Priority.Minor, Outcome.Failed);
  private static final StagingEnvironment ENVIRONMENT = Given.environment("demo");
  private static final Round BAD = round(Priority.Critical, Outcome.Failed);
  private static final CheckTarget TARGET =
      GivenTarget.ingress(
          Given.healthCheck(3000, "{}"), "", null, new ValidationSpec(null, null, 60, null, null));

  private final Moved clock = new Moved();
  private Round next = GOOD;
  private int runs;
  private final List<ResourceID> ended = new ArrayList<>();
  private final List<FutureTask<Void>> held = new ArrayList<>();
  private boolean hold;
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final CheckScheduler verification =
      new CheckScheduler(
          target -> {
            runs++;
            return next;
          },
          this::submit,
          ended::add,
          clock,
          new OperatorMetrics(),
          memories);

  private static Round round(Priority priority, Outcome outcome) {
    return new Round(
        Optional.empty(), List.of(new Result("health", "environment", priority, outcome, null)));
  }

  private Round look() {
    return look("subject");
  }

  private Round look(String subject) {
    return asked(subject).orElseThrow();
  }

  private Optional<Round> asked(String subject) {
    return verification.answer(ENVIRONMENT, new CheckSubject(subject), TARGET);
  }

  /** Runs it at once, or when the test lets it. */
  private Future<?> submit(String namespace, Runnable round) {
    var task = new FutureTask<Void>(round, null);
    if (hold) {
      held.add(task);
    } else {
      task.run();
    }
    return task;
  }

  /** How often the checks run when they are looked at every second for so long. */
  private int runsWithin(Duration time) {
    int before = runs;
    for (var end = clock.instant().plus(time); clock.instant().isBefore(end); ) {
      clock.forward(Duration.ofSeconds(1));
      look();
    }
    return runs - before;
  }

  @Test
  void a_good_answer_holds_for_the_period_and_no_longer() {
    look();

    assertThat(runsWithin(Duration.ofSeconds(59))).isZero();
    assertThat(runsWithin(Duration.ofSeconds(2))).isEqualTo(1);
  }

  @Test
  void remarks_are_no_reason_to_hurry() {
    next = REMARK;
    look();

    assertThat(runsWithin(Duration.ofSeconds(59))).isZero();
  }

  @Test
  void another_subject_is_checked_at_once() {
    look("version 1");
    next = BAD;

    assertThat(look("version 1")).isEqualTo(GOOD);
    assertThat(look("version 1, asked again")).isEqualTo(BAD);
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void a_pass_that_turns_bad_shows_after_the_period_and_the_recovery_soon_after() {
    look();
    next = BAD;
    clock.forward(Duration.ofSeconds(61));
    assertThat(look()).isEqualTo(BAD);

    next = GOOD;
    clock.forward(Duration.ofSeconds(3));
    assertThat(look()).isEqualTo(GOOD);
  }

  @Test
  void trouble_is_looked_at_often_at_first_and_seldom_when_it_lasts() {
    next = BAD;
    look();

    assertThat(runsWithin(Duration.ofMinutes(3))).isBetween(55, 61);
    assertThat(runsWithin(Duration.ofMinutes(3))).isBetween(5, 8);
  }

  @Test
  void waiting_for_a_certificate_is_trouble_too() {
    next =
        new Round(
            Optional.of(new StageResult.Waiting(Reason.CERTIFICATE_NOT_ISSUED, "none yet")),
            List.of());
    look();

    assertThat(runsWithin(Duration.ofSeconds(9))).isEqualTo(3);
  }

  @Test
  void a_pass_does_not_wait_for_a_round_and_its_end_brings_the_next_pass() {
    hold = true;

    assertThat(asked("subject")).isEmpty();
    assertThat(asked("subject")).isEmpty();
    assertThat(held).as("rounds that were begun").hasSize(1);
    assertThat(ended).isEmpty();

    held.getFirst().run();

    assertThat(ended).containsExactly(ResourceID.fromResource(ENVIRONMENT));
    assertThat(asked("subject")).contains(GOOD);
  }

  @Test
  void while_a_round_runs_again_the_last_answer_holds() {
    look();
    hold = true;
    clock.forward(Duration.ofSeconds(61));
    next = BAD;

    assertThat(asked("subject")).contains(GOOD);

    held.getFirst().run();

    assertThat(asked("subject")).contains(BAD);
  }

  @Test
  void a_round_that_was_begun_before_the_switch_does_not_count() {
    hold = true;
    asked("before the switch");
    asked("after the switch");
    assertThat(held.getFirst().isCancelled()).isTrue();

    held.getFirst().run();

    assertThat(ended).as("told of the dropped round").isEmpty();
    assertThat(asked("after the switch")).isEmpty();

    held.getLast().run();

    assertThat(asked("after the switch")).contains(GOOD);
    assertThat(asked("before the switch")).isEmpty();
  }

  @Test
  void the_round_of_an_environment_that_is_gone_is_dropped() {
    hold = true;
    asked("subject");

    memories.drop(ENVIRONMENT.getMetadata().getUid());

    assertThat(held.getFirst().isCancelled()).isTrue();
    held.getFirst().run();
    assertThat(ended).isEmpty();
  }

  @Test
  void a_round_that_cannot_be_run_fails_one_pass_and_is_begun_again() {
    next = null;

    assertThatThrownBy(
            () -> {
              asked("subject");
              asked("subject");
            })
        .isInstanceOf(NullPointerException.class);
    next = GOOD;
    assertThat(asked("subject")).contains(GOOD);
  }

  @Test
  void an_environment_that_is_gone_is_forgotten() {
    look();
    memories.drop(ENVIRONMENT.getMetadata().getUid());
    look();

    assertThat(runs).isEqualTo(2);
  }

  /** A clock that a test moves. */
  private static final class Moved extends Clock {
    private Instant now = Given.NOW;

    void forward(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException("it is always UTC");
    }
  }
}
