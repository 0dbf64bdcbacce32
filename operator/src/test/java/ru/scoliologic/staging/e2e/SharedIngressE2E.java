package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.SmokeReport;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** An environment behind a controller that is not its own, and the way from there and back. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SharedIngressE2E {
  private static final String NAMESPACE = "sharing";
  private static final String NAME = "env";
  private static final String APP = "https://app.sharing.staging.test";
  private static final TestCertificates CERTIFICATES =
      TestCertificates.issue("app.sharing.staging.test");

  private static Staging staging;

  private static List<HasMetadata> objects(String file) {
    return staging
        .admin()
        .load(
            new ByteArrayInputStream(
                Given.resource("/e2e/" + file).getBytes(StandardCharsets.UTF_8)))
        .items();
  }

  private static List<HasMetadata> controller() {
    return objects("shared-controller.yaml");
  }

  private static void secret(String name, Map<String, String> values) {
    secret(NAMESPACE, name, values);
  }

  private static void secret(String namespace, String name, Map<String, String> values) {
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(values)
                .build())
        .serverSideApply();
  }

  @BeforeAll
  static void an_environment_that_shares() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    secret("given", Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", Given.DASHBOARD_USER));
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                "sharing.staging.test",
                "    acme:\n",
                """
                    mode: Shared
                    shared: {className: shared, tlsSecretRef: {name: app-cert}}
                    acme:
                """));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterAll
  static void all_of_it_is_removed() {
    staging.remove(NAMESPACE);
    removeController();
    staging.admin().resourceList(objects("cert-manager.yaml")).delete();
  }

  private static void removeController() {
    staging.admin().resourceList(controller()).delete();
    staging
        .admin()
        .namespaces()
        .withName("controller")
        .waitUntilCondition(
            namespace -> namespace == null,
            Staging.LONG.toSeconds(),
            java.util.concurrent.TimeUnit.SECONDS);
  }

  @Test
  @Order(1)
  void what_lacks_is_named_in_turn_until_it_serves() throws IOException {
    var missing =
        staging.awaitReason(NAMESPACE, NAME, "InfrastructureReady", "IngressClassMissing");
    assertThat(Staging.condition(missing, "InfrastructureReady").getMessage())
        .contains("ingress class shared does not exist");

    staging.admin().resourceList(controller()).serverSideApply();
    staging.awaitReason(NAMESPACE, NAME, "InfrastructureReady", "TlsSecretMissing");

    secret(
        "app-cert",
        Map.of(
            "tls.crt",
            CERTIFICATES.certificate(),
            "tls.key",
            CERTIFICATES.key(),
            "ca.crt",
            CERTIFICATES.authority()));
    var ready = staging.awaitReady(NAMESPACE, NAME);

    assertThat(ready.getStatus().urls().traefik()).isNull();
    try (var browser = new Browser(staging.cluster().nodeIp(), CERTIFICATES.authority())) {
      assertThat(browser.get(APP + "/").status()).isEqualTo(200);
      assertThat(browser.get("http://app.sharing.staging.test/").location())
          .startsWith("https://app.sharing.staging.test");
    }
    assertThat(staging.owned(NAMESPACE)).noneMatch(name -> name.contains("traefik"));
    // The release is told after the environment.
    await("the report of the checks")
        .atMost(Staging.SOON)
        .ignoreExceptions()
        .untilAsserted(() ->
            assertThat(staging.release(NAMESPACE, "sample-app:1").getStatus().report().results())
                .extracting(SmokeReport.Result::name)
                .contains("certificates", "redirect to HTTPS", "health")
                .doesNotContain("routers", "dashboard opens"));
  }

  @Test
  @Order(2)
  void from_shared_to_own_and_back_the_certificates_of_its_own_stay() throws IOException {
    removeController();
    change("{\"mode\":\"Own\",\"shared\":null}");
    staging.awaitReady(NAMESPACE, NAME);
    try (var browser = staging.browser()) {
      assertThat(browser.get(APP + "/").status()).isEqualTo(200);
    }
    var volume = certificates();

    staging.admin().resourceList(controller()).serverSideApply();
    change(
        "{\"mode\":\"Shared\",\"shared\":{\"className\":\"shared\",\"tlsSecretRef\":"
            + "{\"name\":\"app-cert\"}}}");
    staging.awaitReady(NAMESPACE, NAME);
    assertThat(staging.owned(NAMESPACE))
        .filteredOn(name -> name.contains("traefik"))
        .containsExactly("persistentvolumeclaim/env-traefik");
    assertThat(certificates().getMetadata().getUid()).isEqualTo(volume.getMetadata().getUid());
  }

  @Test
  @Order(3)
  void cert_manager_issues_and_what_keeps_it_from_it_is_named() throws IOException {
    staging.admin().resourceList(objects("cert-manager.yaml")).serverSideApply();
    change("{\"shared\":{\"tlsSecretRef\":null,\"clusterIssuer\":\"staging-ca\"}}");
    awaitValidated(
        "Secret env-app-tls is not there yet", "ClusterIssuer staging-ca does not exist");

    staging
        .cluster()
        .kubectl("wait", "--for=condition=Established", "crd/clusterissuers.cert-manager.io");
    staging.admin().resourceList(objects("cluster-issuer.yaml")).serverSideApply();
    awaitValidated("ClusterIssuer staging-ca says: ", "staging-ca\" not found");

    var authority = TestCertificates.issue("unused");
    secret(
        "cert-manager",
        "staging-ca",
        Map.of("tls.crt", authority.authority(), "tls.key", authority.authorityKey()));
    staging.awaitReady(NAMESPACE, NAME);

    assertThat(staging.owned(NAMESPACE)).contains("ingress.networking.k8s.io/env-app");
    try (var browser = new Browser(staging.cluster().nodeIp(), authority.authority())) {
      assertThat(browser.get(APP + "/").status()).isEqualTo(200);
    }
  }

  private static void awaitValidated(String... parts) {
    staging.await(
        NAMESPACE,
        NAME,
        "Validated to say " + String.join(", ", parts),
        Staging.LONG,
        e -> {
          var validated = Staging.condition(e, "Validated");
          return validated != null
              && validated.getReason().equals("CertificateNotIssued")
              && Stream.of(parts).allMatch(validated.getMessage()::contains);
        });
  }

  private static PersistentVolumeClaim certificates() {
    return staging
        .admin()
        .persistentVolumeClaims()
        .inNamespace(NAMESPACE)
        .withName("env-traefik")
        .get();
  }

  private static void change(String ingress) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"ingress\":" + ingress + "}}");
  }
}
