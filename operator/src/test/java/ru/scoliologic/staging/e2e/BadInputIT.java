package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingEnvironment;

/** What a person may get wrong, and what the conditions then say; nothing that runs is touched. */
class BadInputIT {
  private static final String AUTH = "admin:$apr1$stagingx$aaaaaaaaaaaaaaaaaaaaaa";
  private static int count;

  private Staging staging;
  private String namespace;

  @BeforeEach
  void a_namespace_of_its_own() {
    staging = Staging.shared();
    namespace = "bad-" + ++count;
    staging.namespace(namespace);
  }

  @AfterEach
  void it_is_removed() {
    staging.remove(namespace);
  }

  private void given(Map<String, String> values) {
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(values)
                .build())
        .serverSideApply();
  }

  private void givenAllIsWell() {
    given(Map.of("ESIA_CLIENT_ID", "client-1", "TRAEFIK_AUTH", AUTH));
  }

  private StagingEnvironment create(Map<String, String> replacements) {
    var environment = Staging.read("environment.yaml", replacements);
    return staging.admin().resource(environment).inNamespace(namespace).create();
  }

  private String messageOf(String type, String reason) {
    var environment = staging.awaitReason(namespace, "env", type, reason);
    return Staging.condition(environment, type).getMessage();
  }

  private Condition now(String type) {
    return Staging.condition(staging.environment(namespace, "env").get(), type);
  }

  @Test
  void a_missing_secret_is_waited_for_and_noticed_when_it_comes() {
    create(Map.of());

    assertThat(messageOf("ConfigurationReady", "SecretMissing"))
        .contains("given")
        .contains("ESIA_CLIENT_ID");
    assertThat(now("Reconciling").getStatus()).isEqualTo("True");
    assertThat(now("Deployed").getReason()).isEqualTo("AwaitingPreviousStage");

    givenAllIsWell();
    staging.await(
        namespace,
        "env",
        "the late Secret to be noticed",
        Duration.ofSeconds(25),
        e -> Staging.has(e, "ConfigurationReady", "True", "ConfigurationReady"));
  }

  @Test
  void a_foreign_object_with_a_name_we_need_is_left_alone_and_named() {
    givenAllIsWell();
    staging
        .admin()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("env-traefik")
                .withNamespace(namespace)
                .endMetadata()
                .withData(Map.of("theirs", "kept"))
                .build())
        .create();
    create(Map.of());

    assertThat(messageOf("Deployed", "NameTaken"))
        .startsWith("ConfigMap env-traefik exists and does not belong to this environment");
    assertThat(
            staging
                .admin()
                .configMaps()
                .inNamespace(namespace)
                .withName("env-traefik")
                .get()
                .getData())
        .isEqualTo(Map.of("theirs", "kept"));

    staging.admin().configMaps().inNamespace(namespace).withName("env-traefik").delete();
    staging.await(
        namespace,
        "env",
        "to go on once the name is free",
        Staging.LONG,
        e -> Staging.has(e, "Deployed", "True", "Deployed"));
  }

  @Test
  void a_second_environment_gets_neither_the_domain_nor_the_ports_of_the_first() {
    givenAllIsWell();
    create(Map.of());
    staging.await(
        namespace,
        "env",
        "the first to hold its address",
        Staging.SOON,
        e -> Staging.has(e, "InfrastructureReady", "True", "InfrastructureReady"));

    staging
        .admin()
        .resource(Staging.read("environment.yaml", Map.of("name: env", "name: second")))
        .inNamespace(namespace)
        .create();
    var second = staging.awaitReason(namespace, "second", "InfrastructureReady", "DomainClaimed");
    assertThat(Staging.condition(second, "InfrastructureReady").getMessage())
        .isEqualTo(
            "domain app.bad.staging.test belongs to StagingEnvironment " + namespace + "/env");
    assertThat(staging.admin().services().inNamespace(namespace).withName("second-traefik").get())
        .isNull();

    staging
        .admin()
        .resource(
            Staging.read(
                "environment.yaml",
                Map.of("name: env", "name: third", "bad.staging", "other.staging")))
        .inNamespace(namespace)
        .create();
    var third = staging.awaitReason(namespace, "third", "InfrastructureReady", "PortConflict");
    assertThat(Staging.condition(third, "InfrastructureReady").getMessage())
        .isEqualTo(
            "Service third-traefik has no address: ports 80 and 443 are held by Service "
                + namespace
                + "/env-traefik; remove that one, or let both use one ingress controller with"
                + " spec.ingress.mode: Shared");
    assertThat(
            Staging.condition(staging.environment(namespace, "env").get(), "InfrastructureReady")
                .getStatus())
        .isEqualTo("True");
  }

  @Test
  void a_stored_spec_that_a_newer_schema_would_refuse_stalls_and_touches_nothing_that_runs() {
    givenAllIsWell();
    create(Map.of());
    staging.await(
        namespace,
        "env",
        "the first stages",
        Staging.SOON,
        e -> Staging.has(e, "ConfigurationReady", "True", "ConfigurationReady"));
    var before = staging.owned(namespace);
    withoutTheSchema(() ->
        staging
            .cluster()
            .kubectl(
                "-n",
                namespace,
                "patch",
                "stenv",
                "env",
                "--type=merge",
                "-p",
                "{\"spec\":{\"domains\":{\"app\":\"https://not a domain\"},\"fromTheFuture\":{\"a\":1}}}"));

    var environment = staging.awaitReason(namespace, "env", "Stalled", "InvalidSpec");

    assertThat(Staging.condition(environment, "Stalled").getMessage())
        .contains("spec.domains.app: 'https://not a domain' is not a host name");
    assertThat(environment.getStatus().observedGeneration())
        .isEqualTo(environment.getMetadata().getGeneration());
    assertThat(staging.owned(namespace)).containsAll(before);
  }

  /** Lets a change through as an older, laxer schema would have done. */
  private void withoutTheSchema(Runnable change) {
    var name = "stagingenvironments.staging.scoliologic.ru";
    staging
        .cluster()
        .kubectl(
            "patch",
            "crd",
            name,
            "--type=json",
            "-p",
            "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/properties/spec\","
                + "\"value\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}]");
    try {
      await("the lax schema in force")
          .atMost(Staging.SOON)
          .ignoreExceptions()
          .until(() -> {
            change.run();
            return true;
          });
    } finally {
      staging
          .cluster()
          .kubectl(
              "apply", "--server-side", "--force-conflicts", "-k", Staging.OVERLAYS + "operator");
    }
  }
}
