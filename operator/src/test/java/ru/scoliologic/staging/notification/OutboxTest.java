package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.notification.Outcome.Failed;
import ru.scoliologic.staging.notification.Outcome.Kind;
import ru.scoliologic.staging.notification.Outcome.Sent;

class OutboxTest {
  private static final Instant NOW = Given.NOW;

  private final StagingEnvironment environment = World.environment();

  private List<Told> carry(
      StagingReleaseStatus before, StagingReleaseStatus after, StagingRelease... others) {
    return carry(before, after, Map.of(), NOW, others);
  }

  private List<Told> carry(
      StagingReleaseStatus before,
      StagingReleaseStatus after,
      Map<String, Outcome> outcomes,
      Instant now,
      StagingRelease... others) {
    var release = World.release(3, after.telling(before == null ? null : before.told()));
    var all = new ArrayList<>(List.of(others));
    all.add(release);
    return Outbox.carry(environment, before, release, all, outcomes, now);
  }

  /** What becomes of one entry after a try that ended in that way. */
  private Told after(Told told, Outcome outcome, Instant now) {
    var status = World.verified(3).telling(List.of(told));
    var attempt = Outbox.attempt(environment, World.release(3, status), told);
    return carry(status, status, Map.of(attempt, outcome), now).getFirst();
  }

  private Told due() {
    return carry(World.underWay(3), World.verified(3)).getFirst();
  }

  private static List<String> names(List<Told> entries) {
    return entries.stream().map(told -> told.notification() + " " + told.occasion()).toList();
  }

  @Test
  void a_verified_version_is_told_to_those_who_want_it_and_to_github() {
    var entries = carry(World.underWay(3), World.verified(3));

    assertThat(names(entries))
        .containsExactly(
            "team-chat Verified",
            "qa Verified",
            "release-board Verified",
            "gitops.commitStatus CommitSuccess");
    assertThat(entries)
        .allSatisfy(told -> assertThat(told.state()).isEqualTo(Telling.Due))
        .allSatisfy(told -> assertThat(told.since()).isEqualTo("2026-01-02T03:04:05Z"));
  }

  @Test
  void a_commit_of_which_the_agent_wrote_first_is_pending_all_the_same() {
    var building =
        StagingReleaseStatus.ofBuild(
            new StagingReleaseStatus.BuildStatus(
                StagingReleaseStatus.BuildState.Building,
                null,
                null,
                null,
                1,
                null,
                null,
                null,
                null,
                null));

    assertThat(names(carry(building, World.underWay(3))))
        .containsExactly("gitops.commitStatus CommitPending");
  }

  @Test
  void
      a_version_that_fails_beside_the_serving_one_failed_and_one_that_had_traffic_was_rolled_back() {
    assertThat(names(carry(World.underWay(3), World.failed(3))))
        .containsExactly(
            "team-chat Failed",
            "on-call Failed",
            "release-board Failed",
            "gitops.commitStatus CommitFailure");
    assertThat(names(carry(World.underWay(3), World.rolledBack(3))))
        .containsExactly(
            "team-chat RolledBack",
            "on-call RolledBack",
            "release-board RolledBack",
            "gitops.commitStatus CommitFailure");
  }

  @Test
  void a_verified_version_after_a_failed_one_is_told_as_recovered() {
    var entries =
        carry(
            World.underWay(3),
            World.verified(3),
            World.release(1, World.verified(1)),
            World.release(2, World.rolledBack(2)));

    assertThat(names(entries))
        .contains("team-chat Recovered", "on-call Recovered", "qa Recovered")
        .noneMatch(name -> name.endsWith(" Verified"));
  }

  @Test
  void a_version_that_was_overtaken_or_comes_later_does_not_count_as_the_one_before() {
    var entries =
        carry(
            World.underWay(3),
            World.verified(3),
            World.release(1, World.verified(1)),
            World.release(2, World.superseded(2)),
            World.release(4, World.failed(4)));

    assertThat(names(entries)).contains("team-chat Verified");
  }

  @Test
  void a_version_that_failed_and_is_verified_at_another_try_recovers() {
    var failed = World.failed(3).telling(carry(World.underWay(3), World.failed(3)));

    assertThat(names(carry(failed, World.verified(3)))).contains("on-call Recovered");
  }

  @Test
  void what_ended_before_anybody_asked_to_be_told_is_not_told() {
    assertThat(carry(World.verified(3), World.verified(3))).isEmpty();
  }

  @Test
  void a_message_is_not_told_again_when_the_same_comes_about_again() {
    var failed = World.failed(3).telling(carry(World.underWay(3), World.failed(3)));
    var again = World.underWay(3).telling(carry(failed, World.underWay(3)));

    var entries = carry(again, World.failed(3));

    assertThat(names(entries)).doesNotHaveDuplicates().contains("team-chat Failed");
  }

  @Test
  void a_pass_with_nothing_new_changes_no_entry() {
    var status = World.verified(3).telling(carry(World.underWay(3), World.verified(3)));

    assertThat(carry(status, status, Map.of(), NOW.plusSeconds(600))).isEqualTo(status.told());
  }

  @Test
  void github_shows_the_last_status_even_if_the_one_before_was_never_sent() {
    var pending = carry(null, World.underWay(3));
    assertThat(names(pending)).containsExactly("gitops.commitStatus CommitPending");

    var entries = carry(World.underWay(3).telling(pending), World.failed(3));

    assertThat(names(entries))
        .contains("gitops.commitStatus CommitFailure")
        .doesNotContain("gitops.commitStatus CommitPending");
    assertThat(names(carry(World.underWay(3).telling(pending), World.superseded(3))))
        .containsExactly("gitops.commitStatus CommitSuperseded");
  }

  @Test
  void a_message_to_somebody_who_is_not_listed_any_more_is_dropped_unless_it_was_told() {
    var gone =
        new Told("gone", "Verified", Telling.Due, NOW.toString(), null, null, null, null, null);
    var told = new Told("gone", "Failed", Telling.Told, NOW.toString(), null, 1, null, null, null);
    var status = World.verified(3).telling(List.of(gone, told));

    assertThat(carry(status, status)).containsExactly(told);
  }

  @Test
  void one_that_is_sent_is_told_and_says_when() {
    var told = after(due(), new Sent(), NOW.plusSeconds(2));

    assertThat(told.state()).isEqualTo(Telling.Told);
    assertThat(told.at()).isEqualTo("2026-01-02T03:04:07Z");
    assertThat(told.attempts()).isEqualTo(1);
  }

  @Test
  void one_that_cannot_be_sent_is_tried_less_and_less_often_and_given_up_after_an_hour() {
    var told = due();
    var now = NOW;
    var waits = new ArrayList<Long>();
    while (told.state() == Telling.Due && waits.size() < 100) {
      told = after(told, Failed.unreachable("is down"), now);
      if (told.state() == Telling.Due) {
        waits.add(Duration.between(now, Outbox.time(told)).toSeconds());
        now = Outbox.time(told);
      }
    }

    assertThat(waits).startsWith(5L, 10L, 20L, 40L, 80L, 160L, 300L, 300L).hasSizeLessThan(20);
    assertThat(told.state()).isEqualTo(Telling.GivenUp);
    assertThat(Duration.between(NOW, now)).isEqualTo(Outbox.LONGEST);
    assertThat(told.message()).isEqualTo("is down");
  }

  @Test
  void an_addressee_that_asks_for_a_pause_gets_it_but_not_for_longer_than_an_hour() {
    var pause = new Failed(Kind.Unreachable, "too many", Duration.ofMinutes(7));
    var ages = new Failed(Kind.Unreachable, "too many", Duration.ofDays(2));

    assertThat(Outbox.time(after(due(), pause, NOW))).isEqualTo(NOW.plusSeconds(420));
    assertThat(Outbox.time(after(due(), ages, NOW))).isEqualTo(NOW.plusSeconds(3600));
  }

  @Test
  void one_that_is_refused_is_not_pressed() {
    var told = after(due(), Failed.refused("answers 404"), NOW);

    assertThat(Outbox.time(told)).isEqualTo(NOW.plusSeconds(300));
    assertThat(told.reason()).isEqualTo("Refused");
  }

  @Test
  void every_try_of_a_message_has_one_key_and_every_message_another() {
    var release = World.release(3, World.verified(3));
    var entries = carry(World.underWay(3), World.verified(3));
    var retried = after(entries.getFirst(), Failed.unreachable("is down"), NOW);

    assertThat(Outbox.key(environment, release, retried))
        .isEqualTo(Outbox.key(environment, release, entries.getFirst()));
    assertThat(Outbox.attempt(environment, release, retried))
        .isNotEqualTo(Outbox.attempt(environment, release, entries.getFirst()));
    assertThat(entries.stream().map(told -> Outbox.key(environment, release, told)))
        .doesNotHaveDuplicates();
  }
}
