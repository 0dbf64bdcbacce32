import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLServerSocketFactory;

/**
 * Runs the operator once while the image is built, so that the JVM sees which classes it uses and
 * keeps them as they are after loading. The API server is simulated: it has one environment, accepts
 * every write, and has no other object.
 *
 * <p>{@code java -cp <libraries> Training.java <environment.yaml> <command of the operator...>}, with
 * {@code javax.net.ssl.keyStore} for the simulated server.
 */
class Training {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final CountDownLatch REPORTED = new CountDownLatch(1);
  private static final String ENVIRONMENTS = "/apis/staging.scoliologic.ru/v1alpha1/stagingenvironments";
  private static ObjectNode environment;
  private static volatile Exception fault;

  public static void main(String[] arguments) throws Exception {
    environment = (ObjectNode) new YAMLMapper().readTree(Files.readString(Path.of(arguments[0])));
    stamp(environment);
    ((ObjectNode) environment.get("metadata")).put("namespace", "training");
    ServerSocket server = SSLServerSocketFactory.getDefault().createServerSocket(0);
    Thread.ofPlatform().daemon().start(() -> accept(server));
    var command = new ProcessBuilder(List.of(arguments).subList(1, arguments.length)).inheritIO();
    // A kubeconfig would be parsed with classes that a pod in a cluster does not load.
    command.environment().put("KUBERNETES_MASTER", "https://localhost:" + server.getLocalPort());
    command.environment().put("KUBERNETES_TRUST_CERTIFICATES", "true");
    command.environment().put("POD_NAMESPACE", "training");
    Process operator = command.start();
    boolean reported = false;
    for (int i = 0; i < 120 && !reported && operator.isAlive(); i++) {
      reported = REPORTED.await(1, TimeUnit.SECONDS);
    }
    // The rest of the pass: events, and the next requests.
    Thread.sleep(2000);
    operator.destroy();
    if (!operator.waitFor(2, TimeUnit.MINUTES)) {
      operator.destroyForcibly();
      throw new IllegalStateException("the operator does not end");
    }
    if (!reported || fault != null) {
      throw new IllegalStateException("the operator wrote no status; it ended with " + operator.exitValue(), fault);
    }
    System.exit(0);
  }

  private static void accept(ServerSocket server) {
    while (true) {
      try {
        Socket connection = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(connection));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void serve(Socket connection) {
    try (connection) {
      InputStream in = new BufferedInputStream(connection.getInputStream());
      OutputStream out = connection.getOutputStream();
      for (String request = line(in); !request.isEmpty(); request = line(in)) {
        Map<String, String> headers = new HashMap<>();
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
          int colon = header.indexOf(':');
          headers.put(header.substring(0, colon).toLowerCase(), header.substring(colon + 1).strip());
        }
        byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        String key = headers.get("sec-websocket-key");
        if (key != null) {
          // A watch in which nothing happens.
          out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Accept: " + accepted(key) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
          out.flush();
          while (in.read() >= 0) {}
          return;
        }
        String[] words = request.split(" ");
        answer(out, words[0], words[1].replaceFirst("\\?.*", ""), headers, body);
      }
    } catch (IOException e) {
      // The operator has ended.
    } catch (Exception e) {
      fault = e;
    }
  }

  private static void answer(OutputStream out, String method, String path, Map<String, String> headers, byte[] body)
      throws IOException {
    int status = 200;
    JsonNode said;
    if (body.length > 0 && !method.equals("GET")) {
      var written = (ObjectNode) JSON.readTree(body);
      if (path.contains("/stagingenvironments/")) {
        // A status is written without the spec, and answered with it.
        var reported = written.path("status");
        written = environment.deepCopy();
        written.set("status", reported);
        if (reported.toString().contains("InvalidSpec")) {
          throw new IllegalStateException("the environment of the training is invalid: " + reported);
        }
        REPORTED.countDown();
      }
      stamp(written);
      said = written;
    } else if (path.equals(ENVIRONMENTS)) {
      said = JSON.createObjectNode().put("apiVersion", "staging.scoliologic.ru/v1alpha1").put("kind", "StagingEnvironmentList")
          .set("items", JSON.createArrayNode().add(environment));
      ((ObjectNode) said).putObject("metadata").put("resourceVersion", "1");
    } else if (path.endsWith("/stagingenvironments/" + environment.at("/metadata/name").asText())) {
      said = environment;
    } else if (named(path)) {
      status = 404;
      said = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Status").put("status", "Failure")
          .put("reason", "NotFound").put("code", 404).put("message", "not found");
    } else {
      boolean metadata = headers.getOrDefault("accept", "").contains("PartialObjectMetadataList");
      said = JSON.createObjectNode().put("apiVersion", metadata ? "meta.k8s.io/v1" : "v1")
          .put("kind", metadata ? "PartialObjectMetadataList" : "List").set("items", JSON.createArrayNode());
      ((ObjectNode) said).putObject("metadata").put("resourceVersion", "1");
    }
    byte[] bytes = JSON.writeValueAsBytes(said);
    out.write(("HTTP/1.1 " + status + " \r\nContent-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.flush();
  }

  /** An object, rather than all of a kind: /api/v1/namespaces/x/secrets/y. */
  private static boolean named(String path) {
    String[] parts = path.replaceFirst("^/(api/v1|apis/[^/]+/[^/]+)/?", "").split("/");
    return parts.length == 2 || parts.length > 3;
  }

  private static void stamp(ObjectNode object) {
    var metadata = object.withObject("/metadata");
    metadata.put("uid", "11111111-2222-3333-4444-555555555555").put("resourceVersion", "1").put("generation", 1)
        .put("creationTimestamp", "2026-01-01T00:00:00Z");
  }

  private static String accepted(String key) throws Exception {
    return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1")
        .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII)));
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
