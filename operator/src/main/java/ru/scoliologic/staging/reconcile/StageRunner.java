package ru.scoliologic.staging.reconcile;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Settings;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.assess.FirstDeploymentRemoval;
import ru.scoliologic.staging.reconcile.assess.GitopsAssessment;
import ru.scoliologic.staging.reconcile.check.ServingChecker;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.FirstDeployment.Teardown;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** Runs the stages in order: each is applied, then assessed; the next one waits for it. */
final class StageRunner {
  private final Cluster cluster;
  private final ServingChecker serving;

  StageRunner(Cluster cluster, ServingChecker serving) {
    this.cluster = cluster;
    this.serving = serving;
  }

  /**
   * The state and the plan of a pass before it changes anything.
   *
   * @param candidate results of the checks of the version beside the serving one
   * @param acme the record of certificates; empty where another controller provides them
   */
  record Input(
      Snapshot snapshot, Settings settings, Plan plan, Checks candidate, Optional<Acme> acme) {
    /** With the stored credentials, where those of the plan could not be written. */
    private Input withCredentialsAsStored() {
      var stored = settings.asStored(snapshot);
      return new Input(snapshot, stored, Plan.of(snapshot, stored, candidate), candidate, acme);
    }
  }

  /**
   * The outcome of the stages.
   *
   * @param input of the stages at the end of the run
   * @param results of the stages that have one
   * @param components with the serving version of the application
   * @param checked the outcome of every check, none if they did not run
   * @param refused by the API server
   * @param checking whether the first round of checks runs, so that there is no result yet
   */
  record Outcome(
      Input input,
      Map<Stage, StageResult> results,
      List<ComponentHealth> components,
      List<Result> checked,
      List<Refusal> refused,
      boolean checking) {}

  Outcome run(Input given) {
    var input = given;
    var environment = input.snapshot().environment();
    var components = DeploymentAssessment.components(input.snapshot(), input.plan());
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    var checked = List.<Result>of();
    var refused = new ArrayList<Refusal>();
    for (var stage : Stage.of(environment.followsBranch())) {
      if (!isOpen(stage, input.snapshot(), results)) {
        break;
      }
      var refusals = apply(input.plan(), stage);
      refused.addAll(refusals);
      if (stage == Stage.CONFIGURATION && !refusals.isEmpty()) {
        input = input.withCredentialsAsStored();
      }
      if (stage == Stage.DEPLOYMENT) {
        // An object that was just changed is not yet as desired, though its last state was good.
        components =
            DeploymentAssessment.components(
                input.snapshot().after(cluster.owned(environment)), input.plan());
      }
      if (!refusals.isEmpty()) {
        results.put(stage, Refusal.failing(refusals));
        continue;
      }
      if (stage == Stage.VALIDATION) {
        if (!results.get(Stage.DEPLOYMENT).isReady()) {
          // A checked component is missing.
          continue;
        }
        var report = serving.check(input.snapshot(), input.settings(), input.plan(), input.acme());
        if (report.result().isEmpty()) {
          return new Outcome(input, results, components, List.of(), refused, true);
        }
        checked = report.checked();
        results.put(stage, report.result().get());
      } else {
        results.put(stage, assess(stage, input, components));
      }
    }
    return new Outcome(input, results, components, checked, refused, false);
  }

  private static boolean isOpen(Stage stage, Snapshot snapshot, Map<Stage, StageResult> results) {
    var status = snapshot.environment().getStatus();
    return Conditions.gateOpened(status == null ? null : status.conditions(), stage)
        || stage.previous().map(results::get).filter(StageResult::isReady).isPresent();
  }

  private List<Refusal> apply(Plan plan, Stage stage) {
    return cluster.apply(
        plan.of(stage).stream()
            .filter(planned -> !planned.held())
            .map(PlannedObject::object)
            .toList());
  }

  private static StageResult assess(Stage stage, Input input, List<ComponentHealth> components) {
    return switch (stage) {
      case INFRASTRUCTURE -> Infrastructure.assess(input.snapshot(), input.plan().all());
      case CONFIGURATION -> input.settings().result();
      case DEPLOYMENT ->
          DeploymentAssessment.deployment(components, input.snapshot(), input.plan());
      case GITOPS -> GitopsAssessment.assess(input.snapshot(), input.plan());
      case VALIDATION -> throw new IllegalArgumentException("checked, not assessed: " + stage);
    };
  }

  /**
   * Removes a failed first deployment: everything of stage 3 is deleted. The earlier stages stay
   * and are judged by the whole plan, as they will be when it is deployed again.
   *
   * @param settings of the plan
   */
  Removal remove(Snapshot snapshot, Settings settings, Plan plan, Teardown teardown) {
    var rest = plan.withoutDeployment();
    var results = new EnumMap<Stage, StageResult>(Stage.class);
    for (var stage : List.of(Stage.INFRASTRUCTURE, Stage.CONFIGURATION)) {
      var refusals = apply(rest, stage);
      results.put(
          stage,
          !refusals.isEmpty()
              ? Refusal.failing(refusals)
              : stage == Stage.INFRASTRUCTURE
                  ? Infrastructure.assess(snapshot, plan.all())
                  : settings.result());
    }
    boolean forgotten = ReleaseLedger.isForgotten(snapshot) || !teardown.holds();
    var refusals = forgotten ? cluster.wipe(teardown.objects()) : List.<Refusal>of();
    var kept =
        refusals.isEmpty() && forgotten
            ? cluster.prune(snapshot.owned(), rest.keys(), FirstDeploymentRemoval.jobs(snapshot))
            : refusals;
    results.put(
        Stage.DEPLOYMENT,
        !refusals.isEmpty()
            ? FirstDeploymentRemoval.refused(Refusal.failing(refusals), teardown.record())
            : kept.isEmpty() ? teardown.result() : Refusal.failing(kept));
    return new Removal(results, forgotten, kept.isEmpty() && teardown.holds());
  }

  /**
   * The progress of a removal.
   *
   * @param forgotten whether its release, which is removed first, is gone
   * @param clean whether nothing was refused and the removal is still wanted
   */
  record Removal(Map<Stage, StageResult> results, boolean forgotten, boolean clean) {}
}
