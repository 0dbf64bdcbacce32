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
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.AgentContract;

/**
 * Locations of the files of {@link AgentContract}. All but the first are read again at each use, so
 * that a rotated credential takes effect at once.
 *
 * @param config the agent's configuration
 * @param gitCredentials folder with token, username, sshPrivateKey, knownHosts; each may be absent
 * @param gitAuthority PEM certificates; may be absent
 * @param webhookSecret may be absent
 * @param registryCredentials in the form of ~/.docker/config.json; may be absent
 * @param engineTls folder with ca.pem, cert.pem, key.pem; may be absent
 * @param baseImages folder with archives of images; may be absent
 * @param work folder for data that can be recreated
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
   * @throws IOException when it is absent or invalid
   */
  public AgentContract.Config readConfig() throws IOException {
    return JSON.readValue(config.toFile(), AgentContract.Config.class);
  }

  public Optional<String> token() throws IOException {
    return read(gitCredentials.resolve("token"));
  }

  public Optional<String> username() throws IOException {
    return read(gitCredentials.resolve("username"));
  }

  public Path sshPrivateKey() {
    return gitCredentials.resolve("sshPrivateKey");
  }

  public Path knownHosts() {
    return gitCredentials.resolve("knownHosts");
  }

  public Optional<String> authority() throws IOException {
    return read(gitAuthority);
  }

  Optional<String> webhookWord() throws IOException {
    return read(webhookSecret);
  }

  /** Masks every credential that the agent holds now. */
  public SecretMasker masking() {
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
    return new SecretMasker(secrets);
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
      // The login cannot be parsed, so the whole text is masked.
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

  /** The text without a trailing line end; empty when absent or blank. */
  private static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
