package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.SmokeReport.Verdict;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.HealthCheck;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** The checks of any environment, against a real server behind a certificate of its own. */
class CheckRunnerTest {
  private static final String APP = "app.staging.test";
  private static final String DASHBOARD = "traefik.staging.test";
  private static final TestCertificates ISSUED = TestCertificates.issue(APP, DASHBOARD);

  private HttpServer plain;
  private HttpsServer secure;

  private int frontStatus = 200;
  private int healthStatus = 200;
  private String health = "{\"status\":\"healthy\"}";
  private String routers = "[{\"name\":\"app@file\",\"status\":\"enabled\"}]";
  private long frontMillis;
  private boolean dashboardClosed = true;
  private String location = "https://" + APP + "/";

  @BeforeEach
  void an_ingress() throws Exception {
    var here = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    plain = HttpServer.create(here, 0);
    plain.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().add("Location", location);
          answer(exchange, 301, "");
        });
    secure = HttpsServer.create(here, 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(tls()));
    secure.createContext("/", this::served);
    secure.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    plain.start();
    secure.start();
  }

  @AfterEach
  void it_stops() {
    plain.stop(0);
    secure.stop(0);
  }

  private static SSLContext tls() throws Exception {
    var certificate =
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(ISSUED.certificate().getBytes(StandardCharsets.UTF_8)));
    var key =
        KeyFactory.getInstance("EC")
            .generatePrivate(
                new PKCS8EncodedKeySpec(
                    Base64.getMimeDecoder().decode(ISSUED.key().replaceAll("-----.*-----", ""))));
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("server", key, new char[0], new Certificate[] {certificate});
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private void served(HttpExchange exchange) throws IOException {
    var host = exchange.getRequestHeaders().getFirst("Host");
    var path = exchange.getRequestURI().getPath();
    if (host.startsWith(DASHBOARD)) {
      var known = exchange.getRequestHeaders().getFirst("Authorization") != null;
      boolean turnedAway = dashboardClosed && !known;
      answer(exchange, turnedAway ? 401 : 200, path.endsWith("routers") ? routers : "{}");
    } else if (path.equals("/api/health")) {
      answer(exchange, healthStatus, health);
    } else {
      pause();
      answer(exchange, frontStatus, "<title>");
    }
  }

  private void pause() {
    try {
      Thread.sleep(frontMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    if (bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private List<Result> run() throws Exception {
    return run(Given.healthCheck(3000, "{}"), ISSUED.authority());
  }

  private List<Result> run(HealthCheck health, String authority) throws Exception {
    var target =
        GivenTarget.ingress(
            health,
            authority,
            null,
            new ValidationSpec(null, null, null, frontMillis > 0 ? 400 : 10_000, null));
    return new CheckRunner(
            Clock.systemUTC(), plain.getAddress().getPort(), secure.getAddress().getPort())
        .run(target)
        .results();
  }

  private static Result failed(List<Result> results) {
    assertThat(results).filteredOn(result -> result.outcome() == Outcome.Failed).hasSize(1);
    return results.stream()
        .filter(result -> result.outcome() == Outcome.Failed)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_good_environment_passes_all() throws Exception {
    var results = run();

    assertThat(results)
        .extracting(Result::name)
        .containsExactly(
            "certificates",
            "redirect to HTTPS",
            "health",
            "health in full",
            "front page in time",
            "dashboard is closed",
            "dashboard opens",
            "routers");
    assertThat(Verdicts.of(results)).as(results.toString()).isEqualTo(Verdict.Passed);
  }

  @Test
  void a_degraded_application_is_a_remark() throws Exception {
    health = "{\"status\":\"degraded\"}";

    var results = run();

    assertThat(failed(results).message())
        .isEqualTo("https://app.staging.test/api/health says 'degraded'");
    assertThat(Verdicts.of(results)).isEqualTo(Verdict.PassedWithRemarks);
  }

  @Test
  void an_unhealthy_one_fails_all() throws Exception {
    healthStatus = 503;

    var results = run();

    assertThat(failed(results).message())
        .isEqualTo(
            "https://app.staging.test/api/health: found status 503, needed 200; its body begins: "
                + health);
    assertThat(Verdicts.of(results)).isEqualTo(Verdict.Failed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{tcp: true}", "{command: [test, -e, /tmp/ready]}", "{port: 9000}"})
  void where_no_health_path_can_be_asked_the_front_page_is(String asked) throws Exception {
    healthStatus = 503;
    var results = run(Given.healthCheck(3000, asked), ISSUED.authority());

    assertThat(Verdicts.of(results)).isEqualTo(Verdict.Passed);
    assertThat(results)
        .extracting(Result::name)
        .contains("health")
        .doesNotContain("health in full");
  }

  @Test
  void and_one_that_nothing_serves_fails_all() throws Exception {
    frontStatus = 502;

    var results = run(Given.healthCheck(3000, "{tcp: true}"), ISSUED.authority());

    assertThat(Verdicts.criticalRemarks(results))
        .isEqualTo("health: https://app.staging.test/: found status 502, needed one below 500");
  }

  @Test
  void a_router_with_an_error_is_named() throws Exception {
    routers =
        "[{\"name\":\"app@file\",\"status\":\"disabled\",\"error\":[\"no such middleware\"]}]";

    assertThat(failed(run()).message())
        .isEqualTo("Traefik's routers: app@file is disabled [\"no such middleware\"]");
  }

  @Test
  void a_list_without_any_router_is_no_pass() throws Exception {
    routers = "[]";

    assertThat(failed(run()).message()).contains("lists no routers");
  }

  @Test
  void a_slow_front_page_is_a_remark() throws Exception {
    frontMillis = 600;

    var results = run();

    assertThat(failed(results).message())
        .isEqualTo("https://app.staging.test/ took longer than 400 ms");
    assertThat(Verdicts.of(results)).isEqualTo(Verdict.PassedWithRemarks);
  }

  @Test
  void a_dashboard_that_anybody_can_open_fails_all() throws Exception {
    dashboardClosed = false;

    var results = run();

    assertThat(failed(results).message())
        .isEqualTo(
            "https://traefik.staging.test/api/overview without credentials: found status 200,"
                + " needed 401");
    assertThat(Verdicts.of(results)).isEqualTo(Verdict.Failed);
  }

  @Test
  void a_redirect_to_elsewhere_fails_all() throws Exception {
    location = "https://elsewhere.test/";

    assertThat(failed(run()).message()).contains("Location 'https://elsewhere.test/'");
  }

  @Test
  void with_a_certificate_of_an_unknown_authority_nothing_else_is_asked() throws Exception {
    var results = run(Given.healthCheck(3000, "{}"), TestCertificates.issue(APP).authority());

    assertThat(results).extracting(Result::name).containsExactly("certificates");
    assertThat(failed(results).message()).contains("does not chain to an expected authority");
  }

  @Test
  void a_path_that_no_url_can_have_is_told_and_stops_nothing_else() throws Exception {
    var results = run(Given.healthCheck(3000, "{path: /api health}"), ISSUED.authority());

    assertThat(results).hasSize(8);
    assertThat(results.get(2).message()).startsWith("a request through the ingress failed");
  }
}
