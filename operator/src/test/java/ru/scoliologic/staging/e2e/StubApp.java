package ru.scoliologic.staging.e2e;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** What every pod of the application is on a node without a machine: it answers all with 200. */
final class StubApp implements AutoCloseable {
  /** As in stub.yaml. */
  private static final int PORT = 38080;

  private final HttpServer server;
  private final String address;

  private StubApp(HttpServer server, String address) {
    this.server = server;
    this.address = address;
  }

  /**
   * Serves at the address by which this machine reaches another one.
   *
   * @param other an address of the other one
   */
  static StubApp serve(String other) {
    try (var way = new DatagramSocket()) {
      way.connect(InetAddress.getByName(other), PORT);
      var server = HttpServer.create(new InetSocketAddress(way.getLocalAddress(), PORT), 0);
      server.createContext(
          "/",
          exchange -> {
            var page = "<p>page</p>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
          });
      server.start();
      return new StubApp(server, way.getLocalAddress().getHostAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String address() {
    return address;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
