package ru.scoliologic.staging.reconcile;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.release.NextStep;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Verdicts;

/**
 * The application's versions as one pass found them.
 *
 * @param step what was decided upon from what was made of them in this pass
 */
record Versions(
    Snapshot snapshot,
    Plan plan,
    NextStep step,
    Optional<StageResult> candidateState,
    List<Result> checked,
    Optional<StageResult> servingState) {
  Rollout rollout() {
    return plan.rollout();
  }

  Ledger.Facts facts(Map<Stage, StageResult> results) {
    return new Ledger.Facts(
        plan.target(),
        step,
        rollout().serving(),
        rollout().serving().exists() && AppResources.observe(snapshot, rollout()).ready(),
        rollout().candidate(),
        candidateState.map(this::named),
        rollout().previous(),
        Optional.ofNullable(results.get(Stage.VALIDATION)),
        plan.configuration(),
        checked.isEmpty()
            ? Optional.empty()
            : Optional.of(Verdicts.report(checked, snapshot.now())),
        plan.migration().done(),
        plan.migration().copies(),
        servingState);
  }

  /** For the release, why a candidate does not come up has a name. */
  private StageResult named(StageResult state) {
    if (state.reason() != Reason.CANDIDATE_FAILED) {
      return state;
    }
    return rollout()
        .candidate()
        .map(version -> reason(AppResources.observe(snapshot, version).reason()))
        .<StageResult>map(reason -> new StageResult.Failing(reason, state.message()))
        .orElse(state);
  }

  private static Reason reason(Reason component) {
    return switch (component) {
      case CONTAINER_CRASHING, OUT_OF_MEMORY -> Reason.CANDIDATE_CRASHED;
      case NOT_HEALTHY, DEADLINE_EXCEEDED -> Reason.CANDIDATE_UNHEALTHY;
      case null, default -> Reason.CANDIDATE_FAILED;
    };
  }
}
