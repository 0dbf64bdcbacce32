package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import ru.scoliologic.staging.reconcile.StagingEnvironmentReconciler;
import ru.scoliologic.staging.reconcile.Telemetry;

/** {@code operator run}: the reconcilers, until told to stop. */
@Command(
    name = "run",
    description = "Watches StagingEnvironments and drives what is there towards what they ask.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);
  private static final String LEASE = "staging-operator";
  private static final int RECONCILE_THREADS = 8;

  @Option(
      names = "--watch-namespace",
      defaultValue = "${env:WATCH_NAMESPACE:-}",
      description = "Watch this namespace only; all of them when absent.")
  private String watchNamespace;

  @Option(
      names = "--leader-election-namespace",
      defaultValue = "${env:POD_NAMESPACE:-}",
      description = "Namespace of the Lease; no leader election when absent.")
  private String leaseNamespace;

  @Option(
      names = "--probe-port",
      defaultValue = "8081",
      description = "Port of /healthz and /readyz (default: ${DEFAULT-VALUE}).")
  private int probePort;

  @Option(
      names = "--metrics-port",
      defaultValue = "8082",
      description = "Port of /metrics; 0 for none (default: ${DEFAULT-VALUE}).")
  private int metricsPort;

  private final Telemetry telemetry = new Telemetry();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicBoolean started = new AtomicBoolean();

  @Override
  public Integer call() throws Exception {
    long begin = System.nanoTime();
    var identity = InetAddress.getLocalHost().getHostName();
    var client =
        new KubernetesClientBuilder()
            .withKubernetesSerialization(LenientJson.serialization())
            .build();
    var operator = operator(client, identity);
    var probes =
        new Probes(
            probePort,
            () -> !started.get() || operator.getRuntimeInfo().allEventSourcesAreHealthy(),
            started::get);
    Optional<MetricsEndpoint> metrics =
        metricsPort == 0
            ? Optional.empty()
            : Optional.of(new MetricsEndpoint(metricsPort, telemetry::scrape));
    var done = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              stop(operator, client, identity);
              probes.close();
              metrics.ifPresent(MetricsEndpoint::close);
              done.countDown();
            }));
    operator.start();
    started.set(true);
    LOG.atInfo()
        .addKeyValue("millis", (System.nanoTime() - begin) / 1_000_000)
        .addKeyValue("namespaces", watchNamespace.isBlank() ? "all" : watchNamespace)
        .log("started");
    done.await();
    return 0;
  }

  private Operator operator(KubernetesClient client, String identity) {
    var operator =
        new Operator(overrider -> {
          overrider
              .withKubernetesClient(client)
              .withCloseClientOnStop(false)
              .withReconciliationTerminationTimeout(Duration.ofSeconds(10))
              .withConcurrentReconciliationThreads(RECONCILE_THREADS)
              .withPreviousAnnotationForDependentResources(false)
              .withMetrics(telemetry.ofTheSdk());
          if (!leaseNamespace.isBlank()) {
            overrider.withLeaderElectionConfiguration(leaderElection(identity));
          }
        });
    operator.register(
        new StagingEnvironmentReconciler(client, Clock.systemUTC(), identity, telemetry),
        overrider -> {
          overrider
              .withRetry(
                  new GenericRetry()
                      .setInitialInterval(500)
                      .setIntervalMultiplier(2)
                      .setMaxInterval(30_000)
                      .withoutMaxAttempts())
              .withReconciliationMaxInterval(Duration.ofMinutes(10));
          if (!watchNamespace.isBlank()) {
            overrider.settingNamespace(watchNamespace);
          }
        });
    return operator;
  }

  private LeaderElectionConfiguration leaderElection(String identity) {
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE)
        .withLeaseNamespace(leaseNamespace)
        .withIdentity(identity)
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(
            new LeaderCallbacks(
                () -> LOG.info("leading"),
                () -> {
                  // Somebody else may lead now: nothing more must be written by this process.
                  if (!stopping.get()) {
                    LOG.error("lost the lease");
                    Runtime.getRuntime().halt(1);
                  }
                },
                leader -> LOG.atInfo().addKeyValue("leader", leader).log("leader seen")))
        .build();
  }

  /** Ends what runs, then gives the lease back, so that another instance need not wait for it. */
  private void stop(Operator operator, KubernetesClient client, String identity) {
    stopping.set(true);
    operator.stop();
    if (!leaseNamespace.isBlank()) {
      releaseLease(client, identity);
    }
    client.close();
    LOG.info("stopped");
  }

  private void releaseLease(KubernetesClient client, String identity) {
    try {
      var lease = client.leases().inNamespace(leaseNamespace).withName(LEASE).get();
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
