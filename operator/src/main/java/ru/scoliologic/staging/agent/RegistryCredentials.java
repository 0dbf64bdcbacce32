package ru.scoliologic.staging.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** User names and passwords of registries, from a file in the form of ~/.docker/config.json. */
final class RegistryCredentials {
  static final String DOCKER_HUB = "docker.io";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A login; it prints as nothing but the user. */
  record Login(String user, String password) {
    /** The value of an Authorization header. */
    String basic() {
      return "Basic "
          + Base64.getEncoder()
              .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
      return "Login[" + user + "]";
    }
  }

  private final Map<String, Login> logins;

  private RegistryCredentials(Map<String, Login> logins) {
    this.logins = logins;
  }

  /**
   * What the file holds now; nothing when it is absent.
   *
   * @throws IOException when it cannot be read or is not in that form; quotes none of it
   */
  static RegistryCredentials read(Path file) throws IOException {
    JsonNode auths;
    try {
      auths = JSON.readTree(Files.readString(file)).path("auths");
    } catch (NoSuchFileException e) {
      auths = MissingNode.getInstance();
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      // The exception might quote the file.
      throw new IOException("the registry's credentials are not in the form of dockerconfigjson");
    }
    var logins = new TreeMap<String, Login>();
    auths
        .properties()
        .forEach(entry ->
            login(entry.getValue()).ifPresent(login -> logins.put(host(entry.getKey()), login)));
    return new RegistryCredentials(logins);
  }

  /** All of them, by registry. */
  Map<String, Login> all() {
    return Map.copyOf(logins);
  }

  /** The login at the registry of a repository. */
  Optional<Login> of(String repository) {
    return Optional.ofNullable(logins.get(registry(repository)));
  }

  /** Host, with the port if it is named, of a repository such as {@code registry:5000/app}. */
  static String registry(String repository) {
    int slash = repository.indexOf('/');
    var first = slash < 0 ? "" : repository.substring(0, slash);
    return first.contains(".") || first.contains(":") || first.equals("localhost")
        ? first
        : DOCKER_HUB;
  }

  private static String host(String address) {
    var host = address.replaceFirst("^https?://", "").replaceFirst("/.*$", "");
    return host.equals("index.docker.io") || host.equals("registry-1.docker.io")
        ? DOCKER_HUB
        : host;
  }

  private static Optional<Login> login(JsonNode entry) {
    if (entry.hasNonNull("username")) {
      return Optional.of(
          new Login(entry.path("username").asText(), entry.path("password").asText()));
    }
    try {
      var both =
          new String(
              Base64.getDecoder().decode(entry.path("auth").asText()), StandardCharsets.UTF_8);
      int colon = both.indexOf(':');
      return colon < 0
          ? Optional.empty()
          : Optional.of(new Login(both.substring(0, colon), both.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
