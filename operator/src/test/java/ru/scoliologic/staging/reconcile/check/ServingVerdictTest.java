package ru.scoliologic.staging.reconcile.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.BuiltInCheck;
import ru.scoliologic.staging.validation.BuiltInCheck.Owner;

/** What the checks through the ingress mean for the version that has just got the traffic. */
class ServingVerdictTest {
  private static final StageResult PASSED = new StageResult.Ready(Reason.CHECKS_PASSED, "");
  private static final StageResult FAILED = new StageResult.Failing(Reason.CHECKS_FAILED, "");

  private static Checks judge(
      StageResult validation, String failing, Duration afterSwitch, Set<String> known, boolean ok) {
    return judge(validation, failing, "environment", afterSwitch, known, ok);
  }

  private static Checks judge(
      StageResult validation,
      String failing,
      String group,
      Duration afterSwitch,
      Set<String> known,
      boolean ok) {
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
            : List.of(new Result(failing, group, Priority.Critical, Outcome.Failed, "wrong"));
    return ServingVerdict.judge(later, plan, results, checked, known, ok);
  }

  @Test
  void what_passes_while_the_ingress_may_still_lead_to_the_version_before_does_not_count() {
    assertThat(judge(PASSED, "", Duration.ofSeconds(1), Set.of(), true)).isEqualTo(Checks.UNKNOWN);
    assertThat(judge(PASSED, "", ServingVerdict.SETTLED, Set.of(), true)).isEqualTo(Checks.PASSED);
  }

  /** A pod of the version that serves. */
  private static Pod pod(String id, String image, Instant gone) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-app-" + image.length())
        .withLabels(Map.of(Labels.COMPONENT, "app", Labels.VERSION, id))
        .withDeletionTimestamp(gone == null ? null : gone.toString())
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("app")
        .withImage(image)
        .endContainer()
        .endSpec()
        .build();
  }

  @Test
  void while_a_pod_with_other_content_of_the_version_may_answer_nothing_counts() {
    var rollout = rollout(Given.aGoodStart());
    var id = rollout.serving().id();
    var later = Given.NOW.plusSeconds(60);

    assertThat(settled(rollout, pod(id, "app:1@sha256:2", null))).isTrue();
    assertThat(
            settled(
                rollout, pod(id, "app:1@sha256:2", null), pod(id, "app:1", later.plusSeconds(5))))
        .isFalse();
    assertThat(
            settled(
                rollout, pod(id, "app:1@sha256:2", null), pod(id, "app:1", later.minusSeconds(1))))
        .as("one whose node is gone")
        .isTrue();
    assertThat(settled(rollout, pod(id, "app:1@sha256:2", null), evicted(pod(id, "app:1", null))))
        .as("one that was evicted and answers nothing any more")
        .isTrue();
    assertThat(settled(rollout, pod(id, "mirror/app:1", null), pod("other", "app:2", null)))
        .as("an image that admission put in the place of the planned one")
        .isTrue();
  }

  private static Pod evicted(Pod pod) {
    return new PodBuilder(pod).withNewStatus().withPhase("Failed").endStatus().build();
  }

  private static Rollout rollout(Given given) {
    return Plan.of(given.snapshot(), Configuration.resolve(given.snapshot())).rollout();
  }

  private static boolean settled(Rollout rollout, Pod... pods) {
    var given = Given.aGoodStart().at(Given.NOW.plusSeconds(60));
    Stream.of(pods).forEach(given::pod);
    return ServingVerdict.settled(given.snapshot(), rollout);
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

  @ParameterizedTest
  @EnumSource
  void a_built_in_check_is_held_against_the_version_only_when_the_version_answers_for_it(
      BuiltInCheck check) {
    assertThat(judge(FAILED, check.title(), Duration.ofSeconds(20), Set.of(), true))
        .isEqualTo(check.owner() == Owner.INGRESS ? Checks.INCONCLUSIVE : Checks.FAILED);
  }

  @ParameterizedTest
  @EnumSource
  void a_declared_check_is_the_versions_whatever_its_name(BuiltInCheck namesake) {
    assertThat(judge(FAILED, namesake.title(), "pages", Duration.ofSeconds(20), Set.of(), true))
        .isEqualTo(Checks.FAILED);
  }
}
