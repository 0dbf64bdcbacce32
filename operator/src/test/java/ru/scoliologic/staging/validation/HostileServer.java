package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * An application that means ill: it answers {@code /api/health} as it should, and every other path
 * with the beginning of something that has no end.
 */
public final class HostileServer implements AutoCloseable {
  private static final String HEALTHY =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  private static final long DRIP_NANOS = 20_000_000;
  private static final int GULP = 8192;
  private static final String LONG = "long ".repeat(2_000);

  private final ServerSocket listener;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger given = new AtomicInteger();
  private final AtomicInteger healthy = new AtomicInteger();

  public HostileServer() throws IOException {
    this(InetAddress.getLoopbackAddress());
  }

  /** One that listens at an address, which other machines may reach. */
  public HostileServer(InetAddress address) throws IOException {
    listener = new ServerSocket(0, 50, address);
    Thread.ofVirtual().start(this::listen);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Requests that are held open now. */
  public int held() {
    return open.get();
  }

  /** Requests that were answered without an end, so far. */
  int given() {
    return given.get();
  }

  /** Requests that were held and let go, so far. */
  public int ended() {
    return given.get() - open.get();
  }

  /** Times that its health was asked for, which each round of checks does once. */
  public int rounds() {
    return healthy.get();
  }

  private void listen() {
    try {
      while (true) {
        var socket = listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException e) {
      // It is closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      var path = path(socket);
      if (path.equals("/api/health")) {
        healthy.incrementAndGet();
        write(socket.getOutputStream(), HEALTHY);
        return;
      }
      given.incrementAndGet();
      open.incrementAndGet();
      try {
        if (path.equals("/silence")) {
          // Until the one who asked has gone.
          socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } else {
          goOnForEver(path, socket.getOutputStream());
        }
      } finally {
        open.decrementAndGet();
      }
    } catch (IOException e) {
      // The one who asked has gone.
    }
  }

  private static String path(Socket socket) throws IOException {
    var request = new StringBuilder();
    while (request.indexOf("\r\n\r\n") < 0) {
      int read = socket.getInputStream().read();
      if (read < 0) {
        return "/api/health";
      }
      request.append((char) read);
    }
    return request.toString().split(" ", 3)[1];
  }

  private void goOnForEver(String path, OutputStream out) throws IOException {
    switch (path) {
      case "/header" -> write(out, "HTTP/1.1 200 OK\r\nX: ");
      case "/headers" -> write(out, "HTTP/1.1 200 OK\r\n");
      case "/circle" ->
          write(out, "HTTP/1.1 302 Found\r\nLocation: /circle\r\nX: " + LONG + "\r\n\r\n");
      case "/flood" -> write(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      default -> write(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    }
    while (!listener.isClosed()) {
      switch (path) {
        case "/header" -> write(out, "a".repeat(GULP));
        case "/flood" -> write(out, "2000\r\n" + "a".repeat(GULP) + "\r\n");
        case "/headers" -> write(out, "X: y\r\n".repeat(100));
        default -> {
          write(out, "a");
          LockSupport.parkNanos(DRIP_NANOS);
        }
      }
    }
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
