package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.apache.hc.core5.http.MessageConstraintException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.HealthCheck;

/** Against a real server in the place of a pod. */
class PodHealthTest {
  private final CountDownLatch over = new CountDownLatch(1);
  private HttpServer pod;

  @BeforeEach
  void a_pod() throws IOException {
    pod = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    pod.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    pod.start();
  }

  @AfterEach
  void it_stops() {
    over.countDown();
    pod.stop(0);
  }

  private HealthCheck check() {
    return Given.healthCheck(pod.getAddress().getPort(), "{}");
  }

  @Test
  void the_answer_has_its_status_and_body() throws IOException {
    pod.createContext(
        "/api/health",
        exchange -> {
          var body = exchange.getRequestHeaders().getFirst("Host").getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(500, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });

    assertThat(PodHealth.ask("127.0.0.1", check()))
        .isEqualTo(new PodHealth.Answer(500, "", "app.staging.test"));
  }

  @Test
  void a_redirect_is_an_answer_and_not_followed() throws IOException {
    pod.createContext(
        "/api/health",
        exchange -> {
          exchange.getResponseHeaders().add("Location", "/elsewhere");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });

    assertThat(PodHealth.ask("127.0.0.1", check()))
        .isEqualTo(new PodHealth.Answer(302, "/elsewhere", ""));
  }

  @Test
  void a_closed_port_is_told_from_silence() {
    pod.stop(0);

    assertThatThrownBy(() -> PodHealth.ask("127.0.0.1", check()))
        .isInstanceOf(ConnectException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/header", "/headers"})
  void headers_without_an_end_are_not_kept(String path) throws IOException {
    try (var hostile = new HostileServer()) {
      var check = Given.healthCheck(hostile.port(), "{path: %s}".formatted(path));

      assertThatThrownBy(() -> PodHealth.ask("127.0.0.1", check, Duration.ofSeconds(60)))
          .isInstanceOf(MessageConstraintException.class);
    }
  }

  @Test
  void an_answer_that_never_ends_is_left() {
    pod.createContext(
        "/api/health",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write('a');
          exchange.getResponseBody().flush();
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        });

    assertThatThrownBy(() -> PodHealth.ask("127.0.0.1", check(), Duration.ofMillis(300)))
        .isInstanceOf(SocketTimeoutException.class);
  }
}
