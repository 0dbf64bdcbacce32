package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.Set;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Refusal;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.reconcile.check.CheckReports;
import ru.scoliologic.staging.reconcile.observe.FinishedJobs;
import ru.scoliologic.staging.reconcile.observe.NetworkPolicyLister;
import ru.scoliologic.staging.reconcile.observe.OwnedObjectCache;
import ru.scoliologic.staging.reconcile.observe.ProbeMonitor;
import ru.scoliologic.staging.reconcile.observe.SnapshotGatherer;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.validation.JUnitReport;

/** The cluster behind an API server, read from watches where there are any. */
final class KubernetesCluster implements Cluster {
  private final OwnedObjectCache owned;
  private final SnapshotGatherer gatherer;
  private final ProbeMonitor probes;
  private final CheckReports reports;
  private final Applier applier;
  private final FinishedJobs finished;
  private final NetworkPolicyLister policies;

  KubernetesCluster(
      KubernetesClient client,
      OwnedObjectCache owned,
      SnapshotGatherer gatherer,
      CheckReports reports,
      ProbeMonitor probes,
      OperatorMetrics metrics) {
    this.owned = owned;
    this.gatherer = gatherer;
    this.reports = reports;
    this.policies = new NetworkPolicyLister(client);
    this.probes = probes;
    this.applier = new Applier(client, owned, metrics::wrote);
    this.finished = new FinishedJobs(client, owned, metrics);
  }

  @Override
  public Snapshot snapshot(StagingEnvironment environment, List<StagingEnvironment> others) {
    return gatherer.gather(environment, others);
  }

  @Override
  public Snapshot diagnosed(Snapshot snapshot, SecretMasker masking) {
    return probes.look(gatherer.quoting(snapshot, masking), masking);
  }

  @Override
  public OwnedObjects owned(StagingEnvironment environment) {
    return owned.observe(environment);
  }

  @Override
  public List<NetworkPolicy> networkPolicies(String namespace) {
    return policies.list(namespace);
  }

  @Override
  public Map<String, JUnitReport> reports(
      Snapshot snapshot, List<Job> ended, SecretMasker masking) {
    return reports.of(snapshot, ended, masking);
  }

  @Override
  public List<Refusal> apply(List<HasMetadata> objects) {
    return applier.apply(objects);
  }

  @Override
  public List<Refusal> prune(OwnedObjects present, Set<String> planned, Set<String> abandoned) {
    return applier.prune(present, planned, abandoned);
  }

  @Override
  public List<Refusal> wipe(List<HasMetadata> objects) {
    return applier.wipe(objects);
  }

  @Override
  public void endFinishedJobs(Snapshot snapshot, SecretMasker masking) {
    finished.end(snapshot, masking);
  }
}
