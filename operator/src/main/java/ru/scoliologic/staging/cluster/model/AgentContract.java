package ru.scoliologic.staging.cluster.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.cluster.kube.Hash;

/** The files, endpoints and data formats between the operator and an environment's agent. */
public final class AgentContract {
  /** The file with the {@link Config}, as JSON. */
  public static final String CONFIG_FILE = "/etc/staging-agent/config/config.json";

  /** The key of the ConfigMap that becomes {@link #CONFIG_FILE}. */
  public static final String CONFIG_KEY = "config.json";

  /**
   * Folder with the keys of the Secret {@code spec.gitops.credentials}: token, username,
   * sshPrivateKey, knownHosts.
   */
  public static final String GIT_CREDENTIALS = "/etc/staging-agent/git";

  /** Folder with ca.pem, cert.pem and key.pem of a user's Docker engine. */
  public static final String ENGINE_TLS = "/etc/staging-agent/engine";

  /** The login for pushing, in the format of ~/.docker/config.json. */
  public static final String REGISTRY_CREDENTIALS = "/etc/staging-agent/registry/.dockerconfigjson";

  /**
   * PEM certificates that the Git server's certificate chains to; absent for the system's roots.
   */
  public static final String GIT_CA = "/etc/staging-agent/ca/ca.pem";

  /** File with the webhook's shared secret; absent when none is configured. */
  public static final String WEBHOOK_SECRET = "/etc/staging-agent/webhook/secret";

  /** Folder with archives of base images, loaded before the first build; may be absent. */
  public static final String BASE_IMAGES = "/base-images";

  /** Folder of the agent's clone; its content may be lost. */
  public static final String WORK = "/work";

  /** Port of the agent's HTTP server: {@link #WEBHOOK_PATH}, {@code /metrics}, {@code /healthz}. */
  public static final int PORT = 8080;

  /** Path of the webhook for pushes, at the agent and at the application's domain. */
  public static final String WEBHOOK_PATH = "/.well-known/staging/webhook";

  private static final String HEAD = "head";
  private static final String REASON = "reason";
  private static final String MESSAGE = "message";
  private static final String SINCE = "since";

  private AgentContract() {}

  /**
   * The agent's configuration.
   *
   * @param environment its name
   * @param namespace of the environment and of all objects that the agent reads and writes
   * @param gitops the environment's spec.gitops
   * @param push repository to push to, without a tag, such as {@code demo-registry:5000/app}
   * @param engine address of the Docker engine, such as {@code tcp://127.0.0.1:2375}
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Config(
      String environment, String namespace, GitopsSpec gitops, String push, String engine) {
    /** Hash of all inputs of an image beside the commit; part of the names of commit releases. */
    public String buildHash() {
      return Hash.of(gitops.build().recipe());
    }
  }

  /**
   * The agent's status, written on transitions only.
   *
   * @param head name of the release of the branch's last known head; empty before the first poll
   * @param reason in CamelCase: {@code Following}, or why the branch is not followed
   * @param message in one sentence, masked
   * @param since start of this state, as an RFC 3339 timestamp
   */
  public record State(String head, String reason, String message, String since) {
    /** Reads the agent's ConfigMap; empty before the agent has written it. */
    public static Optional<State> of(ConfigMap map) {
      var data = map.getData();
      return data == null || data.get(REASON) == null
          ? Optional.empty()
          : Optional.of(
              new State(
                  data.getOrDefault(HEAD, ""),
                  data.get(REASON),
                  data.getOrDefault(MESSAGE, ""),
                  data.getOrDefault(SINCE, "")));
    }

    public Map<String, String> data() {
      return new TreeMap<>(Map.of(HEAD, head, REASON, reason, MESSAGE, message, SINCE, since));
    }
  }
}
