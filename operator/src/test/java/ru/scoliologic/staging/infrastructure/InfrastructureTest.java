package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.stage.Reason;

class InfrastructureTest {
  private static Service ingress(String address) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-traefik")
        .endMetadata()
        .withNewStatus()
        .withNewLoadBalancer()
        .addNewIngress()
        .withIp(address)
        .endIngress()
        .endLoadBalancer()
        .endStatus()
        .build();
  }

  private static StagingEnvironment environment(String name, String created, String... claims) {
    var environment = Given.environment("demo");
    environment.getMetadata().setName(name);
    environment.getMetadata().setUid(name);
    environment.getMetadata().setCreationTimestamp(created);
    environment.setStatus(Given.status(null, claims));
    return environment;
  }

  @Test
  void an_address_and_a_default_class_make_the_stage_ready() {
    var result =
        Infrastructure.assess(Given.aGoodStart().owning(ingress("10.0.0.7")).snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.INFRASTRUCTURE_READY);
    assertThat(result.message()).contains("10.0.0.7");
  }

  @Test
  void a_storage_class_that_does_not_exist_is_named_with_those_that_do() {
    var result =
        Infrastructure.assess(
            Given.aGoodStart()
                .edited(
                    "    app:\n      image",
                    "    postgres: {storageClassName: fast}\n    app:\n      image")
                .snapshot(),
            List.of());

    assertThat(result.reason()).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(result.message())
        .isEqualTo(
            "spec.services.postgres.storageClassName: storage class fast does not exist; the"
                + " cluster has local-path");
  }

  @Test
  void a_storage_class_of_prometheus_that_does_not_exist_is_named() {
    var on =
        Given.aGoodStart()
            .edited(
                "  services:\n",
                "  services:\n    monitoring: {prometheus: {storageClassName: fast}, grafana: {enabled: false}}\n")
            .snapshot();

    assertThat(Infrastructure.assess(on, List.of()).message())
        .startsWith(
            "spec.services.monitoring.prometheus.storageClassName: storage class fast does not"
                + " exist");
  }

  @Test
  void no_default_class_is_said_when_one_is_needed() {
    var result =
        Infrastructure.assess(
            Given.aGoodStart().storageClasses(Map.of("slow", false)).snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.STORAGE_CLASS_NOT_FOUND);
    assertThat(result.message()).contains("no storage class is marked as the default");
  }

  @Test
  void the_holder_of_the_ports_is_named() {
    var result =
        Infrastructure.assess(
            Given.aGoodStart().portHolders("Service kube-system/traefik").snapshot(), List.of());

    assertThat(result.reason()).isEqualTo(Reason.PORT_CONFLICT);
    assertThat(result.message()).contains("Service kube-system/traefik");
  }

  @Test
  void the_oldest_environment_gets_a_free_domain() {
    var older = environment("older", "2025-01-01T00:00:00Z");
    var younger = environment("younger", "2026-01-01T00:00:00Z");

    assertThat(Claims.lost(younger, List.of(older)))
        .contains("domain app.staging.test belongs to StagingEnvironment team/older");
    assertThat(Claims.lost(older, List.of(younger))).isEmpty();
  }

  @Test
  void the_domain_of_grafana_is_claimed_like_the_others() {
    var domains = "traefik: traefik.staging.test";
    var grafana = "\n    grafana: grafana.staging.test";
    var asking =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("app.staging.test", "other.test")
                    .replace(domains, "traefik: t.other.test" + grafana))
            .snapshot()
            .environment();
    var holder = environment("holder", "2026-02-01T00:00:00Z", "grafana.staging.test");

    assertThat(Claims.asked(asking))
        .containsExactly("other.test", "t.other.test", "grafana.staging.test");
    assertThat(Claims.lost(asking, List.of(holder)))
        .contains("domain grafana.staging.test belongs to StagingEnvironment team/holder");
  }

  @Test
  void who_holds_a_domain_keeps_it_against_an_older_environment() {
    var older = environment("older", "2025-01-01T00:00:00Z");
    var holder =
        environment("holder", "2026-01-01T00:00:00Z", "app.staging.test", "traefik.staging.test");

    assertThat(Claims.lost(older, List.of(holder)).orElseThrow()).contains("team/holder");
    assertThat(Claims.lost(holder, List.of(older))).isEmpty();
  }
}
