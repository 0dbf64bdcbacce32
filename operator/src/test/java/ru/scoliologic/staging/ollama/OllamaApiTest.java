package ru.scoliologic.staging.ollama;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ru.scoliologic.staging.validation.HostileServer;

/** A server that answers without an end: its image is the spec's. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OllamaApiTest {
  private static final int LONG = 3 * 1024 * 1024;

  private HttpServer server;
  private OllamaApi api;

  @BeforeEach
  void a_server_that_says_too_much() throws IOException {
    var text = "[".repeat(LONG).getBytes(StandardCharsets.UTF_8);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(text);
          }
        });
    server.start();
    api = at(server.getAddress().getPort());
  }

  @AfterEach
  void it_stops() {
    server.stop(0);
  }

  private static OllamaApi at(int port) {
    return new OllamaApi(URI.create("http://127.0.0.1:" + port));
  }

  @Test
  void an_answer_that_never_ends_is_given_up() throws IOException {
    try (var hostile = new HostileServer()) {
      assertThatThrownBy(() -> at(hostile.port()).models())
          .isInstanceOf(IOException.class)
          .hasMessage("Ollama does not finish its response");
    }
  }

  @Test
  void an_answer_without_bounds_is_not_kept() {
    assertThatThrownBy(api::models)
        .isInstanceOf(IOException.class)
        .hasMessage("Ollama does not respond");
  }

  @Test
  void a_line_without_an_end_ends_the_pull() {
    assertThatThrownBy(() -> api.pull("tiny", List.of(), layers -> {}))
        .isInstanceOf(OllamaApi.PullFailed.class)
        .hasMessage("Ollama reports more of the pull than can be read");
  }
}
