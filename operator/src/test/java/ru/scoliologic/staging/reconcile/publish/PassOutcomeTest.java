package ru.scoliologic.staging.reconcile.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

class PassOutcomeTest {
  private static final Duration PERIOD = Duration.ofMinutes(5);

  /** The time of the next pass when the server takes so long to store the status of this one. */
  private static Duration next(Duration writing) {
    var failing =
        new StageResult.Failing(
            Reason.INVALID_SPEC, "spec.domains.app: missing", Duration.ofSeconds(5));
    var outcome = PassOutcome.refused(Map.of(Stage.INFRASTRUCTURE, failing), failing);
    var written =
        outcome.status(Given.environment("demo"), null, Clock.fixed(Given.NOW, ZoneOffset.UTC));
    assertThat(Instant.parse(written.nextRetry())).isEqualTo(Given.NOW.plusSeconds(5));
    return outcome.next(PERIOD, written, Given.NOW.plus(writing));
  }

  @Test
  void a_retry_comes_when_it_was_published() {
    assertThat(next(Duration.ofMillis(20))).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(6));
  }

  @Test
  void a_retry_that_came_due_while_the_server_took_the_status_is_made_at_once_and_not_lost() {
    assertThat(next(Duration.ofSeconds(40))).isEqualTo(Duration.ofMillis(100));
  }
}
