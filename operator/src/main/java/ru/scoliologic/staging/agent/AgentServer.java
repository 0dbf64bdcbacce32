package ru.scoliologic.staging.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import ru.scoliologic.staging.cluster.model.AgentContract;

/**
 * The agent's HTTP server: {@link AgentContract#WEBHOOK_PATH}, which only triggers a poll of the
 * branch, {@code /healthz} and {@code /metrics}.
 */
final class AgentServer implements AutoCloseable {
  private static final int MOST_BYTES = 1024 * 1024;

  /** Posts that are read at a time; more could use up the connections that probes need. */
  private static final int MOST_READ = 20;

  /**
   * Headers with the HMAC of the body: GitHub and Gitea, Bitbucket, and the older form of Gitea,
   * Forgejo and Gogs without the algorithm's name.
   */
  private static final List<String> SIGNATURES =
      List.of(
          "X-Hub-Signature-256",
          "X-Hub-Signature",
          "X-Gitea-Signature",
          "X-Forgejo-Signature",
          "X-Gogs-Signature");

  private static final String ALGORITHM = "sha256=";
  private static final String BEARER = "bearer ";

  private final HttpServer server;
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final AgentFiles files;
  private final Runnable lookNow;
  private final Semaphore reading = new Semaphore(MOST_READ);

  /**
   * Starts to listen.
   *
   * @param port 0 for any free port
   */
  AgentServer(
      int port, AgentFiles files, Runnable lookNow, BooleanSupplier alive, Supplier<String> scrape)
      throws IOException {
    this.files = files;
    this.lookNow = lookNow;
    this.server = HttpServer.create(new InetSocketAddress(port), 0);
    server.setExecutor(workers);
    server.createContext(AgentContract.WEBHOOK_PATH, this::webhook);
    server.createContext(
        "/healthz",
        exchange -> {
          boolean good = alive.getAsBoolean();
          answer(exchange, good ? 200 : 503, "text/plain", good ? "ok" : "stuck");
        });
    server.createContext(
        "/metrics",
        exchange ->
            answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", scrape.get()));
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void webhook(HttpExchange exchange) throws IOException {
    var word = files.webhookWord();
    if (word.isEmpty() || !exchange.getRequestURI().getPath().equals(AgentContract.WEBHOOK_PATH)) {
      answer(exchange, 404, "text/plain", "there is no webhook");
    } else if (!exchange.getRequestMethod().equals("POST")) {
      answer(exchange, 405, "text/plain", "use POST");
    } else {
      var body = read(exchange);
      if (body.length > MOST_BYTES) {
        answer(exchange, 413, "text/plain", "more than 1 MiB");
      } else if (knows(exchange, word.get(), body)) {
        lookNow.run();
        answer(exchange, 202, "text/plain", "the branch is polled now");
      } else {
        answer(exchange, 401, "text/plain", "no valid signature or token");
      }
    }
  }

  private byte[] read(HttpExchange exchange) throws IOException {
    if (!reading.tryAcquire()) {
      send(exchange, 503, "text/plain", "too many requests at a time");
      // Closes the connection; ending the exchange would wait for the rest of the body.
      throw new IOException("too many requests at a time");
    }
    try {
      return exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
    } finally {
      reading.release();
    }
  }

  private static boolean knows(HttpExchange exchange, String word, byte[] body) {
    var signature = sign(word, body);
    boolean signed =
        SIGNATURES.stream()
            .flatMap(name -> header(exchange, name).stream())
            .map(given -> given.startsWith(ALGORITHM) ? given.substring(ALGORITHM.length()) : given)
            .anyMatch(given -> same(given, signature));
    var token =
        header(exchange, "X-Gitlab-Token")
            .or(() ->
                header(exchange, "Authorization")
                    .filter(value -> value.toLowerCase(Locale.ROOT).startsWith(BEARER))
                    .map(value -> value.substring(BEARER.length()).strip()));
    return signed || token.filter(given -> same(given, word)).isPresent();
  }

  private static Optional<String> header(HttpExchange exchange, String name) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
  }

  private static String sign(String word, byte[] body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(word.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JVM has HmacSHA256", e);
    }
  }

  /** Compares in constant time for texts of given lengths. */
  private static boolean same(String given, String wanted) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8));
  }

  private static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    try (exchange) {
      send(exchange, status, type, text);
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    var body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.getResponseBody().flush();
  }

  @Override
  public void close() {
    server.stop(0);
    workers.shutdownNow();
  }
}
