package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.List;
import java.util.Set;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.check.ServingChecker;

/** Cluster access of a pass: all reads, and all writes except those of status and events. */
interface Cluster extends ServingChecker.Containers {
  /** The observed state at the start of a pass. */
  Snapshot snapshot(StagingEnvironment environment, List<StagingEnvironment> others);

  /**
   * The snapshot with logs and health-check results of pods that do not start; the snapshot itself
   * when there is nothing to read.
   *
   * @param masking applied before a log is cut
   */
  Snapshot diagnosed(Snapshot snapshot, SecretMasker masking);

  /** The environment's objects after the writes of this pass. */
  OwnedObjects owned(StagingEnvironment environment);

  /** All NetworkPolicies of a namespace; empty when they cannot be listed. */
  List<NetworkPolicy> networkPolicies(String namespace);

  /** Creates and repairs the objects; what the API server refused is returned. */
  @Override
  List<Refusal> apply(List<HasMetadata> objects);

  /**
   * Deletes owned objects that are not planned.
   *
   * @param planned kind and name of every object to keep
   * @param abandoned kind and name of Jobs to delete although they have not ended
   */
  List<Refusal> prune(OwnedObjects owned, Set<String> planned, Set<String> abandoned);

  /** Deletes objects with their data. */
  List<Refusal> wipe(List<HasMetadata> objects);

  /** Ends Jobs whose main container ended while a sidecar in the pod still runs. */
  void endFinishedJobs(Snapshot snapshot, SecretMasker masking);
}
