package ru.scoliologic.staging.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.cluster.model.AgentContract;

class AgentServerTest {
  private static final String WORD = "a word that both know";
  private static final String BODY = "{\"ref\":\"refs/heads/main\"}";

  @TempDir private Path folder;
  private final AtomicInteger looks = new AtomicInteger();
  private final HttpClient http = HttpClient.newHttpClient();
  private MountedFiles mounted;
  private AgentServer server;
  private volatile boolean alive = true;

  @BeforeEach
  void a_server_with_a_word() throws IOException {
    mounted = new MountedFiles(folder).with("webhook", WORD + "\n");
    server =
        new AgentServer(
            0, mounted.files(), looks::incrementAndGet, () -> alive, () -> "staging_agent 1\n");
  }

  @AfterEach
  void it_ends() {
    server.close();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
  }

  private int post(String body, String... headers) throws IOException, InterruptedException {
    var request = request(AgentContract.WEBHOOK_PATH).POST(BodyPublishers.ofString(body));
    return send(headers.length == 0 ? request : request.headers(headers)).statusCode();
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static String sign(String word, String body) throws Exception {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(word.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void a_signed_request_brings_a_look() throws Exception {
    assertThat(post(BODY, "X-Hub-Signature-256", sign(WORD, BODY))).isEqualTo(202);
    assertThat(looks).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource({
    "GitHub Gitea and Forgejo, X-Hub-Signature-256, sha256=",
    "Bitbucket, X-Hub-Signature, sha256=",
    "Gitea, X-Gitea-Signature, ''",
    "Forgejo, X-Forgejo-Signature, ''",
    "Gogs, X-Gogs-Signature, ''",
  })
  void each_servers_signature_brings_a_look_and_a_wrong_one_does_not(
      String server, String header, String prefix) throws Exception {
    var hex = sign(WORD, BODY).substring("sha256=".length());
    var wrong = sign("another word", BODY).substring("sha256=".length());

    assertThat(post(BODY, header, prefix + wrong)).as(server).isEqualTo(401);
    assertThat(post(BODY, header, prefix)).as(server + ", empty").isEqualTo(401);
    assertThat(post(BODY, header, "sha1=" + hex)).as(server + ", sha1").isEqualTo(401);
    assertThat(looks).hasValue(0);
    assertThat(post(BODY, header, prefix + hex)).as(server).isEqualTo(202);
    assertThat(looks).hasValue(1);
  }

  @Test
  void the_signature_is_the_one_that_github_documents() throws Exception {
    mounted.with("webhook", "It's a Secret to Everybody");
    assertThat(
            post(
                "Hello, World!",
                "X-Hub-Signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"))
        .isEqualTo(202);
  }

  @Test
  void a_request_with_the_word_brings_a_look() throws Exception {
    assertThat(post(BODY, "X-Gitlab-Token", WORD)).isEqualTo(202);
    assertThat(post(BODY, "Authorization", "Bearer " + WORD)).isEqualTo(202);
    assertThat(looks).hasValue(2);
  }

  @Test
  void any_other_request_is_refused() throws Exception {
    assertThat(post(BODY)).isEqualTo(401);
    assertThat(post(BODY, "X-Hub-Signature-256", sign("another word", BODY))).isEqualTo(401);
    assertThat(post(BODY + " ", "X-Hub-Signature-256", sign(WORD, BODY))).isEqualTo(401);
    assertThat(post(BODY, "X-Gitlab-Token", "another word")).isEqualTo(401);
    assertThat(post(BODY, "Authorization", "Basic " + WORD)).isEqualTo(401);
    assertThat(send(request(AgentContract.WEBHOOK_PATH).GET()).statusCode()).isEqualTo(405);
    assertThat(looks).hasValue(0);
  }

  @Test
  void a_body_of_more_than_a_mebibyte_is_refused() throws Exception {
    var most = "x".repeat(1024 * 1024);
    assertThat(post(most, "X-Gitlab-Token", WORD)).isEqualTo(202);
    assertThat(post(most + "x", "X-Gitlab-Token", WORD)).isEqualTo(413);
  }

  @Test
  void without_a_word_there_is_no_webhook() throws Exception {
    mounted.with("webhook", "\n");
    assertThat(post(BODY, "X-Gitlab-Token", "")).isEqualTo(404);
    assertThat(looks).hasValue(0);
  }

  @Test
  void posts_that_are_slow_leave_connections_for_others() throws Exception {
    var slow = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 30; i++) {
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        slow.add(socket);
        socket
            .getOutputStream()
            .write(
                "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
                    .formatted(AgentContract.WEBHOOK_PATH)
                    .getBytes(StandardCharsets.UTF_8));
      }
      int turnedAway = 0;
      for (var socket : slow) {
        socket.setSoTimeout(500);
        try {
          var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
          assertThat(answer).startsWith("HTTP/1.1 503");
          turnedAway++;
        } catch (SocketTimeoutException e) {
          // Its body is waited for.
        }
      }
      assertThat(turnedAway).isEqualTo(10);
    } finally {
      for (var socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void health_is_told() throws Exception {
    assertThat(send(request("/healthz")).statusCode()).isEqualTo(200);
    alive = false;
    assertThat(send(request("/healthz")).statusCode()).isEqualTo(503);
  }

  @Test
  void measurements_are_told() throws Exception {
    var answer = send(request("/metrics"));
    assertThat(answer.body()).isEqualTo("staging_agent 1\n");
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).contains("0.0.4");
  }
}
