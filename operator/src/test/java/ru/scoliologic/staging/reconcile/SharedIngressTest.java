package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.infrastructure.Infrastructure;
import ru.scoliologic.staging.ingress.SharedIngressResources;
import ru.scoliologic.staging.reconcile.assess.DeploymentAssessment;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** An environment behind somebody else's ingress controller, as it is planned and judged. */
class SharedIngressTest {
  private static final String ADDRESS = "10.0.0.7";

  private static Given shared(String fields, String address) {
    return Given.aGoodStart()
        .behindSharedIngress("className: nginx" + fields)
        .amid(seen(address, Set.of("nginx", "other")));
  }

  private static ClusterFacts seen(String record, Set<String> classes) {
    return seen(record, classes, Map.of());
  }

  private static ClusterFacts seen(
      String record, Set<String> classes, Map<String, String> warnings) {
    return ClusterFacts.NOTHING
        .with(
            new ClusterFacts.Dns(
                Map.of("app.staging.test", new DnsAnswer(List.of(record), null)),
                List.of(ADDRESS),
                Duration.ofMinutes(5)))
        .with(new ClusterFacts.IngressFacts(classes, List.of(), Map.of()))
        .withWarnings(warnings);
  }

  private static Ingress withAddress(Map<String, String> annotations) {
    return new IngressBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .withAnnotations(annotations)
        .endMetadata()
        .withNewSpec()
        .addNewRule()
        .withHost("app.staging.test")
        .endRule()
        .endSpec()
        .withNewStatus()
        .withNewLoadBalancer()
        .addNewIngress()
        .withIp(ADDRESS)
        .endIngress()
        .endLoadBalancer()
        .endStatus()
        .build();
  }

  private static Plan plan(Snapshot snapshot) {
    return Plan.of(snapshot, Configuration.resolve(snapshot));
  }

  private static Ingress ingress(Snapshot snapshot) {
    return plan(snapshot).of(Stage.INFRASTRUCTURE).stream()
        .map(planned -> planned.object())
        .map(Ingress.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static StageResult assess(Snapshot snapshot) {
    return Infrastructure.assess(snapshot, List.of());
  }

  @Test
  void nothing_of_traefik_is_made_and_none_is_waited_for() {
    var snapshot = shared(", tlsSecretRef: {name: wildcard}", ADDRESS).snapshot();

    assertThat(plan(snapshot).all())
        .extracting((HasMetadata object) -> object.getMetadata().getName())
        .noneMatch(name -> name.contains("traefik"));
    assertThat(DeploymentAssessment.components(snapshot, plan(snapshot)))
        .extracting(ComponentHealth::name)
        .doesNotContain(ComponentName.TRAEFIK);
    assertThat(Configuration.resolve(snapshot).result().isReady()).isTrue();
    assertThat(ingress(snapshot).getSpec().getTls().getFirst().getSecretName())
        .isEqualTo("wildcard");
  }

  @Test
  void a_certificate_is_asked_for_once_the_record_is_right_and_the_question_stays() {
    var wrong = shared(", clusterIssuer: le", "192.0.2.9");
    var annotation = Map.of("cert-manager.io/cluster-issuer", "le");

    assertThat(ingress(wrong.snapshot()).getMetadata().getAnnotations()).isEmpty();
    assertThat(
            ingress(shared(", clusterIssuer: le", ADDRESS).snapshot())
                .getMetadata()
                .getAnnotations())
        .isEqualTo(annotation);
    assertThat(
            ingress(wrong.owning(withAddress(annotation)).snapshot())
                .getMetadata()
                .getAnnotations())
        .isEqualTo(annotation);
  }

  @Test
  void the_first_stage_names_a_missing_class_a_missing_secret_and_an_address_that_is_waited_for() {
    var given = shared(", tlsSecretRef: {name: wildcard}", ADDRESS);

    assertThat(assess(given.snapshot()).message())
        .startsWith(
            "Secret wildcard (spec.ingress.shared.tlsSecretRef) does not exist; Ingress demo-app");
    given.secret("wildcard", Map.of("tls.crt", "x"));
    assertThat(assess(given.snapshot()).reason()).isEqualTo(Reason.TLS_SECRET_MISSING);
    given.secret("wildcard", Map.of("tls.crt", "x", "tls.key", "y"));
    assertThat(assess(given.snapshot()).reason()).isEqualTo(Reason.AWAITING_ADDRESS);
    assertThat(assess(given.snapshot()).message())
        .startsWith("Ingress demo-app has no address yet: see whether a controller serves class");
    given.owning(withAddress(Map.of()));
    assertThat(assess(given.snapshot()).isReady()).isTrue();

    given.amid(seen(ADDRESS, Set.of("other", "traefik")));
    assertThat(assess(given.snapshot()).reason()).isEqualTo(Reason.INGRESS_CLASS_MISSING);
    assertThat(assess(given.snapshot()).message())
        .isEqualTo(
            "spec.ingress.shared.className: ingress class nginx does not exist; the cluster has"
                + " other, traefik");
  }

  @Test
  void a_certificate_that_is_not_there_names_the_class_whose_controller_answers() {
    var environment = shared("", ADDRESS).snapshot().environment();
    var builtIn =
        new StageResult.Waiting(Reason.CERTIFICATE_NOT_ISSUED, "Traefik serves its built-in one");

    assertThat(SharedIngressResources.explain(builtIn, environment).message())
        .startsWith("the controller of ingress class nginx answers without a certificate");
  }

  @Test
  void a_certificate_that_cert_manager_owes_is_waited_for() {
    var given = shared(", issuer: le", ADDRESS);

    var awaited = SharedIngressResources.awaited(given.snapshot()).orElseThrow();

    assertThat(awaited.reason()).isEqualTo(Reason.CERTIFICATE_NOT_ISSUED);
    assertThat(awaited.message())
        .startsWith("Secret demo-app-tls is not there yet")
        .endsWith("see `kubectl describe certificate,certificaterequest`");
    given.amid(
        seen(
            ADDRESS,
            Set.of("nginx"),
            Map.of("Certificate/demo-app-tls", "Issuer le does not exist in namespace staging")));
    assertThat(SharedIngressResources.awaited(given.snapshot()).orElseThrow().message())
        .endsWith("has issued nothing so far: Issuer le does not exist in namespace staging");
    given.secret("demo-app-tls", Map.of("tls.crt", "x", "tls.key", "y"));
    assertThat(SharedIngressResources.awaited(given.snapshot())).isEmpty();
  }
}
