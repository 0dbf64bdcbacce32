package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Elects the leading operator instance; a standby tries the Lease every two seconds. */
final class Election {
  private static final Logger LOG = LoggerFactory.getLogger(Election.class);
  private static final String LEASE = "staging-operator";
  private static final Duration LEASE_DURATION = Duration.ofSeconds(15);
  private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
  private static final Duration RETRY_PERIOD = Duration.ofSeconds(2);

  private final KubernetesClient client;
  private final String namespace;
  private final String identity;
  private final LeaderElector elector;
  private CompletableFuture<?> running;

  /**
   * Creates an election among the instances that share a Lease.
   *
   * @param leading called when this instance becomes the leader
   * @param lost called when another instance may be the leader
   */
  Election(
      KubernetesClient client, String namespace, String identity, Runnable leading, Runnable lost) {
    this.client = client;
    this.namespace = namespace;
    this.identity = identity;
    this.elector =
        new LeaderElector(
            client,
            new LeaderElectionConfig(
                new RenewedLease(namespace, LEASE, identity),
                LEASE_DURATION,
                RENEW_DEADLINE,
                RETRY_PERIOD,
                new LeaderCallbacks(
                    leading,
                    lost,
                    leader -> LOG.atInfo().addKeyValue("leader", leader).log("leader seen")),
                false,
                LEASE),
            Executors.newVirtualThreadPerTaskExecutor());
  }

  synchronized void start() {
    running = elector.start();
  }

  /** Releases the Lease, so that another instance need not wait until it expires. */
  synchronized void stop() {
    if (running == null) {
      return;
    }
    running.cancel(true);
    try {
      var lease = client.leases().inNamespace(namespace).withName(LEASE).get();
      if (lease != null && identity.equals(lease.getSpec().getHolderIdentity())) {
        lease.getSpec().setHolderIdentity("");
        lease.getSpec().setLeaseDurationSeconds(1);
        client.resource(lease).update();
      }
    } catch (KubernetesClientException e) {
      LOG.atWarn().addKeyValue("code", e.getCode()).log("the lease was not released");
    }
  }
}
