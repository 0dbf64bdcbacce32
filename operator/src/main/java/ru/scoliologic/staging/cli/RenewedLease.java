package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.Lock;
import java.time.Duration;
import java.util.Optional;

/**
 * A Lease that its holder renews with one request: the holder knows what it last wrote, and the API
 * server rejects an update of any other version. A standby reads the Lease each time.
 *
 * @see Election
 */
final class RenewedLease implements Lock {
  private final String namespace;
  private final String name;
  private final String identity;

  /** As last read or written; null when it must be read. */
  private Lease known;

  RenewedLease(String namespace, String name, String identity) {
    this.namespace = namespace;
    this.name = name;
    this.identity = identity;
  }

  @Override
  public synchronized LeaderElectionRecord get(KubernetesClient client) {
    if (known == null || !identity.equals(known.getSpec().getHolderIdentity())) {
      known = client.leases().inNamespace(namespace).withName(name).get();
    }
    return Optional.ofNullable(known).map(RenewedLease::record).orElse(null);
  }

  @Override
  public synchronized void create(KubernetesClient client, LeaderElectionRecord record) {
    known = client.resource(lease(record, null)).create();
  }

  @Override
  public synchronized void update(KubernetesClient client, LeaderElectionRecord record) {
    var changed = lease(record, known.getMetadata().getResourceVersion());
    known = null;
    known = client.resource(changed).update();
  }

  private static LeaderElectionRecord record(Lease lease) {
    var spec = lease.getSpec();
    return new LeaderElectionRecord(
        spec.getHolderIdentity(),
        Duration.ofSeconds(spec.getLeaseDurationSeconds()),
        spec.getAcquireTime(),
        spec.getRenewTime(),
        Optional.ofNullable(spec.getLeaseTransitions()).orElse(0));
  }

  private Lease lease(LeaderElectionRecord record, String resourceVersion) {
    return new LeaseBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .withResourceVersion(resourceVersion)
        .endMetadata()
        .withNewSpec()
        .withHolderIdentity(record.getHolderIdentity())
        .withLeaseDurationSeconds((int) record.getLeaseDuration().toSeconds())
        .withAcquireTime(record.getAcquireTime())
        .withRenewTime(record.getRenewTime())
        .withLeaseTransitions(record.getLeaderTransitions())
        .endSpec()
        .build();
  }

  @Override
  public String identity() {
    return identity;
  }

  @Override
  public String describe() {
    return "Lease %s/%s of %s".formatted(namespace, name, identity);
  }
}
