package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
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
    if (status == 301) {
      exchange.getResponseHeaders().add("Location", "https://app.staging.test/");
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private CheckRunner.Round run(int port) throws Exception {
    return run(port, Given.healthCheck(port, "{}"));
  }

  private static CheckRunner.Round run(int port, HealthCheck asked) throws Exception {
    return CandidateChecks.run(GivenTarget.pod(port, asked, declared()));
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
        .isEqualTo("health: /api/health: found status 503, needed 200; its body begins: {}");
  }

  @Test
  void one_that_redirects_whatever_its_state_does_not_pass() throws Exception {
    health = 301;

    assertThat(Verdicts.criticalRemarks(run(pod.getAddress().getPort()).results()))
        .startsWith("health: /api/health: found status 301, a redirect to")
        .contains("https://app.staging.test/", "spec.services.app.health.status");
  }

  @Test
  void a_redirect_passes_where_the_spec_says_so() throws Exception {
    health = 301;
    int port = pod.getAddress().getPort();

    var round = run(port, Given.healthCheck(port, "{status: [200, 301]}"));

    assertThat(Verdicts.criticalFailures(round.results())).isEmpty();
  }

  @Test
  void the_headers_of_the_spec_are_part_of_the_request() throws Exception {
    int port = pod.getAddress().getPort();
    pod.createContext(
        "/guarded",
        exchange ->
            answer(
                exchange,
                asAnIngressAsks(exchange)
                        && "1".equals(exchange.getRequestHeaders().getFirst("X-Probe"))
                    ? 200
                    : 403));

    var asked = "{path: /guarded, headers: [{name: X-Probe, value: '1'}]}";

    assertThat(Verdicts.criticalFailures(run(port, Given.healthCheck(port, asked)).results()))
        .isEmpty();
  }

  @Test
  void without_a_health_path_its_front_page_must_be_served() throws Exception {
    int port = pod.getAddress().getPort();
    pod.createContext("/", exchange -> answer(exchange, health));
    var asked = Given.healthCheck(port, "{tcp: true}");

    assertThat(Verdicts.criticalFailures(run(port, asked).results())).isEmpty();
    health = 500;
    assertThat(Verdicts.criticalRemarks(run(port, asked).results()))
        .isEqualTo("health: /: found status 500, needed one below 500");
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
