package ru.scoliologic.staging.e2e;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;

/**
 * What every pod of the application is on a node without a machine: a server of this process, which
 * answers all with 200, but for what it is told to refuse.
 */
final class StubApp {
  private static final HttpServer SERVER = serve();

  private static volatile Predicate<Headers> refused = headers -> false;

  private StubApp() {}

  /** From now on requests with such headers, and no others, are answered with 500. */
  static void refuse(Predicate<Headers> headers) {
    refused = headers;
  }

  private static HttpServer serve() {
    try {
      var server = HttpServer.create(new InetSocketAddress(0), 0);
      server.createContext(
          "/",
          exchange -> {
            var page = "<p>page</p>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/html");
            int status = refused.test(exchange.getRequestHeaders()) ? 500 : 200;
            exchange.sendResponseHeaders(status, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
          });
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where it listens: each process that tests has its own. */
  static int port() {
    return SERVER.getAddress().getPort();
  }

  /**
   * The address by which this machine reaches another one.
   *
   * @param other an address of the other one
   */
  static String address(String other) {
    try (var way = new DatagramSocket()) {
      way.connect(InetAddress.getByName(other), port());
      return way.getLocalAddress().getHostAddress();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
