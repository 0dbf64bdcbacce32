package ru.scoliologic.staging.throwaway;

import at.favre.lib.crypto.bcrypt.BCrypt;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.awaitility.Awaitility;

/**
 * A registry as teams have one: over HTTPS, with a certificate of their own authority and a
 * password.
 */
public final class TlsRegistry implements AutoCloseable {
  /** Of {@link #trustStore}. */
  public static final String TRUST_PASSWORD = "changeit";

  private static final String NAME = "tls-registry";
  private static final String HOST = "registry.staging.test";
  private static final String USER = "ci";
  private static final String PASSWORD = "pull-and-push-word";

  /** Tells the node's tool where it is; the name means nothing to the node. */
  private static final String HOSTS = "/etc/" + NAME;

  private final ThrowawayCluster cluster;
  private final TestCertificates issued;
  private final int port;

  private TlsRegistry(ThrowawayCluster cluster, TestCertificates issued, int port) {
    this.cluster = cluster;
    this.issued = issued;
    this.port = port;
  }

  /** A new one; its name has to resolve to the node. */
  public static TlsRegistry deploy(ThrowawayCluster cluster) {
    var issued = TestCertificates.issue(HOST);
    cluster
        .admin()
        .resource(new NamespaceBuilder().withNewMetadata().withName(NAME).endMetadata().build())
        .create();
    cluster
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withNamespace(NAME)
                .withName(NAME)
                .endMetadata()
                .withStringData(
                    Map.of(
                        "tls.crt", issued.certificate(),
                        "tls.key", issued.key(),
                        "htpasswd", USER + ":" + hash()))
                .build())
        .create();
    cluster.kubectl(
        "apply", "-f", "/workspace/operator/src/test/cluster/manifests/" + NAME + ".yaml");
    cluster.kubectl("-n", NAME, "rollout", "status", "deployment/" + NAME, "--timeout=120s");
    var service = cluster.admin().services().inNamespace(NAME).withName(NAME).get();
    var registry =
        new TlsRegistry(cluster, issued, service.getSpec().getPorts().getFirst().getNodePort());
    // A moment after the pod is ready.
    Awaitility.await("the node leading port %d to the registry".formatted(registry.port))
        .atMost(Duration.ofSeconds(60))
        .until(registry::takesConnections);
    registry.tellTheNode();
    return registry;
  }

  private boolean takesConnections() {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(cluster.nodeIp(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static String hash() {
    return BCrypt.with(BCrypt.Version.VERSION_2Y).hashToString(4, PASSWORD.toCharArray());
  }

  private void tellTheNode() {
    onTheNode(
        "mkdir -p \"$0\" && printf %s \"$1\" >\"$0/hosts.toml\"",
        HOSTS + "/" + host(),
        """
        server = "https://127.0.0.1:%1$d"
        [host."https://127.0.0.1:%1$d"]
          capabilities = ["resolve", "push"]
          skip_verify = true
        """
            .formatted(port));
  }

  private String onTheNode(String script, String... arguments) {
    var command = new String[arguments.length + 3];
    command[0] = "sh";
    command[1] = "-c";
    command[2] = script;
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    var result = cluster.exec(command);
    if (result.exitCode() != 0) {
      throw new ClusterException(script + ": " + result.lastWords());
    }
    return result.stdout();
  }

  /** Its name and port, as images have them. */
  public String host() {
    return HOST + ":" + port;
  }

  /**
   * Pushes an image of the node under a name, {@code team/app:latest} without the host. The node
   * keeps it by the digest that is returned, as if it had pulled that, and not by the name.
   */
  public String push(String image, String name) {
    return onTheNode(
            """
            set -e
            ctr="ctr -n k8s.io images"
            $ctr tag --force "docker.io/library/$0" "$1" >&2
            $ctr push --hosts-dir "$2" --user "$3" "$1" >&2
            digest=$($ctr ls "name==$1" | grep -o 'sha256:[0-9a-f]*' | head -n 1)
            $ctr tag --force "$1" "${1%:*}@$digest" >&2
            $ctr rm "$1" >&2
            echo "$digest"
            """,
            image, host() + "/" + name, HOSTS, USER + ":" + PASSWORD)
        .strip();
  }

  /** What pods pull with, for a Secret of type kubernetes.io/dockerconfigjson. */
  public String pullSecret() {
    return "{\"auths\": {\"%s\": {\"username\": \"%s\", \"password\": \"%s\"}}}"
        .formatted(host(), USER, PASSWORD);
  }

  /** Its authority, as a Java runtime reads it, in base64. */
  public String trustStore() {
    try (var written = new ByteArrayOutputStream()) {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setCertificateEntry(
          "authority",
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(issued.authority().getBytes(StandardCharsets.UTF_8))));
      store.store(written, TRUST_PASSWORD.toCharArray());
      return Base64.getEncoder().encodeToString(written.toByteArray());
    } catch (GeneralSecurityException | IOException e) {
      throw new ClusterException("the trust store could not be made", e);
    }
  }

  @Override
  public void close() {
    cluster.admin().namespaces().withName(NAME).delete();
  }
}
