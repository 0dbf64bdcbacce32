package ru.scoliologic.staging.cluster.kube;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/**
 * Limits for the clients of an HTTP server in this program: any pod of the cluster may be able to
 * connect, and none may block the others.
 */
public final class ServerLimits {
  /** Seconds for a request to arrive with its body, and for its response to be read. */
  public static final int SECONDS = 20;

  /** Connections of one server. */
  public static final int CONNECTIONS = 500;

  /** Bytes of a request's headers. */
  public static final int HEADER_BYTES = 16 * 1024;

  private ServerLimits() {}

  /** Sets the limits for all servers of this process; the JDK reads them once. */
  public static void set() {
    System.setProperty("sun.net.httpserver.maxReqTime", "" + SECONDS);
    System.setProperty("sun.net.httpserver.maxRspTime", "" + SECONDS);
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", "" + HEADER_BYTES);
    System.setProperty("jdk.httpserver.maxConnections", "" + CONNECTIONS);
  }

  /**
   * A server with one thread for each request, so that a hanging request does not block others.
   *
   * @param port 0 for any free port
   */
  public static HttpServer server(int port) throws IOException {
    var server = HttpServer.create(new InetSocketAddress(port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    return server;
  }
}
