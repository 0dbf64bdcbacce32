package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;

class DeliveryWarningsTest {
  private static final Told DUE = told("Verified", Telling.Due, null, null);
  private static final Told REFUSED = told("Verified", Telling.Due, "03:05", "Refused");
  private static final Told UNREACHABLE = told("Verified", Telling.Due, "03:05", "Unreachable");
  private static final Told GIVEN_UP = told("Verified", Telling.GivenUp, "04:05", "Unreachable");

  private static Told told(String occasion, Telling state, String at, String reason) {
    return new Told(
        "team-chat",
        occasion,
        state,
        "2026-01-02T03:04:05Z",
        at == null ? null : "2026-01-02T" + at + ":00Z",
        1,
        null,
        reason,
        reason == null ? null : "the receiver responds with 404");
  }

  private static List<StagingRelease> releases(Told... entries) {
    return List.of(World.release(3, World.verified(3).telling(List.of(entries))));
  }

  @Test
  void one_that_is_refused_is_complained_of_at_once_and_only_then() {
    assertThat(DeliveryWarnings.of(releases(DUE), releases(REFUSED)))
        .containsExactly(
            "team-chat was not notified of Verified of demo-c3: the receiver responds with 404");
    assertThat(DeliveryWarnings.of(releases(REFUSED), releases(REFUSED))).isEmpty();
    assertThat(
            DeliveryWarnings.of(
                releases(REFUSED), releases(told("Verified", Telling.GivenUp, "04:05", "Refused"))))
        .isEmpty();
  }

  @Test
  void one_that_is_not_reached_is_complained_of_when_it_is_given_up() {
    assertThat(DeliveryWarnings.of(releases(DUE), releases(UNREACHABLE))).isEmpty();
    assertThat(DeliveryWarnings.of(releases(UNREACHABLE), releases(GIVEN_UP))).hasSize(1);
  }

  @Test
  void the_next_message_to_the_same_addressee_is_complained_of_only_if_one_was_taken_between() {
    var next = told("Failed", Telling.Due, "05:00", "Refused");
    var taken = told("Recovered", Telling.Told, "04:30", null);

    assertThat(DeliveryWarnings.of(releases(GIVEN_UP), releases(GIVEN_UP, next))).isEmpty();
    assertThat(DeliveryWarnings.of(releases(GIVEN_UP, taken), releases(GIVEN_UP, taken, next)))
        .hasSize(1);
  }
}
