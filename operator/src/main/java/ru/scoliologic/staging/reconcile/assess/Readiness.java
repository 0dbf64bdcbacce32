package ru.scoliologic.staging.reconcile.assess;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.configuration.Rotations;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.RolloutTarget;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The result for Ready: whether the version that the spec requests serves, verified, with every
 * component available. Automatic changes, a commit of the branch or a new value of a key, do not
 * count until they are complete, while the environment keeps serving.
 */
public final class Readiness {
  private Readiness() {}

  /**
   * The state of a version that starts, if the spec requests exactly that version, by its image or
   * by a pin. A commit of the branch is reported by its release.
   */
  public static Optional<StageResult> ofTheSpec(Optional<StageResult> state, Plan plan) {
    return state.filter(starting ->
        plan.rollout().candidate().filter(version -> comesByItself(version, plan)).isEmpty());
  }

  private static boolean comesByItself(AppVersion version, Plan plan) {
    return version.ofCommit() && !isPinned(version, plan.target());
  }

  private static boolean isPinned(AppVersion version, RolloutTarget target) {
    return target.pin().filter(version::equals).isPresent();
  }

  /** A failed rotation: the desired value is not in force, and only a user can help. */
  public static Optional<StageResult> ofFailedRotation(Rotations rotations) {
    return rotations.result().filter(StageResult.Stalled.class::isInstance);
  }

  /**
   * The results as the conditions show them: while the checks of an automatic change run, the last
   * result holds, as it does between two rounds.
   */
  public static Map<Stage, StageResult> shown(
      Map<Stage, StageResult> results, StagingEnvironment environment, Plan plan) {
    var shown = new EnumMap<Stage, StageResult>(Stage.class);
    shown.putAll(results);
    boolean byItself = plan.rotating() || comesByItself(plan.rollout().serving(), plan);
    if (byItself
        && results.get(Stage.VALIDATION) instanceof StageResult.Waiting waiting
        && waiting.reason() == Reason.CHECKS_RUNNING) {
      passed(environment).ifPresent(last -> shown.put(Stage.VALIDATION, last));
    }
    return shown;
  }

  /** The last result of the checks, if they passed for this generation of the spec. */
  private static Optional<StageResult> passed(StagingEnvironment environment) {
    var status = environment.getStatus();
    return Conditions.find(
            status == null ? null : status.conditions(), Stage.VALIDATION.condition())
        .filter(last -> "True".equals(last.getStatus()))
        .filter(
            last -> environment.getMetadata().getGeneration().equals(last.getObservedGeneration()))
        .map(last ->
            new StageResult.Ready(
                Reason.PASSED_WITH_REMARKS.camelCase().equals(last.getReason())
                    ? Reason.PASSED_WITH_REMARKS
                    : Reason.CHECKS_PASSED,
                last.getMessage()));
  }

  /**
   * The overall result: the first stage that is not done, else the desired version that does not
   * serve yet, else ready.
   *
   * @param results as they are shown
   * @param asked state of the desired version that does not serve yet
   * @param checked the outcome of every check, if they ran
   */
  public static StageResult of(
      Map<Stage, StageResult> results,
      Optional<StageResult> asked,
      List<Result> checked,
      String appDomain) {
    return new EnumMap<>(results)
        .values().stream()
            .filter(result -> !result.isReady())
            .findFirst()
            .or(() -> asked)
            .orElseGet(
                () -> serves(results.get(Stage.VALIDATION), checked, appDomain, volumes(results)));
  }

  /** The remark of Deployed although it is True: a volume that differs from the spec. */
  private static String volumes(Map<Stage, StageResult> results) {
    var deployed = results.get(Stage.DEPLOYMENT);
    return deployed == null || deployed.reason() == Reason.DEPLOYED
        ? ""
        : "; a volume is not as the spec says: see the condition Deployed";
  }

  private static StageResult serves(
      StageResult validation, List<Result> checked, String appDomain, String volumes) {
    if (validation == null || validation.reason() != Reason.PASSED_WITH_REMARKS) {
      return new StageResult.Ready(
          Reason.READY, "https://%s serves and is verified%s".formatted(appDomain, volumes));
    }
    var remarks = checked.stream().filter(r -> r.outcome() == Outcome.Failed).count();
    return new StageResult.Ready(
        Reason.PASSED_WITH_REMARKS,
        "https://%s serves and is verified with %s: see the condition Validated%s"
            .formatted(
                appDomain,
                remarks == 0 ? "remarks" : remarks == 1 ? "1 remark" : remarks + " remarks",
                volumes));
  }
}
