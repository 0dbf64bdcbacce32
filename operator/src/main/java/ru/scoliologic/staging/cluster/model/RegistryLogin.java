package ru.scoliologic.staging.cluster.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/** A registry's user and password; its text form has the user only. */
public record RegistryLogin(String user, String password) {

  /**
   * Reads an entry of {@code auths} in the format of ~/.docker/config.json; empty without a login.
   */
  public static Optional<RegistryLogin> of(JsonNode entry) {
    if (entry.hasNonNull("username")) {
      return Optional.of(
          new RegistryLogin(entry.path("username").asText(), entry.path("password").asText()));
    }
    try {
      var both =
          new String(
              Base64.getDecoder().decode(entry.path("auth").asText()), StandardCharsets.UTF_8);
      int colon = both.indexOf(':');
      return colon < 0
          ? Optional.empty()
          : Optional.of(new RegistryLogin(both.substring(0, colon), both.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The value of an Authorization header. */
  public String basic() {
    var both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(both);
  }

  @Override
  public String toString() {
    return "RegistryLogin[" + user + "]";
  }
}
