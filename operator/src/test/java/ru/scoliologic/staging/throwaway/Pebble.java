package ru.scoliologic.staging.throwaway;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/** Pebble, the ACME server for tests, inside the cluster. */
public final class Pebble {
  private static final String NAMESPACE = "pebble";
  private static final String HOST = "pebble.pebble.svc";

  private final ThrowawayCluster cluster;
  private final String serverCa;

  private Pebble(ThrowawayCluster cluster, String serverCa) {
    this.cluster = cluster;
    this.serverCa = serverCa;
  }

  static Pebble deploy(ThrowawayCluster cluster) {
    var admin = cluster.admin();
    if (admin.namespaces().withName(NAMESPACE).get() == null) {
      admin
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
          .create();
    }
    Secret tls = admin.secrets().inNamespace(NAMESPACE).withName("pebble-tls").get();
    if (tls == null) {
      var issued = TestCertificates.issue(HOST, HOST + ".cluster.local", "localhost");
      tls =
          admin
              .resource(
                  new SecretBuilder()
                      .withNewMetadata()
                      .withNamespace(NAMESPACE)
                      .withName("pebble-tls")
                      .endMetadata()
                      .withStringData(
                          Map.of(
                              "ca.pem", issued.authority(),
                              "tls.crt", issued.certificate(),
                              "tls.key", issued.key()))
                      .build())
              .create();
    }
    cluster.kubectl("apply", "-f", "/workspace/operator/src/test/cluster/manifests/pebble.yaml");
    cluster.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/pebble", "--timeout=120s");
    return new Pebble(
        cluster,
        new String(
            Base64.getDecoder().decode(tls.getData().get("ca.pem")), StandardCharsets.UTF_8));
  }

  /** The ACME directory, as seen from inside the cluster. */
  public String acmeDirectory() {
    return "https://" + HOST + ":14000/dir";
  }

  /** PEM of the CA that signed the ACME server's own HTTPS certificate. */
  public String acmeServerCa() {
    return serverCa;
  }

  /** PEM of the root that issued certificates lead to; made anew whenever Pebble starts. */
  public String acmeIssuingRoots() {
    return cluster.kubectl(
        "get", "--raw", "/api/v1/namespaces/pebble/services/https:pebble:15000/proxy/roots/0");
  }
}
