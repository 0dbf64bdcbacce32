package ru.scoliologic.staging.reconcile.assess;

import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Verdicts;

/**
 * The application's versions as observed by one pass.
 *
 * @param decision the decision, from the results of this pass
 * @param validation current result of the checks through the ingress, if they ran
 * @param checked the outcome of every check, none if they did not run
 */
public record RolloutOutcome(
    Snapshot snapshot,
    Plan plan,
    RolloutDecision decision,
    States states,
    Optional<StageResult> validation,
    List<Result> checked) {

  /**
   * The status of the versions that are not up.
   *
   * @param candidate the one beside the serving version
   * @param serving the serving one, while it is wanted
   */
  public record States(Optional<StageResult> candidate, Optional<StageResult> serving) {
    public static final States NONE = new States(Optional.empty(), Optional.empty());
  }

  public Rollout rollout() {
    return plan.rollout();
  }

  public ReleaseLedger.Facts facts() {
    var serving = rollout().serving();
    return new ReleaseLedger.Facts(
        plan.target(),
        decision,
        plan.configuration(),
        new ReleaseLedger.Workloads(
            new ReleaseLedger.Serving(
                serving,
                serving.exists() && AppResources.observe(snapshot, rollout()).ready(),
                states.serving()),
            rollout()
                .candidate()
                .map(version ->
                    new ReleaseLedger.Candidate(version, states.candidate().map(this::named))),
            rollout().previous()),
        new ReleaseLedger.Validation(
            validation,
            checked.isEmpty()
                ? Optional.empty()
                : Optional.of(Verdicts.report(checked, snapshot.now()))),
        new ReleaseLedger.Migrations(plan.migration().done(), plan.migration().copies()));
  }

  /** Releases have a specific reason for a candidate that does not come up. */
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
      case OTHER_ARCHITECTURE -> Reason.OTHER_ARCHITECTURE;
      case null, default -> Reason.CANDIDATE_FAILED;
    };
  }
}
