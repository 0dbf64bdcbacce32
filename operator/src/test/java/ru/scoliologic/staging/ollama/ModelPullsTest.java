package ru.scoliologic.staging.ollama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.ModelStates;
import ru.scoliologic.staging.cluster.model.ModelStates.Failed;
import ru.scoliologic.staging.cluster.model.ModelStates.Missing;
import ru.scoliologic.staging.cluster.model.ModelStates.Present;
import ru.scoliologic.staging.cluster.model.ModelStates.Pulling;
import ru.scoliologic.staging.cluster.model.ModelStates.State;
import ru.scoliologic.staging.cluster.model.ModelStates.TooLarge;

/** Pulls from a server that says what a test has it say, by a clock that a test sets. */
class ModelPullsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final long CAPACITY = 1000;
  private static final String FIRST_RUN = "containerd://1";

  /** Ends what a pull says, as a server does that goes on; {@code CUT} as one that dies. */
  private static final String END = "";

  private static final String CUT = "cut";
  private static final String SUCCESS = "{\"status\":\"success\"}";
  private static final String MANIFEST = "{\"status\":\"pulling manifest\"}";

  private final SettableClock clock = new SettableClock();
  private final Map<String, OllamaApi.Stored> there = new ConcurrentHashMap<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Map<String, BlockingQueue<String>> lines = new ConcurrentHashMap<>();
  private ExecutorService threads;
  private HttpServer server;
  private ModelPulls pulls;
  private final List<Integer> connections = new CopyOnWriteArrayList<>();
  private volatile boolean down;

  private static final class SettableClock extends Clock {
    private volatile Instant now = Given.NOW;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }

    void pass(Duration time) {
      now = now.plus(time);
    }
  }

  @BeforeEach
  void a_server_without_models() throws IOException {
    threads = Executors.newVirtualThreadPerTaskExecutor();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/api/tags", this::tags);
    server.createContext("/api/pull", this::pull);
    server.start();
    pulls = new ModelPulls(new OllamaApi(address()), clock, Runnable::run, () -> {});
  }

  @AfterEach
  void it_ends() {
    pulls.close();
    lines.values().forEach(queue -> queue.add(CUT));
    server.stop(0);
    threads.shutdownNow();
  }

  private URI address() {
    return URI.create("http://localhost:" + server.getAddress().getPort());
  }

  private void tags(HttpExchange exchange) throws IOException {
    connections.add(exchange.getRemoteAddress().getPort());
    var models =
        there.entrySet().stream()
            .map(model ->
                Map.of(
                    "name",
                    model.getKey(),
                    "digest",
                    model.getValue().digest(),
                    "size",
                    model.getValue().bytes()))
            .toList();
    var body = JSON.writeValueAsBytes(Map.of("models", models));
    exchange.sendResponseHeaders(down ? 503 : 200, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private void pull(HttpExchange exchange) throws IOException {
    var request = JSON.readTree(exchange.getRequestBody());
    asked.add(request.path("model").asText() + " insecure=" + request.path("insecure").asBoolean());
    exchange.sendResponseHeaders(200, 0);
    var out = exchange.getResponseBody();
    try {
      var says = says(request.path("model").asText());
      for (var line = says.take(); !line.equals(END); line = says.take()) {
        if (line.equals(CUT)) {
          exchange.close();
          return;
        }
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
      out.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private BlockingQueue<String> says(String model) {
    return lines.computeIfAbsent(model, name -> new LinkedBlockingQueue<>());
  }

  private void say(String model, String... what) {
    says(model).addAll(List.of(what));
  }

  private static String layer(String digest, long completed, long total) {
    return "{\"status\":\"pulling %s\",\"digest\":\"%s\",\"total\":%d%s}"
        .formatted(digest, digest, total, completed == 0 ? "" : ",\"completed\":" + completed);
  }

  private void arrives(String model, long bytes) {
    there.put(model + ":latest", new OllamaApi.Stored("manifest of " + model, bytes));
    say(model, SUCCESS, END);
  }

  private Optional<ModelStates> look(String run, String... models) {
    return pulls.look(
        new ModelPulls.Wish(List.of(models), List.of("plain.test:5000"), CAPACITY), run);
  }

  private State state(String model) {
    return look(FIRST_RUN, model).map(m -> m.states().get(model)).orElse(null);
  }

  private <T extends State> T awaitState(String model, Class<T> state) {
    return state.cast(
        await(model + " to be " + state.getSimpleName())
            .atMost(SOON)
            .until(() -> state(model), state::isInstance));
  }

  /** At first a pull has not told anything. */
  private void awaitProgress(String model) {
    await("progress of " + model)
        .atMost(SOON)
        .until(() -> state(model) instanceof Pulling pulling && pulling.total() > 0);
  }

  @Test
  void a_missing_model_is_pulled_and_then_there() {
    say("tiny", MANIFEST, layer("a", 0, 400));
    var pulling = awaitState("tiny", Pulling.class);
    arrives("tiny", 400);

    awaitState("tiny", Present.class);
    assertThat(pulling.completed()).isZero();
    assertThat(asked).containsExactly("tiny insecure=false");
  }

  @Test
  void a_model_that_is_there_is_not_asked_for_however_its_name_is_written() {
    there.put("tiny:latest", new OllamaApi.Stored("m", 1));

    assertThat(state("library/tiny:latest")).isInstanceOf(Present.class);
    assertThat(state("tiny")).isInstanceOf(Present.class);
    assertThat(asked).isEmpty();
  }

  @Test
  void a_registry_of_plain_http_is_asked_as_such() {
    var model = "plain.test:5000/library/tiny";
    awaitAsked(model, 1);

    assertThat(asked).containsExactly(model + " insecure=true");
  }

  private void awaitAsked(String model, int times) {
    await("%d pulls".formatted(times))
        .atMost(SOON)
        .until(() -> {
          state(model);
          return asked.size() == times;
        });
  }

  @Test
  void progress_is_the_sum_over_the_layers() {
    say("tiny", layer("a", 300, 300), layer("b", 60, 100));

    await("both layers")
        .atMost(SOON)
        .until(() -> {
          clock.pass(Duration.ofSeconds(6));
          say("tiny", layer("b", 60, 100));
          return new Pulling(360, 400).equals(state("tiny"));
        });
  }

  @Test
  void what_the_server_says_is_the_cause_and_the_pauses_double_to_five_minutes() {
    for (var pause : List.of(5, 10, 20, 40, 80, 160, 300, 300)) {
      int before = asked.size();
      say("tiny", "{\"error\":\"pull model manifest: file does not exist\"}", END);
      awaitAsked("tiny", before + 1);

      assertThat(awaitState("tiny", Failed.class).problem())
          .isEqualTo("pull model manifest: file does not exist");
      clock.pass(Duration.ofSeconds(pause).minusMillis(1));
      state("tiny");
      assertThat(asked).hasSize(before + 1);
      clock.pass(Duration.ofMillis(1));
    }
  }

  @Test
  void another_wish_makes_everything_due_at_once() {
    say("tiny", "{\"error\":\"no\"}", END);
    awaitState("tiny", Failed.class);

    look(FIRST_RUN, "tiny", "other");

    await("a second try").atMost(SOON).until(() -> asked.size() == 2);
    assertThat(asked).allMatch(a -> a.startsWith("tiny"));
  }

  @Test
  void a_server_that_falls_silent_is_given_up_and_asked_again() {
    say("tiny", layer("a", 10, 400));
    awaitProgress("tiny");

    clock.pass(Duration.ofMinutes(2).plusSeconds(1));
    var failed = awaitState("tiny", Failed.class);
    clock.pass(Duration.ofSeconds(5));
    awaitAsked("tiny", 2);

    assertThat(failed.problem()).isEqualTo("Ollama did not respond for 2 minutes");
  }

  @Test
  void a_server_that_dies_in_the_middle_is_told_and_the_pull_goes_on_in_its_next_run() {
    say("tiny", layer("a", 200, 400));
    awaitProgress("tiny");
    say("tiny", CUT);
    var failed = awaitState("tiny", Failed.class);

    say("tiny", layer("a", 200, 400));
    look("containerd://2", "tiny");

    // At once: a pause after the death of the one run is no concern of the next.
    await("the next run to be asked").atMost(SOON).until(() -> asked.size() == 2);
    arrives("tiny", 400);
    await("the model there")
        .atMost(SOON)
        .until(() ->
            look("containerd://2", "tiny").orElseThrow().states().get("tiny") instanceof Present);
    assertThat(failed.problem()).isNotBlank();
  }

  /** One that was made while the Service had no pod leads to whoever answered then. */
  @Test
  void no_connection_is_kept_for_the_next_question() {
    down = true;
    look(FIRST_RUN, "tiny");
    clock.pass(Duration.ofSeconds(2));
    look(FIRST_RUN, "tiny");

    assertThat(connections).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void a_model_deleted_by_hand_is_pulled_again_within_a_minute() {
    arrives("tiny", 400);
    awaitState("tiny", Present.class);
    there.clear();
    assertThat(state("tiny")).isInstanceOf(Present.class);

    clock.pass(Duration.ofMinutes(1));
    awaitAsked("tiny", 2);

    assertThat(state("tiny")).isInstanceOf(Pulling.class);
  }

  @Test
  void models_are_pulled_one_after_another() {
    say("one", layer("a", 10, 400));
    await("the first on its way")
        .atMost(SOON)
        .until(() ->
            look(FIRST_RUN, "one", "two").orElseThrow().states().get("one")
                    instanceof Pulling pulling
                && pulling.total() > 0);

    assertThat(look(FIRST_RUN, "one", "two").orElseThrow().states().get("two"))
        .isInstanceOf(Missing.class);
    assertThat(asked).hasSize(1);
    arrives("one", 400);
    await("the second asked for")
        .atMost(SOON)
        .until(() -> {
          look(FIRST_RUN, "one", "two");
          return asked.size() == 2;
        });
  }

  @Test
  void a_server_that_does_not_answer_says_nothing_and_keeps_what_was_known() {
    down = true;
    assertThat(look(FIRST_RUN, "tiny")).isEmpty();

    down = false;
    clock.pass(Duration.ofSeconds(2));
    arrives("tiny", 400);
    awaitState("tiny", Present.class);
    down = true;
    clock.pass(Duration.ofMinutes(2));

    assertThat(state("tiny")).isInstanceOf(Present.class);
  }

  @Test
  void what_does_not_fit_is_refused_with_found_and_needed_and_not_tried_again() {
    there.put("old:latest", new OllamaApi.Stored("m", 700));
    say("huge", layer("a", 0, 301));

    assertThat(awaitState("huge", TooLarge.class)).isEqualTo(new TooLarge(1001, CAPACITY));
    clock.pass(Duration.ofDays(1));
    state("huge");
    assertThat(asked).hasSize(1);
  }

  @Test
  void a_variant_that_shares_its_base_with_a_model_that_is_there_fits() {
    say("base", layer("a", 0, 600));
    arrives("base", 600);
    awaitState("base", Present.class);

    say("variant", layer("a", 600, 600), layer("b", 0, 300));
    arrives("variant", 900);

    awaitState("variant", Present.class);
  }
}
