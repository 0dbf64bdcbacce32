package ru.scoliologic.staging.agent.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.model.LoadResponseItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarFile;

/** Loads images from archives into an engine, for engines without access to a registry. */
final class BaseImages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private final Path folder;

  /** Content by archive: image names, each with the hash of its configuration. */
  private final Map<Path, Map<String, String>> contents = new TreeMap<>();

  /** Loaded images; an engine may give an image another id than its archive. */
  private final Set<String> loaded = new HashSet<>();

  BaseImages(Path folder) {
    this.folder = folder;
  }

  /**
   * Loads each {@code *.tar} with an image that the engine lacks. An archive that cannot be loaded
   * is logged and skipped: the build reports the missing image.
   *
   * @param log receives a line for each archive that is loaded or skipped
   */
  void provide(DockerEngine engine, Consumer<String> log)
      throws DockerEngineException, InterruptedException {
    for (var archive : archives()) {
      try {
        var images = contents.get(archive);
        if (images == null) {
          images = contents(archive);
          contents.put(archive, images);
        }
        if (lacks(engine, images)) {
          log.accept("Loading the base images of " + archive.getFileName());
          load(engine, archive);
          loaded.addAll(images.values());
        }
      } catch (IOException e) {
        log.accept(
            "The base images of %s are skipped: %s"
                .formatted(archive.getFileName(), ErrorText.line(String.valueOf(e.getMessage()))));
      }
    }
  }

  private List<Path> archives() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.tar")) {
      var archives = new ArrayList<Path>();
      found.forEach(archives::add);
      archives.sort(null);
      return archives;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> contents(Path archive) throws IOException {
    try (var tar = new TarFile(archive)) {
      for (var entry : tar.getEntries()) {
        if (entry.getName().equals("manifest.json")) {
          try (var manifest = tar.getInputStream(entry)) {
            return contents(JSON.readTree(manifest));
          }
        }
      }
    }
    throw new IOException("it is not an archive of docker save");
  }

  private static Map<String, String> contents(JsonNode manifest) {
    var images = new TreeMap<String, String>();
    for (var image : manifest) {
      // <hash>.json, or blobs/sha256/<hash>
      var configuration = image.path("Config").asText();
      var hash = configuration.replaceFirst("^.*/", "").replaceFirst("\\.json$", "");
      image.path("RepoTags").forEach(tag -> images.put(tag.asText(), "sha256:" + hash));
    }
    return images;
  }

  private boolean lacks(DockerEngine engine, Map<String, String> images)
      throws DockerEngineException {
    for (var image : images.entrySet()) {
      try {
        var id = engine.ask(d -> d.inspectImageCmd(image.getKey()).exec()).getId();
        if (!id.equals(image.getValue()) && !loaded.contains(image.getValue())) {
          return true;
        }
      } catch (DockerEngineException e) {
        if (!e.notFound()) {
          throw e;
        }
        return true;
      }
    }
    return false;
  }

  private static void load(DockerEngine engine, Path archive)
      throws DockerEngineException, InterruptedException, IOException {
    var answer = new LoadAnswer();
    try (var bytes = Files.newInputStream(archive)) {
      engine.<LoadResponseItem>follow(d -> d.loadImageAsyncCmd(bytes), answer::add, LIMIT);
    } catch (TimeoutException e) {
      throw new IOException(
          "the engine did not load it within " + LIMIT.toMinutes() + " minutes", e);
    }
    if (answer.error != null) {
      throw new IOException(answer.error);
    }
  }

  private static final class LoadAnswer {
    private String error;

    void add(LoadResponseItem item) {
      if (item.getErrorDetail() != null) {
        error = item.getErrorDetail().getMessage();
      }
    }
  }
}
