package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Wiped;
import ru.scoliologic.staging.app.AppResources;
import ru.scoliologic.staging.cluster.Applier;
import ru.scoliologic.staging.cluster.Component;
import ru.scoliologic.staging.cluster.Needs;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.release.FirstDeployment;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/**
 * What a pass decides about removing a first deployment (pure).
 *
 * @param wiped that it is to be removed
 * @param atOnce whether the next pass is to follow at once
 */
record Removal(Optional<Wiped> wiped, boolean atOnce) {

  /** Decides, and tells in the result of stage 3 where nothing is removed although it is asked. */
  static Removal decide(
      Snapshot snapshot,
      Plan plan,
      List<Component> components,
      Map<Stage, StageResult> results,
      String attempt) {
    var result = results.get(Stage.DEPLOYMENT);
    if (result == null || result.isReady()) {
      return new Removal(Optional.empty(), result != null && FirstDeployment.hasMarks(snapshot));
    }
    boolean forGood =
        components.stream().anyMatch(Component::overdue)
            || (Needs.areMet(snapshot, components)
                && AppResources.failedForGood(snapshot, plan.rollout().serving()));
    FirstDeployment.spared(snapshot, result, forGood)
        .ifPresent(why ->
            results.put(
                Stage.DEPLOYMENT,
                new StageResult.Failing(result.reason(), result.message() + why)));
    return new Removal(
        FirstDeployment.decide(snapshot, result, forGood, attempt),
        FirstDeployment.isAbout(snapshot, result, forGood));
  }

  /** Keys of the Jobs: they go with the deployment, whether they have ended or not. */
  static Set<String> jobs(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream().map(Applier::key).collect(Collectors.toSet());
  }

  /** Stage 3 while the cluster does not let it be removed. */
  static StageResult refused(StageResult refusal, Wiped record) {
    return new StageResult.Failing(
        refusal.reason(),
        "the first deployment is not removed: %s; bind ClusterRole staging-operator-wipe to the"
                .formatted(refusal.message())
            + " operator in this namespace, or set spec.rollback.firstDeployment to Keep. It had"
            + " failed: "
            + record.cause());
  }
}
