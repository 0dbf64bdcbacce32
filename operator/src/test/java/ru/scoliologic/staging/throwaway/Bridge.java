package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A server at another TCP address; to close it is what the server's death looks like. */
public final class Bridge implements AutoCloseable {
  private final ServerSocket server;
  private final Callable<SocketChannel> far;
  private final Duration delay;
  private final Queue<AutoCloseable> connections = new ConcurrentLinkedQueue<>();

  private Bridge(Callable<SocketChannel> far, Duration delay) throws IOException {
    this.far = far;
    this.delay = delay;
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** To the machine's Docker engine. */
  public static Bridge toEngine() throws IOException {
    return new Bridge(Bridge::engine, Duration.ZERO);
  }

  /** To a server from which each piece of what it says is under way for a while. */
  public static Bridge slow(URI server, Duration delay) throws IOException {
    var address = new InetSocketAddress(server.getHost(), server.getPort());
    return new Bridge(() -> SocketChannel.open(address), delay);
  }

  /** Where the server is to be reached, by a scheme. */
  public URI address(String scheme) {
    return URI.create(scheme + "://127.0.0.1:" + server.getLocalPort());
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var client = server.accept();
        var peer = far.call();
        connections.add(client);
        connections.add(peer);
        Thread.ofVirtual().start(() -> toPeer(client, peer));
        Thread.ofVirtual().start(() -> toClient(peer, client));
      } catch (IOException e) {
        return;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static SocketChannel engine() throws IOException {
    var host =
        Optional.ofNullable(System.getenv("DOCKER_HOST")).orElse("unix:///var/run/docker.sock");
    if (host.startsWith("tcp:")) {
      var uri = URI.create(host);
      return SocketChannel.open(new InetSocketAddress(uri.getHost(), uri.getPort()));
    }
    var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(Path.of(URI.create(host).getPath())));
    return socket;
  }

  /** A client that hangs up is hung up on at the server too: that ends what it began. */
  private static void toPeer(Socket client, SocketChannel peer) {
    try (peer) {
      var in = client.getInputStream();
      var buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        var bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          peer.write(bytes);
        }
      }
    } catch (IOException e) {
      return;
    }
  }

  private void toClient(SocketChannel peer, Socket client) {
    try (client) {
      var in = Channels.newInputStream(peer);
      var out = client.getOutputStream();
      var buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        // Not a wait for something: this is the slowness itself.
        Thread.sleep(delay);
        out.write(buffer, 0, read);
      }
    } catch (IOException | InterruptedException e) {
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
