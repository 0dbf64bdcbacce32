package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.cluster.kube.ServerLimits;

/** What any pod of the cluster may do to the operator's servers, and the kubelet still gets in. */
class ProbesTest {
  private static final int MANY = 60;
  private static final int READ_LIMIT = 10_000;

  @Test
  void half_a_request_does_not_keep_the_kubelet_waiting() throws Exception {
    try (var probes = new Probes(0, () -> true, () -> true);
        var half = half(probes.port())) {
      assertThat(status(probes.port(), "/healthz")).isEqualTo(200);
      assertThat(half.isClosed()).isFalse();
    }
  }

  @Test
  void many_halves_of_a_request_do_not_keep_the_kubelet_waiting() throws Exception {
    try (var probes = new Probes(0, () -> true, () -> false)) {
      List<Socket> held = new ArrayList<>();
      try {
        for (int i = 0; i < MANY; i++) {
          held.add(half(probes.port()));
        }

        assertThat(status(probes.port(), "/healthz")).isEqualTo(200);
        assertThat(status(probes.port(), "/readyz")).isEqualTo(503);
      } finally {
        for (var socket : held) {
          socket.close();
        }
      }
    }
  }

  @Test
  void half_a_request_does_not_keep_prometheus_waiting() throws Exception {
    try (var endpoint = new MetricsEndpoint(0, () -> "up 1\n");
        var half = half(endpoint.port())) {
      assertThat(status(endpoint.port(), "/metrics")).isEqualTo(200);
      assertThat(half.isClosed()).isFalse();
    }
  }

  @Test
  void what_does_not_end_is_ended_by_the_operator() throws Exception {
    // The JDK reads the limits once in a process, so this is asked of one of its own.
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var process =
        new ProcessBuilder(
                java, "-cp", System.getProperty("java.class.path"), Served.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var said =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      int port = Integer.parseInt(said.readLine());
      try (var half = half(port)) {
        half.setSoTimeout(3 * ServerLimits.SECONDS * 1000);

        assertThat(half.getInputStream().read()).as("the end of the connection").isEqualTo(-1);
      }
      assertThat(status(port, "/healthz")).isEqualTo(200);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Socket half(int port) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.getOutputStream().write('G');
    socket.getOutputStream().flush();
    return socket;
  }

  private static int status(int port, String path) throws IOException {
    var connection =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    connection.setReadTimeout(READ_LIMIT);
    try {
      return connection.getResponseCode();
    } finally {
      connection.disconnect();
    }
  }

  /** A process that serves as the operator does. */
  static final class Served {
    private Served() {}

    public static void main(String[] args) throws Exception {
      ServerLimits.set();
      var probes = new Probes(0, () -> true, () -> true);
      System.out.println(probes.port());
      Thread.currentThread().join();
    }
  }
}
