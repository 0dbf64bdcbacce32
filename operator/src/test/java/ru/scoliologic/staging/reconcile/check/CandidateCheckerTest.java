package ru.scoliologic.staging.reconcile.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.reconcile.check.CandidateChecker.Look;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

/** What the checks of a version beside the serving one come to. */
class CandidateCheckerTest {
  private static final AppVersion CANDIDATE = AppVersion.ofImage("sample-app:1");
  private static final Look FAILED =
      new Look(
          CANDIDATE.id(),
          Checks.FAILED,
          Optional.of(new StageResult.Failing(Reason.CHECKS_FAILED, "devices page: status 500")));

  @Test
  void a_version_is_not_to_blame_for_checks_that_fail_while_what_it_needs_is_not_well() {
    var look = FAILED.of(Optional.of(CANDIDATE), false);

    assertThat(look.checks()).isEqualTo(Checks.INCONCLUSIVE);
    assertThat(look.state().orElseThrow().reason()).isEqualTo(Reason.CHECKS_RUNNING);
    assertThat(look.state().orElseThrow().message())
        .contains("sample-app:1 is not marked as failed", "PostgreSQL", "devices page: status 500");
    assertThat(FAILED.of(Optional.of(CANDIDATE), true)).isEqualTo(FAILED);
  }

  @Test
  void what_one_version_failed_is_not_held_against_another() {
    assertThat(FAILED.of(Optional.of(AppVersion.ofImage("sample-app:2")), true))
        .isEqualTo(Look.NOTHING);
    assertThat(FAILED.of(Optional.empty(), true)).isEqualTo(Look.NOTHING);
  }

  @Test
  void needed_are_the_database_the_cache_and_the_way_to_the_application_and_nothing_else() {
    var snapshot = Given.aGoodStart().snapshot();

    assertThat(Dependencies.areMet(snapshot, List.of(component(ComponentName.GRAFANA, false))))
        .isTrue();
    for (var name : List.of(ComponentName.POSTGRES, ComponentName.REDIS, ComponentName.TRAEFIK)) {
      assertThat(Dependencies.areMet(snapshot, List.of(component(name, true)))).isTrue();
      assertThat(Dependencies.areMet(snapshot, List.of(component(name, false)))).isFalse();
    }
  }

  private static ComponentHealth component(ComponentName name, boolean ready) {
    return new ComponentHealth(name, ready, name + ":1", null, "");
  }
}
