package ru.scoliologic.staging.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The machine's Docker engine at a TCP address; to close it is what an engine's death looks like.
 */
final class EngineBridge implements AutoCloseable {
  private final ServerSocket server;
  private final Queue<AutoCloseable> connections = new ConcurrentLinkedQueue<>();

  EngineBridge() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  URI address() {
    return URI.create("tcp://127.0.0.1:" + server.getLocalPort());
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var client = server.accept();
        var engine = engine();
        connections.add(client);
        connections.add(engine);
        Thread.ofVirtual().start(() -> toEngine(client, engine));
        Thread.ofVirtual().start(() -> toClient(engine, client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static SocketChannel engine() throws IOException {
    var host =
        Optional.ofNullable(System.getenv("DOCKER_HOST")).orElse("unix:///var/run/docker.sock");
    if (host.startsWith("tcp:")) {
      var uri = URI.create(host);
      return SocketChannel.open(new java.net.InetSocketAddress(uri.getHost(), uri.getPort()));
    }
    var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(Path.of(URI.create(host).getPath())));
    return socket;
  }

  /** A client that hangs up is hung up on at the engine too: that ends what it began. */
  private static void toEngine(Socket client, SocketChannel engine) {
    try (engine) {
      var in = client.getInputStream();
      var buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        var bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          engine.write(bytes);
        }
      }
    } catch (IOException e) {
      return;
    }
  }

  private static void toClient(SocketChannel engine, Socket client) {
    try (client) {
      Channels.newInputStream(engine).transferTo(client.getOutputStream());
    } catch (IOException e) {
      return;
    }
  }

  @Override
  public void close() {
    try {
      server.close();
      for (var connection : connections) {
        connection.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
