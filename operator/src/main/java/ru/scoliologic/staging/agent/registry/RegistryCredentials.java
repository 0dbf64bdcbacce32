package ru.scoliologic.staging.agent.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.cluster.model.RegistryLogin;

/** User names and passwords of registries, from a file in the format of ~/.docker/config.json. */
public final class RegistryCredentials {
  public static final String DOCKER_HUB = "docker.io";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, RegistryLogin> logins;

  private RegistryCredentials(Map<String, RegistryLogin> logins) {
    this.logins = logins;
  }

  /**
   * Reads the file; empty when it is absent.
   *
   * @throws IOException when it cannot be read or is invalid; does not quote it
   */
  public static RegistryCredentials read(Path file) throws IOException {
    JsonNode auths;
    try {
      auths = JSON.readTree(Files.readString(file)).path("auths");
    } catch (NoSuchFileException e) {
      auths = MissingNode.getInstance();
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      // The exception might quote the file.
      throw new IOException("the registry's credentials are not in the form of dockerconfigjson");
    }
    var logins = new TreeMap<String, RegistryLogin>();
    auths
        .properties()
        .forEach(entry ->
            RegistryLogin.of(entry.getValue())
                .ifPresent(login -> logins.put(host(entry.getKey()), login)));
    return new RegistryCredentials(logins);
  }

  /** Logins by registry. */
  public Map<String, RegistryLogin> all() {
    return Map.copyOf(logins);
  }

  /** The login for the registry of a repository. */
  public Optional<RegistryLogin> of(String repository) {
    return Optional.ofNullable(logins.get(registry(repository)));
  }

  /** Host of a repository such as {@code registry:5000/app}, with its port if given. */
  public static String registry(String repository) {
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
}
