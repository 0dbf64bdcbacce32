package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Checks.Round;
import ru.scoliologic.staging.validation.Target;

class VerificationTest {
  private static final Round GOOD = round(Priority.Critical, Outcome.Passed);
  private static final Round REMARK = round(Priority.Minor, Outcome.Failed);
  private static final Round BAD = round(Priority.Critical, Outcome.Failed);
  private static final Target TARGET =
      new Target(
          "10.0.0.7",
          3000,
          "app.staging.test",
          "traefik.staging.test",
          "/api/health",
          IngressSpec.Server.Custom,
          "",
          "operator",
          "secret",
          null,
          new ValidationSpec(null, null, 60, null, null),
          Map.of(),
          null,
          "",
          new Masking(List.of()));

  private final Moved clock = new Moved();
  private Round next = GOOD;
  private int runs;
  private final Verification verification =
      new Verification(
          target -> {
            runs++;
            return next;
          },
          clock,
          new Telemetry());

  private static Round round(Priority priority, Outcome outcome) {
    return new Round(
        Optional.empty(), List.of(new Result("health", "environment", priority, outcome, null)));
  }

  private Round look() {
    return look("subject");
  }

  private Round look(String subject) {
    return verification.answer("uid", subject, TARGET);
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
  void an_environment_that_is_gone_is_forgotten() {
    look();
    verification.keepOnly(Set.of("another"));
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
