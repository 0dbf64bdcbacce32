package ru.scoliologic.staging.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import ru.scoliologic.staging.cluster.kube.ServerLimits;

/** {@code /healthz} and {@code /readyz} for the kubelet. */
final class Probes implements AutoCloseable {
  private final HttpServer server;

  Probes(int port, BooleanSupplier healthy, BooleanSupplier ready) throws IOException {
    server = ServerLimits.server(port);
    server.createContext("/healthz", exchange -> answer(exchange, healthy.getAsBoolean()));
    server.createContext("/readyz", exchange -> answer(exchange, ready.getAsBoolean()));
    server.start();
  }

  private static void answer(HttpExchange exchange, boolean good) throws IOException {
    try (exchange) {
      var body = (good ? "ok" : "not yet").getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(good ? 200 : 503, body.length);
      exchange.getResponseBody().write(body);
    }
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
