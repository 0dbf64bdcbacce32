package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import ru.scoliologic.staging.cluster.model.RegistryLogin;
import ru.scoliologic.staging.reconcile.StagingEnvironmentReconciler;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;
import ru.scoliologic.staging.registry.ImageName;

/**
 * The operator inside the test's process, watching one namespace or all, so that something can
 * happen to it before or after any one of its writes: it dies, and from then on no write of it
 * reaches the server, or something else is done while it goes on.
 *
 * <p>Counted are writes of objects, which the plan tells. How often a status is written depends on
 * how the watches' news fall together, and leases and events come by the clock.
 */
final class InProcessOperator implements AutoCloseable {
  private static final Set<String> WRITES = Set.of("POST", "PUT", "PATCH", "DELETE");

  /** As the operator ships. */
  private static final int THREADS = 8;

  private final Turns turns;
  private final KubernetesClient client;
  private final Operator operator;
  private final Writes writes;

  /** Of passes, that the server has no part in: none is to be expected. */
  private final List<Exception> failures = new CopyOnWriteArrayList<>();

  /** Starts one that watches a namespace. */
  InProcessOperator(KubernetesClient admin, String namespace) {
    this(admin, namespace, 0, false, path -> true);
  }

  /** Starts one for all namespaces whose passes are noted. */
  InProcessOperator(KubernetesClient admin, Turns turns) {
    this(admin, Constants.WATCH_ALL_NAMESPACES, 0, false, path -> true, turns);
  }

  /**
   * Starts one that dies at a write.
   *
   * @param killAt number of the write, from 1; 0 for never
   * @param afterwards whether that write still reaches the server
   * @param counts which of the writes of objects are counted, by their path
   */
  InProcessOperator(
      KubernetesClient admin,
      String namespace,
      int killAt,
      boolean afterwards,
      Predicate<String> counts) {
    this(admin, namespace, killAt, afterwards, counts, new Turns(() -> 0));
  }

  private InProcessOperator(
      KubernetesClient admin,
      String namespace,
      int killAt,
      boolean afterwards,
      Predicate<String> counts,
      Turns turns) {
    this.turns = turns;
    this.writes = new Writes();
    if (killAt > 0) {
      writes.hazard =
          new Hazard(
              killAt,
              afterwards,
              path -> isOfAnObject(path) && counts.test(path),
              () -> writes.dead = true);
    }
    this.client =
        new KubernetesClientBuilder()
            .withConfig(admin.getConfiguration())
            // What it learned about the kinds need not be learned by each operator again.
            .withKubernetesSerialization(admin.getKubernetesSerialization())
            .withHttpClientBuilderConsumer(
                builder -> builder.addOrReplaceInterceptor("writes", writes))
            .build();
    this.operator =
        new Operator(overrider ->
            overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withConcurrentReconciliationThreads(THREADS)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(1))
                .withPreviousAnnotationForDependentResources(false)
                .withMetrics(new Failures()));
    operator.register(
        new StagingEnvironmentReconciler(
            client,
            Clock.systemUTC(),
            "in-process",
            new OperatorMetrics(),
            InProcessOperator::knowsNoTag),
        overrider ->
            overrider
                .settingNamespace(namespace)
                .withRetry(new GenericRetry().setInitialInterval(200).withoutMaxAttempts()));
    operator.start();
  }

  /** Images of these worlds are in no registry, and none outside is asked. */
  private static String knowsNoTag(ImageName image, Optional<RegistryLogin> login)
      throws IOException {
    throw new IOException(image.host() + " is not there in this test");
  }

  /** Method and path of every write that was sent, events left out, in order. */
  List<String> writes() {
    return List.copyOf(writes.sent);
  }

  /** Method and path of every object's write that was sent, in order. */
  List<String> objectWrites() {
    return writes().stream().filter(InProcessOperator::isOfAnObject).toList();
  }

  private static boolean isOfAnObject(String write) {
    return !write.endsWith("/status") && !write.contains("/events") && !write.contains("/leases");
  }

  /**
   * Whether a version is a step further after such a write: of an object, or of what is said of a
   * release.
   */
  static boolean isStep(String write) {
    return isOfAnObject(write) || write.contains("/stagingreleases/");
  }

  /**
   * Lets it die at a write.
   *
   * @param number of the object's write, from 1, counted from now on
   * @param afterwards whether that write still reaches the server
   */
  void dieAt(int number, boolean afterwards) {
    at(number, afterwards, () -> writes.dead = true);
  }

  /** The same, with the steps of versions counted, as {@link #isStep} says. */
  void dieAtStep(int number, boolean afterwards) {
    writes.hazard =
        new Hazard(number, afterwards, InProcessOperator::isStep, () -> writes.dead = true);
  }

  /** Lets something happen at a write, as in {@link #dieAt}, which the operator survives. */
  void at(int number, boolean afterwards, Runnable what) {
    // An answer comes in on one of the few threads that all answers need: nothing may wait there.
    writes.hazard =
        new Hazard(
            number,
            afterwards,
            InProcessOperator::isOfAnObject,
            afterwards ? () -> Thread.startVirtualThread(what) : what);
  }

  boolean isDead() {
    return writes.dead;
  }

  @Override
  public void close() {
    writes.dead = true;
    operator.stop();
    client.close();
    assertThat(failures).as("passes that failed by themselves").isEmpty();
  }

  private final class Failures implements Metrics {
    @Override
    public void reconcileCustomResource(
        HasMetadata resource, RetryInfo retry, Map<String, Object> metadata) {
      turns.asked(resource.getMetadata().getNamespace());
    }

    @Override
    public void reconciliationExecutionStarted(HasMetadata resource, Map<String, Object> metadata) {
      turns.begun(resource.getMetadata().getNamespace());
    }

    @Override
    public <T> T timeControllerExecution(ControllerExecution<T> pass) throws Exception {
      try {
        return pass.execute();
      } catch (RuntimeException e) {
        if (!writes.dead && !(e instanceof KubernetesClientException)) {
          failures.add(e);
        }
        throw e;
      }
    }
  }

  private record Hazard(
      int number,
      boolean afterwards,
      Predicate<String> counts,
      AtomicInteger count,
      Runnable what) {
    private Hazard(int number, boolean afterwards, Predicate<String> counts, Runnable what) {
      this(number, afterwards, counts, new AtomicInteger(), what);
    }

    private boolean counts(HttpRequest request) {
      var path = request.uri().getPath();
      return WRITES.contains(request.method()) && counts.test(path);
    }
  }

  private static final class Writes implements Interceptor {
    private final List<String> sent = new CopyOnWriteArrayList<>();
    private volatile boolean dead;
    private volatile Hazard hazard;

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      var path = request.uri().getPath();
      if (!WRITES.contains(request.method())) {
        return;
      }
      var near = hazard;
      if (near != null && !dead && near.counts(request)) {
        int number = near.count().incrementAndGet();
        // Writes of one wave run side by side: the next may come before this one's answer.
        if (number == near.number() + (near.afterwards() ? 1 : 0)) {
          happens(near);
        }
      }
      if (dead) {
        throw new IllegalStateException("killed before " + path);
      }
      if (!path.contains("/events")) {
        sent.add(request.method() + " " + path);
      }
    }

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<java.nio.ByteBuffer>> body) {
      var near = hazard;
      if (near != null
          && near.afterwards()
          && near.count().get() >= near.number()
          && near.counts(request)) {
        happens(near);
      }
    }

    private synchronized void happens(Hazard near) {
      if (near.equals(hazard)) {
        near.what().run();
        hazard = null;
      }
    }
  }
}
