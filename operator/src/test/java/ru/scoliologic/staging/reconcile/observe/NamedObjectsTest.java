package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Secrets that are read by name, of an API server that has those of the test. */
class NamedObjectsTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String GONE = "gone";

  /** Resource versions, by namespace and name. */
  private final Map<String, Integer> stored = new ConcurrentHashMap<>();

  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server;
  private KubernetesClient client;
  private NamedObjects<Secret, String> secrets;

  /** Open from the start, unless a test holds the answers back. */
  private CountDownLatch answers = new CountDownLatch(0);

  private record Asked(String path, boolean watch, String accept) {}

  @BeforeEach
  void it_is_started() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .withRequestRetryBackoffLimit(0)
                    .withWatchReconnectInterval(1)
                    .build())
            .build();
    secrets = new NamedObjects<>(client, Secret.class, told::add);
  }

  @AfterEach
  void it_is_stopped() {
    secrets.stop();
    client.close();
    threads.shutdownNow();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    boolean watch = String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true");
    if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
      exchange.sendResponseHeaders(503, -1);
      exchange.close();
      return;
    }
    asked.add(new Asked(path, watch, exchange.getRequestHeaders().getFirst("Accept")));
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    try (exchange) {
      if (watch) {
        report(exchange);
      } else if (path.endsWith("/secrets")) {
        exchange.sendResponseHeaders(200, 0);
        write(exchange, list());
      } else {
        var key = path.replaceFirst("/api/v1/namespaces/(.*)/secrets/", "$1/");
        var version = stored.get(key);
        answers.await();
        exchange.sendResponseHeaders(version == null ? 404 : 200, 0);
        write(exchange, version == null ? "{}" : object("Secret", "v1", key, version));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void report(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    try {
      for (var event = events.take(); ; event = events.take()) {
        write(exchange, event.equals(GONE) ? error() : event);
        if (event.equals(GONE)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String error() {
    return """
    {"type": "ERROR", "object": {"apiVersion": "v1", "kind": "Status", "code": 410}}\
    """;
  }

  private String list() {
    return """
    {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
     "metadata": {"resourceVersion": "1"}, "items": %s}\
    """
        // As the API server does.
        .formatted(
            stored.isEmpty()
                ? "null"
                : new TreeMap<>(stored)
                    .entrySet().stream()
                        .map(entry -> metadata(entry.getKey(), entry.getValue()))
                        .collect(Collectors.joining(",", "[", "]")));
  }

  private static String metadata(String key, int version) {
    return object("PartialObjectMetadata", "meta.k8s.io/v1", key, version);
  }

  private static String object(String kind, String apiVersion, String key, int version) {
    var id = key.split("/", 2);
    return """
    {"apiVersion": "%s", "kind": "%s", "metadata": {"namespace": "%s", "name": "%s",
     "uid": "%s", "resourceVersion": "%d"}}\
    """
        .formatted(apiVersion, kind, id[0], id[1], key, version);
  }

  private static void write(HttpExchange exchange, String text) throws IOException {
    exchange
        .getResponseBody()
        .write((text.replace("\n", "") + "\n").getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private void event(String type, String key, int version) {
    events.add("{\"type\": \"%s\", \"object\": %s}".formatted(type, metadata(key, version)));
  }

  private Optional<String> version(String name, String reader) {
    return secrets
        .get("team", name, reader)
        .map(secret -> secret.getMetadata().getResourceVersion());
  }

  private void start() {
    secrets.start(Constants.WATCH_ALL_NAMESPACE_SET);
  }

  private long requests(String name) {
    return asked.stream().filter(one -> one.path().endsWith("/secrets/" + name)).count();
  }

  @Test
  void one_is_requested_once_until_it_changes() {
    stored.put("team/given", 5);
    start();

    assertThat(version("given", "a")).contains("5");
    assertThat(version("given", "b")).contains("5");
    assertThat(requests("given")).isEqualTo(1);
    stored.put("team/given", 6);
    event("MODIFIED", "team/given", 6);

    await("readers to be told")
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(told).containsExactlyInAnyOrder("a", "b"));
    assertThat(version("given", "a")).contains("6");
    assertThat(version("given", "b")).contains("6");
    assertThat(requests("given")).isEqualTo(2);
  }

  @Test
  void one_that_comes_late_is_reported() {
    start();
    assertThat(version("late", "a")).isEmpty();

    stored.put("team/late", 7);
    event("ADDED", "team/late", 7);

    await("the reader to be told").atMost(LIMIT).until(() -> told.contains("a"));
    assertThat(version("late", "a")).contains("7");
  }

  @Test
  void the_end_of_one_is_reported() {
    stored.put("team/given", 5);
    start();
    assertThat(version("given", "a")).contains("5");

    stored.remove("team/given");
    event("DELETED", "team/given", 8);

    await("the reader to be told").atMost(LIMIT).until(() -> told.contains("a"));
    assertThat(version("given", "a")).isEmpty();
  }

  @Test
  void what_happened_while_the_watch_was_interrupted_is_reported() {
    stored.putAll(Map.of("team/ends", 5, "team/changes", 5, "team/stays", 5));
    start();
    List.of("ends", "changes", "stays", "comes").forEach(name -> version(name, name));

    stored.remove("team/ends");
    stored.putAll(Map.of("team/changes", 9, "team/comes", 9));
    events.add(GONE);

    await("the readers to be told")
        .atMost(LIMIT)
        .untilAsserted(
            () -> assertThat(told).containsExactlyInAnyOrder("ends", "changes", "comes"));
    assertThat(version("ends", "ends")).isEmpty();
    assertThat(version("changes", "changes")).contains("9");
    assertThat(version("comes", "comes")).contains("9");
    assertThat(requests("stays")).isEqualTo(1);
  }

  @Test
  void a_change_that_is_known_already_is_not_reported() {
    stored.put("team/given", 6);
    start();
    assertThat(version("given", "a")).contains("6");
    assertThat(version("other", "b")).isEmpty();

    event("MODIFIED", "team/given", 5);
    event("MODIFIED", "team/given", 6);
    event("ADDED", "team/other", 7);

    await("a later event").atMost(LIMIT).until(() -> told.contains("b"));
    assertThat(told).containsExactly("b");
    assertThat(version("given", "a")).contains("6");
    assertThat(requests("given")).isEqualTo(1);
  }

  @Test
  void two_readers_at_the_same_time_share_the_later_answer() throws Exception {
    stored.put("team/given", 5);
    start();
    answers = new CountDownLatch(1);
    var first = threads.submit(() -> version("given", "a"));
    await("the first request").atMost(LIMIT).until(() -> requests("given") == 1);
    var second = threads.submit(() -> version("given", "b"));
    stored.put("team/given", 6);
    event("MODIFIED", "team/given", 6);
    await("the readers to be told").atMost(LIMIT).until(() -> told.contains("a"));

    answers.countDown();

    first.get();
    assertThat(second.get()).contains("6");
    assertThat(version("given", "a")).contains("6");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a/b", "../../others/secrets/x", "?limit=1", "100%", "Big"})
  void a_name_that_no_object_can_have_is_not_requested(String name) {
    start();

    assertThat(version(name, "a")).isEmpty();

    assertThat(asked).allMatch(one -> one.path().endsWith("/secrets"));
  }

  @Test
  void nothing_is_kept_of_those_that_nobody_names() {
    stored.putAll(
        IntStream.range(0, 1000)
            .boxed()
            .collect(Collectors.toMap("others/secret-%d"::formatted, number -> 5)));
    start();
    assertThat(version("given", "a")).isEmpty();
    event("MODIFIED", "others/secret-1", 9);
    event("DELETED", "others/secret-2", 9);
    event("ADDED", "team/given", 9);

    await("the reader to be told").atMost(LIMIT).until(() -> told.contains("a"));
    assertThat(secrets.keys()).containsExactly("team/given");
    assertThat(told).containsExactly("a");
    assertThat(asked).noneMatch(one -> one.path().contains("/secrets/secret-"));
    secrets.leave("team", "given", "a");
    assertThat(secrets.keys()).isEmpty();
  }

  @Test
  void only_the_contents_of_named_ones_are_asked_for() {
    stored.put("team/given", 5);
    start();
    version("given", "a");
    await("the watch").atMost(LIMIT).until(() -> asked.stream().anyMatch(Asked::watch));

    assertThat(asked)
        .filteredOn(one -> one.path().endsWith("/secrets"))
        .hasSize(2)
        .allMatch(one ->
            one.accept()
                .startsWith(
                    "application/json;as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1"
                        .formatted(one.watch() ? "" : "List")));
    assertThat(asked)
        .filteredOn(one -> one.path().endsWith("/secrets/given"))
        .singleElement()
        .matches(one -> one.accept() == null || !one.accept().contains("Partial"));
  }

  @Test
  void an_operator_of_some_namespaces_asks_for_nothing_of_others() {
    stored.put("team/given", 5);
    secrets.start(Set.of("team"));
    assertThat(version("given", "a")).contains("5");
    await("the watch").atMost(LIMIT).until(() -> asked.stream().anyMatch(Asked::watch));

    assertThat(asked)
        .extracting(Asked::path)
        .allMatch(path -> path.startsWith("/api/v1/namespaces/team/"));
  }
}
