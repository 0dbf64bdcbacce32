package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.stage.Reason;

/** Checks of a pod, against a real server that is asked as an ingress would ask. */
class CandidateChecksTest {
  private static final String CHECKS =
      """
        validation:
          checks:
          - {name: sign in, group: people, path: /sign-in}
          - {name: account, group: people, path: /account}
      """;

  private HttpServer pod;
  private int health = 200;

  @BeforeEach
  void a_pod() throws IOException {
    pod = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    pod.createContext("/api/health", exchange -> answer(exchange, health));
    pod.createContext(
        "/sign-in",
        exchange -> {
          exchange.getResponseHeaders().add("Set-Cookie", "session=1; Path=/; Secure; HttpOnly");
          answer(exchange, asAnIngressAsks(exchange) ? 200 : 400);
        });
    pod.createContext(
        "/account",
        exchange ->
            answer(
                exchange,
                "session=1".equals(exchange.getRequestHeaders().getFirst("Cookie")) ? 200 : 401));
    pod.start();
  }

  @AfterEach
  void it_stops() {
    pod.stop(0);
  }

  private static boolean asAnIngressAsks(HttpExchange exchange) {
    var headers = exchange.getRequestHeaders();
    return "app.staging.test".equals(headers.getFirst("Host"))
        && "https".equals(headers.getFirst("X-Forwarded-Proto"));
  }

  private static void answer(HttpExchange exchange, int status) throws IOException {
    var body = "{}".getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private Checks.Round run(int port) throws Exception {
    return CandidateChecks.run(
        new Target(
            "127.0.0.1",
            port,
            "app.staging.test",
            null,
            "/api/health",
            IngressSpec.Server.Custom,
            "",
            "",
            "",
            null,
            declared(),
            Map.of(),
            null,
            "",
            new Masking(List.of())));
  }

  private static ValidationSpec declared() {
    return Given.aGoodStart()
        .edited(yaml -> yaml.replaceFirst("(?m)^spec:\n", "spec:\n" + CHECKS))
        .snapshot()
        .environment()
        .getSpec()
        .validation();
  }

  @Test
  void a_pod_is_asked_as_the_ingress_asks_and_keeps_its_session() throws Exception {
    var round = run(pod.getAddress().getPort());

    assertThat(round.waiting()).isEmpty();
    assertThat(round.results()).hasSize(3);
    assertThat(Verdicts.criticalFailures(round.results())).isEmpty();
  }

  @Test
  void what_is_wrong_with_its_health_is_told() throws Exception {
    health = 503;

    assertThat(Verdicts.criticalRemarks(run(pod.getAddress().getPort()).results()))
        .isEqualTo("health: /api/health: found status 503, needed 200");
  }

  @Test
  void a_pod_that_cannot_be_reached_is_not_at_fault() throws Exception {
    int port = pod.getAddress().getPort();
    pod.stop(0);

    assertThat(run(port).waiting())
        .hasValueSatisfying(waiting -> {
          assertThat(waiting.reason()).isEqualTo(Reason.CHECKS_RUNNING);
          assertThat(waiting.message()).contains("127.0.0.1:" + port, "NetworkPolicy");
        });
  }
}
