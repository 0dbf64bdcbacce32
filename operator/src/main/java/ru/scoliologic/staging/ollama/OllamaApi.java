package ru.scoliologic.staging.ollama;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Client of a running Ollama server's HTTP API. */
public final class OllamaApi {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SHORT = Duration.ofSeconds(5);

  /** Bytes of a list of models, and characters of a progress line. */
  private static final int MOST = 1024 * 1024;

  /** Layers of one model. */
  private static final int MOST_LAYERS = 1000;

  private final URI base;

  /** The server at {@code http://<host>:<port>}. */
  public OllamaApi(URI base) {
    this.base = base;
  }

  /**
   * A client for one request. A kept connection outlives its server: while a Service changes its
   * endpoints, it may even lead out of the cluster to another server.
   */
  private static HttpClient client() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(SHORT)
        .build();
  }

  /** Receives the progress of a pull. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called several times a second.
     *
     * @param layers the layers that were named so far, by digest
     * @throws IOException to cancel the pull
     */
    void at(Map<String, Layer> layers) throws IOException;
  }

  /**
   * One layer of a model.
   *
   * @param completed bytes that were pulled
   * @param total bytes of the layer
   * @param found whether it was complete when it was first named
   */
  public record Layer(long completed, long total, boolean found) {}

  /**
   * A present model.
   *
   * @param digest of its manifest; equal for two names of one model
   * @param bytes of its layers together
   */
  public record Stored(String digest, long bytes) {}

  /** The server could not complete a pull; the message is the server's. */
  public static final class PullFailed extends IOException {
    private static final long serialVersionUID = 1;

    PullFailed(String said) {
      super(said);
    }
  }

  /** The present models, by the server's names. */
  public Map<String, Stored> models() throws IOException, InterruptedException {
    var answer = ask(HttpRequest.newBuilder(base.resolve("/api/tags")).timeout(SHORT).build());
    if (answer.statusCode() != 200) {
      throw new IOException("Ollama answers " + answer.statusCode());
    }
    var stored = new HashMap<String, Stored>();
    JSON.readTree(answer.body())
        .path("models")
        .forEach(model -> {
          var name = model.path("name").asText();
          stored.put(
              name, new Stored(model.path("digest").asText(name), model.path("size").asLong()));
        });
    return stored;
  }

  /**
   * Reads the whole response within limits of size and time: the request's own timeout covers only
   * the headers.
   */
  private static HttpResponse<String> ask(HttpRequest request)
      throws IOException, InterruptedException {
    try (var http = client()) {
      try {
        return http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), MOST))
            .get(SHORT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new IOException("Ollama does not respond", e.getCause());
      } catch (TimeoutException e) {
        throw new IOException("Ollama does not finish its response", e);
      } finally {
        http.shutdownNow();
      }
    }
  }

  /**
   * Pulls a model; a present one completes at once. Data of an interrupted pull is reused.
   *
   * @param insecureRegistries host or host:port of registries that use plain HTTP
   * @throws PullFailed when the server reports an error
   */
  public void pull(String model, List<String> insecureRegistries, Progress progress)
      throws IOException, InterruptedException {
    var body =
        Map.of(
            "model",
            model,
            "insecure",
            insecureRegistries.contains(ModelName.of(model).registry()));
    var request =
        HttpRequest.newBuilder(base.resolve("/api/pull"))
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)))
            .build();
    try (var http = client();
        var lines = lines(http.send(request, BodyHandlers.ofInputStream()))) {
      follow(lines, progress);
    }
  }

  private static BufferedReader lines(HttpResponse<InputStream> answer) {
    return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
  }

  private static void follow(BufferedReader lines, Progress progress) throws IOException {
    var layers = new HashMap<String, Layer>();
    for (var line = line(lines); line != null; line = line(lines)) {
      var said = JSON.readTree(line);
      if (said.hasNonNull("error")) {
        throw new PullFailed(said.path("error").asText());
      }
      if (said.path("status").asText().equals("success")) {
        return;
      }
      note(said, layers);
      progress.at(Map.copyOf(layers));
    }
    throw new PullFailed("the connection was closed before the model was pulled");
  }

  /** The next line; null at the end. */
  private static String line(BufferedReader lines) throws IOException {
    var line = new StringBuilder();
    for (int c = lines.read(); c >= 0; c = lines.read()) {
      if (c == '\n') {
        return line.toString();
      }
      if (line.length() == MOST) {
        throw new PullFailed("Ollama reports more of the pull than can be read");
      }
      line.append((char) c);
    }
    return line.isEmpty() ? null : line.toString();
  }

  private static void note(JsonNode said, Map<String, Layer> layers) throws PullFailed {
    if (layers.size() > MOST_LAYERS) {
      throw new PullFailed("Ollama reports more parts of the model than a model has");
    }
    if (said.hasNonNull("digest")) {
      var digest = said.path("digest").asText();
      long completed = said.path("completed").asLong();
      long total = said.path("total").asLong();
      var before = layers.get(digest);
      boolean found = before == null ? completed >= total : before.found();
      layers.put(digest, new Layer(completed, total, found));
    }
  }
}
