package ru.scoliologic.staging.e2e;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import ru.scoliologic.staging.reconcile.StagingEnvironmentReconciler;
import ru.scoliologic.staging.reconcile.Telemetry;

/**
 * The operator inside the test's process, watching one namespace, so that it can be killed before
 * or after any one of its writes: from then on no write of it reaches the server.
 */
final class InProcessOperator implements AutoCloseable {
  private static final Set<String> WRITES = Set.of("POST", "PUT", "PATCH", "DELETE");

  private final KubernetesClient client;
  private final Operator operator;
  private final Writes writes;

  /**
   * Starts one.
   *
   * @param killAt number of the write, from 1, at which it dies; 0 for never
   * @param afterwards whether that write still reaches the server
   */
  InProcessOperator(KubernetesClient admin, String namespace, int killAt, boolean afterwards) {
    this(admin, namespace, killAt, afterwards, path -> true);
  }

  /**
   * Starts one.
   *
   * @param counts which writes are counted, by their path
   */
  InProcessOperator(
      KubernetesClient admin,
      String namespace,
      int killAt,
      boolean afterwards,
      Predicate<String> counts) {
    this.writes = new Writes(killAt, afterwards, counts);
    this.client =
        new KubernetesClientBuilder()
            .withConfig(admin.getConfiguration())
            .withHttpClientBuilderConsumer(
                builder -> builder.addOrReplaceInterceptor("writes", writes))
            .build();
    this.operator =
        new Operator(overrider ->
            overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withReconciliationTerminationTimeout(Duration.ofSeconds(1))
                .withPreviousAnnotationForDependentResources(false));
    operator.register(
        new StagingEnvironmentReconciler(client, Clock.systemUTC(), "in-process", new Telemetry()),
        overrider ->
            overrider
                .settingNamespace(namespace)
                .withRetry(new GenericRetry().setInitialInterval(200).withoutMaxAttempts()));
    operator.start();
  }

  /** Method and path of every write that was sent, in order. */
  List<String> writes() {
    return List.copyOf(writes.sent);
  }

  boolean isDead() {
    return writes.dead;
  }

  @Override
  public void close() {
    writes.dead = true;
    operator.stop();
    client.close();
  }

  /** Events are courtesy: they are neither counted nor awaited. */
  private static final class Writes implements Interceptor {
    private final int killAt;
    private final Predicate<String> counts;
    private final boolean afterwards;
    private final AtomicInteger count = new AtomicInteger();
    private final List<String> sent = new CopyOnWriteArrayList<>();
    private volatile boolean dead;

    private Writes(int killAt, boolean afterwards, Predicate<String> counts) {
      this.killAt = killAt;
      this.counts = counts;
      this.afterwards = afterwards;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      var path = request.uri().getPath();
      if (!WRITES.contains(request.method()) || path.contains("/events")) {
        return;
      }
      if (dead) {
        throw new IllegalStateException("this operator is dead");
      }
      int number = counts.test(path) ? count.incrementAndGet() : count.get();
      if (killAt != 0 && (afterwards ? number > killAt : number >= killAt)) {
        dead = true;
        throw new IllegalStateException("killed before write %d: %s".formatted(number, path));
      }
      sent.add(request.method() + " " + path);
    }

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<java.nio.ByteBuffer>> body) {
      if (killAt != 0 && count.get() >= killAt && WRITES.contains(request.method())) {
        dead = true;
      }
    }
  }
}
