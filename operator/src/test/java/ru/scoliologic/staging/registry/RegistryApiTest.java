package ru.scoliologic.staging.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ru.scoliologic.staging.cluster.model.RegistryLogin;
import ru.scoliologic.staging.notification.Tls;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** A registry on this machine, asked as a real one is. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RegistryApiTest {
  private static final String DIGEST = "sha256:" + "ab".repeat(32);
  private static final String MANIFEST = "/v2/team/app/manifests/staging";
  private static final RegistryLogin LOGIN = new RegistryLogin("ci", "s3cret-word");
  private static final String BASIC = "Basic Y2k6czNjcmV0LXdvcmQ=";
  private static final int LONG = 5 * 1024 * 1024;

  private static final TestCertificates ISSUED = TestCertificates.issue("localhost");

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Map<String, Answer> answers = new HashMap<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private HttpsServer server;
  private HttpsServer other;

  /**
   * What is answered to a method and path.
   *
   * @param unless sent in the header Authorization, in place of which there is a challenge
   */
  private record Answer(int status, Map<String, String> headers, String body, String unless) {}

  @BeforeEach
  void a_registry() throws Exception {
    server = serving(this::answer);
    other = serving(this::answer);
  }

  private static HttpsServer serving(HttpHandler handler) throws Exception {
    var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(Tls.serving(ISSUED)));
    server.setExecutor(task -> Thread.ofVirtual().start(task));
    server.createContext("/", handler);
    server.start();
    return server;
  }

  @AfterEach
  void it_stops() {
    over.countDown();
    server.stop(0);
    other.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var sent = exchange.getRequestHeaders().getFirst("Authorization");
      var key = exchange.getRequestMethod() + " " + exchange.getRequestURI();
      asked.add(key + (sent == null ? "" : " " + sent));
      var answer = answers.getOrDefault(key, new Answer(404, Map.of(), "", null));
      boolean challenged = answer.unless() != null && !answer.unless().equals(sent);
      answer
          .headers()
          .forEach((name, value) -> {
            if (challenged == name.equals("WWW-Authenticate")) {
              exchange.getResponseHeaders().add(name, value);
            }
          });
      var body = (challenged ? "" : answer.body()).getBytes(StandardCharsets.UTF_8);
      boolean bare = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
      exchange.sendResponseHeaders(challenged ? 401 : answer.status(), bare ? -1 : body.length);
      if (!bare) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private String host() {
    return host(server);
  }

  private static String host(HttpsServer server) {
    return "localhost:" + server.getAddress().getPort();
  }

  private ImageName image() {
    return ImageName.of(host() + "/team/app:staging");
  }

  private String digest(RegistryLogin login) throws Exception {
    return new RegistryApi(Tls.trusting(ISSUED)).digest(image(), Optional.ofNullable(login));
  }

  private void answering(String request, int status, Map<String, String> headers, String body) {
    answers.put(request, new Answer(status, headers, body, null));
  }

  @Test
  void a_public_registry_says_the_digest_at_once() throws Exception {
    answering("HEAD " + MANIFEST, 200, Map.of("Docker-Content-Digest", DIGEST), "");

    assertThat(digest(null)).isEqualTo(DIGEST);
    assertThat(asked).containsExactly("HEAD " + MANIFEST);
  }

  @Test
  void a_registry_that_does_not_say_it_has_its_manifest_hashed() throws Exception {
    answering("HEAD " + MANIFEST, 200, Map.of(), "");
    answering("GET " + MANIFEST, 200, Map.of(), "{}");

    assertThat(digest(null))
        .isEqualTo("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  }

  @Test
  void a_challenge_for_a_token_is_met_with_the_credentials_at_the_token_server_only()
      throws Exception {
    answers.put(
        "HEAD " + MANIFEST,
        new Answer(
            200,
            Map.of(
                "Docker-Content-Digest",
                DIGEST,
                "WWW-Authenticate",
                "Bearer realm=\"https://%s/token\",service=\"here\"".formatted(host())),
            "",
            "Bearer t0ken"));
    answering(
        "GET /token?scope=repository%3Ateam%2Fapp%3Apull&service=here",
        200, Map.of(), "{\"token\": \"t0ken\"}");

    assertThat(digest(LOGIN)).isEqualTo(DIGEST);
    assertThat(asked)
        .containsExactly(
            "HEAD " + MANIFEST,
            "GET /token?scope=repository%3Ateam%2Fapp%3Apull&service=here " + BASIC,
            "HEAD " + MANIFEST + " Bearer t0ken");
  }

  @Test
  void a_challenge_for_a_password_is_met_with_the_credentials() throws Exception {
    answers.put(
        "HEAD " + MANIFEST,
        new Answer(
            200,
            Map.of("Docker-Content-Digest", DIGEST, "WWW-Authenticate", "Basic realm=\"here\""),
            "",
            BASIC));

    assertThat(digest(LOGIN)).isEqualTo(DIGEST);
    assertThatThrownBy(() -> digest(null))
        .isInstanceOf(IOException.class)
        .hasMessage(
            host()
                + " does not show it without credentials, and"
                + " spec.services.app.imagePullSecrets has none for it");
    assertThatThrownBy(() -> digest(new RegistryLogin("ci", "wrong")))
        .hasMessage(
            host()
                + " does not show it with the credentials of spec.services.app.imagePullSecrets");
  }

  @Test
  void an_image_that_is_not_there_is_named() {
    assertThatThrownBy(() -> digest(null))
        .isInstanceOf(IOException.class)
        .hasMessage(host() + " has no team/app:staging");
  }

  @Test
  void a_redirect_is_followed_and_one_out_of_https_or_without_an_end_is_not() throws Exception {
    answering("HEAD " + MANIFEST, 307, Map.of("Location", "/elsewhere"), "");
    answering("HEAD /elsewhere", 200, Map.of("Docker-Content-Digest", DIGEST), "");

    assertThat(digest(null)).isEqualTo(DIGEST);

    answering("HEAD /elsewhere", 307, Map.of("Location", "/elsewhere"), "");
    assertThatThrownBy(() -> digest(null)).hasMessage(host() + " answers 307");

    answering("HEAD /elsewhere", 307, Map.of("Location", "http://elsewhere/"), "");
    assertThatThrownBy(() -> digest(null))
        .hasMessage(host() + " redirects to an address that is not HTTPS");
  }

  @Test
  void credentials_do_not_follow_a_redirect_to_another_host() throws Exception {
    answers.put(
        "HEAD " + MANIFEST,
        new Answer(
            307,
            Map.of("Location", "https://" + host(other) + "/other", "WWW-Authenticate", "Basic"),
            "",
            BASIC));
    answering("HEAD /other", 200, Map.of("Docker-Content-Digest", DIGEST), "");

    assertThat(digest(LOGIN)).isEqualTo(DIGEST);
    assertThat(asked).last().isEqualTo("HEAD /other");
  }

  @Test
  void an_answer_without_bounds_is_not_kept() {
    answering("HEAD " + MANIFEST, 200, Map.of(), "");
    answering("GET " + MANIFEST, 200, Map.of(), "x".repeat(LONG));

    assertThatThrownBy(() -> digest(null))
        .isInstanceOf(IOException.class)
        .hasMessage(host() + " does not respond as a registry does");
  }

  @Test
  void an_answer_that_never_ends_is_given_up() throws Exception {
    var slow =
        serving(exchange -> {
          exchange.sendResponseHeaders(200, exchange.getRequestMethod().equals("HEAD") ? -1 : 100);
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    try {
      assertThatThrownBy(() -> hurried(host(slow)))
          .isInstanceOf(Registries.Unreachable.class)
          .hasMessage(host(slow) + " did not respond completely within 1 s");
    } finally {
      slow.stop(0);
    }
  }

  @Test
  void a_server_that_takes_connections_and_says_nothing_is_given_up() throws IOException {
    try (var mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var host = "localhost:" + mute.getLocalPort();

      assertThatThrownBy(() -> hurried(host))
          .isInstanceOf(Registries.Unreachable.class)
          .hasMessage(host + " did not respond completely within 1 s");
    }
  }

  private static String hurried(String host) throws Exception {
    return new RegistryApi(Tls.trusting(ISSUED), Duration.ofSeconds(1))
        .digest(ImageName.of(host + "/team/app"), Optional.empty());
  }

  @Test
  void a_registry_that_does_not_listen_cannot_be_reached() {
    server.stop(0);

    assertThatThrownBy(() -> digest(null))
        .isInstanceOf(Registries.Unreachable.class)
        .hasMessage(host() + " cannot be reached from the operator");
  }

  @Test
  void a_name_that_is_not_in_the_dns_is_told_as_such_and_at_once() {
    assertThatThrownBy(() ->
            new RegistryApi(Tls.trusting(ISSUED))
                .digest(ImageName.of("registry.invalid/team/app"), Optional.empty()))
        .isInstanceOf(Registries.Unreachable.class)
        .hasMessage("registry.invalid is a name that the operator cannot resolve");
  }

  @Test
  void a_certificate_of_an_unknown_authority_is_told_and_nothing_is_asked() {
    assertThatThrownBy(() -> RegistryApi.withSystemTrust().digest(image(), Optional.of(LOGIN)))
        .isInstanceOf(Registries.Unreachable.class)
        .hasMessage(host() + " cannot be reached over HTTPS, or its certificate is not trusted");
    assertThat(asked).isEmpty();
  }

  @Test
  void a_server_without_tls_is_asked_nothing() throws Exception {
    var plain = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    plain.createContext("/", this::answer);
    plain.start();
    try {
      var image = ImageName.of("localhost:%d/team/app".formatted(plain.getAddress().getPort()));

      assertThatThrownBy(
              () -> new RegistryApi(Tls.trusting(ISSUED)).digest(image, Optional.of(LOGIN)))
          .isInstanceOf(Registries.Unreachable.class);
      assertThat(asked).isEmpty();
    } finally {
      plain.stop(0);
    }
  }
}
