package ru.scoliologic.staging.agent;

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

/** Images that an engine is given from archives, for one that no registry answers. */
final class BaseImages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private final Path folder;

  /** By archive, what it holds: names, each with the hash of its configuration. */
  private final Map<Path, Map<String, String>> contents = new TreeMap<>();

  /** What was loaded; an engine may give an image another id than its archive. */
  private final Set<String> loaded = new HashSet<>();

  BaseImages(Path folder) {
    this.folder = folder;
  }

  /**
   * Loads each {@code *.tar} of which the engine lacks an image. An archive that cannot be loaded
   * is told of and passed over: the build says what it misses.
   *
   * @param log told of each archive that is loaded or passed over
   */
  void provide(Engine engine, Consumer<String> log) throws EngineException, InterruptedException {
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
            "The base images of %s are passed over: %s"
                .formatted(archive.getFileName(), Words.line(String.valueOf(e.getMessage()))));
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

  private boolean lacks(Engine engine, Map<String, String> images) throws EngineException {
    for (var image : images.entrySet()) {
      try {
        var id = engine.ask(d -> d.inspectImageCmd(image.getKey()).exec()).getId();
        if (!id.equals(image.getValue()) && !loaded.contains(image.getValue())) {
          return true;
        }
      } catch (EngineException e) {
        if (!e.notFound()) {
          throw e;
        }
        return true;
      }
    }
    return false;
  }

  private static void load(Engine engine, Path archive)
      throws EngineException, InterruptedException, IOException {
    var answer = new LoadAnswer();
    try (var bytes = Files.newInputStream(archive)) {
      engine.<LoadResponseItem>follow(d -> d.loadImageAsyncCmd(bytes), answer::add, LIMIT);
    } catch (TimeoutException e) {
      throw new IOException(
          "the engine did not take it within " + LIMIT.toMinutes() + " minutes", e);
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
