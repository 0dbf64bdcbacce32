package ru.scoliologic.staging.reconcile;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.release.Ledger;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;
import ru.scoliologic.staging.validation.Verdicts;

/** The application's versions as one pass found them. */
record Versions(
    Snapshot snapshot,
    Plan plan,
    Optional<StageResult> candidateState,
    List<Result> checked,
    Optional<StageResult> servingState) {
  Rollout rollout() {
    return plan.rollout();
  }

  boolean failed(List<Component> components) {
    return Removal.othersReady(components)
        && rollout()
            .candidate()
            .or(() -> Optional.of(rollout().serving()).filter(this::wanted))
            .filter(version ->
                plan.migration().failed() || AppResources.failedForGood(snapshot, version))
            .isPresent();
  }

  private boolean wanted(Rollout.Version version) {
    return version.image().equals(plan.target().image());
  }

  Ledger.Facts facts(Map<Stage, StageResult> results, List<Component> components) {
    return new Ledger.Facts(
        plan.target(),
        rollout().serving().image(),
        AppResources.observe(snapshot, rollout()).ready(),
        rollout().candidate().map(Rollout.Version::image),
        candidateState,
        failed(components),
        rollout().previous().map(Rollout.Version::image),
        Optional.ofNullable(results.get(Stage.VALIDATION)),
        plan.configuration(),
        checked.isEmpty()
            ? Optional.empty()
            : Optional.of(Verdicts.report(checked, snapshot.now())),
        plan.migration().done(),
        servingState);
  }
}
