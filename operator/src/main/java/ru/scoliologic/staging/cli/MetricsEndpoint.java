package ru.scoliologic.staging.cli;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import ru.scoliologic.staging.cluster.kube.ServerLimits;

/**
 * {@code /metrics} for Prometheus, on its own port, so that a NetworkPolicy can restrict access.
 */
final class MetricsEndpoint implements AutoCloseable {
  private final HttpServer server;

  MetricsEndpoint(int port, Supplier<String> scrape) throws IOException {
    server = ServerLimits.server(port);
    server.createContext(
        "/metrics",
        exchange -> {
          try (exchange) {
            var body = scrape.get().getBytes(StandardCharsets.UTF_8);
            exchange
                .getResponseHeaders()
                .set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
  }

  /** The port that it listens on, also when the system chose it. */
  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
