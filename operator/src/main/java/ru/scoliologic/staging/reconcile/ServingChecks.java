package ru.scoliologic.staging.reconcile;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.release.NextStep.Checks;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Verdicts;

/** What the checks through the ingress say of the version that serves (pure). */
final class ServingChecks {
  /** Until then the ingress may still lead to the version before. */
  static final Duration SETTLED = Duration.ofSeconds(3);

  /** A version that has just got the traffic, or its database back, is given so long to do well. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** What the operator itself answers for, and no version. */
  private static final Set<String> OF_THE_INGRESS =
      Set.of(
          "certificates",
          "redirect to HTTPS",
          "dashboard is closed",
          "dashboard opens",
          "routers",
          "access closed",
          "grafana");

  private ServingChecks() {}

  /** Whether what is found now is found of the version that serves. */
  static boolean settled(Snapshot snapshot, Rollout rollout) {
    return !snapshot.now().isBefore(rollout.switchedAt().plus(SETTLED));
  }

  /**
   * Judges.
   *
   * @param results of the stages, as far as they were looked at
   * @param checked the outcome of every check, if they ran
   * @param known names of the critical checks that the version before failed too
   * @param blames whether a version that does not do well is to blame: what it needs is there
   */
  static Checks judge(
      Snapshot snapshot,
      Plan plan,
      Map<Stage, StageResult> results,
      List<Result> checked,
      Set<String> known,
      boolean blames) {
    var rollout = plan.rollout();
    boolean patient =
        Stream.of(rollout.switchedAt(), Needs.since(snapshot))
            .anyMatch(since -> snapshot.now().isBefore(since.plus(PATIENCE)));
    if (blames && AppResources.failedForGood(snapshot, rollout.serving())) {
      return Checks.FAILED;
    }
    var result = results.get(Stage.VALIDATION);
    if (result == null || result instanceof StageResult.Waiting || !settled(snapshot, rollout)) {
      return Checks.UNKNOWN;
    }
    if (result.isReady()) {
      return Checks.PASSED;
    }
    var failures = new TreeSet<>(Verdicts.criticalFailures(checked));
    failures.removeAll(OF_THE_INGRESS);
    if (failures.isEmpty() || known.containsAll(failures) || !blames) {
      return Checks.INCONCLUSIVE;
    }
    return patient ? Checks.UNKNOWN : Checks.FAILED;
  }
}
