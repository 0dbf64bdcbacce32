package ru.scoliologic.staging.agent;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import ru.scoliologic.staging.cluster.AgentContract;
import ru.scoliologic.staging.cluster.Masking;

/**
 * Where the files of {@link AgentContract} are. All but the first are read anew at each use, so
 * that a rotated credential counts from then on.
 *
 * @param config what the agent is to do
 * @param gitCredentials folder with token, username, sshPrivateKey, knownHosts; each may be absent
 * @param gitAuthority PEM certificates; may be absent
 * @param webhookSecret may be absent
 * @param registryCredentials in the form of ~/.docker/config.json; may be absent
 * @param engineTls folder with ca.pem, cert.pem, key.pem; may be absent
 * @param baseImages folder with archives of images; may be absent
 * @param work folder for what can be fetched and made again
 */
public record AgentFiles(
    Path config,
    Path gitCredentials,
    Path gitAuthority,
    Path webhookSecret,
    Path registryCredentials,
    Path engineTls,
    Path baseImages,
    Path work) {
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /**
   * Reads the configuration.
   *
   * @throws IOException when it is absent or no configuration
   */
  public AgentContract.Config readConfig() throws IOException {
    return JSON.readValue(config.toFile(), AgentContract.Config.class);
  }

  Optional<String> token() throws IOException {
    return read(gitCredentials.resolve("token"));
  }

  Optional<String> username() throws IOException {
    return read(gitCredentials.resolve("username"));
  }

  Path sshPrivateKey() {
    return gitCredentials.resolve("sshPrivateKey");
  }

  Path knownHosts() {
    return gitCredentials.resolve("knownHosts");
  }

  Optional<String> authority() throws IOException {
    return read(gitAuthority);
  }

  Optional<String> webhookWord() throws IOException {
    return read(webhookSecret);
  }

  /** Hides every credential that the agent has at this moment. */
  Masking masking() {
    var secrets = new ArrayList<String>();
    for (var file :
        List.of(
            gitCredentials.resolve("token"),
            sshPrivateKey(),
            webhookSecret,
            engineTls.resolve("key.pem"))) {
      readable(file).ifPresent(secrets::add);
    }
    readable(registryCredentials).ifPresent(text -> addRegistry(text, secrets));
    return new Masking(secrets);
  }

  /** Changes when a credential does. */
  int fingerprint() {
    var read = new ArrayList<Optional<String>>();
    for (var file :
        List.of(
            gitCredentials.resolve("token"),
            gitCredentials.resolve("username"),
            sshPrivateKey(),
            knownHosts(),
            gitAuthority)) {
      read.add(readable(file));
    }
    return read.hashCode();
  }

  private static void addRegistry(String text, List<String> secrets) {
    try {
      for (JsonNode login : JSON.readTree(text).path("auths")) {
        var pair = login.path("auth").asText();
        secrets.add(login.path("password").asText());
        secrets.add(pair);
        var plain = new String(Base64.getDecoder().decode(pair), StandardCharsets.UTF_8);
        secrets.add(plain.substring(plain.indexOf(':') + 1));
      }
    } catch (IOException | IllegalArgumentException e) {
      // No login can be read from it, so the whole text is what must not be told.
      secrets.add(text);
    }
  }

  private static Optional<String> readable(Path file) {
    try {
      return read(file);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The text without the line's end that editors add; empty when absent or blank. */
  private static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
