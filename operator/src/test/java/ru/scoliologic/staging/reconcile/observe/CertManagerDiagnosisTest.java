package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.reconcile.StandInApiServer;

/** What cert-manager's objects tell, as an API server answers. */
class CertManagerDiagnosisTest {
  private static final String CERTIFICATE = "Certificate/demo-app-tls";
  private static final String GROUP = "/apis/cert-manager.io/v1/";
  private static final String NAMESPACED = GROUP + "namespaces/team/";
  private static final Clock CLOCK = Clock.fixed(Given.NOW, ZoneOffset.UTC);

  private final Map<String, Object> answers = new HashMap<>();
  private final AtomicInteger asked = new AtomicInteger();
  private int otherwise = 404;
  private StandInApiServer server;
  private KubernetesClient client;

  @BeforeEach
  void an_api_server() throws IOException {
    server =
        StandInApiServer.start(
            "/",
            exchange -> {
              asked.incrementAndGet();
              var answer = answers.get(exchange.getRequestURI().getPath());
              StandInApiServer.answer(
                  exchange,
                  answer == null ? otherwise : 200,
                  Serialization.asJson(answer == null ? Map.of("kind", "Status") : answer)
                      .getBytes(StandardCharsets.UTF_8));
            });
    client = server.client();
  }

  @AfterEach
  void it_stops() {
    server.close();
  }

  private static StagingEnvironment environment(String issuer) {
    return Given.aGoodStart()
        .behindSharedIngress("className: nginx, " + issuer)
        .snapshot()
        .environment();
  }

  private static Ingress ingress(Map<String, String> annotations) {
    return new IngressBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .withAnnotations(annotations)
        .endMetadata()
        .withNewSpec()
        .addNewTl()
        .withSecretName("demo-app-tls")
        .endTl()
        .endSpec()
        .build();
  }

  private static Map<String, Object> object(
      String kind, String name, String created, String ready, String message) {
    return Map.of(
        "apiVersion",
        "cert-manager.io/v1",
        "kind",
        kind,
        "metadata",
        new ObjectMetaBuilder()
            .withName(name)
            .withCreationTimestamp(created)
            .addToAnnotations("cert-manager.io/certificate-name", "demo-app-tls")
            .build(),
        "status",
        Map.of(
            "conditions", List.of(Map.of("type", "Ready", "status", ready, "message", message))));
  }

  private Map<String, String> read(String issuer, Set<String> secrets) {
    var asking = ingress(Map.of("cert-manager.io/issuer", "le"));
    return new CertManagerDiagnosis(client, CLOCK, new EnvironmentMemories())
        .read(environment(issuer), new OwnedObjects(List.of(asking)), secrets);
  }

  private void requests(List<Object> items) {
    answers.put(
        NAMESPACED + "certificaterequests",
        Map.of(
            "apiVersion",
            "cert-manager.io/v1",
            "kind",
            "CertificateRequestList",
            "metadata",
            Map.of(),
            "items",
            items));
  }

  @Test
  void an_issuer_that_is_not_there_or_not_ready_is_named() {
    assertThat(read("clusterIssuer: le", Set.of()))
        .containsEntry(CERTIFICATE, "ClusterIssuer le does not exist");
    assertThat(read("issuer: le", Set.of()))
        .containsEntry(CERTIFICATE, "Issuer le does not exist in namespace team");

    answers.put(GROUP + "clusterissuers/le", object("ClusterIssuer", "le", "1", "False", "no CA"));
    assertThat(read("clusterIssuer: le", Set.of()))
        .containsEntry(CERTIFICATE, "ClusterIssuer le says: no CA");
  }

  @Test
  void of_a_ready_issuer_the_last_request_speaks_and_without_one_the_certificate() {
    answers.put(NAMESPACED + "issuers/le", object("Issuer", "le", "1", "True", "fine"));
    answers.put(
        NAMESPACED + "certificates/demo-app-tls",
        object("Certificate", "demo-app-tls", "1", "False", "is made"));
    requests(List.of());
    assertThat(read("issuer: le", Set.of()))
        .containsEntry(CERTIFICATE, "Certificate demo-app-tls says: is made");

    requests(
        List.of(
            object("CertificateRequest", "demo-app-tls-2", "2026-01-02", "False", "refused"),
            object("CertificateRequest", "demo-app-tls-1", "2026-01-01", "False", "was refused")));
    assertThat(read("issuer: le", Set.of()))
        .containsEntry(CERTIFICATE, "CertificateRequest demo-app-tls-2 says: refused");
  }

  @Test
  void without_the_right_to_read_nothing_is_said() {
    otherwise = 403;

    assertThat(read("issuer: le", Set.of())).isEmpty();
    assertThat(asked).hasPositiveValue();
  }

  @Test
  void nothing_is_asked_when_the_secret_is_there_or_no_certificate_was_asked_for() {
    assertThat(read("issuer: le", Set.of("demo-app-tls"))).isEmpty();
    assertThat(
            new CertManagerDiagnosis(client, CLOCK, new EnvironmentMemories())
                .read(
                    environment("issuer: le"),
                    new OwnedObjects(List.of(ingress(Map.of()))),
                    Set.of()))
        .isEmpty();
    assertThat(asked).hasValue(0);
  }

  @Test
  void a_second_look_within_five_seconds_asks_nothing() {
    var issuance = new CertManagerDiagnosis(client, CLOCK, new EnvironmentMemories());
    var owned = new OwnedObjects(List.of(ingress(Map.of("cert-manager.io/issuer", "le"))));
    var first = issuance.read(environment("issuer: le"), owned, Set.of());
    int before = asked.get();

    var second = issuance.read(environment("issuer: le"), owned, Set.of());

    assertThat(second).isEqualTo(first).isNotEmpty();
    assertThat(asked).hasValue(before);
  }
}
