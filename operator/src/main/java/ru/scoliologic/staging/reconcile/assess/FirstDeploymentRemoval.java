package ru.scoliologic.staging.reconcile.assess;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Wiped;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.log.ProgramLog;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.Dependencies;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * The decision of a pass about removing a first deployment.
 *
 * @param wiped the removal, if it is decided
 * @param atOnce whether the next pass must follow at once
 * @param result of stage 3, which reports when nothing is removed although the spec requests it;
 *     empty while the stage has none
 */
public record FirstDeploymentRemoval(
    Optional<Wiped> wiped, boolean atOnce, Optional<StageResult> result) {

  /**
   * Decides on the removal, once the deployment failed permanently.
   *
   * @param attempt the one that failed
   */
  public static FirstDeploymentRemoval decide(
      Snapshot snapshot,
      Plan plan,
      List<ComponentHealth> components,
      Map<Stage, StageResult> results,
      FirstDeployment.Attempt attempt) {
    var result = results.get(Stage.DEPLOYMENT);
    if (result == null || result.isReady()) {
      return new FirstDeploymentRemoval(
          Optional.empty(),
          result != null && FirstDeployment.hasMarks(snapshot),
          Optional.ofNullable(result));
    }
    boolean forGood =
        components.stream().anyMatch(ComponentHealth::overdue)
            || (Dependencies.areMet(snapshot, components)
                && AppResources.failedForGood(snapshot, plan.rollout().serving()));
    return new FirstDeploymentRemoval(
        FirstDeployment.decide(snapshot, result, forGood, attempt),
        FirstDeployment.isAbout(snapshot, result, forGood),
        FirstDeployment.spared(snapshot, result, forGood)
            .<StageResult>map(why ->
                new StageResult.Failing(result.reason(), ProgramLog.with(result.message(), why)))
            .or(() -> Optional.of(result)));
  }

  /** Keys of the Jobs: they are deleted with the deployment, ended or not. */
  public static Set<String> jobs(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream().map(Applier::key).collect(Collectors.toSet());
  }

  /** The result of stage 3 while the API server refuses the removal. */
  public static StageResult refused(StageResult refusal, Wiped record) {
    return new StageResult.Failing(
        refusal.reason(),
        "the first deployment is not removed: %s; bind ClusterRole staging-operator-wipe to the"
                .formatted(refusal.message())
            + " operator in this namespace, or set spec.rollback.firstDeployment to Keep. It had"
            + " failed: "
            + record.cause());
  }
}
