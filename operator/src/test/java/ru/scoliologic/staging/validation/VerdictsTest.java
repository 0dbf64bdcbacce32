package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Judgement;
import ru.scoliologic.staging.api.ValidationSpec.Manual;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.stage.Reason;

class VerdictsTest {
  private static final Result GOOD = result("health", Priority.Critical, Outcome.Passed, null);
  private static final Manual SIGN_IN =
      new Manual("sign in", "people", Priority.Critical, "sign in with a test account");

  private static Result result(String name, Priority priority, Outcome outcome, String message) {
    return new Result(name, "pages", priority, outcome, message);
  }

  @Test
  void a_report_of_very_many_long_rows_stays_small_enough_to_be_stored() {
    var rows =
        IntStream.range(0, 660)
            .mapToObj(i ->
                new Result(
                    "check " + i, "group", Priority.Critical, Outcome.Failed, "ж".repeat(500)))
            .toList();

    var report = Verdicts.report(rows, Instant.parse("2026-01-01T00:00:00Z"));

    assertThat(report.results()).hasSize(660);
    assertThat(report.results().getFirst().message()).isEqualTo("ж".repeat(500));
    assertThat(report.results().getLast().message()).isEqualTo("not shown: the report is too long");
    assertThat(report.results().toString().getBytes(StandardCharsets.UTF_8))
        .hasSizeLessThan(500_000);
  }

  @Test
  void all_passed_is_passed() {
    var stage = Verdicts.stage("app.test", true, List.of(GOOD));

    assertThat(stage.isReady()).isTrue();
    assertThat(stage.reason()).isEqualTo(Reason.CHECKS_PASSED);
    assertThat(stage.message()).contains("1 of 1 checks passed");
  }

  @Test
  void a_failed_check_that_is_not_critical_is_a_remark() {
    var results =
        List.of(GOOD, result("settings", Priority.Important, Outcome.Failed, "status 500"));

    assertThat(Verdicts.of(results)).isEqualTo(Verdict.PassedWithRemarks);
    assertThat(Verdicts.stage("app.test", true, results).reason())
        .isEqualTo(Reason.PASSED_WITH_REMARKS);
    assertThat(Verdicts.stage("app.test", true, results).isReady()).isTrue();
    assertThat(Verdicts.stage("app.test", true, results).message())
        .contains("settings: status 500");
  }

  @Test
  void one_failed_critical_check_fails_all_and_is_named() {
    var results =
        List.of(
            GOOD,
            result("settings", Priority.Minor, Outcome.Failed, "status 500"),
            result("dashboard", Priority.Critical, Outcome.Failed, "status 404"));

    assertThat(Verdicts.of(results)).isEqualTo(Verdict.Failed);
    assertThat(Verdicts.stage("app.test", true, results).message())
        .isEqualTo("dashboard: status 404");
  }

  @Test
  void what_a_report_says_of_any_check_is_bounded_and_of_a_log_the_end_is_kept() {
    var long1 =
        result("n".repeat(1000), Priority.Minor, Outcome.Failed, "a".repeat(4000) + "the end");

    var report = Verdicts.report(List.of(GOOD, long1), java.time.Instant.EPOCH);

    assertThat(report.results().getFirst()).isEqualTo(GOOD);
    assertThat(report.results().getLast().name()).hasSizeLessThan(300);
    assertThat(report.results().getLast().message()).hasSizeLessThan(510).endsWith("the end");
    assertThat(Verdicts.bounded(report.results())).isEqualTo(report.results());
  }

  @Test
  void a_manual_check_waits_for_a_person_without_holding_the_stage() {
    var manual = Verdicts.manual(List.of(SIGN_IN), List.of());

    assertThat(manual).extracting(Result::outcome).containsExactly(Outcome.Pending);
    assertThat(Verdicts.stage("app.test", true, manual).isReady()).isTrue();
    assertThat(Verdicts.stage("app.test", true, manual).message())
        .contains("1 manual checks have no verdict yet");
  }

  @Test
  void a_persons_verdict_counts_like_any_other() {
    var verdict = new StagingReleaseSpec.Verdict("sign in", Judgement.Failed, "Anna", "blank page");

    var manual = Verdicts.manual(List.of(SIGN_IN), List.of(verdict));

    assertThat(Verdicts.of(manual)).isEqualTo(Verdict.Failed);
    assertThat(manual.getFirst().message()).isEqualTo("Anna: blank page");
  }
}
