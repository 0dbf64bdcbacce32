package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.notification.Outcome.Failed;
import ru.scoliologic.staging.notification.Outcome.Kind;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** What real receivers get, and how their answers are read. */
class HttpSenderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TOKEN = "123456:secret-token";

  private record Request(String path, Headers headers, String body) {}

  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private HttpServer server;
  private HttpSender sender;
  private int status = 200;
  private String answer = "";
  private Optional<String> header = Optional.empty();
  private boolean hangs;
  private boolean endless;

  @BeforeEach
  void a_receiver() throws Exception {
    sender = new HttpSender(SSLContext.getDefault(), Duration.ofSeconds(10));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    serve(server);
  }

  private void serve(HttpServer receiver) {
    receiver.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    receiver.createContext(
        "/",
        exchange -> {
          var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          requests.add(
              new Request(exchange.getRequestURI().getPath(), exchange.getRequestHeaders(), body));
          if (hangs) {
            await();
          }
          header.ifPresent(
              h -> exchange.getResponseHeaders().add(h.split("=", 2)[0], h.split("=", 2)[1]));
          var bytes = answer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(
              status, endless ? 10 : bytes.length == 0 ? -1 : bytes.length);
          exchange.getResponseBody().flush();
          exchange.getResponseBody().write(bytes);
          if (endless) {
            await();
          }
          exchange.close();
        });
    receiver.start();
  }

  private void await() throws IOException {
    try {
      over.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @AfterEach
  void it_stops() {
    over.countDown();
    server.stop(0);
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  private Outcome send(Channel channel) throws InterruptedException {
    return sender.send(
        new Delivery("k-1/0", "k-1", "a", channel, NotificationContentTest.rolledBack()));
  }

  private Failed failure(Channel channel) throws InterruptedException {
    return (Failed) send(channel);
  }

  private Channel webhook() {
    return new Channel.Webhook(url("/hook/" + TOKEN), Optional.of("word"));
  }

  private JsonNode body() throws IOException {
    return JSON.readTree(requests.getFirst().body());
  }

  @Test
  void a_webhook_gets_a_signed_document_with_a_key_that_names_the_message() throws Exception {
    assertThat(send(webhook())).isEqualTo(new Outcome.Sent());

    var request = requests.getFirst();
    assertThat(request.headers().getFirst("Idempotency-Key")).isEqualTo("k-1");
    assertThat(request.headers().getFirst("X-Staging-Signature-256"))
        .isEqualTo("sha256=" + HttpSender.signature("word", request.body()));
    assertThat(body().at("/occasion").asText()).isEqualTo("RolledBack");
    assertThat(body().at("/id").asText()).isEqualTo("k-1");
    assertThat(body().at("/commit/subject").asText()).isEqualTo("Change <3> & more");
    assertThat(body().at("/failedChecks/0/name").asText()).isEqualTo("dashboard");
  }

  @Test
  void the_signature_is_the_one_that_others_compute() {
    // As `printf %s hello | openssl dgst -sha256 -hmac word` says.
    assertThat(HttpSender.signature("word", "hello"))
        .isEqualTo("2cd94b826c5ccccdc413d1b7217f9e2386c088e06daf6f23bc8431b05a41071f");
  }

  @Test
  void slack_and_telegram_and_github_get_what_their_interfaces_ask_for() throws Exception {
    send(new Channel.Slack(url("/services/T/B/X")));
    send(new Channel.Telegram(url("/"), "-100", TOKEN));
    send(
        new Channel.CommitStatus(
            url("/api/v3/"), "git@github.com:team/app.git", "1a2b", "failure", "ghp_1"));

    assertThat(requests.stream().map(Request::path))
        .containsExactly(
            "/services/T/B/X",
            "/bot" + TOKEN + "/sendMessage",
            "/api/v3/repos/team/app/statuses/1a2b");
    assertThat(requests.getLast().headers().getFirst("Authorization")).isEqualTo("Bearer ghp_1");
    assertThat(JSON.readTree(requests.getLast().body()).at("/state").asText()).isEqualTo("failure");
  }

  @ParameterizedTest
  @CsvSource({
    "400, Refused",
    "401, Refused",
    "403, Refused",
    "404, Refused",
    "302, Refused",
    "408, Unreachable",
    "429, Unreachable",
    "500, Unreachable",
    "503, Unreachable"
  })
  void an_answer_says_whether_something_must_be_corrected(int answered, Kind kind)
      throws Exception {
    status = answered;

    var failure = failure(webhook());

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.message()).contains("responds with " + answered).doesNotContain(TOKEN);
  }

  @Test
  void a_redirect_is_not_followed() throws Exception {
    status = 307;
    header = Optional.of("Location=" + url("/elsewhere"));

    send(webhook());

    assertThat(requests).hasSize(1);
  }

  @Test
  void the_pause_that_is_asked_for_is_read_from_the_header_or_from_telegrams_answer()
      throws Exception {
    status = 429;
    header = Optional.of("Retry-After=17");
    assertThat(failure(webhook()).pause()).isEqualTo(Duration.ofSeconds(17));

    header = Optional.empty();
    answer = "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":23}}";
    assertThat(failure(new Channel.Telegram(url(""), "1", TOKEN)).pause())
        .isEqualTo(Duration.ofSeconds(23));

    answer = "<html>";
    assertThat(failure(webhook()).pause()).isZero();
  }

  @Test
  void a_receiver_that_hangs_is_left_in_time() throws Exception {
    hangs = true;
    sender = new HttpSender(SSLContext.getDefault(), Duration.ofMillis(300));

    assertThat(failure(webhook()).message()).isEqualTo("the receiver did not respond in time");
  }

  @Test
  void an_answer_whose_body_does_not_end_counts() throws Exception {
    endless = true;
    sender = new HttpSender(SSLContext.getDefault(), Duration.ofMillis(500));

    assertThat(send(webhook())).isEqualTo(new Outcome.Sent());
  }

  @Test
  void a_receiver_that_is_down_is_not_reached() throws Exception {
    var channel = webhook();
    server.stop(0);

    assertThat(failure(channel))
        .isEqualTo(Failed.unreachable("the receiver does not accept connections"));
  }

  @Test
  void a_certificate_that_nobody_vouches_for_is_refused_and_one_of_a_known_authority_is_not()
      throws Exception {
    var issued = TestCertificates.issue("localhost");
    var secure = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(Tls.serving(issued)));
    serve(secure);
    var channel =
        new Channel.Slack("https://localhost:" + secure.getAddress().getPort() + "/services/X");
    try {
      assertThat(failure(channel).message()).contains("certificate is not accepted");
      assertThat(requests).isEmpty();

      sender = new HttpSender(Tls.trusting(issued), Duration.ofSeconds(10));
      assertThat(send(channel)).isEqualTo(new Outcome.Sent());
    } finally {
      secure.stop(0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://hooks.example.org/hid den",
        "https://user:hidden@hooks.example.org/",
        "hooks.example.org/hidden",
        "file:///hidden",
        "https:///hidden",
        "hidden\nhidden"
      })
  void a_url_that_cannot_be_used_is_refused_without_quoting_it(String url) throws Exception {
    var failure = failure(new Channel.Slack(url));

    assertThat(failure.kind()).isEqualTo(Kind.Refused);
    assertThat(failure.message()).contains("not usable as a URL").doesNotContain("hid");
  }

  @Test
  void a_token_that_cannot_be_one_is_refused_without_quoting_it() throws Exception {
    var failure =
        failure(
            new Channel.CommitStatus(
                url(""), "https://github.com/team/app", "1a2b", "success", "ghp\n1"));

    assertThat(failure.message())
        .isEqualTo("the token in the Secret has characters that no token has");
    assertThat(requests).isEmpty();
  }

  @Test
  void no_channel_shows_its_credentials_as_text() {
    var mail =
        new Channel.Mail(
            "mail", 25, null, "a@b", List.of(), Optional.of(new Channel.Login("u", TOKEN)));
    var letters =
        List.of(
            new Channel.Slack(TOKEN),
            new Channel.Telegram("", "", TOKEN),
            webhook(),
            mail,
            new Channel.CommitStatus("", "", "", "", TOKEN));

    assertThat(letters)
        .allSatisfy(channel ->
            assertThat(
                    new Delivery("", "", "", channel, NotificationContentTest.rolledBack())
                        .toString())
                .doesNotContain(TOKEN));
    assertThat(mail.login().toString()).doesNotContain(TOKEN);
  }
}
