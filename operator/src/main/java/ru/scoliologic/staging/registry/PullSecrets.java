package ru.scoliologic.staging.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Secret;
import java.io.IOException;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/** Pull Secrets of images. */
public final class PullSecrets {
  private static final String KEY = ".dockerconfigjson";
  private static final ObjectMapper JSON = new ObjectMapper();

  private PullSecrets() {}

  /**
   * The login that matches an image best, by host and path; empty without a match. An unreadable
   * Secret is ignored: the node reports it at the pull.
   */
  public static Optional<RegistryLogin> login(List<Secret> secrets, ImageName image) {
    return secrets.stream()
        .flatMap(PullSecrets::entries)
        .map(entry -> Map.entry(place(entry.getKey()), entry.getValue()))
        .filter(entry -> holds(entry.getKey(), image.host() + "/" + image.repository()))
        .sorted(Comparator.comparingInt(entry -> -entry.getKey().length()))
        .flatMap(entry -> RegistryLogin.of(entry.getValue()).stream())
        .findFirst();
  }

  private static Stream<Map.Entry<String, JsonNode>> entries(Secret secret) {
    var data = secret.getData() == null ? null : secret.getData().get(KEY);
    if (data == null) {
      return Stream.empty();
    }
    try {
      return JSON.readTree(Base64.getDecoder().decode(data)).path("auths").properties().stream();
    } catch (IOException | IllegalArgumentException e) {
      return Stream.empty();
    }
  }

  /** Host and path of a key, which may be a URL such as {@code https://index.docker.io/v1/}. */
  private static String place(String key) {
    var bare = key.replaceFirst("^https?://", "").replaceFirst("(/v[12])?/?$", "");
    int slash = bare.indexOf('/');
    return slash < 0
        ? ImageName.canonical(bare)
        : ImageName.canonical(bare.substring(0, slash)) + bare.substring(slash);
  }

  private static boolean holds(String place, String image) {
    return image.equals(place) || image.startsWith(place + "/");
  }
}
