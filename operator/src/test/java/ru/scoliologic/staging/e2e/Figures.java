package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.throwaway.AuditEvent;

/**
 * What {@code make bench} measures: how soon the operator acts, what it asks of the API server, and
 * how much memory it takes. Times are seen by a watch of the test's own, requests are counted from
 * the audit log. Nothing is asserted of a time.
 */
class Figures {
  private static final String NAMESPACE = "figures";
  private static final String NAME = "env";
  private static final int RUNS = 5;
  private static final Duration LIMIT = Duration.ofMinutes(4);
  private static final Duration IDLE = Duration.ofSeconds(60);

  private final Staging staging = Staging.shared();
  private final Map<String, String> table = new LinkedHashMap<>();

  @Test
  void they_are_measured_and_printed() throws Exception {
    staging.namespace(NAMESPACE);
    try {
      lateSecrets();
      converging();
      idle();
      drift();
      edit();
      brokenImage();
      memory();
    } finally {
      table.forEach((what, figure) -> System.out.printf("figure  %-58s %s%n", what, figure));
      staging.remove(NAMESPACE);
    }
    assertThat(table).hasSizeGreaterThan(8);
  }

  /** From the creation of the Secret that is waited for until the stage that waits is done. */
  private void lateSecrets() throws Exception {
    create();
    var seen = new ArrayList<Long>();
    for (int run = 0; run < RUNS; run++) {
      staging.awaitReason(NAMESPACE, NAME, "ConfigurationReady", "SecretMissing");
      seen.add(
          until(
              environment ->
                  Staging.has(environment, "ConfigurationReady", "True", "ConfigurationReady"),
              this::giveSecret));
      if (run < RUNS - 1) {
        staging.admin().secrets().inNamespace(NAMESPACE).withName("given").delete();
      }
    }
    table.put("a late Secret is taken up after", spread(seen));
    staging.environment(NAMESPACE, NAME).delete();
    await("the environment to be gone", () -> staging.owned(NAMESPACE).isEmpty());
  }

  private void converging() throws Exception {
    giveSecret();
    var began = Instant.now();
    var ready = until(Staging::ready, this::create);
    table.put("apply to Ready, certificates included", seconds(ready));
    var writes = staging.writesSince(began);
    table.put("writes from apply to Ready", count(writes));
  }

  private void idle() throws InterruptedException {
    var began = Instant.now();
    Thread.sleep(IDLE);
    var asked =
        staging
            .cluster()
            .auditLog()
            .by(Staging.OPERATOR, Staging.OPERATOR, began)
            .filter(event -> !event.resource().equals("leases") && !event.verb().equals("watch"))
            .toList();
    table.put(
        "requests of a ready environment in %d s, but lease and watches"
            .formatted(IDLE.toSeconds()),
        count(asked));
  }

  /** From the change of an object until the watch shows it as it was. */
  private void drift() throws Exception {
    var services = staging.admin().services().inNamespace(NAMESPACE).withName(NAME + "-app");
    var edited = new ArrayList<Long>();
    var deleted = new ArrayList<Long>();
    for (int run = 0; run < RUNS; run++) {
      int port = services.get().getSpec().getPorts().getFirst().getPort();
      var began = System.nanoTime();
      services.edit(service -> {
        service.getSpec().getPorts().getFirst().setPort(port + 1000);
        return service;
      });
      await(
          "the port to be put back",
          () -> services.get().getSpec().getPorts().getFirst().getPort() == port);
      edited.add(millisSince(began));
      var uid = services.get().getMetadata().getUid();
      began = System.nanoTime();
      services.delete();
      await(
          "the Service to be made again",
          () -> services.get() != null && !services.get().getMetadata().getUid().equals(uid));
      deleted.add(millisSince(began));
    }
    table.put("an edited Service is put back after", spread(edited));
    table.put("a deleted Service is made again after", spread(deleted));
    staging.awaitReady(NAMESPACE, NAME);
  }

  /** A setting of one component: its configuration, its StatefulSet, the status. */
  private void edit() throws Exception {
    long generation = staging.environment(NAMESPACE, NAME).get().getMetadata().getGeneration();
    var began = Instant.now();
    var rolled =
        until(
            environment ->
                environment.getMetadata().getGeneration() > generation
                    && Staging.ready(environment),
            () -> patch("{\"spec\":{\"services\":{\"redis\":{\"maxMemory\":\"128Mi\"}}}}"));
    table.put("an edit of Redis to Ready", seconds(rolled));
    table.put("writes for it", count(staging.writesSince(began)));
  }

  private void brokenImage() throws Exception {
    var named =
        until(
            environment -> Staging.has(environment, "Ready", "False", "CandidateFailed"),
            () -> patch("{\"spec\":{\"services\":{\"app\":{\"image\":\"sample-app:broken\"}}}}"));
    table.put("a version that crashes is named after", seconds(named));
    var back =
        until(
            Staging::ready,
            () -> patch("{\"spec\":{\"services\":{\"app\":{\"image\":\"sample-app:2\"}}}}"));
    table.put("the next version serves and is verified after", seconds(back));
  }

  /** Resident memory of the operator's process, as the node's kernel counts it. */
  private void memory() {
    table.put("resident memory of the operator", NodeProcess.of(staging, "run").memory());
  }

  private void create() {
    staging
        .admin()
        .resource(Staging.read("environment.yaml", Map.of("bad.staging.test", "staging.test")))
        .inNamespace(NAMESPACE)
        .create();
  }

  private void giveSecret() {
    staging.given(NAMESPACE);
  }

  private void patch(String json) {
    staging.cluster().kubectl("-n", NAMESPACE, "patch", "stenv", NAME, "--type=merge", "-p", json);
  }

  /** Milliseconds from the act until a watch shows the environment so. */
  private long until(Predicate<StagingEnvironment> state, Runnable act) throws Exception {
    var seen = new CompletableFuture<Long>();
    var acted = new CompletableFuture<Long>();
    try (var watch =
        staging
            .admin()
            .resources(StagingEnvironment.class)
            .inNamespace(NAMESPACE)
            .watch(
                new Watcher<StagingEnvironment>() {
                  @Override
                  public void eventReceived(Action action, StagingEnvironment environment) {
                    if (acted.isDone() && state.test(environment)) {
                      seen.complete(System.nanoTime());
                    }
                  }

                  @Override
                  public void onClose(WatcherException cause) {
                    seen.completeExceptionally(cause);
                  }
                })) {
      acted.complete(System.nanoTime());
      act.run();
      return TimeUnit.NANOSECONDS.toMillis(
          seen.get(LIMIT.toSeconds(), TimeUnit.SECONDS) - acted.get());
    }
  }

  private static void await(String what, java.util.concurrent.Callable<Boolean> done) {
    org.awaitility.Awaitility.await(what)
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(10))
        .until(done);
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  private static String seconds(long millis) {
    return "%.1f s".formatted(millis / 1000.0);
  }

  private static String spread(List<Long> millis) {
    var sorted = millis.stream().sorted().toList();
    return "median %d ms (%d to %d, %d runs)"
        .formatted(
            sorted.get(sorted.size() / 2), sorted.getFirst(), sorted.getLast(), sorted.size());
  }

  private static String count(List<AuditEvent> events) {
    var status = events.stream().filter(event -> event.resource().endsWith("/status")).count();
    var told = events.stream().filter(event -> event.resource().equals("events")).count();
    return "%d (%d objects, %d status, %d events)"
        .formatted(events.size(), events.size() - status - told, status, told);
  }
}
