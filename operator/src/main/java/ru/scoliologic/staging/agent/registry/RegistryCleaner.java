package ru.scoliologic.staging.agent.registry;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/**
 * Deletes old images from an environment's registry, which uses plain HTTP and allows the deletion
 * of manifests ({@code REGISTRY_STORAGE_DELETE_ENABLED=true}). A deleted image cannot be pulled any
 * more; {@code registry garbage-collect} frees its disk space.
 */
public final class RegistryCleaner {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SHORT = Duration.ofSeconds(20);

  /** All formats in which the digest of a tag can be requested. */
  private static final String MANIFESTS =
      String.join(
          ", ",
          "application/vnd.oci.image.index.v1+json",
          "application/vnd.oci.image.manifest.v1+json",
          "application/vnd.docker.distribution.manifest.list.v2+json",
          "application/vnd.docker.distribution.manifest.v2+json");

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(SHORT).build();
  private final Path credentials;

  /**
   * @param credentials in dockerconfigjson format, read at each sweep
   */
  public RegistryCleaner(Path credentials) {
    this.credentials = credentials;
  }

  /**
   * Deletes the images of all tags of a repository except those to keep. An image that also has
   * such a tag stays.
   *
   * @param repository such as {@code demo-registry:5000/app}
   * @param keep tags of the serving version, the rollback version and versions not yet deployed
   * @return the deleted tags
   * @throws IOException when the registry's response is unexpected; no image to keep was deleted
   * @throws IllegalArgumentException when {@code keep} is empty
   */
  public Set<String> sweep(String repository, Collection<String> keep)
      throws IOException, InterruptedException {
    if (keep.isEmpty()) {
      throw new IllegalArgumentException("a sweep that keeps nothing would take the serving image");
    }
    var name = repository.substring(repository.indexOf('/') + 1);
    var base =
        URI.create("http://" + RegistryCredentials.registry(repository) + "/v2/" + name + "/");
    var login = RegistryCredentials.read(credentials).of(repository);
    var old = new TreeMap<String, String>();
    var kept = new HashSet<String>();
    for (var tag : tags(base, login)) {
      var digest = digest(base, login, tag);
      if (keep.contains(tag)) {
        digest.ifPresent(kept::add);
      } else {
        digest.ifPresent(found -> old.put(tag, found));
      }
    }
    old.values().removeAll(kept);
    for (var digest : Set.copyOf(old.values())) {
      var answer = send(base.resolve("manifests/" + digest), "DELETE", login);
      if (answer.statusCode() == 405) {
        throw new IOException(
            "the registry deletes nothing: set REGISTRY_STORAGE_DELETE_ENABLED=true");
      }
      expect(answer, 202, 404);
    }
    return new TreeSet<>(old.keySet());
  }

  private List<String> tags(URI base, Optional<RegistryLogin> login)
      throws IOException, InterruptedException {
    var tags = new ArrayList<String>();
    var page = base.resolve("tags/list");
    while (page != null) {
      var answer = send(page, "GET", login);
      if (answer.statusCode() == 404) {
        return tags;
      }
      expect(answer, 200);
      JSON.readTree(answer.body()).path("tags").forEach(tag -> tags.add(tag.asText()));
      // <...?last=...&n=...>; rel="next"
      var next = answer.headers().firstValue("Link").orElse("");
      page = next.startsWith("<") ? page.resolve(next.substring(1, next.indexOf('>'))) : null;
    }
    return tags;
  }

  private Optional<String> digest(URI base, Optional<RegistryLogin> login, String tag)
      throws IOException, InterruptedException {
    var answer = send(base.resolve("manifests/" + tag), "HEAD", login);
    if (answer.statusCode() == 404) {
      return Optional.empty();
    }
    expect(answer, 200);
    return Optional.of(
        answer
            .headers()
            .firstValue("Docker-Content-Digest")
            .orElseThrow(() -> new IOException("the registry names no digest of " + tag)));
  }

  private HttpResponse<String> send(URI uri, String method, Optional<RegistryLogin> login)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(uri)
            .timeout(SHORT)
            .header("Accept", MANIFESTS)
            .method(method, HttpRequest.BodyPublishers.noBody());
    login.ifPresent(found -> request.header("Authorization", found.basic()));
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static void expect(HttpResponse<String> answer, Integer... statuses) throws IOException {
    if (!List.of(statuses).contains(answer.statusCode())) {
      throw new IOException(
          "the registry answers %s %s with %d"
              .formatted(
                  answer.request().method(),
                  answer.request().uri().getPath(),
                  answer.statusCode()));
    }
  }
}
