package ru.scoliologic.staging.throwaway;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;

/** The Git server inside the cluster: one repository, and one who may read and push by a token. */
public final class GitServer {
  public static final String USER = "staging";

  private static final String NAMESPACE = "git-server";
  private static final String USERS = "git-server-users";
  private static final String KEY = "users";

  private final ThrowawayCluster cluster;
  private final String token;

  private GitServer(ThrowawayCluster cluster, String token) {
    this.cluster = cluster;
    this.token = token;
  }

  static GitServer deploy(ThrowawayCluster cluster) {
    var admin = cluster.admin();
    if (admin.namespaces().withName(NAMESPACE).get() == null) {
      admin
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
          .create();
    }
    var users = admin.secrets().inNamespace(NAMESPACE).withName(USERS).get();
    if (users == null) {
      var line = USER + ":" + UUID.randomUUID() + "\n";
      users =
          admin
              .resource(
                  new SecretBuilder()
                      .withNewMetadata()
                      .withNamespace(NAMESPACE)
                      .withName(USERS)
                      .endMetadata()
                      .addToData(KEY, encoded(line))
                      .build())
              .create();
    }
    cluster.kubectl(
        "apply", "-f", "/workspace/operator/src/test/cluster/manifests/git-server.yaml");
    cluster.kubectl(
        "-n", NAMESPACE, "rollout", "status", "deployment/git-server", "--timeout=120s");
    var line =
        new String(Base64.getDecoder().decode(users.getData().get(KEY)), StandardCharsets.UTF_8);
    return new GitServer(cluster, line.strip().substring(USER.length() + 1));
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** What the user pushes and reads with. */
  public String token() {
    return token;
  }

  /** The repository, as this machine knows it. */
  public String urlFromHere() {
    var service = cluster.admin().services().inNamespace(NAMESPACE).withName("git-server").get();
    return "http://%s:%d/app.git"
        .formatted(cluster.nodeIp(), service.getSpec().getPorts().getFirst().getNodePort());
  }

  /** Puts the token into Secret {@code git}, as spec.gitops.credentials wants it. */
  public void admit(String namespace) {
    cluster
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("git")
                .endMetadata()
                .withData(Map.of("username", encoded(USER), "token", encoded(token)))
                .build())
        .forceConflicts()
        .serverSideApply();
  }
}
