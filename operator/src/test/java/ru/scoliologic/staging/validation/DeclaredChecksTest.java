package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/** Against a real HTTP server. */
class DeclaredChecksTest {
  private static final KeyRef TOKEN = new KeyRef("given", "API_TOKEN");
  private HttpServer server;

  @BeforeEach
  void a_server() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/page", exchange -> answer(exchange, 200, "<h1>Settings</h1>", "X-Frame-Options", "DENY"));
    server.createContext(
        "/health", exchange -> answer(exchange, 200, "{\"status\":\"degraded\"}", "A", "b"));
    server.createContext("/away", exchange -> answer(exchange, 302, "", "Location", "/auth?x=1"));
    server.createContext(
        "/login", exchange -> answer(exchange, 200, "in", "Set-Cookie", "session=s3; Path=/"));
    server.createContext(
        "/me",
        exchange -> {
          var cookie = String.valueOf(exchange.getRequestHeaders().getFirst("Cookie"));
          answer(exchange, cookie.contains("session=s3") ? 200 : 401, "me", "A", "b");
        });
    server.createContext(
        "/echo",
        exchange ->
            answer(exchange, 500, "", "X-Echo", exchange.getRequestHeaders().getFirst("X-Token")));
    server.start();
  }

  @AfterEach
  void it_stops() {
    server.stop(0);
  }

  private static void answer(
      HttpExchange exchange, int status, String body, String header, String value)
      throws IOException {
    exchange.getResponseHeaders().add(header, value);
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    if (bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private List<Result> run(String yaml) throws Exception {
    var spec = new KubernetesSerialization().unmarshal(yaml, ValidationSpec.class);
    var results = new ArrayList<Result>();
    try (var client = HttpClients.custom().disableRedirectHandling().build()) {
      var base = "http://127.0.0.1:" + server.getAddress().getPort();
      var checks =
          new DeclaredChecks(
              client,
              base,
              Map.of(TOKEN, "top-secret-token"),
              new SecretMasker(List.of("composed-secret")),
              Map.of(),
              TimeBudget.ofARound());
      for (var group : checks.groups(spec.checks())) {
        results.addAll(group.call());
      }
    }
    return results;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/page | {contains: Settings, headers: [{name: X-Frame-Options, contains: DENY}]}",
        "/page | {lacks: Error, maxMillis: 5000}",
        "/health | {json: [{pointer: /status, equalTo: degraded}]}",
        "/away | {status: [302], redirect: /auth}",
        "/nowhere | {status: [401, 404]}"
      })
  void an_answer_as_expected_passes(String path, String expect) throws Exception {
    var results = run("checks: [{name: a, path: %s, expect: %s}]".formatted(path, expect));

    assertThat(results).extracting(Result::outcome).containsExactly(Outcome.Passed);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/nowhere | {} | /nowhere answers with status 404, needed 200",
        "/page | {contains: Sign in} | /page does not contain 'Sign in'",
        "/page | {lacks: Settings} | /page contains 'Settings'",
        "/page | {headers: [{name: X-Content-Type-Options}]} | /page lacks the header X-Content-Type-Options",
        "/page | {headers: [{name: X-Frame-Options, contains: SAME}]} | has the header X-Frame-Options: DENY, needed 'SAME'",
        "/page | {json: [{pointer: /status}]} | /page does not respond with JSON",
        "/health | {json: [{pointer: /status, equalTo: healthy}]} | has 'degraded' at /status, needed 'healthy'",
        "/health | {json: [{pointer: /postgres}]} | has nothing at /postgres",
        "/away | {status: [302], redirect: esia} | redirects to '/auth?x=1', needed 'esia'"
      })
  void another_answer_fails_and_says_what_was_found_and_needed(
      String path, String expect, String said) throws Exception {
    var results = run("checks: [{name: a, path: %s, expect: %s}]".formatted(path, expect));

    assertThat(results).extracting(Result::outcome).containsExactly(Outcome.Failed);
    assertThat(results.getFirst().message()).contains(said);
  }

  @Test
  void checks_of_a_group_share_their_cookies_and_groups_do_not() throws Exception {
    var results =
        run(
            """
            checks:
            - {name: sign in, group: session, path: /login}
            - {name: me, group: session, path: /me}
            - {name: stranger, group: other, path: /me}
            """);

    assertThat(results)
        .extracting(Result::outcome)
        .containsExactly(Outcome.Passed, Outcome.Passed, Outcome.Failed);
  }

  @Test
  void a_header_comes_from_a_secret_and_is_never_shown() throws Exception {
    var results =
        run(
            """
            checks:
            - name: echo
              path: /echo
              headers: [{name: X-Token, secretKeyRef: {name: given, key: API_TOKEN}}]
              expect: {status: [500], headers: [{name: X-Echo, contains: another}]}
            """);

    assertThat(results.getFirst().message())
        .contains("has the header X-Echo: ***")
        .doesNotContain("top-secret-token");
  }

  @Test
  void a_value_that_was_put_into_a_header_is_never_shown_not_even_cut_short() throws Exception {
    var results =
        run(
            """
            checks:
            - name: echo
              path: /echo
              headers: [{name: X-Token, value: "%s composed-secret"}]
              expect: {status: [500], headers: [{name: X-Echo, contains: another}]}
            """
                .formatted("x".repeat(262)));

    assertThat(results.getFirst().message()).doesNotContain("compo").endsWith("…");
  }

  @Test
  void a_path_that_no_url_can_have_fails_the_check_and_no_other() throws Exception {
    var results = run("checks: [{name: a, path: '/a b'}, {name: b, path: /page}]");

    assertThat(results)
        .extracting(Result::message)
        .containsExactly("/a b is not a path of a URL", null);
  }

  @Test
  void a_server_that_does_not_answer_fails_the_check() throws Exception {
    server.stop(0);

    var results = run("checks: [{name: a, path: /page}]");

    assertThat(results.getFirst().message()).contains("/page did not respond");
  }
}
