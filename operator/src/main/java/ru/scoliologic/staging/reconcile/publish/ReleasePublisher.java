package ru.scoliologic.staging.reconcile.publish;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.observe.OwnedObjectCache;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;

/**
 * Writes the releases of the {@link ReleaseLedger}: creates them, patches their status, removes old
 * ones.
 */
public final class ReleasePublisher {
  private static final Logger LOG = LoggerFactory.getLogger(ReleasePublisher.class);
  private static final String STATUS_MANAGER = "staging-operator-status";
  private static final String MANAGER = "staging-operator";

  private final KubernetesClient client;
  private final OwnedObjectCache owned;
  private final OperatorMetrics metrics;
  private final NotificationDispatcher notifier;

  public ReleasePublisher(
      KubernetesClient client,
      OwnedObjectCache owned,
      OperatorMetrics metrics,
      NotificationDispatcher notifier) {
    this.client = client;
    this.owned = owned;
    this.metrics = metrics;
    this.notifier = notifier;
  }

  public void publish(Snapshot snapshot, ReleaseLedger.Facts facts, SecretMasker masking) {
    publish(snapshot, ReleaseLedger.of(snapshot, facts), masking);
    for (var release : ReleaseLedger.surplus(snapshot, facts)) {
      client.resource(release).delete();
      metrics.wrote("delete", release.getKind());
      tell("deleted", release);
    }
  }

  /**
   * Publishes the releases while the environment cannot have a version.
   *
   * @param awaited the condition that must be met first
   */
  public void publishAwaiting(
      Snapshot snapshot, ReleaseLedger.Facts facts, SecretMasker masking, String awaited) {
    publish(snapshot, ReleaseLedger.awaiting(snapshot, facts, awaited), masking);
  }

  private void publish(Snapshot snapshot, List<StagingRelease> releases, SecretMasker masking) {
    var carried = notifier.carry(snapshot, releases);
    for (var release : carried.releases()) {
      var known = ReleaseCatalog.find(snapshot, ReleaseCatalog.id(release));
      if (known
          .map(StagingRelease::getStatus)
          .map(StagingReleaseStatus::withoutBuild)
          .filter(release.getStatus()::equals)
          .isPresent()) {
        continue;
      }
      publish(release, known);
      metrics.released(
          known.map(StagingRelease::getStatus).filter(s -> s.timings() != null).orElse(null),
          release.getStatus());
    }
    notifier.tell(snapshot, carried, masking);
  }

  /** Users write to the same spec, so the operator applies only its own two fields. */
  private void publish(StagingRelease release, Optional<StagingRelease> known) {
    if (known.isEmpty()) {
      var bare = new StagingRelease();
      bare.setMetadata(release.getMetadata());
      bare.setSpec(release.getSpec());
      var made = client.resource(bare).fieldManager(MANAGER).forceConflicts().serverSideApply();
      owned.wrote(made, Optional.empty());
      metrics.wrote("create", made.getKind());
      tell("created", made);
    }
    known
        .filter(there -> there.getMetadata().getOwnerReferences().isEmpty())
        .ifPresent(there -> adopt(release, there));
    var fresh = new StagingRelease();
    fresh.setMetadata(
        new ObjectMetaBuilder()
            .withName(release.getMetadata().getName())
            .withNamespace(release.getMetadata().getNamespace())
            .build());
    fresh.setStatus(release.getStatus());
    var before = owned.find(release);
    var patched =
        client
            .resource(fresh)
            .subresource("status")
            .patch(
                new PatchContext.Builder()
                    .withPatchType(PatchType.SERVER_SIDE_APPLY)
                    .withFieldManager(STATUS_MANAGER)
                    .withForce(true)
                    .build());
    owned.wrote(patched, before);
    metrics.wrote("update", patched.getKind());
  }

  /** A release that the agent created is deleted with the environment, like all others. */
  private void adopt(StagingRelease release, StagingRelease there) {
    var fresh = new StagingRelease();
    fresh.setMetadata(
        new ObjectMetaBuilder()
            .withName(there.getMetadata().getName())
            .withNamespace(there.getMetadata().getNamespace())
            .withOwnerReferences(release.getMetadata().getOwnerReferences())
            .build());
    var adopted = client.resource(fresh).fieldManager(MANAGER).forceConflicts().serverSideApply();
    owned.wrote(adopted, Optional.of(there));
    metrics.wrote("update", adopted.getKind());
  }

  private static void tell(String what, StagingRelease release) {
    LOG.atInfo()
        .addKeyValue("namespace", release.getMetadata().getNamespace())
        .addKeyValue("release", release.getMetadata().getName())
        .addKeyValue("version", ReleaseCatalog.id(release))
        .log("release " + what);
  }
}
