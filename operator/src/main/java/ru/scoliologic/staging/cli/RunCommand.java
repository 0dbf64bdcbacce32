package ru.scoliologic.staging.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
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
import ru.scoliologic.staging.cluster.kube.ServerLimits;
import ru.scoliologic.staging.reconcile.Leadership;
import ru.scoliologic.staging.reconcile.StagingEnvironmentReconciler;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.registry.RegistryApi;

/** {@code operator run}: runs the reconcilers until the process is stopped. */
@Command(
    name = "run",
    description = "Watches StagingEnvironments and reconciles their objects.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);
  private static final int RECONCILE_THREADS = 8;

  @Option(
      names = "--watch-namespace",
      defaultValue = "${env:WATCH_NAMESPACE:-}",
      description = "Watch this namespace only. All namespaces when absent.")
  private String watchNamespace;

  @Option(
      names = "--leader-election-namespace",
      defaultValue = "${env:POD_NAMESPACE:-}",
      description = "Namespace of the Lease. No leader election when absent.")
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

  private final OperatorMetrics telemetry = new OperatorMetrics();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final AtomicBoolean started = new AtomicBoolean();

  @Override
  public Integer call() throws Exception {
    long begin = System.nanoTime();
    ServerLimits.set();
    var identity = InetAddress.getLocalHost().getHostName();
    var client =
        new KubernetesClientBuilder()
            .withKubernetesSerialization(LenientJson.serialization())
            .build();
    boolean elected = !leaseNamespace.isBlank();
    var leadership = elected ? Leadership.awaited() : Leadership.held();
    var operator = operator(client, identity, leadership);
    Optional<Election> election =
        elected ? Optional.of(election(client, identity, leadership)) : Optional.empty();
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
              stop(operator, client, election);
              probes.close();
              metrics.ifPresent(MetricsEndpoint::close);
              done.countDown();
            }));
    operator.start();
    started.set(true);
    election.ifPresent(Election::start);
    LOG.atInfo()
        .addKeyValue("millis", (System.nanoTime() - begin) / 1_000_000)
        .addKeyValue("namespaces", watchNamespace.isBlank() ? "all" : watchNamespace)
        .log("started");
    try (var _ = HeapTrimmer.start()) {
      done.await();
    }
    return 0;
  }

  private Operator operator(KubernetesClient client, String identity, Leadership leadership) {
    var operator =
        new Operator(overrider -> {
          overrider
              .withKubernetesClient(client)
              .withCloseClientOnStop(false)
              .withReconciliationTerminationTimeout(Duration.ofSeconds(10))
              .withConcurrentReconciliationThreads(RECONCILE_THREADS)
              .withPreviousAnnotationForDependentResources(false)
              .withMetrics(telemetry.ofTheSdk());
        });
    operator.register(
        new StagingEnvironmentReconciler(
            client,
            Clock.systemUTC(),
            identity,
            telemetry,
            RegistryApi.withSystemTrust(),
            leadership),
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

  private Election election(KubernetesClient client, String identity, Leadership leadership) {
    return new Election(
        client,
        leaseNamespace,
        identity,
        () -> {
          LOG.info("leading");
          leadership.gained();
        },
        () -> {
          // Another instance may be the leader now: this process must not write any more.
          if (!stopping.get()) {
            LOG.error("lost the lease");
            Runtime.getRuntime().halt(1);
          }
        });
  }

  /** Stops the controllers, then releases the Lease, so that another instance need not wait. */
  private void stop(Operator operator, KubernetesClient client, Optional<Election> election) {
    stopping.set(true);
    operator.stop();
    election.ifPresent(Election::stop);
    client.close();
    LOG.info("stopped");
  }
}
