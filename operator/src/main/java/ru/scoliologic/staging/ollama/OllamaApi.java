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

/** What is asked of a running Ollama server, by its HTTP interface. */
public final class OllamaApi {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SHORT = Duration.ofSeconds(5);

  private final URI base;

  /** The server at {@code http://<host>:<port>}. */
  public OllamaApi(URI base) {
    this.base = base;
  }

  /**
   * A client for one request. A connection that is kept outlives the server it was made to: while a
   * Service changes its endpoints it may even lead out of the cluster, to whoever answers there.
   */
  private static HttpClient client() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(SHORT)
        .build();
  }

  /** Told how far a pull is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called several times a second.
     *
     * @param layers the parts of the model that were named so far, by digest
     * @throws IOException to give the pull up
     */
    void at(Map<String, Layer> layers) throws IOException;
  }

  /**
   * One part of a model.
   *
   * @param completed bytes that are there
   * @param total bytes in all
   * @param found whether all of it was there when it was first named
   */
  public record Layer(long completed, long total, boolean found) {}

  /**
   * A model that is there.
   *
   * @param digest of its manifest; two names of one model have the same
   * @param bytes of its parts together
   */
  public record Stored(String digest, long bytes) {}

  /** A pull that the server could not finish; the message is what it said. */
  public static final class PullFailed extends IOException {
    private static final long serialVersionUID = 1;

    PullFailed(String said) {
      super(said);
    }
  }

  /** The models that are there, by the name the server gives them. */
  public Map<String, Stored> models() throws IOException, InterruptedException {
    HttpResponse<String> answer;
    try (var http = client()) {
      answer =
          http.send(
              HttpRequest.newBuilder(base.resolve("/api/tags")).timeout(SHORT).build(),
              BodyHandlers.ofString());
    }
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
   * Pulls a model; one that is there already is done at once. What an interrupted pull left is used
   * again.
   *
   * @param insecureRegistries host or host:port of those that are asked over plain HTTP
   * @throws PullFailed when the server says why
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
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
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
    throw new PullFailed("the connection ended before the model was there");
  }

  private static void note(JsonNode said, Map<String, Layer> layers) {
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
