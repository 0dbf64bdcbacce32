package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.release.NextStep.Checks;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** What the checks through the ingress mean for the version that has just got the traffic. */
class ServingChecksTest {
  private static final StageResult PASSED = new StageResult.Ready(Reason.CHECKS_PASSED, "");
  private static final StageResult FAILED = new StageResult.Failing(Reason.CHECKS_FAILED, "");

  private static Checks judge(
      StageResult validation, String failing, Duration afterSwitch, Set<String> known, boolean ok) {
    // The first version gets the traffic when its Service is made: now.
    var given = Given.aGoodStart();
    var plan = Plan.of(given.snapshot(), Configuration.resolve(given.snapshot()));
    var later = given.at(Given.NOW.plus(afterSwitch)).snapshot();
    Map<Stage, StageResult> results = new EnumMap<>(Stage.class);
    if (validation != null) {
      results.put(Stage.VALIDATION, validation);
    }
    var checked =
        failing.isEmpty()
            ? List.<Result>of()
            : List.of(new Result(failing, "any", Priority.Critical, Outcome.Failed, "wrong"));
    return ServingChecks.judge(later, plan, results, checked, known, ok);
  }

  @Test
  void what_passes_while_the_ingress_may_still_lead_to_the_version_before_does_not_count() {
    assertThat(judge(PASSED, "", Duration.ofSeconds(1), Set.of(), true)).isEqualTo(Checks.UNKNOWN);
    assertThat(judge(PASSED, "", ServingChecks.SETTLED, Set.of(), true)).isEqualTo(Checks.PASSED);
  }

  @Test
  void a_failure_counts_when_the_version_has_had_a_moment() {
    assertThat(judge(FAILED, "health", Duration.ofSeconds(5), Set.of(), true))
        .isEqualTo(Checks.UNKNOWN);
    assertThat(judge(FAILED, "health", Duration.ofSeconds(20), Set.of(), true))
        .isEqualTo(Checks.FAILED);
  }

  @Test
  void what_is_not_the_versions_fault_is_not_held_against_it() {
    var late = Duration.ofSeconds(20);

    assertThat(judge(FAILED, "certificates", late, Set.of(), true)).isEqualTo(Checks.INCONCLUSIVE);
    assertThat(judge(FAILED, "login", late, Set.of("login"), true)).isEqualTo(Checks.INCONCLUSIVE);
    assertThat(judge(FAILED, "login", late, Set.of(), false)).isEqualTo(Checks.INCONCLUSIVE);
    assertThat(judge(null, "", late, Set.of(), true)).isEqualTo(Checks.UNKNOWN);
  }
}
