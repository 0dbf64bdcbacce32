package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.OwnContainer;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;

/**
 * Ends Jobs whose main container ended while a sidecar in the pod still runs. The result is written
 * on the Job first; the Job is suspended with that, loses its pod and creates no other.
 */
public final class FinishedJobs {
  private final KubernetesClient client;
  private final OwnedObjectCache owned;
  private final OperatorMetrics metrics;

  public FinishedJobs(KubernetesClient client, OwnedObjectCache owned, OperatorMetrics metrics) {
    this.client = client;
    this.owned = owned;
    this.metrics = metrics;
  }

  public void end(Snapshot snapshot, SecretMasker masking) {
    for (var job : snapshot.owned().list(Job.class)) {
      // The pod of a check holds its report, and is deleted with the next round.
      if (job.isMarkedForDeletion() || job.getMetadata().getLabels().containsKey(Labels.CHECK)) {
        continue;
      }
      if (OwnContainer.isToBeRecorded(job)) {
        suspend(job, masking);
      } else if (OwnContainer.isRecorded(job) && keepsTheNextFromStarting(snapshot, job)) {
        client.resource(job).withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
        metrics.wrote("delete", job.getKind());
      }
    }
  }

  private void suspend(Job job, SecretMasker masking) {
    var edited =
        new JobBuilder()
            .withNewMetadata()
            .withName(job.getMetadata().getName())
            .withNamespace(job.getMetadata().getNamespace())
            .withAnnotations(OwnContainer.annotation(job, masking))
            .endMetadata()
            .withNewSpec()
            .withSuspend(true)
            .endSpec()
            .build();
    var written =
        client
            .resource(job)
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                client.getKubernetesSerialization().asJson(edited));
    owned.wrote(written, owned.find(job));
    metrics.wrote("update", job.getKind());
  }

  /** A suspended Job keeps its CronJob waiting: it is deleted once the status has its result. */
  private static boolean keepsTheNextFromStarting(Snapshot snapshot, Job job) {
    boolean regular =
        job.getMetadata().getOwnerReferences().stream()
            .anyMatch(owner -> owner.getKind().equals(HasMetadata.getKind(CronJob.class)));
    var backup =
        Optional.ofNullable(snapshot.environment().getStatus())
            .map(StagingEnvironmentStatus::backup);
    return regular
        && backup.stream()
            .flatMap(told -> Stream.of(told.lastGood(), told.lastFailure()))
            .filter(Objects::nonNull)
            .anyMatch(told -> told.compareTo(endedAt(job)) >= 0);
  }

  private static String endedAt(Job job) {
    return JobOutcome.condition(job, "Complete")
        .or(() -> JobOutcome.condition(job, "Failed"))
        .orElseThrow()
        .getLastTransitionTime();
  }
}
