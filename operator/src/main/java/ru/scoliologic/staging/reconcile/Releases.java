package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.release.Catalog;
import ru.scoliologic.staging.release.Ledger;

/** Writes what the {@link Ledger} says: makes releases, patches their status, removes old ones. */
final class Releases {
  private static final Logger LOG = LoggerFactory.getLogger(Releases.class);
  private static final String STATUS_MANAGER = "staging-operator-status";
  private static final String MANAGER = "staging-operator";

  private final KubernetesClient client;
  private final OwnedObjects owned;
  private final Telemetry telemetry;
  private final Notifier notifier;

  Releases(KubernetesClient client, OwnedObjects owned, Telemetry telemetry, Notifier notifier) {
    this.client = client;
    this.owned = owned;
    this.telemetry = telemetry;
    this.notifier = notifier;
  }

  void publish(Snapshot snapshot, Ledger.Facts facts, Masking masking) {
    var carried = notifier.carry(snapshot, Ledger.of(snapshot, facts));
    for (var release : carried.releases()) {
      var known = Catalog.find(snapshot, Catalog.id(release));
      if (known
          .map(StagingRelease::getStatus)
          .map(StagingReleaseStatus::withoutBuild)
          .filter(release.getStatus()::equals)
          .isPresent()) {
        continue;
      }
      publish(release, known);
      telemetry.released(
          known.map(StagingRelease::getStatus).filter(s -> s.timings() != null).orElse(null),
          release.getStatus());
    }
    notifier.tell(snapshot, carried, masking);
    for (var release : Ledger.surplus(snapshot, facts)) {
      client.resource(release).delete();
      telemetry.wrote("delete", release.getKind());
      tell("deleted", release);
    }
  }

  /** People write into the same spec, so the operator applies its own two fields only. */
  private void publish(StagingRelease release, Optional<StagingRelease> known) {
    if (known.isEmpty()) {
      var bare = new StagingRelease();
      bare.setMetadata(release.getMetadata());
      bare.setSpec(release.getSpec());
      var made = client.resource(bare).fieldManager(MANAGER).forceConflicts().serverSideApply();
      owned.wrote(made, Optional.empty());
      telemetry.wrote("create", made.getKind());
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
    telemetry.wrote("update", patched.getKind());
  }

  /** One that the agent made goes with the environment, like all others. */
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
    telemetry.wrote("update", adopted.getKind());
  }

  private static void tell(String what, StagingRelease release) {
    LOG.atInfo()
        .addKeyValue("namespace", release.getMetadata().getNamespace())
        .addKeyValue("release", release.getMetadata().getName())
        .addKeyValue("version", Catalog.id(release))
        .log("release " + what);
  }
}
