package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What every other cluster test relies on. */
class ThrowawayClusterIT {
  private static final String NAMESPACE = "smoke";
  private static final Duration SOON = Duration.ofSeconds(90);

  private static ThrowawayCluster cluster;
  private static KubernetesClient client;

  @BeforeAll
  static void theSmokeManifestsAreApplied() {
    cluster = ThrowawayCluster.start();
    client = cluster.admin();
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
    cluster.kubectl(
        "-n",
        NAMESPACE,
        "apply",
        "-f",
        "/workspace/operator/src/test/cluster/manifests/smoke.yaml");
    cluster.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/web", "--timeout=120s");
    cluster.resolve("staging.test");
  }

  @AfterAll
  static void theNamespaceIsRemoved() {
    client.namespaces().withName(NAMESPACE).delete();
    await("the ports of the smoke Services free for other tests")
        .atMost(SOON)
        .until(() -> client.namespaces().withName(NAMESPACE).get() == null);
  }

  @Test
  void theNodeIsReady() {
    assertThat(client.nodes().list().getItems())
        .singleElement()
        .satisfies(node ->
            assertThat(node.getStatus().getConditions())
                .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True")));
  }

  @Test
  void aClaimOfTheDefaultClassIsBoundAndWritable() {
    var claim = client.persistentVolumeClaims().inNamespace(NAMESPACE).withName("web").get();

    assertThat(claim.getStatus().getPhase()).isEqualTo("Bound");
    assertThat(claim.getSpec().getStorageClassName()).isEqualTo("local-path");
    assertThat(cluster.kubectl("-n", NAMESPACE, "exec", "deploy/web", "--", "cat", "/data/written"))
        .isEqualTo("by uid 1001\n");
  }

  @Test
  void aClaimThatCannotBeProvisionedSaysWhy() {
    await("an event that says that the access mode is not supported")
        .atMost(SOON)
        .until(() ->
            client.v1().events().inNamespace(NAMESPACE).list().getItems().stream()
                .anyMatch(event ->
                    event.getReason().equals("ProvisioningFailed")
                        && event.getInvolvedObject().getName().equals("shared")
                        && event.getMessage().contains("access modes")));
  }

  @Test
  void aLoadBalancerIsServedOnTheNodesAddress() throws IOException, InterruptedException {
    awaitAddress("web");
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://" + cluster.nodeIp() + ":8088/"))
                  .timeout(SOON)
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(404);
      assertThat(response.body()).contains("404 page not found");
    }
  }

  @Test
  void aSecondLoadBalancerOnTheSamePortHasNoAddress() {
    awaitAddress("web");
    client
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName("second")
                .endMetadata()
                .withNewSpec()
                .withType("LoadBalancer")
                .withPorts(new ServicePortBuilder().withPort(8088).build())
                .endSpec()
                .build())
        .create();

    await("the second Service to stay without an address for a while")
        .during(Duration.ofSeconds(3))
        .atMost(SOON)
        .until(() -> service("second").getStatus().getLoadBalancer().getIngress().isEmpty());
  }

  @Test
  void servicesAndNamesOfTheZoneResolveInPods() {
    assertThat(getent("web.smoke.svc.cluster.local"))
        .contains(service("web").getSpec().getClusterIP());
    assertThat(getent("app.staging.test")).contains(cluster.nodeIp());
  }

  @Test
  void podsHaveLogs() {
    assertThat(cluster.kubectl("-n", NAMESPACE, "logs", "deploy/web", "-c", "prepare"))
        .contains("prepared");
  }

  @Test
  void theRightsOfAServiceAccountAreItsOwn() {
    KubernetesClient own = cluster.as(NAMESPACE, "default");

    assertThat(
            catchThrowableOfType(
                KubernetesClientException.class, () -> own.secrets().inNamespace(NAMESPACE).list()))
        .extracting(KubernetesClientException::getCode)
        .isEqualTo(403);
    assertThat(cluster.auditLog().by(NAMESPACE, "default"))
        .anyMatch(event ->
            event.verb().equals("list")
                && event.resource().equals("secrets")
                && event.code() == 403);
  }

  @Test
  void theAcmeServerAnswersAndItsRootIsKnown() {
    Pebble pebble = cluster.pebble();

    assertThat(pebble.acmeServerCa()).contains("BEGIN CERTIFICATE");
    assertThat(pebble.acmeIssuingRoots()).contains("BEGIN CERTIFICATE");
  }

  private static String getent(String name) {
    return cluster.kubectl("-n", NAMESPACE, "exec", "deploy/debian", "--", "getent", "hosts", name);
  }

  private static Service service(String name) {
    return client.services().inNamespace(NAMESPACE).withName(name).get();
  }

  private static void awaitAddress(String name) {
    await("an address for Service " + name)
        .atMost(SOON)
        .until(() ->
            service(name).getStatus().getLoadBalancer().getIngress().stream()
                .anyMatch(ingress -> cluster.nodeIp().equals(ingress.getIp())));
  }
}
