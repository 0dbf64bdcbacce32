package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.Operator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;
import ru.scoliologic.staging.reconcile.telemetry.OperatorMetrics;

/** One hundred environments that the whole operator sees come and go, without a cluster. */
class DeletedEnvironmentsTest {
  private static final int COUNT = 100;
  private static final String UID = "uid-of-environment-";
  private static final String PLURAL = "/stagingenvironments";
  private static final Pattern NAMED = Pattern.compile(".*/(secrets|configmaps)/[^/]+");
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final KubernetesSerialization JSON = new KubernetesSerialization();

  private final List<StagingEnvironment> environments =
      IntStream.range(0, COUNT).mapToObj(DeletedEnvironmentsTest::environment).toList();
  private final CountDownLatch deleted = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  private static StagingEnvironment environment(int number) {
    var environment =
        Given.aGoodStart()
            .edited(yaml -> yaml.replace("staging.test", "staging%d.test".formatted(number)))
            .snapshot()
            .environment();
    environment.getMetadata().setName("demo" + number);
    environment.getMetadata().setUid(UID + number);
    environment.getMetadata().setResourceVersion("1");
    return environment;
  }

  /** An API server that has nothing but the environments, and stores nothing but their status. */
  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getPath();
      boolean watches = String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true");
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
        exchange.sendResponseHeaders(503, -1);
      } else if (path.endsWith("/status")) {
        exchange.sendResponseHeaders(200, 0);
        write(exchange, stored(exchange));
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.sendResponseHeaders(403, -1);
      } else if (NAMED.matcher(path).matches()) {
        exchange.sendResponseHeaders(404, -1);
      } else if (!watches) {
        exchange.sendResponseHeaders(200, 0);
        write(exchange, list(path.endsWith(PLURAL) ? environments : List.of()));
      } else {
        exchange.sendResponseHeaders(200, 0);
        if (path.endsWith(PLURAL)) {
          deleted.await();
          for (var environment : environments) {
            write(exchange, Map.of("type", "DELETED", "object", environment));
          }
        }
        ended.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private StagingEnvironment stored(HttpExchange exchange) throws IOException {
    var written = JSON.unmarshal(exchange.getRequestBody(), StagingEnvironment.class);
    var present =
        environments.stream()
            .filter(e -> e.getMetadata().getName().equals(written.getMetadata().getName()))
            .findFirst()
            .orElseThrow();
    var stored = JSON.clone(present);
    stored.getMetadata().setResourceVersion("2");
    stored.setStatus(written.getStatus());
    return stored;
  }

  private static Map<String, Object> list(List<StagingEnvironment> items) {
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        "List",
        "metadata",
        Map.of("resourceVersion", "1"),
        "items",
        items);
  }

  private static void write(HttpExchange exchange, Object object) throws IOException {
    exchange.getResponseBody().write((JSON.asJson(object) + "\n").getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private static Stream<Object> kept(StagingEnvironmentReconciler reconciler) {
    return Reachable.from(reconciler)
        .filter(object ->
            object instanceof StagingEnvironment
                || (object instanceof String text && text.contains(UID)));
  }

  private static EnvironmentMemories memories(StagingEnvironmentReconciler reconciler) {
    return Reachable.from(reconciler)
        .filter(EnvironmentMemories.class::isInstance)
        .map(EnvironmentMemories.class::cast)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void nothing_of_them_stays_behind() throws Exception {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        var client =
            new KubernetesClientBuilder()
                .withConfig(
                    new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                        .withRequestRetryBackoffLimit(0)
                        .withRequestTimeout((int) LIMIT.toMillis())
                        .build())
                .build()) {
      server.setExecutor(threads);
      server.start();
      var operator = new Operator(o -> o.withKubernetesClient(client).withCloseClientOnStop(false));
      var reconciler =
          new StagingEnvironmentReconciler(
              client,
              Clock.systemUTC(),
              "test",
              new OperatorMetrics(),
              (image, login) -> "sha256:" + "0a".repeat(32));
      operator.register(reconciler);
      operator.start();
      try {
        var memories = memories(reconciler);
        await("passes").atMost(LIMIT).until(() -> memories.uids().size() == COUNT);
        assertThat(kept(reconciler)).hasSizeGreaterThanOrEqualTo(COUNT);

        deleted.countDown();

        await("the end").atMost(LIMIT).until(() -> memories.uids().isEmpty());
        await("nothing").atMost(LIMIT).untilAsserted(() -> assertThat(kept(reconciler)).isEmpty());
      } finally {
        ended.countDown();
        operator.stop();
        server.stop(0);
      }
    }
  }
}
